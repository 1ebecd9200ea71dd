//! Signs of life: too many to be events, and worth nothing a few minutes later.

use std::time::Duration;

use async_trait::async_trait;

use crate::code::Fault;
use crate::time::Timestamp;

/// How long a sign of life is remembered, at least.
pub const HEARD_FOR: Duration = Duration::from_secs(10 * 60);

/// Something with a name gave a sign of life.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Heard {
    /// Whose sign it is.
    pub name: Box<str>,
    /// Kept to the millisecond.
    pub at: Timestamp,
}

/// Shared by all that report and all that watch. None of it is durable: an empty answer proves nothing.
///
/// ```
/// use std::collections::BTreeSet;
///
/// use kernel::port::{Heard, Heartbeats};
/// use kernel::{Fault, Timestamp};
///
/// /// Those of the names that gave no sign of life since a time.
/// async fn silent(
///     heartbeats: &dyn Heartbeats,
///     names: &[&str],
///     since: Timestamp,
/// ) -> Result<Vec<String>, Fault> {
///     let heard = heartbeats.heard_since(since).await?;
///     let heard: BTreeSet<_> = heard.iter().map(|Heard { name, .. }| &**name).collect();
///     let silent = names.iter().filter(|name| !heard.contains(**name));
///     Ok(silent.map(ToString::to_string).collect())
/// }
/// ```
#[async_trait]
pub trait Heartbeats: Send + Sync {
    /// Notes all of them; one older than the latest noted changes nothing.
    ///
    /// # Errors
    /// They cannot be reached; any of them may have been noted.
    async fn note(&self, heard: &[Heard]) -> Result<(), Fault>;

    /// The last sign of life of each name, of those received at that time or later, in any order.
    ///
    /// # Errors
    /// They cannot be reached.
    async fn heard_since(&self, time: Timestamp) -> Result<Vec<Heard>, Fault>;
}
