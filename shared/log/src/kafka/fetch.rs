//! What one consumer fetches of one partition.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use kernel::Fault;
use kernel::port::{ReadError, Record};
use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tracing::debug;

use super::copies::{Carries, Copies};
use super::fault;
use super::trouble::{Trouble, trouble};

/// Longest time one seek, or a question about a partition's ends, may take.
const SEEK_WAIT: Duration = Duration::from_secs(5);
/// A seek is refused while the assignment is still being started; it is tried again until then.
const SEEK_TRIES_FOR: Duration = Duration::from_secs(20);
const SEEK_PAUSE: Duration = Duration::from_millis(20);

/// One partition of a topic, and what its records are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) topic: Arc<str>,
    pub(super) partition: i32,
    pub(super) carries: Carries,
}

impl Place {
    /// The place in the client's form, without an offset.
    pub(super) fn list(&self) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        list.add_partition(&self.topic, self.partition);
        list
    }
}

/// Why reading stands.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum Failed {
    #[error("{0}")]
    Kafka(KafkaError),
    /// A bug, ours or the library's, that one message brings out.
    #[error("reading it panicked")]
    Panicked,
}

/// A partition that is assigned and paused until it is sought.
pub(super) struct Fetch<C: ConsumerContext + 'static> {
    consumer: Arc<BaseConsumer<C>>,
    place: Place,
    queue: PartitionQueue<C>,
    /// Offset of the next record; what lies before it was fetched for an earlier position.
    next: i64,
    /// Why there is nothing behind what was read last, until it is sought again.
    failed: Option<Failed>,
    /// The partition's end when it was sought, as soon as it is known.
    end_when_sought: Arc<AtomicI64>,
}

