//! One partition, from one takeover to the next.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use kernel::batch::Cursor;
use kernel::id::{AggregateId, Owner};
use kernel::port::{ReadError, Reader, Reply};
use kernel::topic::PartitionId;
use kernel::{Context, Fault};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use super::blocked_keys::BlockedKeys;
use super::decode::Decoder;
use super::ownership::Ownership;
use super::processor::{ProcessorPorts, ProcessorSettings};
use super::resuming::Stored;
use super::saving::saving;
use crate::announce::Announcer;
use crate::backoff::Backoff;
use crate::commit::CommitHandle;
use crate::movement::{Work, Worker};
use crate::publish::Publisher;

/// Time a fenced partition waits for the notice that it was lost, before it takes itself back: the
/// log's group may be right about the owner while the store was not.
const FENCED_WAIT: Duration = Duration::from_secs(10);

/// Replies on their way to the instance named first.
pub(crate) type Replying = mpsc::Sender<(AggregateId, Vec<Reply>)>;

/// What outlives one ownership of the partition within this process.
pub(crate) struct Partition<C: Context> {
    pub(crate) partition_id: PartitionId,
    pub(crate) reader: Box<dyn Reader>,
    pub(crate) ports: ProcessorPorts,
    pub(crate) settings: ProcessorSettings,
    pub(crate) decoder: Decoder,
    pub(crate) committer: CommitHandle,
    pub(crate) replying: Replying,
    pub(crate) policy: C::Services,
    /// Offsets whose command panicked when it was applied, and how often.
    pub(crate) panics: HashMap<i64, u32>,
    pub(crate) worker: Worker,
}

/// Why an ownership ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// The process is stopping, or the partition was revoked: everything handed over is durable.
    Stopped,
    /// Another owner has the partition. The log's group will report it too; until then, do nothing.
    Fenced,
    /// Take the partition over again: a command panicked, or the committer left no answer.
    Again,
    /// The next record cannot be read, and an operator must order that it is passed.
    Barred(Barred),
}

/// A record that bars a partition of commands: nothing behind it is handled before it is passed.
#[derive(Debug, thiserror::Error)]
#[error("{why}; `dealerboard skip {partition_id}` shows what is lost and continues behind it")]
pub(super) struct Barred {
    partition_id: PartitionId,
    why: ReadError,
}

impl<C: Context> Partition<C> {
    /// Handles the partition until `stop`; faults of dependencies only make it wait.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut backoff = Backoff::new();
        while !stop.is_cancelled() {
            let pause = match self.own(&stop).await {
                Ok(Ended::Stopped) => return,
                Ok(Ended::Fenced) => tokio::time::sleep(FENCED_WAIT).left_future(),
                Ok(Ended::Again) => backoff.wait().right_future(),
                Ok(Ended::Barred(barred)) => {
                    self.worker.stops(barred.to_string());
                    error!(partition_id = %self.partition_id, error = &barred as &dyn std::error::Error, "partition is stalled");
                    backoff.wait().right_future()
                }
                Err(fault) => {
                    self.worker.stands(&fault);
                    warn!(partition_id = %self.partition_id, error = &fault as &dyn std::error::Error, "partition pauses, will be taken over again");
                    backoff.wait().right_future()
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = pause => {}
            }
            self.worker.tries();
        }
    }

    /// Becomes the partition's only writer; returns its cursor and which keys are parked.
    async fn take_over(&mut self) -> Result<(Cursor, BlockedKeys), Fault> {
        let owner = Owner(self.ports.sealer.ids.random());
        let cursor = self.ports.store.take_over(self.partition_id, owner).await?;
        let letters = Arc::clone(&self.ports.dead_letters);
        Ok((cursor, BlockedKeys::load(self.partition_id, letters).await?))
    }

    pub(super) fn stored(&self) -> Stored<'_> {
        Stored {
            snapshots: &self.ports.snapshots,
            reader: &self.ports.reader,
        }
    }

    pub(super) fn barred(&self, why: ReadError) -> Ended {
        let partition_id = self.partition_id;
        Ended::Barred(Barred { partition_id, why })
    }

    /// One ownership: take over, continue from the database's cursor, publish what is missing.
    async fn own(&mut self, stop: &CancellationToken) -> Result<Ended, Fault> {
        let (cursor, parked) = tokio::select! {
            () = stop.cancelled() => return Ok(Ended::Stopped),
            taken = self.take_over() => taken?,
        };
        match self.reader.seek(cursor.next_offset).await {
            Ok(()) => {}
            Err(ReadError::Fault(fault)) => return Err(fault),
            Err(why) => return Ok(self.barred(why)),
        }
        debug!(partition_id = %self.partition_id, offset = cursor.next_offset, log_position = cursor.next_log_position, "partition taken over");
        let (publisher, publishing) = Publisher::new(
            self.partition_id,
            Arc::clone(&self.ports.reader),
            Arc::clone(&self.ports.event_log),
            self.ports
                .movement
                .worker(Work::Publisher, self.partition_id),
        );
        let (saving, saver) = saving(
            self.partition_id,
            Arc::clone(&self.ports.snapshots),
            self.settings.snapshot_events_min,
        );
        let announcing = self.ports.announcing.clone();
        let ownership = Ownership::new(self, cursor, parked, publishing, saving);
        let announcer = announcing.map(|ports| Announcer {
            partition_id: ownership.partition_id(),
            worker: ownership.announces(),
            ports,
            written: ownership.noticed(),
        });
        let publishing = publisher.run(cursor.next_log_position - 1);
        let owning = async { tokio::join!(ownership.run(stop), publishing).0 };
        let saver = async {
            saver.run().await;
            std::future::pending().await
        };
        let announcer = async {
            match announcer {
                Some(announcer) => announcer.run().await,
                None => std::future::pending().await,
            }
        };
        // A save or an announcement under way when the ownership ends is dropped: the partition is not
        // held for it.
        tokio::select! {
            ended = owning => ended,
            never = saver => never,
            () = announcer => Ok(Ended::Again),
        }
    }
}
