//! The sender of a request: only a verified access token proves it.

mod attempt;
mod browser;
mod cache;
mod claims;
mod issuer;
mod keys;
mod local_key;
mod path;
mod principal;
mod provider;
mod relying;
mod remembered;
mod session;
mod signatures;
mod token;
mod verifier;

pub use attempt::{ATTEMPT_FOR, Attempt, AttemptCookie};
pub(crate) use browser::mark;
pub use browser::{Browsers, SignedIn, same_origin};
pub use claims::{Absent, Mapping, ServiceRule, TenantRule};
pub use issuer::{Demands, Issuer};
pub use keys::{Found, KeySource, Revision, Signing, TrustedKey, UnusableKey, find};
pub use local_key::{IssueError, LOCAL_ISSUER, LocalKey, LocalKeyError};
pub use path::{ClaimPath, NoClaimPath};
pub use principal::{Completion, Members, Principal, bearer};
pub use provider::{
    About, Answered, Identified, IdentityProvider, Proof, ProviderSession, SignInError,
};
pub use relying::{IdToken, LogoutToken, RelyingParty};
pub(crate) use remembered::remember;
pub use session::{NoRandomness, Secret, SecretCookie};
pub use token::{LEEWAY_S, LIFETIME_MAX_S, TOKEN_MAX, TokenError};
pub use verifier::Verifier;