impl<C: ConsumerContext + 'static> Fetch<C> {
    /// Takes the partition's records out of the consumer's common queue. `nonempty` is called when
    /// some come to where there were none.
    pub(super) fn split(
        consumer: &Arc<BaseConsumer<C>>,
        place: Place,
        nonempty: impl Fn() + Send + Sync + 'static,
    ) -> Option<Self> {
        let mut queue = consumer.split_partition_queue(&place.topic, place.partition)?;
        queue.set_nonempty_callback(nonempty);
        Some(Self {
            consumer: Arc::clone(consumer),
            place,
            queue,
            next: 0,
            failed: None,
            end_when_sought: Arc::new(AtomicI64::new(i64::MAX)),
        })
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    pub(super) fn consumer(&self) -> &BaseConsumer<C> {
        &self.consumer
    }

    pub(super) fn next(&self) -> i64 {
        self.next
    }

    /// Whether everything has been read that was there when it was sought; that nothing is fetched may
    /// also mean that nothing has come yet.
    pub(super) fn has_caught_up(&self) -> bool {
        self.next >= self.end_when_sought.load(Ordering::Acquire)
    }

    /// Fetches nothing more, and forgets what has been fetched, until it is sought.
    pub(super) fn pause(&self) -> Result<(), Fault> {
        self.consumer
            .pause(&self.place.list())
            .map_err(|error| self.fault("pause", error))
    }

    /// Fetches from `offset` on.
    pub(super) async fn seek(&mut self, offset: i64) -> Result<(), Fault> {
        let until = Instant::now() + SEEK_TRIES_FOR;
        self.pause()?;
        loop {
            match self.seek_once(offset).await {
                Ok(()) => break,
                Err(KafkaError::Seek(_)) if Instant::now() < until => {
                    tokio::time::sleep(SEEK_PAUSE).await;
                }
                Err(error) => return Err(self.fault("seek", error)),
            }
        }
        self.next = offset;
        self.failed = None;
        self.consumer
            .resume(&self.place.list())
            .map_err(|error| self.fault("resume", error))?;
        self.wake(offset);
        Ok(())
    }

    /// With everything paused, librdkafka's thread for the broker sleeps up to a second, and a resume
    /// does not wake it; a question does. Nobody waits for its answer: a broker that is slow to give it
    /// may be fast to send records.
    fn wake(&mut self, offset: i64) {
        let end = Arc::new(AtomicI64::new(i64::MAX));
        self.end_when_sought = Arc::clone(&end);
        let asked = self.ask_for_range();
        tokio::spawn(async move {
            let known = asked.await.map(|(_, end)| end).unwrap_or_else(|error| {
                debug!(%error, "the end is not known, one record has to do");
                offset + 1
            });
            end.store(known, Ordering::Release);
        });
    }

    async fn seek_once(&self, offset: i64) -> Result<(), KafkaError> {
        let (consumer, place) = (Arc::clone(&self.consumer), self.place.clone());
        let sought = tokio::task::spawn_blocking(move || {
            let offset = Offset::Offset(offset);
            consumer.seek(&place.topic, place.partition, offset, SEEK_WAIT)
        });
        sought.await.unwrap_or(Err(KafkaError::Canceled))
    }

    /// Moves what has been fetched, at most `max`, to the end of `out`. Once it has failed it fails
    /// until it is sought: librdkafka goes on behind what it could not read.
    pub(super) fn drain(&mut self, max: usize, out: &mut Vec<Record>) -> Result<(), Failed> {
        let mut copies = Copies::new(self.place.carries);
        while self.failed.is_none() && copies.len() < max {
            let next = catch_unwind(AssertUnwindSafe(|| self.copy_next(&mut copies)));
            match next.unwrap_or(Err(Failed::Panicked)) {
                Ok(None) => break,
                Ok(Some(next)) => self.next = next,
                Err(failed) => self.failed = Some(failed),
            }
        }
        match &self.failed {
            Some(failed) if copies.len() == 0 => Err(failed.clone()),
            // What stands before it is read first.
            _ => {
                copies.finish(out);
                Ok(())
            }
        }
    }

    /// Copies the next message, if it has been fetched, and says which offset is next then.
    fn copy_next(&self, copies: &mut Copies) -> Result<Option<i64>, Failed> {
        match self.queue.poll(Duration::ZERO) {
            None => Ok(None),
            Some(Ok(message)) if message.offset() < self.next => Ok(Some(self.next)),
            Some(Ok(message)) => {
                copies.add(&message);
                Ok(Some(message.offset() + 1))
            }
            Some(Err(error)) => Err(Failed::Kafka(error)),
        }
    }

    /// What it means that reading stands.
    pub(super) async fn explain(&self, failed: Failed) -> ReadError {
        let Failed::Kafka(error) = &failed else {
            return ReadError::Unreadable {
                offset: self.next,
                detail: failed.to_string(),
            };
        };
        match trouble(error) {
            Trouble::Fault => self.fault("read", error.clone()).into(),
            Trouble::Unreadable => ReadError::Unreadable {
                offset: self.next,
                detail: error.to_string(),
            },
            Trouble::Gone => match self.range().await {
                Ok((first, end)) if !(first..=end).contains(&self.next) => {
                    ReadError::Gone { first }
                }
                Ok(_) => self.fault("read", error.clone()).into(),
                Err(fault) => fault.into(),
            },
        }
    }

    /// The first offset the broker holds, and the one behind the last.
    pub(super) async fn range(&self) -> Result<(i64, i64), Fault> {
        let asked = self.ask_for_range().await;
        asked.map_err(|error| self.fault("ask for the ends of", error))
    }

    /// The offset behind the partition's last record, as the broker says now.
    pub(super) async fn end(&self) -> Result<i64, Fault> {
        Ok(self.range().await?.1)
    }

    /// It is asked at once, whether or not anybody waits for the answer.
    fn ask_for_range(&self) -> impl Future<Output = Result<(i64, i64), KafkaError>> + use<C> {
        let (consumer, place) = (Arc::clone(&self.consumer), self.place.clone());
        let asked = tokio::task::spawn_blocking(move || {
            consumer.fetch_watermarks(&place.topic, place.partition, SEEK_WAIT)
        });
        async { asked.await.unwrap_or(Err(KafkaError::Canceled)) }
    }

    fn fault(&self, verb: &str, error: KafkaError) -> Fault {
        let Place {
            topic, partition, ..
        } = &self.place;
        fault(format!("{verb} {topic}/{partition}"), error)
    }
}
