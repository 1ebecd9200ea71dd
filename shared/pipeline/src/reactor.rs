//! The reactor role: events of one context become commands for another.
//!
//! Commands are appended before the progress moves, so a crash repeats some; their ids are derived
//! from the events', and the inbox recognises them.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use kernel::context::Reacted;
use kernel::id::{Actor, CommandId};
use kernel::port::{
    Applied, Checkpoint, CommandLog, EventLog, EventReader, NewRecord, ReadModel, Reader,
    ViewBatch, ViewId,
};
use kernel::record::{self, EventMeta, EventRecord, Undecodable};
use kernel::topic::PartitionId;
use kernel::{Context, Fault, Reaction, topic};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::accept::{Request, Sealer};
use crate::backoff::Backoff;
use crate::command;
use crate::consume::{Course, Events, Published};
use crate::membership;
use crate::metric;
use crate::movement::{Movement, Work, Worker};

/// Events turned into commands at once.
const BATCH_EVENTS_MAX: usize = 2_000;
/// Shortest time between two moves of a partition's progress. What was done since is done again after
/// a crash, which costs a look-up each; moving costs a transaction.
const PROGRESS_PERIOD: Duration = Duration::from_secs(1);

/// The world as a reactor sees it.
#[derive(Clone)]
pub struct ReactorPorts {
    /// Where events come from.
    pub event_log: Arc<dyn EventLog>,
    /// Where commands are sent.
    pub command_log: Arc<dyn CommandLog>,
    /// Keeps the progress, as a checkpoint without values.
    pub progress: Arc<dyn ReadModel>,
    /// Where events are read that the log lacks.
    pub streams: Arc<dyn EventReader>,
    /// Signs the commands.
    pub sealer: Sealer,
    /// Partitions per topic.
    pub partitions: u16,
    /// Where its workers report.
    pub movement: Movement,
}

/// Runs one reaction.
pub struct Reactor<R> {
    reaction: Arc<R>,
    ports: ReactorPorts,
    actor: Actor,
}

impl<R: Reaction> Reactor<R> {
    /// Nothing runs yet.
    #[must_use]
    pub fn new(reaction: R, ports: ReactorPorts) -> Self {
        let actor = Actor::reaction(R::NAME)
            .expect("a reaction's name is a constant of printable characters");
        Self {
            reaction: Arc::new(reaction),
            ports,
            actor,
        }
    }

    /// Joins the reaction's group and reacts, until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let group = format!("reactor.{}", R::NAME);
        let join = || {
            let (log, group) = (Arc::clone(&self.ports.event_log), group.clone());
            async move { log.consume(R::ON, &group, <R::To as Context>::PACE).await }.boxed()
        };
        let task = |reader, stop| self.partition(reader).run(stop);
        membership::hold(&group, join, task, &stop).await;
    }

    fn partition(&self, reader: Box<dyn Reader>) -> Partition<R> {
        let partition_id = PartitionId {
            context: R::ON,
            partition: reader.partition(),
        };
        let course = Course {
            partition_id,
            partitions: self.ports.partitions,
            role: "reactor",
        };
        let name = format!("{}, {partition_id}", R::NAME);
        Partition {
            events: Events::new(course, reader, Arc::clone(&self.ports.streams)),
            worker: self.ports.movement.worker(Work::Reaction, name),
            reaction: Arc::clone(&self.reaction),
            ports: self.ports.clone(),
            actor: self.actor.clone(),
        }
    }
}

/// The checkpoint under which a durable read model keeps a reaction's progress.
pub(crate) fn progress_id<R: Reaction>() -> ViewId {
    ViewId {
        name: R::PROGRESS,
        version: 1,
    }
}

/// The commands that an event causes: the key of each, and its id.
pub(crate) fn caused<R: Reaction>(
    reaction: &R,
    record: &EventRecord,
) -> Result<Vec<(Arc<str>, CommandId)>, Undecodable> {
    let wants = |kind: &str| reaction.wants(kind);
    let (meta, event) = record::decode_if(record.log_position, &record.value, wants)?;
    let reacted = event.map(|event| reaction.react(&meta, event));
    let keys = reacted.unwrap_or_default().into_iter().enumerate();
    Ok(keys
        .map(|(n, reacted)| {
            let key = topic::key(&reacted.tenant, &reacted.to);
            (key, CommandId::of_reaction(meta.id, meta.at, R::NAME, n))
        })
        .collect())
}

