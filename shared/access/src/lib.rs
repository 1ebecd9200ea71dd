//! Who may do what: policies in the Cedar language, asked by permission and by the facts of a thing.
//!
//! In: the text of the policies, and every permission that exists. Out: a [`kernel::Access`]. It knows
//! no route, opens no file and never sees a tenant: another tenant's things are kept apart by their
//! keys, before a policy is asked.

#![warn(missing_docs)]

mod bad;
mod policies;
mod question;
mod schema;
mod split;

pub use bad::{BadPolicies, Fault};
pub use policies::CedarPolicies;
