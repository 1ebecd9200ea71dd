//! What makes matches happen: a conversation that was queued, an agent who can be asked again.
//!
//! Several routers share the conversations by partition, so that they rarely meet; where they do, the
//! agent's stream lets one of them through.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use kernel::port::EventLog;
use kernel::{Actor, AggregateId, Tenant, topic};
use pipeline::Share;
use routing::{ConversationId, Floor, QueueId};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use crate::matcher::{Begun, Matcher, NoMatch};

/// Matches under way at once; each is a command that waits for its outcome.
const IN_FLIGHT_MAX: usize = 256;
/// Longest wait for a reservation's outcome.
const RESERVE_WAIT: Duration = Duration::from_secs(5);
/// How late something may be noticed that no event announces.
const TICK: Duration = Duration::from_millis(200);
/// A floor that may be older than this is not matched on: those who look free may long be busy.
const AGE_MAX: Duration = Duration::from_secs(5);
/// Pause between two matches of one conversation: a refusal, of whatever kind, must not start a loop at
/// the speed of the pipeline.
const REST: Duration = Duration::from_millis(200);
/// The same after a match that came to nothing.
const REST_AFTER_FAILURE: Duration = Duration::from_secs(1);
/// The group whose members share the conversations.
const GROUP: &str = "router";

type Woken = (Tenant, QueueId);

/// A match that is over.
struct Ended {
    tenant: Tenant,
    queue: QueueId,
    conversation: ConversationId,
    rest: Duration,
}

/// Keeps matching until stopped.
pub struct Dispatcher {
    matcher: Matcher,
    share: Share,
    actor: Actor,
    partitions: u16,
    slots: Arc<Semaphore>,
    ended: (mpsc::Sender<Ended>, mpsc::Receiver<Ended>),
    /// Conversations that are left alone until then, and where they wait.
    resting: HashMap<(Tenant, ConversationId), (Instant, QueueId)>,
}

impl Dispatcher {
    pub fn new(matcher: Matcher, actor: Actor, partitions: u16) -> Self {
        Self {
            matcher,
            share: Share::default(),
            actor,
            partitions,
            slots: Arc::new(Semaphore::new(IN_FLIGHT_MAX)),
            ended: mpsc::channel(IN_FLIGHT_MAX),
            resting: HashMap::new(),
        }
    }

    /// Matches the conversations of the partitions that are this router's, until `stop`.
    pub async fn run(mut self, log: Arc<dyn EventLog>, stop: CancellationToken) {
        // Others go on matching what this router cannot yet.
        tokio::select! {
            () = stop.cancelled() => return,
            () = self.matcher.floor.caught_up() => {}
        }
        let share = self.share.clone();
        let floor = self.matcher.floor.clone();
        let wake = move || floor.ask(Floor::wake_all);
        let holding = stop.clone();
        let hold = async move {
            share.hold(log, "conversations", GROUP, wake, holding).await;
        };
        tokio::join!(hold, self.dispatch(stop));
    }

    async fn dispatch(&mut self, stop: CancellationToken) {
        let mut woken = BTreeSet::new();
        while !stop.is_cancelled() {
            self.rest(&mut woken);
            let age = self.matcher.floor.age();
            if age.is_some_and(|age| age < AGE_MAX) {
                woken.extend(self.matcher.floor.ask(Floor::take_woken));
                woken = self.serve(woken);
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.matcher.floor.changed() => {}
                Some(ended) = self.ended.1.recv() => self.end(ended, &mut woken),
                () = tokio::time::sleep(TICK) => {}
            }
        }
    }

    /// Takes in what has ended, and those who have rested.
    fn rest(&mut self, woken: &mut BTreeSet<Woken>) {
        while let Ok(ended) = self.ended.1.try_recv() {
            self.end(ended, woken);
        }
        let now = Instant::now();
        self.resting.retain(|(tenant, _), (until, queue)| {
            let rests = *until > now;
            if !rests {
                woken.insert((tenant.clone(), queue.clone()));
            }
            rests
        });
    }

    fn end(&mut self, ended: Ended, woken: &mut BTreeSet<Woken>) {
        let until = Instant::now() + ended.rest;
        woken.insert((ended.tenant.clone(), ended.queue.clone()));
        self.resting
            .insert((ended.tenant, ended.conversation), (until, ended.queue));
    }

    /// Begins what can be begun; returns the queues that wait for a match under way to end.
    fn serve(&self, woken: BTreeSet<Woken>) -> BTreeSet<Woken> {
        let mut left = BTreeSet::new();
        for (tenant, queue) in woken {
            if !self.serve_queue(&tenant, &queue) {
                left.insert((tenant, queue));
            }
        }
        left
    }

    /// False when there are too many under way.
    fn serve_queue(&self, tenant: &Tenant, queue: &QueueId) -> bool {
        let now = self.matcher.clock.now();
        let mine = |tenant: &Tenant, id: &ConversationId| {
            self.is_mine(tenant, id) && !self.resting.contains_key(&(tenant.clone(), id.clone()))
        };
        let floor = &self.matcher.floor;
        let room = self.slots.available_permits();
        let next = floor.ask(|floor| {
            let max = room.min(floor.free(tenant, queue));
            floor.next(tenant, queue, now, &mine, max)
        });
        for conversation in next {
            let Ok(permit) = Arc::clone(&self.slots).try_acquire_owned() else {
                return false;
            };
            match self.matcher.begin(tenant, &self.actor, &conversation) {
                // Whom an earlier one of this round has been given is not free any more.
                Ok(begun) if begun.plan.asked().is_empty() => {}
                Ok(begun) => self.finish(begun, permit),
                Err(none) => debug!(%conversation, ?none, "not matched"),
            }
        }
        room > 0
    }

    fn is_mine(&self, tenant: &Tenant, id: &ConversationId) -> bool {
        let Ok(aggregate) = AggregateId::new(id.as_str()) else {
            return false;
        };
        let key = topic::key(tenant, &aggregate);
        self.share
            .has(topic::partition_of(key.as_bytes(), self.partitions))
    }

    fn finish(&self, begun: Begun, permit: OwnedSemaphorePermit) {
        let (matcher, ended) = (self.matcher.clone(), self.ended.0.clone());
        let record = &begun.plan.record;
        let mut end = Ended {
            tenant: begun.tenant.clone(),
            queue: record.queue_id.clone(),
            conversation: record.conversation_id.clone(),
            rest: REST_AFTER_FAILURE,
        };
        tokio::spawn(async move {
            match matcher.finish(begun, RESERVE_WAIT).await {
                Ok(matched) if matched.offers.is_empty() => {}
                Ok(_) => end.rest = REST,
                Err(NoMatch::Fault(fault)) => warn!(
                    error = &fault as &dyn std::error::Error,
                    "match was not made, will be tried again"
                ),
                Err(NoMatch::Defect(defect)) => error!(
                    error = &defect as &dyn std::error::Error,
                    "match was not made"
                ),
                Err(none) => debug!(?none, "match was not made"),
            }
            // There is no receiver any more when the router stops.
            drop(ended.send(end).await);
            drop(permit);
        });
    }
}
