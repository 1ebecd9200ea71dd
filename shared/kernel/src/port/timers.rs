//! Commands that are due later.

use async_trait::async_trait;
use uuid::Uuid;

use crate::batch::Timer;
use crate::checksum::Damaged;
use crate::code::Fault;
use crate::time::Timestamp;
use crate::topic::Shard;

/// A timer that is due, in the partition it belongs to.
pub type Due = Result<(Shard, Timer), Damaged>;

/// The timers that commits have set. Firing one twice is harmless: its id is the command's id.
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
