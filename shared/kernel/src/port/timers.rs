//! Commands that are due later.

use async_trait::async_trait;
use uuid::Uuid;

use crate::batch::Timer;
use crate::checksum::Damaged;
use crate::code::Fault;
use crate::time::Timestamp;
use crate::topic::PartitionId;

/// A timer that is due, in the partition it belongs to.
pub type Due = Result<(PartitionId, Timer), Damaged>;

/// The timers that commits have set. Firing one twice is harmless: its id is the command's id.
///
/// ```
/// use kernel::port::Timers;
/// use kernel::{Fault, Timestamp};
///
/// /// Fires what is due: its command goes to the log before the timer is forgotten, so that a crash in
/// /// between repeats it. A damaged timer is left for a person.
/// async fn fire(
///     timers: &dyn Timers,
///     now: Timestamp,
///     append: impl AsyncFn(&[u8]) -> Result<(), Fault>,
/// ) -> Result<(), Fault> {
///     for (_, timer) in timers.due("conversations", now, 100).await?.into_iter().flatten() {
///         append(&timer.command).await?;
///         timers.fired("conversations", &[timer.id]).await?;
///     }
///     Ok(())
/// }
/// ```
#[async_trait]
pub trait Timers: Send + Sync {
    /// Up to `max` timers of the context due at or before `now`, earliest first. One that is damaged
    /// is no reason to keep the others waiting.
    ///
    /// # Errors
    /// The store cannot be reached.
    async fn due(
        &self,
        context: &'static str,
        now: Timestamp,
        max: usize,
    ) -> Result<Vec<Due>, Fault>;

    /// Forgets timers whose commands are in the log.
    ///
    /// # Errors
    /// The store cannot be reached.
    async fn fired(&self, context: &'static str, ids: &[Uuid]) -> Result<(), Fault>;
}
