//! One partition of an effect: events are taken, their calls made, and the progress moves behind them.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use kernel::effect::{CALLS_MAX, Call, IdempotencyKey};
use kernel::id::Actor;
use kernel::port::{
    Applied, CallPlace, CallReason, CallState, Checkpoint, EffectPartition, ParkedCall, ViewBatch,
};
use kernel::{Effect, EventMeta, Fault, topic};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::calling::{Caller, GivenUp};
use super::lanes::Lanes;
use super::settling::Ended;
use super::window::Window;
use super::{ActPorts, ActSettings, progress_id};
use crate::backoff::Backoff;
use crate::consume::{Events, Published};
use crate::crash;
use crate::movement::Worker;

/// Events taken at once.
const BATCH_EVENTS_MAX: usize = 100;
/// Longest time that progress waits to move past events that led to no call.
const PROGRESS_PERIOD: Duration = Duration::from_secs(1);
/// Time that calls under way have to end in an orderly stop: less than a revoked partition has.
const FINISH_WAIT: Duration = Duration::from_secs(3);

pub(super) struct Partition<E> {
    pub(super) events: Events,
    pub(super) means: Means<E>,
    pub(super) line: Line,
}

/// What a partition acts with.
pub(super) struct Means<E> {
    pub(super) at: EffectPartition,
    pub(super) effect: Arc<E>,
    pub(super) ports: ActPorts,
    pub(super) settings: ActSettings,
    pub(super) actor: Actor,
    pub(super) caller: Arc<Caller>,
    pub(super) worker: Arc<Worker>,
}

/// What is under way in a partition, from its progress on.
pub(super) struct Line {
    /// The progress as it is stored.
    done: Checkpoint,
    pub(super) window: Window,
    pub(super) lanes: Lanes<Job>,
    pub(super) running: JoinSet<Ended>,
    /// Keys with an open parked call: what follows of them is parked behind it.
    pub(super) held: HashSet<Arc<str>>,
    /// Calls behind the progress that were parked before: they are not made from their events.
    known: HashSet<CallPlace>,
    pub(super) look_at: Instant,
    pub(super) move_at: Instant,
}

/// A call to be made.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) place: CallPlace,
    pub(super) key: Arc<str>,
    pub(super) id: IdempotencyKey,
    pub(super) meta: Arc<EventMeta>,
    /// None when the effect did not get so far.
    pub(super) call: Option<Call>,
    /// Tries made before it was parked, if it was.
    pub(super) parked: Option<u32>,
}

impl Default for Line {
    fn default() -> Self {
        Self::new(Checkpoint::default(), HashSet::new())
    }
}

impl Line {
    fn new(done: Checkpoint, known: HashSet<CallPlace>) -> Self {
        let now = Instant::now();
        Self {
            done,
            window: Window::new(done),
            lanes: Lanes::default(),
            running: JoinSet::new(),
            held: HashSet::new(),
            known,
            look_at: now,
            move_at: now,
        }
    }
}

