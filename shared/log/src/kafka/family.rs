//! A membership in a consumer group that all readers of topics in one role of this process share: one
//! client, one connection to the coordinator, and one rebalance for all of them.
//!
//! It decides which member reads what. It fetches nothing: its partitions are paused permanently.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kernel::Fault;
use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaRespErr;
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;
use tracing::{debug, error, warn};

use super::fetch::Place;
use super::{KafkaSettings, consumer, fault};

/// Longest time revoked partitions are held back while their owners finish; well within the broker's
/// rebalance timeout (`max.poll.interval.ms`).
const REVOKE_WAIT: Duration = Duration::from_secs(10);
/// Longest time the polling thread sleeps when nothing is about to change …
const POLL_WAIT: Duration = Duration::from_secs(1);
/// … and when something is.
const SETTLE_POLL_WAIT: Duration = Duration::from_millis(20);
/// How long members that join one after the other are waited for: each change of the subscription is a
/// rebalance for all.
const JOIN_WAIT: Duration = Duration::from_millis(100);
/// For how long a topic that its last reader has left is kept: most come back, after a fault, or all
/// leave, when the process stops.
const LEAVE_WAIT: Duration = Duration::from_secs(3);

type GroupConsumer = BaseConsumer<Members>;

/// A change on its way to a member.
#[derive(Debug)]
pub(super) enum Event {
    Assigned(i32),
    /// The receiver signals through the sender that it has been carried out.
    Revoked(i32, std::sync::mpsc::Sender<()>),
    Lost(i32),
    /// The membership cannot continue.
    Failed(KafkaError),
}

pub(super) struct Family {
    consumer: GroupConsumer,
}

/// Which member reads which partitions; updated by the rebalance callback.
#[derive(Default)]
struct Members(Mutex<State>);

#[derive(Default)]
struct State {
    members: BTreeMap<u64, Member>,
    joined: u64,
    assigned: BTreeSet<(String, i32)>,
    subscribed: BTreeSet<String>,
    /// Topics without a reader, and since when.
    left: BTreeMap<String, Instant>,
    /// When a member joined last.
    joined_at: Option<Instant>,
    /// No more members may join.
    is_over: bool,
}

struct Member {
    topic: Arc<str>,
    events: Sender<Event>,
    /// A change was not delivered, so the member's picture is wrong.
    overrun: Arc<AtomicBool>,
}

impl Family {
    /// Nothing is subscribed to yet.
    pub(super) fn start(settings: &KafkaSettings, group: &str) -> Result<Arc<Self>, Fault> {
        let consumer = consumer::member(settings, group)
            .create_with_context(Members::default())
            .map_err(|error| fault(format!("create a consumer of {group}"), error))?;
        let family = Arc::new(Self { consumer });
        let polled = Arc::clone(&family);
        std::thread::Builder::new()
            .name(format!("kafka {group}"))
            .spawn(move || polled.poll())
            .map_err(|error| Fault::new("kafka", "start a polling thread", error))?;
        Ok(family)
    }

    /// The number of a new member, or none when the membership is over.
    pub(super) fn join(
        &self,
        topic: &Arc<str>,
        events: Sender<Event>,
        overrun: Arc<AtomicBool>,
    ) -> Option<u64> {
        let mut state = self.state();
        if state.is_over {
            return None;
        }
        let member = Member {
            topic: Arc::clone(topic),
            events,
            overrun,
        };
        let assigned = state.assigned.iter().filter(|(of, _)| **of == **topic);
        for (_, partition) in assigned {
            member.tell(Event::Assigned(*partition));
        }
        state.left.remove(&**topic);
        state.joined += 1;
        state.joined_at = Some(Instant::now());
        let number = state.joined;
        state.members.insert(number, member);
        Some(number)
    }

