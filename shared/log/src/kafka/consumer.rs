//! The consumer's settings, and what happens in its rebalance callback.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kernel::port::Pace;
use rdkafka::client::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaRespErr;
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;
use tracing::{error, warn};

use super::KafkaSettings;

/// Longest time a revoked partition is held back while its owner finishes; well within the broker's
/// rebalance timeout (`max.poll.interval.ms`).
const REVOKE_WAIT: Duration = Duration::from_secs(10);

/// Changes that may wait: the loss and the assignment of every partition a topic can have, twice. Who
/// is further behind has not looked for two whole rebalances.
pub(super) const CHANGES_MAX: usize = 4 * 1_024;

pub(super) type GroupConsumer = BaseConsumer<Rebalances>;

/// A change on its way to the asynchronous side.
pub(super) enum Event {
    /// Assigned and paused; the partition's queue is split off by the polling thread.
    Assigned(i32),
    /// The receiver's sender says that it has been carried out.
    Revoked(i32, std::sync::mpsc::Sender<()>),
    Lost(i32),
    /// The membership cannot go on.
    Failed(rdkafka::error::KafkaError),
}

pub(super) struct Rebalances {
    events: Sender<Event>,
    /// A change was not told, so what the asynchronous side believes is wrong.
    overrun: AtomicBool,
    /// Partitions assigned in the callback, not yet split off by the polling thread.
    assigned: Mutex<Vec<i32>>,
}

impl Rebalances {
    pub(super) fn new(events: Sender<Event>) -> Self {
        Self {
            events,
            overrun: AtomicBool::new(false),
            assigned: Mutex::new(Vec::new()),
        }
    }

    /// Never blocks: the polling thread's heartbeats keep the membership. A change that finds no room
    /// ends the membership instead, since it must not be missed. False when nobody will hear it.
    pub(super) fn tell(&self, event: Event) -> bool {
        let told = self.events.try_send(event);
        if let Err(TrySendError::Full(_)) = &told {
            error!("changes of the assignment are not taken, the membership ends");
            self.overrun.store(true, Ordering::Release);
        }
        told.is_ok()
    }

    pub(super) fn is_overrun(&self) -> bool {
        self.overrun.load(Ordering::Acquire)
    }

    pub(super) fn take_assigned(&self) -> Vec<i32> {
        std::mem::take(&mut *self.assigned.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn revoke(&self, partitions: &TopicPartitionList) {
        let waits: Vec<Receiver<()>> = partitions
            .elements()
            .iter()
            .filter_map(|element| {
                let (done, wait) = channel();
                self.tell(Event::Revoked(element.partition(), done))
                    .then_some(wait)
            })
            .collect();
        for wait in waits {
            if wait.recv_timeout(REVOKE_WAIT) == Err(RecvTimeoutError::Timeout) {
                warn!("revoked partition was not handed back in time");
            }
        }
    }
}

impl ClientContext for Rebalances {}

impl ConsumerContext for Rebalances {
    /// Stands in for librdkafka's default, which would ask for committed offsets that are none of
    /// our business and leave the partition in a state that cannot be sought.
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
                self.hand_back(consumer, partitions);
                consumer.unassign()
            }
            other => Err(KafkaError::Rebalance(other.into())),
        };
        if let Err(error) = done {
            error!(%error, "rebalance failed");
        }
    }
}

impl Rebalances {
    fn assign(
        &self,
        consumer: &GroupConsumer,
        partitions: &mut TopicPartitionList,
    ) -> KafkaResult<()> {
        // A number, not `Beginning`: the broker's late answer to that would undo the reader's seek,
        // and hand out the whole partition again. From where is what the seek says.
        partitions.set_all_offsets(Offset::Offset(0))?;
        consumer.assign(partitions)?;
        // Nothing may flow before the reader has said from where.
        consumer.pause(partitions)?;
        let numbers = partitions
            .elements()
            .iter()
            .map(|element| element.partition())
            .collect();
        *self.assigned.lock().unwrap_or_else(PoisonError::into_inner) = numbers;
        Ok(())
    }

    fn hand_back(&self, consumer: &GroupConsumer, partitions: &TopicPartitionList) {
        if !consumer.assignment_lost() {
            return self.revoke(partitions);
        }
        for element in partitions.elements() {
            // Nobody listens any more when the process stops.
            self.tell(Event::Lost(element.partition()));
        }
    }
}

/// What is worth an answer of its own to a consumer who is in no hurry: a tenth of a second of a busy
/// partition, many tenths of a quiet one.
const LEISURELY_BYTES_MIN: &str = "65536";

pub(super) fn config(settings: &KafkaSettings, group: &str, pace: Pace) -> ClientConfig {
    let mut config = settings.client();
    config
        .set("group.id", group)
        // Eager: a partition is handed back before another process gets it, and librdkafka's
        // cooperative mode can lose an assignment when offsets are committed by hand.
        .set("partition.assignment.strategy", "range")
        .set("session.timeout.ms", "10000")
        .set("heartbeat.interval.ms", "2000")
        // The database knows where to continue; Kafka's offsets are for lag tools.
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        // An offset that is gone must stop us, never skip.
        .set("auto.offset.reset", "error")
        .set("queued.min.messages", "20000")
        .set("queued.max.messages.kbytes", "65536")
        .set("fetch.message.max.bytes", "16777216")
        // The default second of pause would be the latency after every full queue.
        .set("fetch.queue.backoff.ms", "5")
        .set("fetch.wait.max.ms", "100")
        .set("fetch.error.backoff.ms", "50")
        .set("check.crcs", "true");
    if pace == Pace::Leisurely {
        config.set("fetch.min.bytes", LEISURELY_BYTES_MIN);
    }
    if let Some(instance) = &settings.instance {
        config.set("group.instance.id", instance);
    }
    config
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::channel;

    use super::{Event, Rebalances};

    #[test]
    fn change_that_finds_no_room_ends_the_membership_and_blocks_nobody() {
        let (sender, events) = channel(1);
        let rebalances = Rebalances::new(sender);
        assert!(rebalances.tell(Event::Lost(0)));
        assert!(!rebalances.is_overrun());
        assert!(!rebalances.tell(Event::Lost(1)));
        assert!(rebalances.is_overrun());
        drop(events);
        assert!(!rebalances.tell(Event::Lost(2)));
    }

    #[test]
    fn change_that_nobody_hears_is_no_overrun() {
        let (sender, events) = channel(1);
        let rebalances = Rebalances::new(sender);
        drop(events);
        assert!(!rebalances.tell(Event::Lost(0)));
        assert!(!rebalances.is_overrun());
    }
}
