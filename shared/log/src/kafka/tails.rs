//! The one consumer that fetches the ends of all topics for this process.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kernel::Fault;
use kernel::port::Pace;
use rdkafka::consumer::{BaseConsumer, Consumer, DefaultConsumerContext};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tokio::sync::Notify;
use tracing::debug;

use super::consumer::config;
use super::fetch::{Fetch, Place};
use super::tail::Tail;
use super::{KafkaSettings, fault};

/// Longest time the polling thread sleeps: how late a stop is noticed.
const POLL_WAIT: Duration = Duration::from_millis(100);

type TailConsumer = BaseConsumer<DefaultConsumerContext>;
pub(super) type TailFetch = Fetch<DefaultConsumerContext>;

/// The tails of a process.
pub(super) struct Tails {
    settings: Arc<KafkaSettings>,
    /// Made when it is first needed.
    consumer: Mutex<Option<Arc<TailConsumer>>>,
    tails: Mutex<HashMap<Place, Arc<Tail>>>,
    stopping: Arc<AtomicBool>,
}

impl Tails {
    pub(super) fn new(settings: Arc<KafkaSettings>) -> Arc<Self> {
        Arc::new(Self {
            settings,
            consumer: Mutex::default(),
            tails: Mutex::default(),
            stopping: Arc::default(),
        })
    }

    pub(super) fn of(self: &Arc<Self>, place: &Place) -> Arc<Tail> {
        let mut tails = lock(&self.tails);
        let tail = tails.entry(place.clone()).or_insert_with(|| {
            let tail = Tail::new(Arc::downgrade(self), place.clone());
            Arc::new(tail)
        });
        Arc::clone(tail)
    }

    fn consumer(&self) -> Result<Arc<TailConsumer>, Fault> {
        let mut consumer = lock(&self.consumer);
        if let Some(consumer) = &*consumer {
            return Ok(Arc::clone(consumer));
        }
        // Never joined: partitions are assigned by hand, and no offset is committed.
        let group = format!("{}tails", self.settings.prefix);
        let made: TailConsumer = config(&self.settings, &group, Pace::Prompt)
            .create_with_context(DefaultConsumerContext)
            .map_err(|error| fault("create a consumer of tails", error))?;
        let made = Arc::new(made);
        let (polled, stop) = (Arc::clone(&made), Arc::clone(&self.stopping));
        std::thread::Builder::new()
            .name("kafka tails".to_owned())
            .spawn(move || poll(&polled, &stop))
            .map_err(|error| Fault::new("kafka", "start a polling thread", error))?;
        Ok(Arc::clone(consumer.insert(made)))
    }

    /// Assigns a partition, paused. Blocks.
    pub(super) fn open(
        &self,
        place: &Place,
        next: i64,
        changed: &Arc<Notify>,
    ) -> Result<TailFetch, Fault> {
        let consumer = self.consumer()?;
        let attempt = || format!("assign {}/{}", place.topic, place.partition);
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&place.topic, place.partition, Offset::Offset(next))
            .and_then(|()| consumer.incremental_assign(&list))
            .and_then(|()| consumer.pause(&list))
            .map_err(|error| fault(attempt(), error))?;
        let signal = Arc::clone(changed);
        Fetch::split(&consumer, place.clone(), move || signal.notify_waiters())
            .ok_or_else(|| Fault::bare("kafka", attempt()))
    }
}

impl Drop for Tails {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Release);
    }
}

/// Serves the client's callbacks; records flow through the partitions' own queues.
fn poll(consumer: &TailConsumer, stopping: &AtomicBool) {
    while !stopping.load(Ordering::Acquire) {
        match consumer.poll(POLL_WAIT) {
            // Fetched between the assignment and the split: the seek fetches it again.
            Some(Ok(_)) | None => {}
            Some(Err(error)) => debug!(%error, "consumer of tails reports"),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
