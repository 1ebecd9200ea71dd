//! Who may do what: policies in the Cedar language, asked by permission and by the facts of a thing.
//!
//! In: the text of the policies, and every permission that exists. Out: a [`kernel::Access`]. It knows
//! no route and opens no file. Another tenant's things are kept apart by their keys, before a policy is
//! asked; of tenants it only knows that one may manage the others.

#![warn(missing_docs)]

mod bad;
mod managing;
mod policies;
mod question;
mod schema;
mod split;

pub use bad::{BadPolicies, Fault};
pub use managing::OneManages;
pub use policies::CedarPolicies;
