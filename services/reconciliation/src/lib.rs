//! Reconciliation: what trades have filled is what positions hold.
//!
//! In: the streams of both contexts. Out: invariant I9 of trading, as a rule of `verify`. It changes
//! nothing.

mod conservation;
mod executions;

pub use conservation::Conservation;
