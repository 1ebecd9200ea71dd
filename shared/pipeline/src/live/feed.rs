//! One view, followed for all streams of the process as long as one of them wants it.

use std::sync::Arc;
use std::time::Duration;

use kernel::context::EventOf;
use kernel::port::Reader;
use kernel::topic::PartitionId;
use kernel::{Context, Fault, View};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::LivePorts;
use super::follower::Follower;
use super::hub::Hub;
use crate::backoff::Backoff;
use crate::consume::{Course, Events};
use crate::movement::{Work, Worker};

/// How long a view is followed that no stream wants: those that were cut come back.
const REST_AFTER: Duration = Duration::from_secs(60);
/// How often it is looked whether the events have a place to begin behind.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// One view of the hub, and the world it is followed in.
#[derive(Clone)]
pub struct FeedPorts {
    pub(super) hub: Arc<Hub>,
    /// Its number in the hub.
    pub(super) view: usize,
    pub(super) world: LivePorts,
}

/// Follows `V` whenever it is wanted, until `stop`.
pub(crate) async fn feed<V: View>(ports: FeedPorts, stop: CancellationToken) {
    let mut backoff = Backoff::new();
    while !stop.is_cancelled() {
        let hub = Arc::clone(&ports.hub);
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = hub.wanted(ports.view) => {}
        }
        let name = format!("live {}", V::NAME);
        let worker = ports.world.movement.worker(Work::LiveProjection, name);
        let ended = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            ended = follow::<V>(&ports, &worker) => ended,
        };
        if let Err(fault) = ended {
            worker.stands(&fault);
            warn!(
                view = V::NAME,
                error = &fault as &dyn std::error::Error,
                "live streams are not fed, will begin again"
            );
            backoff.wait_unless(&stop).await;
            worker.tries();
        }
    }
}

/// Ends when no stream wants the view any more.
async fn follow<V: View>(ports: &FeedPorts, worker: &Worker) -> Result<(), Fault> {
    let context = <V::Of as Context>::NAME;
    let world = &ports.world;
    // Before the store is read: what is in the log before these offsets is in the store.
    let ends = world.event_log.ends(context).await?;
    let readers = world
        .event_log
        .follow(context, kernel::port::Pace::Prompt)
        .await?;
    let settled = loop {
        match world.query.settled().await {
            Some(settled) => break settled,
            None => tokio::time::sleep(LOOK_AGAIN).await,
        }
    };
    let mut followers = JoinSet::new();
    for reader in readers {
        let partition = reader.partition();
        let partition_id = PartitionId { context, partition };
        let settled = settled.get(&partition_id).copied().unwrap_or_default();
        let from = begin(world, partition_id, settled).await?;
        let end = ends.get(usize::from(partition)).copied();
        let follower = follower::<V>(ports, reader, (from, end.unwrap_or_default()));
        followers.spawn(follower.run());
    }
    worker.moves();
    tokio::select! {
        () = rests(ports) => {
            followers.shutdown().await;
            Ok(())
        }
        ended = followers.join_next() => match ended {
            Some(Err(failed)) => Err(Fault::new("live streams", "follow a partition", failed)),
            Some(Ok(())) | None => Err(Fault::bare("live streams", "follow a partition")),
        },
    }
}

/// Where the events had been that everybody has seen; at the end of the log, if that is not known.
async fn begin(world: &LivePorts, partition_id: PartitionId, settled: u64) -> Result<u64, Fault> {
    if settled < u64::MAX {
        return Ok(settled);
    }
    let span = world.event_log.span(partition_id).await?;
    Ok(span.map_or(0, |span| span.last))
}

fn follower<V: View>(
    ports: &FeedPorts,
    reader: Box<dyn Reader>,
    (from, end): (u64, i64),
) -> Follower<V>
where
    EventOf<V>: Send,
{
    let partition_id = PartitionId {
        context: <V::Of as Context>::NAME,
        partition: reader.partition(),
    };
    let course = Course {
        partition_id,
        partitions: ports.hub.partitions,
        role: "live",
    };
    let name = format!("live {}, {partition_id}", V::NAME);
    let worker = ports.world.movement.worker(Work::LiveProjection, name);
    let events = Events::new(course, reader, Arc::clone(&ports.world.streams));
    Follower::new(ports.clone(), events, worker, (from, end))
}

/// Waits until the view has been wanted by nobody for a while, and is forgotten.
async fn rests(ports: &FeedPorts) {
    loop {
        tokio::time::sleep(REST_AFTER).await;
        if ports.hub.rests(ports.view) {
            return;
        }
    }
}
