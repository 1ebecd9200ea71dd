//! The records of one assigned partition: of its end from what the process fetches for all, of what
//! lies further back by itself.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use kernel::Fault;
use kernel::port::{Pace, ReadError, Reader, Record};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::consumer::{GroupConsumer, Rebalances};
use super::fetch::{Fetch, Place};
use super::look::Look;
use super::membership::number;
use super::tail::{Attached, Tail};

/// What is fetched is looked at again after this even without a signal: a lost edge costs no more.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// Time between two takes of a reader in no hurry.
const LEISURE: Duration = Duration::from_millis(100);
/// How often the group's offset is committed for lag tools.
const OFFSET_COMMIT_PERIOD: Duration = Duration::from_secs(2);

pub(super) struct KafkaReader {
    client: ClientConfig,
    /// Fetched by the member itself; paused while the tail is read.
    own: Fetch<Rebalances>,
    own_is_paused: bool,
    nonempty: Arc<Notify>,
    tail: Arc<Tail>,
    attached: Option<Attached>,
    pace: Pace,
    taken_at: Instant,
    committed: Mutex<Instant>,
    /// Offset of the next record.
    next: i64,
}

impl KafkaReader {
    pub(super) fn split(
        client: ClientConfig,
        consumer: &Arc<GroupConsumer>,
        place: Place,
        tail: Arc<Tail>,
        pace: Pace,
    ) -> Option<Self> {
        let nonempty = Arc::new(Notify::new());
        let signal = Arc::clone(&nonempty);
        let own = Fetch::split(consumer, place, move || signal.notify_one())?;
        Some(Self {
            client,
            own,
            own_is_paused: true,
            nonempty,
            tail,
            attached: None,
            pace,
            taken_at: Instant::now(),
            committed: Mutex::new(Instant::now()),
            next: 0,
        })
    }

    /// Goes where the next record is: to the tail, if that has it.
    async fn stand(&mut self) -> Result<(), ReadError> {
        if self.attached.is_none() && self.own_is_paused && !self.attach()? {
            let (first, end) = self.own.range().await?;
            if !(first..=end).contains(&self.next) {
                return Err(ReadError::Gone { first });
            }
            self.own.seek(self.next).await?;
            self.own_is_paused = false;
        }
        Ok(())
    }

    /// Reads at the tail from now on, if that has what is next. What it has fetched for itself and not
    /// read is lost by that.
    fn attach(&mut self) -> Result<bool, Fault> {
        self.attached = self.tail.attach(self.next);
        if self.attached.is_some() && !self.own_is_paused {
            self.own.pause()?;
            self.own_is_paused = true;
        }
        Ok(self.attached.is_some())
    }

    /// Takes what has been fetched; false when the tail no longer has what is next.
    async fn take_fetched(&mut self, max: usize, out: &mut Vec<Record>) -> Result<bool, ReadError> {
        let Some(attached) = &self.attached else {
            if let Err(error) = self.own.drain(max, out) {
                // Asked for again by the next take: somebody may have mended the log.
                self.own_is_paused = true;
                return Err(self.own.explain(error).await);
            }
            self.next = self.own.next();
            return Ok(true);
        };
        match attached.read(self.next, max, out) {
            Some(next) => self.next = next,
            None => self.attached = None,
        }
        Ok(self.attached.is_some())
    }
}

#[async_trait]
impl Reader for KafkaReader {
    fn partition(&self) -> u16 {
        number(self.own.place().partition)
    }

    async fn seek(&mut self, offset: i64) -> Result<(), ReadError> {
        self.attached = None;
        self.own_is_paused = true;
        self.next = offset;
        self.stand().await
    }

    async fn take(&mut self, max: usize, out: &mut Vec<Record>) -> Result<(), ReadError> {
        if self.pace == Pace::Leisurely {
            tokio::time::sleep_until(self.taken_at + LEISURE).await;
        }
        let before = out.len();
        loop {
            self.stand().await?;
            let tail = Arc::clone(&self.tail);
            // Heard from here on: what comes after the look is not missed.
            let mut changed = std::pin::pin!(tail.changed());
            changed.as_mut().enable();
            if !self.take_fetched(max, out).await? {
                continue;
            }
            if out.len() > before {
                self.taken_at = Instant::now();
                return Ok(());
            }
            if self.attached.is_none() {
                if self.attach()? {
                    continue;
                }
                if self.own.has_caught_up() {
                    self.tail.start(self.next);
                }
            }
            // Elapsed or signalled, what is fetched is looked at alike.
            tokio::select! {
                () = changed => {}
                () = self.nonempty.notified() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        }
    }

    async fn readable_after(&self, offset: i64) -> Result<i64, Fault> {
        let (client, place) = (self.client.clone(), self.own.place().clone());
        let looked = tokio::task::spawn_blocking(move || {
            Look::at(&client, &place.topic, place.partition)?.readable_after(offset)
        });
        let attempt = "look for what can be read";
        looked
            .await
            .map_err(|error| Fault::new("kafka", attempt, error))?
    }

    async fn end(&self) -> Result<i64, Fault> {
        self.own.end().await
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
        let Place {
            topic, partition, ..
        } = self.own.place();
        let mut list = TopicPartitionList::new();
        let offset = Offset::Offset(next_offset);
        if list.add_partition_offset(topic, *partition, offset).is_ok()
            && let Err(error) = self.own.consumer().commit(&list, CommitMode::Async)
        {
            tracing::debug!(%error, "offset was not committed for lag tools");
        }
    }
}
