//! The event store: one fenced writer per partition, and readers.

use std::ops::RangeInclusive;
use std::sync::Arc;

use async_trait::async_trait;

use crate::batch::{Batch, Cursor, EventRow, OutcomeRow};
use crate::code::Fault;
use crate::id::{CommandId, Owner};
use crate::topic::PartitionId;

/// Why a commit did not happen, or may have.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Nothing was written.
    #[error("commit was not made")]
    NotMade(#[source] Fault),
    /// The connection broke after COMMIT was sent: the cursors show whether it was made.
    #[error("outcome of the commit is unknown")]
    Unknown(#[source] Fault),
}

/// The writer's side.
///
/// ```
/// use std::sync::Arc;
///
/// use kernel::batch::Batch;
/// use kernel::port::{CommitError, EventStore};
///
/// /// Whether the batch was written; if not, another process owns its partition.
/// async fn commit(store: &dyn EventStore, batch: Arc<Batch>) -> Result<bool, CommitError> {
///     let partition_id = batch.partition_id;
///     let superseded = store.commit(&[batch]).await?;
///     Ok(!superseded.contains(&partition_id))
/// }
/// ```
#[async_trait]
pub trait EventStore: Send + Sync {
    /// Makes `owner` the partition's only writer and returns its cursor.
    ///
    /// # Errors
    /// The store cannot be reached.
    async fn take_over(&self, partition_id: PartitionId, owner: Owner) -> Result<Cursor, Fault>;

    /// The partition's cursor now, regardless of its owner.
    ///
    /// # Errors
    /// The store cannot be reached.
    async fn cursor(&self, partition_id: PartitionId) -> Result<Option<Cursor>, Fault>;

    /// The same for every partition of a context, from the first on.
    ///
    /// # Errors
    /// The store cannot be reached.
    async fn cursors(
        &self,
        context: &'static str,
        partitions: u16,
    ) -> Result<Vec<Option<Cursor>>, Fault> {
        let mut cursors = Vec::with_capacity(usize::from(partitions));
        for partition in 0..partitions {
            cursors.push(self.cursor(PartitionId { context, partition }).await?);
        }
        Ok(cursors)
    }

    /// Writes the batches of any contexts and partitions in one transaction. Those whose owner was
    /// superseded are left out and named; the others are not affected.
    ///
    /// # Errors
    /// [`CommitError`]: nothing was written, or the result is unknown.
    async fn commit(&self, batches: &[Arc<Batch>]) -> Result<Vec<PartitionId>, CommitError>;
}

/// For [`EventReader::load`]: every event of a stream, however long it is.
pub const WHOLE: u64 = u64::MAX;

/// What a stream holds: everything needed to rebuild its aggregate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedStream {
    /// `{tenant}/{aggregate_id}`.
    pub key: Arc<str>,
    /// Its number within the partition.
    pub stream: i64,
    /// In sequence order.
    pub events: Vec<EventRow>,
}

impl LoadedStream {
    /// The events up to a log position, that one included.
    pub fn until(&self, log_position: u64) -> impl Iterator<Item = &EventRow> {
        let events = self.events.iter();
        events.filter(move |row| row.record.log_position <= log_position)
    }
}

/// A command that was handled before.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownCommand {
    /// Where it was handled.
    pub partition_id: PartitionId,
    /// How it ended.
    pub row: OutcomeRow,
}

/// Commands that one look-up by a range of ids gives, per context: more than are accepted in one
/// millisecond, which is what a range is made of.
pub const FOUND_MAX: usize = 1_000;

/// The readers' side.
///
/// ```
/// use kernel::Fault;
/// use kernel::port::EventReader;
/// use kernel::topic::PartitionId;
///
/// /// The last log position of the partition, found by reading all of it, 500 events at a time.
/// async fn last(reader: &dyn EventReader, partition_id: PartitionId) -> Result<u64, Fault> {
///     let mut after = 0;
///     loop {
///         let page = reader.read(partition_id, after, 500).await?;
///         let Some(last) = page.last() else {
///             return Ok(after);
///         };
///         after = last.record.log_position;
///     }
/// }
/// ```
#[async_trait]
pub trait EventReader: Send + Sync {
    /// The streams of those keys that exist, each up to its event `upto`: more is not even read.
    ///
    /// # Errors
    /// The store cannot be reached, or a stream has a hole.
    async fn load(
        &self,
        partition_id: PartitionId,
        keys: &[Arc<str>],
        upto: u64,
    ) -> Result<Vec<LoadedStream>, Fault>;

    /// Outcomes of those commands that the partition has handled.
    ///
    /// # Errors
    /// The store cannot be reached.
    async fn outcomes(
        &self,
        partition_id: PartitionId,
        ids: &[CommandId],
    ) -> Result<Vec<OutcomeRow>, Fault>;

    /// Up to [`FOUND_MAX`] commands with an id in the range, in whichever partition of the contexts.
    ///
    /// # Errors
    /// The store cannot be reached.
    async fn find(
        &self,
        contexts: &[&'static str],
        ids: RangeInclusive<CommandId>,
    ) -> Result<Vec<KnownCommand>, Fault>;

    /// The last log position of every partition of the contexts that ever had an owner, in one query; the
    /// others have no events. Where it cannot be determined, as with a damaged row, it is `u64::MAX`,
    /// which no reader has reached.
    ///
    /// # Errors
    /// The store cannot be reached.
    async fn heads(&self, contexts: &[&'static str]) -> Result<Vec<(PartitionId, u64)>, Fault>;

    /// Up to `max` events of the partition after a log position, in log position order.
    ///
    /// # Errors
    /// The store cannot be reached.
    async fn read(
        &self,
        partition_id: PartitionId,
        after: u64,
        max: usize,
    ) -> Result<Vec<EventRow>, Fault>;

    /// Up to `max` outcomes of the partition with an id above `after`, in id order.
    ///
    /// # Errors
    /// The store cannot be reached.
    async fn scan_outcomes(
        &self,
        partition_id: PartitionId,
        after: Option<CommandId>,
        max: usize,
    ) -> Result<Vec<OutcomeRow>, Fault>;
}