    pub(super) fn leave(&self, member: u64) {
        let mut state = self.state();
        let Some(member) = state.members.remove(&member) else {
            return;
        };
        if state.members.is_empty() {
            state.is_over = true;
            drop(state);
            // Wakes the polling thread, by the revocation.
            self.consumer.unsubscribe();
        } else if state
            .members
            .values()
            .all(|other| other.topic != member.topic)
        {
            state.left.insert(member.topic.to_string(), Instant::now());
        }
    }

    /// For lag tools; does not wait.
    pub(super) fn commit(&self, place: &Place, next_offset: i64) {
        let mut list = TopicPartitionList::new();
        let offset = Offset::Offset(next_offset);
        let committed = list
            .add_partition_offset(&place.topic, place.partition, offset)
            .and_then(|()| self.consumer.commit(&list, CommitMode::Async));
        if let Err(error) = committed {
            debug!(%error, "offset was not committed for lag tools");
        }
    }

    /// Serves callbacks and heartbeats until no member is left.
    fn poll(&self) {
        while !self.state().members.is_empty() || !self.state().is_over {
            let wait = if self.is_settled() {
                POLL_WAIT
            } else {
                SETTLE_POLL_WAIT
            };
            match self.consumer.poll(wait) {
                // Fetched in the moment before all was paused.
                Some(Ok(_)) | None => {}
                Some(Err(error @ KafkaError::MessageConsumptionFatal(_))) => {
                    self.consumer.context().fail(&error);
                }
                Some(Err(error)) => debug!(%error, "consumer reports"),
            }
            self.subscribe();
        }
    }

    fn is_settled(&self) -> bool {
        let state = self.state();
        state.wanted() == state.subscribed && state.left.is_empty()
    }

    /// Subscribes to what its members read, when they have settled.
    fn subscribe(&self) {
        let mut state = self.state();
        let joining = |at: Instant| at.elapsed() < JOIN_WAIT;
        if state.is_over || state.joined_at.is_some_and(joining) {
            return;
        }
        state.left.retain(|_, since| since.elapsed() < LEAVE_WAIT);
        let wanted = state.wanted();
        if wanted == state.subscribed {
            return;
        }
        let topics: Vec<_> = wanted.iter().map(String::as_str).collect();
        match self.consumer.subscribe(&topics) {
            Ok(()) => state.subscribed = wanted,
            Err(error) => warn!(%error, "topics are not subscribed to, will try again"),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.consumer.context().state()
    }
}

impl State {
    fn wanted(&self) -> BTreeSet<String> {
        let read = self.members.values().map(|member| member.topic.to_string());
        read.chain(self.left.keys().cloned()).collect()
    }
}

impl Member {
    /// Never blocks: the polling thread's heartbeats keep the membership. A member that takes no changes
    /// is removed, since it must miss none. False when no receiver is left.
    fn tell(&self, event: Event) -> bool {
        let sent = self.events.try_send(event);
        if let Err(TrySendError::Full(_)) = &sent {
            error!(
                topic = &*self.topic,
                "changes of the assignment are not taken, the membership ends"
            );
            self.overrun.store(true, Ordering::Release);
        }
        sent.is_ok()
    }
}

impl Members {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fail(&self, error: &KafkaError) {
        let mut state = self.state();
        state.is_over = true;
        for member in state.members.values() {
            member.tell(Event::Failed(error.clone()));
        }
    }

    fn assign(&self, consumer: &GroupConsumer, list: &mut TopicPartitionList) -> KafkaResult<()> {
        // A number, not what is committed or the beginning: no broker has to be asked for it.
        list.set_all_offsets(Offset::Offset(0))?;
        consumer.assign(list)?;
        consumer.pause(list)?;
        let mut state = self.state();
        state.assigned = partitions(list);
        for member in state.members.values() {
            let assigned = state.assigned.iter();
            for (_, partition) in assigned.filter(|(topic, _)| **topic == *member.topic) {
                member.tell(Event::Assigned(*partition));
            }
        }
        Ok(())
    }

