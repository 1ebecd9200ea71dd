//! Act: events lead to calls outside, and each answer comes back as one command.
//!
//! A call is made at least once, always under the same key; calls of one aggregate are made in order.
//! Progress moves once a call's command is in the log, or the call is parked: a crash repeats calls,
//! and loses none. The inbox knows the commands' ids, so each takes effect once.

mod calling;
mod lanes;
mod looking;
mod partition;
mod redriving;
mod settling;
mod window;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use kernel::code::with_causes;
use kernel::id::Actor;
use kernel::port::{
    CommandLog, EffectPartition, EventLog, EventReader, Outside, ParkedCalls, ReadModel, Reader,
    ViewId,
};
use kernel::topic::PartitionId;
use kernel::{Context, Effect};
use resilience::Dependency;
use tokio_util::sync::CancellationToken;

use crate::accept::Sealer;
use crate::consume::{Course, Events};
use crate::membership;
use crate::movement::{Movement, Work};

use calling::Caller;
use partition::{Line, Means, Partition};

pub use redriving::CallRedriver;

/// The world as an effect sees it.
#[derive(Clone)]
pub struct ActPorts {
    /// Where events come from.
    pub event_log: Arc<dyn EventLog>,
    /// Where answers go, as commands.
    pub command_log: Arc<dyn CommandLog>,
    /// Keeps the progress, as a checkpoint without values.
    pub progress: Arc<dyn ReadModel>,
    /// Where events are read that the log lacks.
    pub streams: Arc<dyn EventReader>,
    /// Keeps the calls that are given up.
    pub parked: Arc<dyn ParkedCalls>,
    /// What [`Effect::OUTSIDE`] names.
    pub outside: Arc<dyn Outside>,
    /// Stands before it in every partition of the process: its bulkhead bounds the calls of them all.
    pub guard: Arc<Dependency>,
    /// Signs the commands.
    pub sealer: Sealer,
    /// Learns of each partition whether it moves.
    pub movement: Movement,
}

/// Bounds of an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActSettings {
    /// Partitions per topic.
    pub partitions: u16,
    /// Tries of a call before it is parked, at least 1. One that the guard refuses is no try.
    pub tries_max: u32,
    /// Longest time from the first try of a call until it is parked.
    pub deadline: Duration,
    /// Ceiling of the first wait between two rounds of tries; doubles each time.
    pub wait_first: Duration,
    /// Where the doubling ends.
    pub wait_longest: Duration,
    /// Calls of one partition under way at once.
    pub in_flight_max: usize,
    /// Calls of one partition that are open, or behind an open one; then no event is taken. A crash
    /// repeats no more.
    pub open_max: usize,
    /// Largest body of a call and of an answer, bytes.
    pub payload_bytes_max: usize,
    /// Keys of one partition that may wait behind parked calls; then no event is taken.
    pub held_keys_max: usize,
}

impl ActSettings {
    /// Eight tries in five minutes; 16 calls under way and 256 open, of 64 KiB at most; 10,000 keys
    /// held.
    #[must_use]
    pub fn new(partitions: u16) -> Self {
        Self {
            partitions,
            tries_max: 8,
            deadline: Duration::from_secs(300),
            wait_first: Duration::from_millis(500),
            wait_longest: Duration::from_secs(30),
            in_flight_max: 16,
            open_max: 256,
            payload_bytes_max: 64 * 1024,
            held_keys_max: 10_000,
        }
    }
}

/// Runs one effect.
pub struct Act<E> {
    effect: Arc<E>,
    ports: ActPorts,
    settings: ActSettings,
    actor: Actor,
}

impl<E: Effect> Act<E> {
    /// The effect with what it needs; nothing happens before it [runs](Self::run).
    #[must_use]
    pub fn new(effect: E, ports: ActPorts, settings: ActSettings) -> Self {
        let actor =
            Actor::effect(E::NAME).expect("an effect's name is a constant of printable characters");
        Self {
            effect: Arc::new(effect),
            ports,
            settings,
            actor,
        }
    }

    /// Joins the effect's group and makes its calls, until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let group = format!("act.{}", E::NAME);
        let join = || {
            let (log, group) = (Arc::clone(&self.ports.event_log), group.clone());
            async move { log.consume(E::ON, &group, <E::To as Context>::PACE).await }.boxed()
        };
        let task = |reader, stop| self.partition(reader).run(stop);
        membership::hold(&group, join, task, &stop).await;
    }

    fn partition(&self, reader: Box<dyn Reader>) -> Partition<E> {
        let partition_id = PartitionId {
            context: E::ON,
            partition: reader.partition(),
        };
        let at = EffectPartition {
            effect: E::NAME,
            partition_id,
        };
        let course = Course {
            partition_id,
            partitions: self.settings.partitions,
            role: "act",
        };
        let worker = Arc::new(self.ports.movement.worker(Work::Effect, at));
        let caller = Caller {
            effect: E::NAME,
            outside: Arc::clone(&self.ports.outside),
            guard: Arc::clone(&self.ports.guard),
            settings: self.settings,
            worker: Arc::clone(&worker),
        };
        let means = Means {
            at,
            effect: Arc::clone(&self.effect),
            ports: self.ports.clone(),
            settings: self.settings,
            actor: self.actor.clone(),
            caller: Arc::new(caller),
            worker,
        };
        Partition {
            events: Events::new(course, reader, Arc::clone(&self.ports.streams)),
            means,
            line: Line::default(),
        }
    }
}

/// The checkpoint under which a durable read model keeps an effect's progress.
pub(crate) fn progress_id<E: Effect>() -> ViewId {
    ViewId {
        name: E::PROGRESS,
        version: 1,
    }
}

/// Characters of an explanation that are kept.
const DETAIL_MAX: usize = 500;

/// The error and its causes, as much of it as is kept.
fn detail(error: &(dyn Error + 'static)) -> String {
    with_causes(error).chars().take(DETAIL_MAX).collect()
}
