//! The records of one assigned partition.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use kernel::Fault;
use kernel::port::{Reader, Record};
use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tokio::sync::Notify;

use super::consumer::{GroupConsumer, Rebalances};
use super::copies::{Carries, Copies};
use super::fault;
use super::membership::number;

/// Longest time one seek may take.
const SEEK_WAIT: Duration = Duration::from_secs(5);
/// A seek is refused while the assignment is still being started; it is tried again until then.
const SEEK_TRIES_FOR: Duration = Duration::from_secs(20);
const SEEK_PAUSE: Duration = Duration::from_millis(20);
/// The queue is looked at again after this even without a signal: a lost edge costs no more.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// How often the group's offset is committed for lag tools.
const OFFSET_COMMIT_PERIOD: Duration = Duration::from_secs(2);

pub(super) struct KafkaReader {
    consumer: Arc<GroupConsumer>,
    topic: Arc<str>,
    partition: i32,
    queue: PartitionQueue<Rebalances>,
    nonempty: Arc<Notify>,
    committed: Mutex<Instant>,
    carries: Carries,
    /// Offset of the next record; what lies before it was fetched for an earlier position.
    next: i64,
}

impl KafkaReader {
    pub(super) fn split(
        consumer: &Arc<GroupConsumer>,
        topic: &Arc<str>,
        partition: i32,
        carries: Carries,
    ) -> Option<Self> {
        let mut queue = consumer.split_partition_queue(topic, partition)?;
        let nonempty = Arc::new(Notify::new());
        let signal = Arc::clone(&nonempty);
        queue.set_nonempty_callback(move || signal.notify_one());
        Some(Self {
            consumer: Arc::clone(consumer),
            topic: Arc::clone(topic),
            partition,
            queue,
            nonempty,
            committed: Mutex::new(Instant::now()),
            carries,
            next: 0,
        })
    }

    fn list(&self) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        list.add_partition(&self.topic, self.partition);
        list
    }

    async fn seek_once(&self, offset: i64) -> Result<(), KafkaError> {
        let consumer = Arc::clone(&self.consumer);
        let (topic, partition) = (Arc::clone(&self.topic), self.partition);
        let sought = tokio::task::spawn_blocking(move || {
            consumer.seek(&topic, partition, Offset::Offset(offset), SEEK_WAIT)
        });
        sought.await.unwrap_or(Err(KafkaError::Canceled))
    }

    fn drain(&mut self, max: usize, out: &mut Vec<Record>) -> Result<(), Fault> {
        let mut copies = Copies::new(self.carries);
        let ended = loop {
            if copies.len() == max {
                break Ok(());
            }
            match self.queue.poll(Duration::ZERO) {
                None => break Ok(()),
                Some(Ok(message)) if message.offset() < self.next => {}
                Some(Ok(message)) => {
                    self.next = message.offset() + 1;
                    copies.add(&message);
                }
                Some(Err(error)) => {
                    let attempt = format!("read {}/{}", self.topic, self.partition);
                    break Err(fault(attempt, error));
                }
            }
        };
        copies.finish(out);
        ended
    }
}

#[async_trait]
impl Reader for KafkaReader {
    fn partition(&self) -> u16 {
        number(self.partition)
    }

    async fn seek(&mut self, offset: i64) -> Result<(), Fault> {
        let attempt = || format!("seek {}/{} to {offset}", self.topic, self.partition);
        let until = Instant::now() + SEEK_TRIES_FOR;
        self.consumer
            .pause(&self.list())
            .map_err(|error| fault(attempt(), error))?;
        loop {
            match self.seek_once(offset).await {
                Ok(()) => break,
                Err(KafkaError::Seek(_)) if Instant::now() < until => {
                    tokio::time::sleep(SEEK_PAUSE).await;
                }
                Err(error) => return Err(fault(attempt(), error)),
            }
        }
        self.next = offset;
        self.consumer
            .resume(&self.list())
            .map_err(|error| fault(attempt(), error))
    }

    async fn take(&mut self, max: usize, out: &mut Vec<Record>) -> Result<(), Fault> {
        loop {
            let before = out.len();
            self.drain(max, out)?;
            if out.len() > before {
                return Ok(());
            }
            // Elapsed or signalled, the queue is looked at alike.
            drop(tokio::time::timeout(LOOK_AGAIN, self.nonempty.notified()).await);
        }
    }

    async fn end(&self) -> Result<i64, Fault> {
        let consumer = Arc::clone(&self.consumer);
        let (topic, partition) = (Arc::clone(&self.topic), self.partition);
        let asked = tokio::task::spawn_blocking(move || {
            consumer.fetch_watermarks(&topic, partition, SEEK_WAIT)
        });
        let (_, end) = asked
            .await
            .unwrap_or(Err(KafkaError::Canceled))
            .map_err(|error| fault(format!("ask for the end of {}", self.topic), error))?;
        Ok(end)
    }

    fn done(&self, next_offset: i64) {
        let mut committed = self
            .committed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if committed.elapsed() < OFFSET_COMMIT_PERIOD {
            return;
        }
        *committed = Instant::now();
        let mut list = TopicPartitionList::new();
        let offset = Offset::Offset(next_offset);
        if list
            .add_partition_offset(&self.topic, self.partition, offset)
            .is_ok()
            && let Err(error) = self.consumer.commit(&list, CommitMode::Async)
        {
            tracing::debug!(%error, "offset was not committed for lag tools");
        }
    }
}
