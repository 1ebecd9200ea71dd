//! Who is believed: issuers of tokens and the keys that they publish, the installation's own keys, and
//! senders of records.
//!
//! In: the configuration, key files, and what issuers answer. Out: a verifier of tokens, an authority
//! of records, and work that keeps keys fresh. It never takes a key for another issuer than the one
//! that published it, and never makes a request wait for a provider longer than a moment.

mod settings;

#[cfg(feature = "issuers")]
mod answers;
#[cfg(feature = "issuers")]
mod device;
mod issuers;
mod provider;
#[cfg_attr(not(feature = "issuers"), path = "sign_in/absent.rs")]
mod sign_in;

mod authority;
mod keys;

pub use authority::{ConfiguredAuthority, Sending};
#[cfg(feature = "issuers")]
pub use device::{DeviceClient, DeviceCode, DeviceSignIn};
pub use issuers::{Configured, Guards, Issuers};
pub use keys::{
    Fingerprints, KeyDirectory, LocalKeys, Refused, Settled, WrappingKey, settle_in_directory,
    settle_wrapped,
};
pub use provider::{Provider, REFRESH, TRUSTED_UNSEEN};
pub use settings::{
    ISSUERS_MAX, IssuerSettings, ServiceSettings, SignInSettings, TenantSettings, faults,
};
