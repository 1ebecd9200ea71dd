//! What makes matches happen: a conversation that was queued, an agent who can be asked again, a
//! clock that relaxes requirements.
//!
//! Several routers share the conversations by partition, so that they rarely meet; where they do, the
//! agent's stream lets one of them through.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use kernel::port::EventLog;
use kernel::{Actor, AggregateId, CommandId, Fault, Tenant, topic};
use pipeline::Share;
use routing::floor::Starvation;
use routing::{ConversationId, Due, QueueCommand, QueueId, ReportServed, ReportStarved};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};
use uuid::Uuid;

use super::matcher::{Begun, Matcher, NoMatch, renamed};
use super::order::Order;

/// Matches under way at once; each is a command that waits for its outcome.
const IN_FLIGHT_MAX: usize = 256;
/// Longest wait for a reservation's outcome.
const RESERVE_WAIT: Duration = Duration::from_secs(5);
/// How late something may be noticed that no event announces.
const TICK: Duration = Duration::from_millis(200);
/// The group whose members share the conversations.
const GROUP: &str = "router";

/// Under which the ids of commands that several routers may give are made.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f0b_3f1e_8a0d_4f5b_9f0e_5d1c_2b7a_4c63);

type Woken = (Tenant, QueueId);

/// Keeps matching until stopped.
pub(crate) struct Dispatcher {
    matcher: Matcher,
    share: Share,
    actor: Actor,
    partitions: u16,
    slots: Arc<Semaphore>,
    /// Queues whose match came to an end: there may be another to make.
    again: (mpsc::UnboundedSender<Woken>, mpsc::UnboundedReceiver<Woken>),
}

impl Dispatcher {
    pub(crate) fn new(matcher: Matcher, partitions: u16) -> Self {
        Self {
            matcher,
            share: Share::default(),
            actor: Actor::new("router").expect("a constant of printable characters"),
            partitions,
            slots: Arc::new(Semaphore::new(IN_FLIGHT_MAX)),
            // As many entries as there are matches in flight, at most.
            again: mpsc::unbounded_channel(),
        }
    }

    /// Matches the conversations of the partitions that are this router's, until `stop`.
    pub(crate) async fn run(mut self, log: Arc<dyn EventLog>, stop: CancellationToken) {
        let share = self.share.clone();
        let floor = self.matcher.floor.clone();
        let wake = || floor.ask(routing::Floor::wake_all);
        let hold = share.hold(log, "conversations", GROUP, wake, stop.clone());
        tokio::join!(hold, self.dispatch(stop));
    }

    async fn dispatch(&mut self, stop: CancellationToken) {
        let mut woken = BTreeSet::new();
        while !stop.is_cancelled() {
            // Before all events are in, those who look free may long be busy.
            if self.matcher.floor.age().is_some() {
                woken.extend(self.matcher.floor.ask(routing::Floor::take_woken));
                woken = self.serve(woken);
                if let Err(fault) = self.say_what_is_due().await {
                    warn!(
                        error = &fault as &dyn std::error::Error,
                        "routing commands were not taken, will give them again"
                    );
                }
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.matcher.floor.changed() => {}
                Some(queue) = self.again.1.recv() => drop(woken.insert(queue)),
                () = tokio::time::sleep(TICK) => {}
            }
        }
    }

    /// Begins what can be begun; returns the queues that wait for a match under way to end.
    fn serve(&self, woken: BTreeSet<Woken>) -> BTreeSet<Woken> {
        let mut left = BTreeSet::new();
        for (tenant, queue) in woken {
            let room = self.slots.available_permits();
            if room == 0 || self.serve_queue(&tenant, &queue, room) == room {
                left.insert((tenant, queue));
            }
        }
        left
    }

    /// How many matches were begun.
    fn serve_queue(&self, tenant: &Tenant, queue: &QueueId, room: usize) -> usize {
        let now = self.matcher.clock.now();
        let mine = |tenant: &Tenant, id: &ConversationId| self.is_mine(tenant, id);
        let floor = &self.matcher.floor;
        let next = floor.ask(|floor| floor.next(tenant, queue, now, &mine, room));
        let mut begun = 0;
        for conversation in next {
            match self.matcher.begin(tenant, &self.actor, &conversation) {
                // Whom an earlier one of this round has been given is not free any more.
                Ok(found) if found.plan.asked.is_empty() => {}
                Ok(found) => {
                    self.finish(found);
                    begun += 1;
                }
                Err(none) => debug!(%conversation, ?none, "not matched"),
            }
        }
        begun
    }

