//! The seams through which time and randomness enter, so that any run can be repeated.

use uuid::Uuid;

use crate::time::Timestamp;

/// Wall-clock time; never used for order, leases or deduplication.
///
/// ```
/// use kernel::Timestamp;
/// use kernel::port::Clock;
///
/// fn is_over(clock: &dyn Clock, deadline: Timestamp) -> bool {
///     deadline <= clock.now()
/// }
///
/// /// A test brings a clock of its own.
/// struct Stopped(Timestamp);
///
/// impl Clock for Stopped {
///     fn now(&self) -> Timestamp {
///         self.0
///     }
/// }
///
/// let clock = Stopped(Timestamp::from_millis(7));
/// assert!(is_over(&clock, Timestamp::from_millis(5)));
/// ```
pub trait Clock: Send + Sync {
    /// The time by this clock; it may go back.
    fn now(&self) -> Timestamp;
}

/// Fresh ids.
///
/// ```
/// use kernel::port::Ids;
/// use kernel::{CommandId, Owner};
///
/// fn command(ids: &dyn Ids) -> CommandId {
///     CommandId(ids.ordered())
/// }
///
/// fn owner(ids: &dyn Ids) -> Owner {
///     Owner(ids.random())
/// }
/// ```
pub trait Ids: Send + Sync {
    /// Time-ordered (version 7), for commands: neighbours in time are neighbours in an index.
    fn ordered(&self) -> Uuid;
    /// Random (version 4), for owner tokens.
    fn random(&self) -> Uuid;
}