    /// Takes all partitions from the members; those that may finish are waited for.
    fn take_back(&self, is_lost: bool) {
        let mut waits: Vec<Receiver<()>> = Vec::new();
        {
            let mut state = self.state();
            for (topic, partition) in std::mem::take(&mut state.assigned) {
                let members = state.members.values();
                for member in members.filter(|member| *member.topic == *topic) {
                    if is_lost {
                        member.tell(Event::Lost(partition));
                        continue;
                    }
                    let (done, wait) = channel();
                    if member.tell(Event::Revoked(partition, done)) {
                        waits.push(wait);
                    }
                }
            }
        }
        let until = Instant::now() + REVOKE_WAIT;
        let late = waits.iter().filter(|wait| {
            let left = until.saturating_duration_since(Instant::now());
            wait.recv_timeout(left) == Err(std::sync::mpsc::RecvTimeoutError::Timeout)
        });
        let late = late.count();
        if late > 0 {
            warn!(
                partitions = late,
                "revoked partitions were not handed back in time"
            );
        }
    }
}

fn partitions(list: &TopicPartitionList) -> BTreeSet<(String, i32)> {
    let elements = list.elements();
    let partition = |element: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>| {
        (element.topic().to_owned(), element.partition())
    };
    elements.iter().map(partition).collect()
}

impl ClientContext for Members {
    fn error(&self, error: KafkaError, reason: &str) {
        warn!(%error, reason, "member of a group reports");
    }
}

impl ConsumerContext for Members {
    /// Replaces librdkafka's default, which would ask for committed offsets that we do not use.
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        event: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        let done = match event {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => {
                self.assign(consumer, partitions)
            }
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS => {
                self.take_back(consumer.assignment_lost());
                consumer.unassign()
            }
            other => Err(KafkaError::Rebalance(other.into())),
        };
        if let Err(error) = done {
            error!(%error, "rebalance failed");
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    fn member(events: Sender<Event>) -> Member {
        Member {
            topic: "trades".into(),
            events,
            overrun: Arc::default(),
        }
    }

    #[test]
    fn change_that_finds_no_room_ends_the_membership_without_blocking() {
        let (sender, events) = mpsc::channel(1);
        let member = member(sender);
        assert!(member.tell(Event::Lost(0)));
        assert!(!member.overrun.load(Ordering::Acquire));
        assert!(!member.tell(Event::Lost(1)));
        assert!(member.overrun.load(Ordering::Acquire));
        drop(events);
        assert!(!member.tell(Event::Lost(2)));
    }

    #[test]
    fn change_without_a_receiver_is_no_overrun() {
        let (sender, events) = mpsc::channel(1);
        let member = member(sender);
        drop(events);
        assert!(!member.tell(Event::Lost(0)));
        assert!(!member.overrun.load(Ordering::Acquire));
    }

    #[test]
    fn revocation_is_sent_to_every_member_of_the_topic_and_waited_for() {
        let members = Members::default();
        let (one, mut first) = mpsc::channel(4);
        let (two, mut second) = mpsc::channel(4);
        {
            let mut state = members.state();
            state.members.insert(1, member(one));
            state.members.insert(2, member(two));
            state.assigned = [("trades".to_owned(), 3), ("agents".to_owned(), 4)].into();
        }
        #[expect(clippy::disallowed_methods, reason = "joined at the end of the test")]
        let taking = std::thread::spawn(move || {
            members.take_back(false);
            members
        });
        let revoked = |events: &mut mpsc::Receiver<Event>| match events.blocking_recv() {
            Some(Event::Revoked(3, done)) => done,
            other => panic!("{other:?}"),
        };
        let (one, two) = (revoked(&mut first), revoked(&mut second));
        one.send(()).unwrap();
        assert!(!taking.is_finished(), "the second has not finished");
        two.send(()).unwrap();
        let members = taking.join().unwrap();
        assert!(members.state().assigned.is_empty());
    }
}
