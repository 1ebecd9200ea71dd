//! A membership in a consumer group: one thread polls, the rest is asynchronous.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use kernel::Fault;
use kernel::port::{Assignments, Change, Pace, Reader};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList, TopicPartitionListElem};
use tokio::sync::mpsc::{Receiver, channel};
use tracing::{debug, warn};

use super::consumer::{CHANGES_MAX, Event, GroupConsumer, Rebalances, config};
use super::copies::Carries;
use super::fetch::Place;
use super::reader::KafkaReader;
use super::tails::Tails;
use super::{KafkaSettings, fault};

/// Longest time the polling thread sleeps: how late a stop is noticed.
const POLL_WAIT: Duration = Duration::from_millis(100);

/// Longest wait for an answer of the cluster.
const ANSWER_WAIT: Duration = Duration::from_secs(5);

struct KafkaAssignments {
    client: ClientConfig,
    topic: Arc<str>,
    carries: Carries,
    pace: Pace,
    tails: Arc<Tails>,
    consumer: Arc<GroupConsumer>,
    events: Receiver<Event>,
    /// Told by the next call of `next` that the revocation before it has been carried out.
    revoked: Option<std::sync::mpsc::Sender<()>>,
    stopping: Arc<AtomicBool>,
}

/// Joins; the first assignment comes when the group has settled.
pub(super) fn join(
    settings: &KafkaSettings,
    tails: &Arc<Tails>,
    topic: &str,
    group: &str,
    carries: Carries,
    pace: Pace,
) -> Result<Box<dyn Assignments>, Fault> {
    let (sender, events) = channel(CHANGES_MAX);
    let consumer: GroupConsumer = config(settings, group, pace)
        .create_with_context(Rebalances::new(sender))
        .map_err(|error| fault(format!("create a consumer of {group}"), error))?;
    consumer
        .subscribe(&[topic])
        .map_err(|error| fault(format!("subscribe to {topic}"), error))?;
    let consumer = Arc::new(consumer);
    let stopping = Arc::new(AtomicBool::new(false));
    let (polled, stop) = (Arc::clone(&consumer), Arc::clone(&stopping));
    std::thread::Builder::new()
        .name(format!("kafka {group}"))
        .spawn(move || poll(&polled, &stop))
        .map_err(|error| Fault::new("kafka", "start a polling thread", error))?;
    Ok(Box::new(KafkaAssignments {
        client: settings.client(),
        topic: topic.into(),
        carries,
        pace,
        tails: Arc::clone(tails),
        consumer,
        events,
        revoked: None,
        stopping,
    }))
}

/// A reader for every partition of the topic, by a consumer that joins nothing.
pub(super) fn follow(
    settings: &KafkaSettings,
    tails: &Arc<Tails>,
    topic: &str,
    carries: Carries,
    pace: Pace,
) -> Result<Vec<Box<dyn Reader>>, Fault> {
    let attempt = || format!("follow {topic}");
    let (sender, _) = channel(1);
    let consumer: GroupConsumer = config(settings, &format!("{topic}.follow"), pace)
        .create_with_context(Rebalances::new(sender))
        .map_err(|error| fault(attempt(), error))?;
    let consumer = Arc::new(consumer);
    let partitions = partitions(&consumer, topic)?;
    let topic: Arc<str> = topic.into();
    let mut list = TopicPartitionList::new();
    for partition in 0..partitions {
        list.add_partition_offset(&topic, partition, Offset::Offset(0))
            .map_err(|error| fault(attempt(), error))?;
    }
    consumer
        .assign(&list)
        .and_then(|()| consumer.pause(&list))
        .map_err(|error| fault(attempt(), error))?;
    let polled = Arc::downgrade(&consumer);
    std::thread::Builder::new()
        .name("kafka follow".to_owned())
        .spawn(move || {
            while let Some(consumer) = polled.upgrade() {
                drop(consumer.poll(POLL_WAIT));
            }
        })
        .map_err(|error| Fault::new("kafka", "start a polling thread", error))?;
    let reader = |partition| {
        let topic = Arc::clone(&topic);
        let place = Place {
            topic,
            partition,
            carries,
        };
        let tail = tails.of(&place);
        let reader = KafkaReader::split(settings.client(), &consumer, place, tail, pace);
        let reader = reader.ok_or_else(|| Fault::bare("kafka", attempt()))?;
        Ok(Box::new(reader) as Box<dyn Reader>)
    };
    (0..partitions).map(reader).collect()
}

