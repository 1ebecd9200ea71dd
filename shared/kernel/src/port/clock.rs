//! The seams through which time and randomness enter, so that any run can be repeated.

use uuid::Uuid;

use crate::time::Timestamp;

/// Wall-clock time; never used for order, leases or deduplication.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

/// Fresh ids.
pub trait Ids: Send + Sync {
    /// Time-ordered (version 7), for commands: neighbours in time are neighbours in an index.
    fn ordered(&self) -> Uuid;
    /// Random (version 4), for owner tokens.
    fn random(&self) -> Uuid;
}