    fn is_mine(&self, tenant: &Tenant, id: &ConversationId) -> bool {
        let Ok(aggregate) = AggregateId::new(id.as_str()) else {
            return false;
        };
        let key = topic::key(tenant, &aggregate);
        self.share
            .has(topic::partition_of(key.as_bytes(), self.partitions))
    }

    fn finish(&self, begun: Begun) {
        let (matcher, again) = (self.matcher.clone(), self.again.0.clone());
        let permit = Arc::clone(&self.slots).try_acquire_owned();
        let woken = (begun.tenant.clone(), begun.plan.record.queue_id.clone());
        tokio::spawn(async move {
            match matcher.finish(begun, RESERVE_WAIT).await {
                Ok(_) => {}
                Err(NoMatch::Fault(fault)) => warn!(
                    error = &fault as &dyn std::error::Error,
                    "match was not made, will be tried again"
                ),
                Err(none) => debug!(?none, "match was not made"),
            }
            drop(permit);
            // Nobody listens any more when the router stops.
            drop(again.send(woken));
        });
    }

    /// What the clock and the state of queues call for; every router says it, once it counts.
    async fn say_what_is_due(&self) -> Result<(), Fault> {
        let now = self.matcher.clock.now();
        let (due, starvation) = self
            .matcher
            .floor
            .ask(|floor| (floor.due(now), floor.starvation()));
        for due in due {
            if let Err(fault) = self.carry_out(&due).await {
                self.matcher.floor.ask(|floor| floor.again(&due));
                return Err(fault);
            }
        }
        for change in starvation {
            self.report(change).await?;
        }
        Ok(())
    }

    async fn carry_out(&self, due: &Due) -> Result<(), Fault> {
        use conversations::{Conversation, ConversationCommand, Overflow, Relax};
        let (tenant, conversation, step, command) = match due {
            Due::Relax {
                tenant,
                conversation,
                version,
                ring,
                dropped,
                ..
            } => {
                let dropped: Result<Vec<_>, _> = dropped
                    .iter()
                    .map(|skill| renamed(skill.as_str()))
                    .collect();
                let limit = |error| Fault::new("router", "relax requirements", error);
                let relax = Relax {
                    ring: i64::from(*ring).try_into().map_err(limit)?,
                    dropped: dropped?.try_into().map_err(limit)?,
                };
                let command = ConversationCommand::Relax(relax);
                (
                    tenant,
                    conversation,
                    format!("{version}/relax/{ring}"),
                    command,
                )
            }
            Due::Overflow {
                tenant,
                conversation,
                version,
                queue,
                ..
            } => {
                let overflow = Overflow {
                    queue: renamed(queue.as_str())?,
                };
                let command = ConversationCommand::Overflow(overflow);
                (
                    tenant,
                    conversation,
                    format!("{version}/overflow/{queue}"),
                    command,
                )
            }
        };
        let name = format!("{tenant}/{conversation}/{step}");
        let id = CommandId(Uuid::new_v5(&NAMESPACE, name.as_bytes()));
        let order = Order::new::<Conversation>(conversation.as_str(), &command)?.once(id);
        let request = order.request(tenant, &self.actor);
        self.matcher.acceptor.accept(request).await.map(drop)
    }

    async fn report(&self, change: Starvation) -> Result<(), Fault> {
        let (tenant, queue, command) = match change {
            Starvation::Starved {
                tenant,
                queue,
                conversation,
                waiting,
                agents,
            } => {
                let starved = ReportStarved {
                    at_conversation: conversation,
                    waiting,
                    agents,
                };
                (tenant, queue, QueueCommand::ReportStarved(starved))
            }
            Starvation::Served {
                tenant,
                queue,
                agent,
            } => {
                let served = ReportServed { agent_id: agent };
                (tenant, queue, QueueCommand::ReportServed(served))
            }
        };
        let order = Order::new::<routing::Queue>(queue.as_str(), &command)?;
        let request = order.request(&tenant, &self.actor);
        self.matcher.acceptor.accept(request).await.map(drop)
    }
}
