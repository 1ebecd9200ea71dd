//! Snapshots: aggregates as they were after one of their events, so that a cold one need not replay
//! all of them.
//!
//! A snapshot is disposable. It is written separately from the commits, and its reader checks it; where
//! it is missing or wrong, the events give the same state, more slowly.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::LoadedStream;
use crate::code::Fault;
use crate::topic::PartitionId;

/// The state of an aggregate after the event `version` of its stream. A stream has at most one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Number of the aggregate within the partition.
    pub stream: i64,
    /// Of the aggregate when it was taken.
    pub version: u64,
    /// Version of the state's shape, [`Context::SHAPE`](crate::Context::SHAPE) when it was taken.
    pub shape: u16,
    /// Over everything else and the stream's key. Stores keep it and do not understand it.
    pub checksum: i64,
    /// JSON of the aggregate.
    pub state: Bytes,
}

/// What there is to fold of one aggregate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resumed {
    /// The latest of the shape asked for, if there is one.
    pub snapshot: Option<Snapshot>,
    /// From the very event that the snapshot was taken at, which proves that there is one; none when
    /// the snapshot is beyond the stream's end. Without a snapshot all events.
    pub tail: LoadedStream,
}

/// Where snapshots are kept, beside the events of the same store.
///
/// ```
/// use std::sync::Arc;
///
/// use kernel::Fault;
/// use kernel::port::{Resumed, Snapshots};
/// use kernel::topic::PartitionId;
///
/// /// How many events have to be folded for an aggregate that is not in memory.
/// async fn to_fold(
///     snapshots: &dyn Snapshots,
///     partition_id: PartitionId,
///     key: Arc<str>,
///     shape: u16,
/// ) -> Result<usize, Fault> {
///     let resumed = snapshots.resume(partition_id, &[key], shape).await?;
///     let events = |one: &Resumed| match one.snapshot {
///         // The first one is the event that the snapshot stands on.
///         Some(_) => one.tail.events.len().saturating_sub(1),
///         None => one.tail.events.len(),
///     };
///     Ok(resumed.iter().map(events).sum())
/// }
/// ```
#[async_trait]
pub trait Snapshots: Send + Sync {
    /// Keeps each, one of a stream, in the place of what was kept of it; all in one transaction that
    /// carries nothing else.
    ///
    /// # Errors
    /// The store cannot be reached; nothing depends on it.
    async fn save(&self, partition_id: PartitionId, snapshots: &[Snapshot]) -> Result<(), Fault>;

    /// The streams of those keys that exist, each from its snapshot of that shape on.
    ///
    /// # Errors
    /// The store cannot be reached, or a stream has a hole after its snapshot.
    async fn resume(
        &self,
        partition_id: PartitionId,
        keys: &[Arc<str>],
        shape: u16,
    ) -> Result<Vec<Resumed>, Fault>;

    /// What is kept of those streams, of whatever shape.
    ///
    /// # Errors
    /// The store cannot be reached.
    async fn stored(
        &self,
        partition_id: PartitionId,
        streams: &[i64],
    ) -> Result<Vec<Snapshot>, Fault>;
}

/// An event that does not follow the one before it: an aggregate folded over it would be wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stream {key} has event {found} where {expected} belongs")]
pub struct Hole {
    /// `{tenant}/{aggregate_id}`.
    pub key: Arc<str>,
    /// The version that comes next.
    pub expected: u64,
    /// The version that is there.
    pub found: u64,
}

impl Resumed {
    /// # Errors
    /// The first event that is out of place.
    pub fn without_holes(self) -> Result<Self, Hole> {
        let first = self
            .snapshot
            .as_ref()
            .map_or(1, |snapshot| snapshot.version);
        for (row, expected) in self.tail.events.iter().zip(first..) {
            if row.sequence != expected {
                return Err(Hole {
                    key: self.tail.key,
                    expected,
                    found: row.sequence,
                });
            }
        }
        Ok(self)
    }
}
