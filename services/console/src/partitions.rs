//! `GET /v1/operations/partitions`: how far the commands of each partition are handled.

use std::sync::Arc;

use actix_web::HttpResponse;
use futures::FutureExt as _;
use gateway::{Call, Endpoint, Pending};
use health::Health;
use http::problem::Problem;
use kernel::code::platform;
use kernel::port::{CommandLog, EventStore};
use kernel::route::{AnsweredFrom, QuestionRoute};
use kernel::topic::PartitionId;
use kernel::{Fault, Timestamp};
use pipeline::{Seen, Work};
use resilience::{Deadline, Dependency};
use schemars::JsonSchema;
use serde::Serialize;

use crate::READ;
use crate::search::WAIT;

const ROUTE: QuestionRoute = QuestionRoute::get::<Answer>(
    "/v1/operations/partitions",
    "partitions",
    READ,
    AnsweredFrom::Store,
    "of every partition: how far its commands are handled, and whether they move; those that wait first",
);

/// Every partition.
#[derive(Debug, Serialize, JsonSchema)]
struct Answer {
    /// The process that answers: what workers say is known of its own alone.
    process: String,
    partitions: Vec<Partition>,
}

/// The commands of one partition.
#[derive(Debug, Serialize, JsonSchema)]
struct Partition {
    context: &'static str,
    partition: u16,
    /// The first offset that is not handled.
    next_offset: i64,
    /// Where its log ends.
    end: i64,
    /// Offsets between the two: commands, and now and then a hole.
    behind: i64,
    /// Of its last event; 0 without one.
    log_position: u64,
    /// Since when commands wait at that offset, as far as this process has seen; none when none do.
    waits_since: Option<Timestamp>,
    /// Those of this process that work on it; none where other processes do.
    workers: Vec<Worker>,
}

/// A worker of the process that answers.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Worker {
    /// Such as `processor`.
    work: &'static str,
    /// When it advanced, or found nothing to do.
    moved_at: Timestamp,
    /// Why it does not advance; none when it does.
    stalled: Option<Stalled>,
}

/// Why a worker does not advance.
#[derive(Debug, Serialize, JsonSchema)]
struct Stalled {
    since: Timestamp,
    why: String,
    /// An operator has to act; otherwise it tries again by itself.
    stopped: bool,
}

impl Worker {
    pub(crate) fn of(seen: &Seen, now: Timestamp) -> Self {
        Self {
            work: seen.work.name(),
            moved_at: now.minus(seen.moved),
            stalled: seen.stands.as_ref().map(|stands| Stalled {
                since: now.minus(stands.since),
                why: stands.why.clone(),
                stopped: stands.stopped,
            }),
        }
    }
}

/// The endpoint of partitions.
pub struct Partitions {
    /// Of the process.
    pub health: Arc<Health>,
    /// As people know the process.
    pub process: String,
    /// Where commands lie.
    pub log: Arc<dyn CommandLog>,
    /// Where cursors lie.
    pub store: Arc<dyn EventStore>,
    /// Stands before both.
    pub guard: Arc<Dependency>,
}

impl Partitions {
    /// Its row of the route table.
    pub const ROUTE: QuestionRoute = ROUTE;
}

impl Endpoint for Partitions {
    fn route(&self) -> QuestionRoute {
        ROUTE
    }

    fn answer(&self, call: Call) -> Pending {
        let (log, store) = (Arc::clone(&self.log), Arc::clone(&self.store));
        let (health, guard) = (Arc::clone(&self.health), Arc::clone(&self.guard));
        let process = self.process.clone();
        async move {
            let now = call.now();
            let read = || read(&health, &*log, &*store, now);
            let read = guard.call_once(Deadline::within(WAIT), read).await;
            let mut partitions = read.map_err(|error| {
                let detail = "command log or cursors cannot be read now";
                Problem::new(platform::DEPENDENCY_UNAVAILABLE, detail).because(error)
            })?;
            partitions.sort_by_key(|one| (one.waits_since.is_none(), one.waits_since));
            Ok(HttpResponse::Ok().json(Answer {
                process,
                partitions,
            }))
        }
        .boxed_local()
    }
}

async fn read(
    health: &Health,
    log: &dyn CommandLog,
    store: &dyn EventStore,
    now: Timestamp,
) -> Result<Vec<Partition>, Fault> {
    let (seen, backlog) = (health.movement.seen(), &health.backlog);
    let mut partitions = Vec::new();
    for context in &backlog.contexts {
        let (ends, cursors) = futures::try_join!(
            log.ends(context),
            store.cursors(context, backlog.partitions)
        )?;
        for ((end, cursor), partition) in ends.into_iter().zip(cursors).zip(0..) {
            let partition_id = PartitionId { context, partition };
            let next_offset = cursor.map_or(0, |cursor| cursor.next_offset);
            let log_position = cursor.map_or(0, |cursor| cursor.next_log_position - 1);
            let waits = backlog.waits(partition_id);
            partitions.push(Partition {
                context,
                partition,
                next_offset,
                end,
                behind: (end - next_offset).max(0),
                log_position,
                waits_since: waits.map(|waits| now.minus(waits)),
                workers: workers(&seen, partition_id, now),
            });
        }
    }
    Ok(partitions)
}

/// Those that handle, publish and announce what the partition holds.
fn workers(seen: &[Seen], partition_id: PartitionId, now: Timestamp) -> Vec<Worker> {
    let name = partition_id.to_string();
    let of_partition = seen.iter().filter(|seen| {
        let work = matches!(
            seen.work,
            Work::Processor | Work::Publisher | Work::Announcer
        );
        work && *seen.name == *name
    });
    of_partition.map(|seen| Worker::of(seen, now)).collect()
}