impl<E: Effect> Partition<E> {
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut backoff = Backoff::new();
        while !stop.is_cancelled() {
            if let Err(fault) = self.follow(&stop).await {
                self.means
                    .stands(&fault, "effect pauses, will continue from its progress");
            }
            // What was left under way is made again under the same keys, and not beside itself.
            self.line.running.shutdown().await;
            self.line = Line::default();
            backoff.wait_unless(&stop).await;
            self.means.worker.tries();
        }
    }

    /// From the progress on, until `stop`; ends when the progress was moved by another process.
    async fn follow(&mut self, stop: &CancellationToken) -> Result<(), Fault> {
        let progress = Arc::clone(&self.means.ports.progress);
        let progress =
            progress.checkpoint(progress_id::<E>(), self.means.at.partition_id.partition);
        let Some(done) = stop.run_until_cancelled(progress).await else {
            return Ok(());
        };
        let done = done?;
        self.line = Line::new(done, self.means.parked_after(done).await?);
        self.look().await?;
        self.events.seek(done).await?;
        let (mut taken, effect) = (Vec::new(), Arc::clone(&self.means.effect));
        let read = |published: Published| published.event(|kind| effect.wants(kind));
        loop {
            self.begin();
            let settled = self.line.window.settled();
            let room = self.room();
            tokio::select! {
                biased;
                () = stop.cancelled() => return self.finish(stop).await,
                Some(ended) = self.line.running.join_next() => self.settle(ended, stop).await?,
                () = tokio::time::sleep_until(self.line.move_at), if settled != self.line.done => {
                    if self.advance(settled).await == Some(Applied::Refused) {
                        return Ok(());
                    }
                }
                () = tokio::time::sleep_until(self.line.look_at), if !self.line.held.is_empty() => {
                    if let Err(fault) = self.look().await {
                        // What is held stays held.
                        self.means.stands(&fault, "parked calls are not known, will look again");
                    }
                }
                took = self.events.take(room, &mut taken, read), if room > 0 => {
                    if let Err(fault) = took {
                        self.finish(stop).await?;
                        return Err(fault);
                    }
                    self.accept(&mut taken, stop).await?;
                }
            }
        }
    }

    /// Begins what may begin.
    fn begin(&mut self) {
        while self.line.lanes.is_ready()
            && self.line.running.len() < self.means.settings.in_flight_max
        {
            let Some(job) = self.line.lanes.begin() else {
                return;
            };
            let caller = Arc::clone(&self.means.caller);
            self.line.running.spawn(async move {
                let made = match &job.call {
                    Some(call) => caller.make(call, job.id).await,
                    None => Err(GivenUp::panicked("no call could be made of the event")),
                };
                Ended { job, made }
            });
        }
    }

    /// How many events may be taken.
    fn room(&self) -> usize {
        if self.line.held.len() >= self.means.settings.held_keys_max {
            return 0;
        }
        let room = self.means.settings.open_max;
        let room = room.saturating_sub(self.line.window.calls());
        room.min(BATCH_EVENTS_MAX)
    }

    /// Puts the calls of what was taken in their lanes, or behind the parked ones of their keys.
    async fn accept(
        &mut self,
        taken: &mut Vec<(EventMeta, Option<E::Event>)>,
        stop: &CancellationToken,
    ) -> Result<(), Fault> {
        let (since, mut new) = (self.means.effect.since(), Vec::new());
        for (meta, event) in taken.drain(..) {
            if let Some(event) = event.filter(|_| meta.at >= since) {
                let jobs = jobs(&*self.means.effect, meta, event).into_iter();
                new.extend(jobs.filter(|job| !self.line.known.contains(&job.place)));
            }
        }
        let ids: Vec<_> = new.iter().map(|job| job.id.0).collect();
        let answered = || self.means.answered(&ids);
        let answered = self.means.persist(answered, stop).await?;
        let mut behind = Vec::new();
        for job in new {
            if answered.contains(&job.id.0) {
                continue;
            }
            if self.line.held.contains(&job.key) {
                behind.push(self.means.behind(job));
            } else {
                self.line.window.opens(job.place.log_position);
                let key = Arc::clone(&job.key);
                self.line.lanes.push(&key, job);
            }
        }
        self.means.park(behind, stop).await?;
        self.line.window.takes(self.events.seen());
        Ok(())
    }

    /// Lets what is under way end, and moves the progress: nothing of it is done again.
    async fn finish(&mut self, stop: &CancellationToken) -> Result<(), Fault> {
        let until = Instant::now() + FINISH_WAIT;
        loop {
            let ended = tokio::time::timeout_at(until, self.line.running.join_next());
            match ended.await {
                Ok(Some(ended)) => self.settle(ended, stop).await?,
                Ok(None) | Err(_) => break,
            }
        }
        let settled = self.line.window.settled();
        if settled != self.line.done {
            self.advance(settled).await;
        }
        Ok(())
    }

    /// Moves the progress; none when that failed, and is tried again later.
    async fn advance(&mut self, to: Checkpoint) -> Option<Applied> {
        crash::point("settled-not-moved");
        let step = ViewBatch {
            view: progress_id::<E>(),
            partition: self.means.at.partition_id.partition,
            from: self.line.done,
            to,
            puts: Vec::new(),
        };
        self.line.move_at = Instant::now() + PROGRESS_PERIOD;
        match self.means.ports.progress.apply(step).await {
            Ok(applied) => {
                self.line.done = to;
                Some(applied)
            }
            Err(fault) => {
                self.means
                    .stands(&fault, "progress does not move, will try again");
                None
            }
        }
    }
}

impl<E: Effect> Means<E> {
    /// A call as it is kept behind an open one of its key.
    pub(super) fn behind(&self, job: Job) -> ParkedCall {
        let given_up = GivenUp {
            reason: CallReason::BehindParked,
            detail: "a call of the same key is open before it".to_owned(),
            tries: 0,
        };
        self.row(job, given_up, CallState::Waiting)
    }

    pub(super) fn row(&self, job: Job, given_up: GivenUp, state: CallState) -> ParkedCall {
        ParkedCall {
            place: job.place,
            key: job.key,
            id: job.id,
            call: job.call,
            reason: given_up.reason,
            detail: given_up.detail,
            tries: job.parked.unwrap_or_default() + given_up.tries,
            parked_at: self.ports.sealer.clock.now(),
            state,
            marked_by: None,
        }
    }

    pub(super) fn stands(&self, fault: &Fault, what: &'static str) {
        self.worker.stands(fault);
        let error = fault as &dyn std::error::Error;
        warn!(effect = E::NAME, partition_id = %self.at.partition_id, error, "{what}");
    }
}

/// The calls of an event. An effect that panics gives one without a call, which is parked.
pub(super) fn jobs<E: Effect>(effect: &E, meta: EventMeta, event: E::Event) -> Vec<Job> {
    let meta = Arc::new(meta);
    let made = catch_unwind(AssertUnwindSafe(|| effect.calls(&meta, event)));
    let calls: Vec<_> = match made {
        Ok(calls) if calls.len() <= CALLS_MAX => calls.into_iter().map(Some).collect(),
        _ => vec![None],
    };
    let key = topic::key(&meta.tenant, &meta.aggregate);
    let jobs = (0..).zip(calls).map(|(n, call)| Job {
        place: CallPlace {
            log_position: meta.log_position,
            n,
        },
        key: Arc::clone(&key),
        id: IdempotencyKey::of(meta.id, meta.at, E::NAME, n),
        meta: Arc::clone(&meta),
        call,
        parked: None,
    });
    jobs.collect()
}
