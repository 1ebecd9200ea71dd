//! Consumers that fetch what readers ask for. Partitions are assigned to them by hand, no group is
//! joined, and no offset is committed.
//!
//! A consumer fetches a partition at one place only: readers at different places of one have a consumer
//! each. One that has had nothing to fetch for a while ends, with its threads and its connection.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use kernel::Fault;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tracing::{debug, warn};

use super::fault;
use super::fetch::{Fetch, Place};
use super::reasons::Reasons;

/// Longest time the polling thread sleeps.
const POLL_WAIT: Duration = Duration::from_secs(1);
/// How long a consumer is kept that fetches nothing.
const IDLE_FOR: Duration = Duration::from_secs(10);
/// Partitions that are assigned at once: each takes a thread for a moment.
const OPENING_MAX: usize = 4;

pub(super) type FetchConsumer = BaseConsumer<Reasons>;

pub(super) struct Fetchers {
    pool: Arc<Pool>,
    opening: Arc<Semaphore>,
}

struct Pool {
    name: &'static str,
    config: ClientConfig,
    clients: Mutex<Vec<Arc<Client>>>,
}

struct Client {
    consumer: Arc<FetchConsumer>,
    held: Mutex<Held>,
}

/// What a consumer fetches.
struct Held {
    places: HashSet<(Arc<str>, i32)>,
    idle_since: Instant,
}

impl Fetchers {
    /// None yet; `name` is that of their threads.
    pub(super) fn new(name: &'static str, config: ClientConfig) -> Self {
        let pool = Pool {
            name,
            config,
            clients: Mutex::default(),
        };
        Self {
            pool: Arc::new(pool),
            opening: Arc::new(Semaphore::new(OPENING_MAX)),
        }
    }

    /// Begins to fetch a partition from `next` on. `nonempty` is called when something has come to where
    /// there was nothing.
    pub(super) fn open(
        &self,
        place: Place,
        next: i64,
        nonempty: impl Fn() + Send + Sync + 'static,
    ) -> JoinHandle<Result<Fetch, Fault>> {
        let (pool, opening) = (Arc::clone(&self.pool), Arc::clone(&self.opening));
        tokio::spawn(async move {
            let permit = opening.acquire_owned().await;
            let permit = permit.expect("the semaphore is never closed");
            let attempt = format!("fetch {}/{}", place.topic, place.partition);
            let opened = tokio::task::spawn_blocking(move || {
                let opened = pool.open(place, next, nonempty);
                drop(permit);
                opened
            });
            opened
                .await
                .map_err(|error| Fault::new("kafka", attempt, error))?
        })
    }
}

impl Pool {
    fn open(
        self: Arc<Self>,
        place: Place,
        next: i64,
        nonempty: impl Fn() + Send + Sync + 'static,
    ) -> Result<Fetch, Fault> {
        let client = self.reserve(&place)?;
        let lease = Lease { client, place };
        let queue = lease.begin(next, nonempty)?;
        Ok(Fetch::new(lease, queue, next))
    }

    /// A consumer that does not fetch the partition yet, and will now.
    fn reserve(self: &Arc<Self>, place: &Place) -> Result<Arc<Client>, Fault> {
        let mut clients = lock(&self.clients);
        if let Some(client) = clients.iter().find(|client| client.take(place)) {
            return Ok(Arc::clone(client));
        }
        let consumer = self
            .config
            .create_with_context(Reasons::default())
            .map_err(|error| fault("create a consumer", error))?;
        let held = Held {
            places: HashSet::new(),
            idle_since: Instant::now(),
        };
        let client = Arc::new(Client {
            consumer: Arc::new(consumer),
            held: Mutex::new(held),
        });
        client.take(place);
        let (pool, polled) = (Arc::downgrade(self), Arc::clone(&client));
        std::thread::Builder::new()
            .name(format!("kafka {}", self.name))
            .spawn(move || poll(&pool, &polled))
            .map_err(|error| Fault::new("kafka", "start a polling thread", error))?;
        clients.push(Arc::clone(&client));
        Ok(client)
    }

    /// Takes the consumer out when it has been idle for long enough.
    fn retires(&self, client: &Arc<Client>) -> bool {
        let mut clients = lock(&self.clients);
        // Checked under the lock: it cannot be reserved meanwhile.
        let idle = client.idle().is_some_and(|idle| idle >= IDLE_FOR);
        if idle {
            clients.retain(|other| !Arc::ptr_eq(other, client));
        }
        idle
    }
}

impl Client {
    /// False when it fetches the partition already.
    fn take(&self, place: &Place) -> bool {
        let place = (Arc::clone(&place.topic), place.partition);
        lock(&self.held).places.insert(place)
    }

    fn give_back(&self, place: &Place) {
        let mut held = lock(&self.held);
        held.places
            .remove(&(Arc::clone(&place.topic), place.partition));
        held.idle_since = Instant::now();
    }

    /// For how long it has had nothing to fetch; none while it has.
    fn idle(&self) -> Option<Duration> {
        let held = lock(&self.held);
        held.places.is_empty().then(|| held.idle_since.elapsed())
    }
}

/// Serves the client's callbacks; records flow through the partitions' own queues.
fn poll(pool: &Weak<Pool>, client: &Arc<Client>) {
    loop {
        if let Some(Err(error)) = client.consumer.poll(POLL_WAIT) {
            let reason = client.consumer.context().take().unwrap_or_default();
            warn!(%error, reason, "consumer reports");
        }
        let is_over = match pool.upgrade() {
            Some(pool) => pool.retires(client),
            None => client.idle().is_some(),
        };
        if is_over {
            return;
        }
    }
}

/// The right to fetch one partition with a consumer; returned when it is dropped.
pub(super) struct Lease {
    client: Arc<Client>,
    place: Place,
}

impl Lease {
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// What librdkafka reported of the error that this thread has met last.
    pub(super) fn reason(&self) -> Option<String> {
        self.client.consumer.context().take()
    }

    /// Assigns the partition. Blocks for a moment.
    fn begin(
        &self,
        next: i64,
        nonempty: impl Fn() + Send + Sync + 'static,
    ) -> Result<PartitionQueue<Reasons>, Fault> {
        let Place {
            topic, partition, ..
        } = &self.place;
        let attempt = || format!("fetch {topic}/{partition} from {next}");
        let consumer = &self.client.consumer;
        // Before it is assigned: what is fetched goes nowhere else then.
        let mut queue = consumer
            .split_partition_queue(topic, *partition)
            .ok_or_else(|| Fault::bare("kafka", attempt()))?;
        // An error of the previous holder may be left.
        while queue.poll(Duration::ZERO).is_some() {}
        queue.set_nonempty_callback(nonempty);
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, *partition, Offset::Offset(next))
            .and_then(|()| consumer.incremental_assign(&list))
            .map_err(|error| fault(attempt(), error))?;
        Ok(queue)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let (client, place) = (Arc::clone(&self.client), self.place.clone());
        let end = move || {
            if let Err(error) = client.consumer.incremental_unassign(&place.list()) {
                debug!(topic = &*place.topic, partition = place.partition, %error, "was not assigned");
            }
            client.give_back(&place);
        };
        // It waits for another thread of the client for a moment.
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(end)),
            Err(_) => end(),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