struct Partition<R> {
    events: Events,
    reaction: Arc<R>,
    ports: ReactorPorts,
    actor: Actor,
    worker: Worker,
}

impl<R: Reaction> Partition<R> {
    async fn run(mut self, stop: CancellationToken) {
        let mut backoff = Backoff::new();
        while !stop.is_cancelled() {
            if let Err(fault) = self.follow(&stop).await {
                self.worker.stands(&fault);
                warn!(
                    reaction = R::NAME,
                    partition_id = %self.events.partition_id(),
                    error = &fault as &dyn std::error::Error,
                    "reaction pauses, will continue from its progress"
                );
            }
            backoff.wait_unless(&stop).await;
            self.worker.tries();
        }
    }

    /// From the progress on, until `stop`; ends when another process moved it.
    async fn follow(&mut self, stop: &CancellationToken) -> Result<(), Fault> {
        let partition = self.events.partition_id().partition;
        let progress = Arc::clone(&self.ports.progress);
        let progress = progress.checkpoint(progress_id::<R>(), partition);
        let Some(done) = stop.run_until_cancelled(progress).await else {
            return Ok(());
        };
        let mut done = done?;
        self.events.seek(done).await?;
        let (mut events, mut move_at) = (Vec::new(), Instant::now());
        let reaction = Arc::clone(&self.reaction);
        let read = |published: Published| published.event(|kind| reaction.wants(kind));
        loop {
            let seen = self.events.seen();
            tokio::select! {
                biased;
                () = stop.cancelled() => {
                    // What was done is not done again, and a comparison finds nothing under way.
                    if seen != done {
                        self.advance(done, seen).await?;
                    }
                    return Ok(());
                }
                () = tokio::time::sleep_until(move_at), if seen != done => {
                    if self.advance(done, seen).await? == Applied::Refused {
                        return Ok(());
                    }
                    done = seen;
                    move_at = Instant::now() + PROGRESS_PERIOD;
                }
                taken = self.events.take(BATCH_EVENTS_MAX, &mut events, read) => {
                    taken?;
                    self.worker.begins();
                    let commands = self.react(&mut events)?;
                    if !commands.is_empty() {
                        metric::reacted(R::NAME, commands.len());
                        self.ports.command_log.append(commands).await?;
                    }
                    self.worker.moves();
                }
            }
        }
    }

    async fn advance(&mut self, from: Checkpoint, to: Checkpoint) -> Result<Applied, Fault> {
        let step = ViewBatch {
            view: progress_id::<R>(),
            partition: self.events.partition_id().partition,
            from,
            to,
            puts: Vec::new(),
        };
        self.ports.progress.apply(step).await
    }

    fn react(
        &self,
        events: &mut Vec<(EventMeta, Option<R::Event>)>,
    ) -> Result<Vec<NewRecord>, Fault> {
        let mut commands = Vec::new();
        for (meta, event) in events.drain(..) {
            let Some(event) = event else { continue };
            for (n, reacted) in self.reaction.react(&meta, event).into_iter().enumerate() {
                commands.push(self.command(&meta, n, &reacted)?);
            }
        }
        Ok(commands)
    }

    fn command(
        &self,
        meta: &EventMeta,
        n: usize,
        reacted: &Reacted<R::To>,
    ) -> Result<NewRecord, Fault> {
        let (kind, data) = command::split(&reacted.command)
            .map_err(|error| Fault::new("reaction", "encode a command", error))?;
        let request = Request {
            context: <R::To as Context>::NAME,
            tenant: &reacted.tenant,
            actor: &self.actor,
            identity: None,
            aggregate: &reacted.to,
            id: Some(CommandId::of_reaction(meta.id, meta.at, R::NAME, n)),
            kind: &kind,
            data: &data,
            expected_version: None,
            correlation: meta.correlation.clone(),
            causation: Some(meta.id.0),
        };
        Ok(self.ports.sealer.seal_at(request, None, meta.at)?.1)
    }
}