/// Offsets behind the last records of all partitions, by one question to each broker.
pub(super) fn ends(settings: &KafkaSettings, topic: &str) -> Result<Vec<i64>, Fault> {
    let attempt = || format!("ask for the ends of {topic}");
    let consumer: BaseConsumer = settings
        .client()
        .create()
        .map_err(|error| fault(attempt(), error))?;
    let mut list = TopicPartitionList::new();
    for partition in 0..partitions(&consumer, topic)? {
        list.add_partition_offset(topic, partition, Offset::End)
            .map_err(|error| fault(attempt(), error))?;
    }
    let ends = consumer
        .offsets_for_times(list, ANSWER_WAIT)
        .map_err(|error| fault(attempt(), error))?;
    let end = |element: TopicPartitionListElem<'_>| {
        element.error().map_err(|error| fault(attempt(), error))?;
        let end = element.offset().to_raw().filter(|end| *end >= 0);
        end.ok_or_else(|| Fault::bare("kafka", attempt()))
    };
    ends.elements().into_iter().map(end).collect()
}

fn partitions<C: ConsumerContext>(consumer: &BaseConsumer<C>, topic: &str) -> Result<i32, Fault> {
    let attempt = || format!("ask for the partitions of {topic}");
    let metadata = consumer
        .fetch_metadata(Some(topic), ANSWER_WAIT)
        .map_err(|error| fault(attempt(), error))?;
    let count = metadata
        .topics()
        .first()
        .map_or(0, |topic| topic.partitions().len());
    i32::try_from(count)
        .ok()
        .filter(|count| *count > 0)
        .ok_or_else(|| Fault::bare("kafka", attempt()))
}

/// Serves callbacks and heartbeats; records flow through the partitions' own queues.
fn poll(consumer: &Arc<GroupConsumer>, stopping: &AtomicBool) {
    while !stopping.load(Ordering::Acquire) && !consumer.context().is_overrun() {
        match consumer.poll(POLL_WAIT) {
            // Fetched between the assignment and the split: the reader seeks and gets it again.
            Some(Ok(_)) | None => {}
            Some(Err(error)) if fatal(&error) => {
                consumer.context().tell(Event::Failed(error));
                break;
            }
            Some(Err(error)) => debug!(%error, "consumer reports"),
        }
        for partition in consumer.context().take_assigned() {
            // Nobody listens any more when the membership has been dropped.
            consumer.context().tell(Event::Assigned(partition));
        }
    }
    consumer.unsubscribe();
}

fn fatal(error: &rdkafka::error::KafkaError) -> bool {
    matches!(
        error,
        rdkafka::error::KafkaError::MessageConsumptionFatal(_)
    )
}

#[async_trait]
impl Assignments for KafkaAssignments {
    async fn next(&mut self) -> Result<Change, Fault> {
        if let Some(done) = self.revoked.take()
            && done.send(()).is_err()
        {
            debug!("the revocation had been waited for long enough");
        }
        loop {
            if self.consumer.context().is_overrun() {
                let attempt = format!("follow the assignment of {}", self.topic);
                return Err(Fault::bare("kafka", attempt));
            }
            let Some(event) = self.events.recv().await else {
                return Err(Fault::bare(
                    "kafka",
                    format!("polling of {} ended", self.topic),
                ));
            };
            match event {
                Event::Assigned(partition) => match self.reader(partition) {
                    Some(reader) => return Ok(Change::Assigned(Box::new(reader))),
                    None => warn!(partition, "assigned partition has no queue"),
                },
                Event::Revoked(partition, done) => {
                    self.revoked = Some(done);
                    return Ok(Change::Revoked(number(partition)));
                }
                Event::Lost(partition) => return Ok(Change::Lost(number(partition))),
                Event::Failed(error) => {
                    return Err(fault(format!("poll {}", self.topic), error));
                }
            }
        }
    }
}

impl KafkaAssignments {
    fn reader(&self, partition: i32) -> Option<KafkaReader> {
        let place = Place {
            topic: Arc::clone(&self.topic),
            partition,
            carries: self.carries,
        };
        let tail = self.tails.of(&place);
        KafkaReader::split(self.client.clone(), &self.consumer, place, tail, self.pace)
    }
}

impl Drop for KafkaAssignments {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Release);
    }
}

pub(super) fn number(partition: i32) -> u16 {
    u16::try_from(partition).expect("Kafka numbers partitions from 0, and we create at most 1,024")
}
