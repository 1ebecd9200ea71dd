//! The sender of a request: only a verified access token proves it.

mod cache;
mod local_key;
mod principal;
mod remembered;
mod token;
mod verifier;

pub use local_key::{IssueError, LOCAL_ISSUER, LocalKey, LocalKeyError};
pub use principal::{Principal, Session};
pub(crate) use remembered::remember;
pub use token::{LEEWAY_S, LIFETIME_MAX_S, TOKEN_MAX, TokenError};
pub use verifier::{TrustedKey, UnusableKey, Verifier};
