//! The processor role: the partitions of one context that this process owns.

use std::collections::HashMap;
use std::sync::Arc;

use futures::FutureExt;
use kernel::id::AggregateId;
use kernel::port::{
    Bearers, CommandLog, DeadLetters, EventLog, EventReader, EventStore, Replies, Schemas,
    Snapshots,
};
use kernel::topic::PartitionId;
use kernel::{Access, Context, Tenancy};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::decode::Decoder;
use super::partition::{Partition, Replying};
use crate::accept::Sealer;
use crate::announce::Announcing;
use crate::commit::CommitHandle;
use crate::membership;
use crate::movement::{Movement, Work};

/// Reply batches that may wait for the reply channel; more are dropped, their callers poll.
const REPLIES_MAX: usize = 1_024;

/// The world as a processor sees it.
#[derive(Clone)]
pub struct ProcessorPorts {
    /// What producers may send.
    pub access: Arc<dyn Access>,
    /// Knows whose access tokens are in records; none where those are not looked at.
    pub bearers: Option<Arc<dyn Bearers>>,
    /// Whose producers are served.
    pub tenancy: Arc<dyn Tenancy>,
    /// Where commands are taken from.
    pub command_log: Arc<dyn CommandLog>,
    /// Where events are published.
    pub event_log: Arc<dyn EventLog>,
    /// Where batches are committed.
    pub store: Arc<dyn EventStore>,
    /// Where streams and earlier outcomes are loaded from.
    pub reader: Arc<dyn EventReader>,
    /// Where states are saved.
    pub snapshots: Arc<dyn Snapshots>,
    /// Tells which keys are blocked.
    pub dead_letters: Arc<dyn DeadLetters>,
    /// The way back to callers who wait.
    pub replies: Arc<dyn Replies>,
    /// Reads framed records; none without a registry.
    pub schemas: Option<Arc<dyn Schemas>>,
    /// Signs records that are sent to the partition they belong to.
    pub sealer: Sealer,
    /// The topic of outcomes, where producers write to the log besides the platform.
    pub announcing: Option<Announcing>,
    /// Where its workers report.
    pub movement: Movement,
}

/// Bounds of a processor.
#[derive(Clone, Copy, Debug)]
pub struct ProcessorSettings {
    /// Partitions per topic.
    pub partitions: u16,
    /// Commands in one batch of one partition.
    pub batch_commands_max: usize,
    /// Aggregates kept in memory, per partition.
    pub cached_aggregates_max: usize,
    /// Largest command value, bytes; larger ones are parked.
    pub value_bytes_max: usize,
    /// Events that a stream grows by, at least, between two snapshots of its aggregate.
    pub snapshot_events_min: u64,
}

/// Handles one context.
pub struct Processor<C: Context> {
    ports: ProcessorPorts,
    settings: ProcessorSettings,
    committer: CommitHandle,
    policy: C::Services,
}

impl<C: Context> Processor<C> {
    /// `policy` is what the context decides by besides state and command.
    #[must_use]
    pub fn new(
        ports: ProcessorPorts,
        settings: ProcessorSettings,
        committer: CommitHandle,
        policy: C::Services,
    ) -> Self {
        Self {
            ports,
            settings,
            committer,
            policy,
        }
    }

    /// Joins the group and handles what it is assigned, until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let (replying, replies) = mpsc::channel(REPLIES_MAX);
        let replier = reply(Arc::clone(&self.ports.replies), replies);
        let work = async {
            let log = Arc::clone(&self.ports.command_log);
            let join = || {
                let log = Arc::clone(&log);
                async move { log.consume(C::NAME, "processor", C::PACE).await }.boxed()
            };
            let task = |reader, stop| self.partition(reader, replying.clone()).run(stop);
            membership::hold(C::NAME, join, task, &stop).await;
            drop(replying);
        };
        tokio::join!(work, replier);
    }

    fn partition(&self, reader: Box<dyn kernel::port::Reader>, replying: Replying) -> Partition<C> {
        let partition_id = PartitionId {
            context: C::NAME,
            partition: reader.partition(),
        };
        let decoder = Decoder {
            authority: Arc::clone(&self.ports.sealer.authority),
            bearers: self.ports.bearers.clone(),
            access: Arc::clone(&self.ports.access),
            tenancy: Arc::clone(&self.ports.tenancy),
            schemas: self.ports.schemas.clone(),
            value_bytes_max: self.settings.value_bytes_max,
            partition_id,
            partitions: self.settings.partitions,
        };
        Partition {
            partition_id,
            reader,
            ports: self.ports.clone(),
            settings: self.settings,
            decoder,
            committer: self.committer.clone(),
            replying,
            policy: self.policy.clone(),
            panics: HashMap::new(),
            worker: self.ports.movement.worker(Work::Processor, partition_id),
        }
    }
}

async fn reply(
    replies: Arc<dyn Replies>,
    mut waiting: mpsc::Receiver<(AggregateId, Vec<kernel::port::Reply>)>,
) {
    while let Some((instance, batch)) = waiting.recv().await {
        if let Err(fault) = replies.send(instance.as_str(), batch).await {
            warn!(
                error = &fault as &dyn std::error::Error,
                "replies not sent, their callers will ask"
            );
        }
    }
}
