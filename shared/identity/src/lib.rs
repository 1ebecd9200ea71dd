//! Who is believed: issuers of tokens, and the keys that they publish.
//!
//! In: the configuration of issuers, and what they answer. Out: a verifier of tokens, and work that
//! keeps its keys fresh. It never takes a key for another issuer than the one that published it, and
//! never makes a request wait for a provider longer than a moment.

mod settings;

mod issuers;
mod provider;

pub use issuers::{Configured, Issuers};
pub use provider::{Provider, REFRESH, TRUSTED_UNSEEN};
pub use settings::{ISSUERS_MAX, IssuerSettings, ServiceSettings, TenantSettings, faults};
