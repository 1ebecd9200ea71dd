//! Producing: a batch goes out in order and one answer comes back for all of it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use kernel::Fault;
use kernel::frame::Prefix;
use kernel::port::Framing;
use kernel::record::{self, EventRecord};
use kernel::topic::PartitionId;
use rdkafka::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, Message as _, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer as _, ProducerContext};
use tokio::sync::oneshot;
use tracing::{debug, error, warn};

use super::copies::POSITION;
use super::fault;

/// Longest time a record may be under way before its batch fails.
const DELIVERY_WAIT_MS: &str = "30000";
/// How often a producer asks where its topics' leaders are: more than once per delivery.
const METADATA_PERIOD_MS: &str = "5000";
/// Pause before trying again when librdkafka's own queue is full.
const QUEUE_FULL_PAUSE: Duration = Duration::from_millis(1);
/// Longest wait for an answer to a ping.
const PING_WAIT: Duration = Duration::from_millis(900);
/// Longest time the thread that hands reports on sleeps.
const POLL_WAIT: Duration = Duration::from_secs(5);
/// Largest record, bytes; the topics and the broker must allow it too.
const RECORD_BYTES_MAX: &str = "16777216";

/// What a lost record means for those behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnGap {
    /// Nothing: commands of other callers do not depend on it.
    Continue,
    /// No later record may arrive: log positions would have a hole.
    Stop,
}

pub(super) struct Outgoing {
    pub(super) topic: String,
    pub(super) partition: Option<i32>,
    pub(super) key: Bytes,
    pub(super) value: Bytes,
    pub(super) headers: Vec<(String, Bytes)>,
}

/// An idempotent producer that is replaced when it has failed permanently.
pub(super) struct Producer {
    config: ClientConfig,
    current: Mutex<Arc<Polled>>,
}

/// A producer whose delivery reports a thread of its own hands on. rust-rdkafka's thread for it wakes ten
/// times a second, and spins for the last millisecond of each wait.
struct Polled {
    producer: Arc<BaseProducer<Deliveries>>,
    stopping: Arc<AtomicBool>,
}

impl Producer {
    pub(super) fn new(mut config: ClientConfig, on_gap: OnGap) -> Result<Self, Fault> {
        config
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("partitioner", "murmur2_random")
            .set("compression.type", "lz4")
            // What waits is sent at once; a busy producer fills its batches while others are under way.
            .set("linger.ms", "0")
            .set("batch.size", "1048576")
            .set("message.max.bytes", RECORD_BYTES_MAX)
            .set("queue.buffering.max.messages", "200000")
            .set("queue.buffering.max.kbytes", "262144")
            .set("delivery.timeout.ms", DELIVERY_WAIT_MS)
            // A broker that stops reports that its partitions have no leader, and the client believes it
            // until it asks again: by default in five minutes.
            .set("topic.metadata.refresh.interval.ms", METADATA_PERIOD_MS);
        if on_gap == OnGap::Stop {
            config.set("enable.gapless.guarantee", "true");
        }
        let current = Polled::start(&config)?;
        Ok(Self {
            config,
            current: Mutex::new(current),
        })
    }

    /// Sends in order; all are acknowledged by all in-sync replicas when this returns. Returns the
    /// place of each.
    pub(super) async fn send(&self, records: Vec<Outgoing>) -> Result<Vec<Placed>, Fault> {
        let producer = self.current()?;
        let (batch, done) = Batch::new(records.len());
        let mut unsent = records.len();
        for (place, record) in records.into_iter().enumerate() {
            let mut base = BaseRecord::with_opaque_to(&record.topic, batch.report(place))
                .key(record.key.as_ref())
                .payload(record.value.as_ref());
            base.partition = record.partition;
            base.headers = headers(&record.headers);
            if !enqueue(&producer, base, &batch).await {
                break;
            }
            unsent -= 1;
        }
        finish(&batch, unsent, done).await
    }

    /// As [`Self::send`], for one partition of an event topic.
    pub(super) async fn send_events(
        &self,
        topic: &str,
        partition_id: PartitionId,
        events: Vec<EventRecord>,
        framing: Option<&dyn Framing>,
    ) -> Result<Vec<Placed>, Fault> {
        let prefixes = prefixes(framing, partition_id, &events)?;
        let mut framed = Vec::new();
        let producer = self.current()?;
        let (batch, done) = Batch::new(events.len());
        let mut unsent = events.len();
        for (place, event) in events.iter().enumerate() {
            let value = match prefixes.get(place) {
                None => event.value.as_ref(),
                Some(prefix) => {
                    framed.clear();
                    framed.extend_from_slice(prefix);
                    framed.extend_from_slice(&event.value);
                    framed.as_slice()
                }
            };
            let mut base = BaseRecord::with_opaque_to(topic, batch.report(place))
                .partition(i32::from(partition_id.partition))
                .key(event.key.as_bytes())
                .payload(value);
            base.headers = Some(position_header(event.log_position));
            if !enqueue(&producer, base, &batch).await {
                break;
            }
            unsent -= 1;
        }
        finish(&batch, unsent, done).await
    }

    /// Asks the cluster for its metadata. Blocks.
    pub(super) fn ping(&self) -> Result<(), Fault> {
        let metadata = self
            .current()?
            .producer
            .client()
            .fetch_metadata(None, PING_WAIT);
        metadata.map(drop).map_err(|error| fault("ping", error))
    }

    /// The producer, or a fresh one when the last has failed permanently.
    fn current(&self) -> Result<Arc<Polled>, Fault> {
        let mut current = lock(&self.current);
        if let Some((code, reason)) = current.producer.client().fatal_error() {
            warn!(%code, reason, "producer failed for good, starting another");
            *current = Polled::start(&self.config)?;
        }
        Ok(Arc::clone(&current))
    }
}

impl Polled {
    fn start(config: &ClientConfig) -> Result<Arc<Self>, Fault> {
        let producer = config
            .create_with_context(Deliveries)
            .map_err(|error| fault("create a producer", error))?;
        let (producer, stopping) = (Arc::new(producer), Arc::new(AtomicBool::new(false)));
        let (polled, stop) = (Arc::clone(&producer), Arc::clone(&stopping));
        std::thread::Builder::new()
            .name("kafka reports".to_owned())
            .spawn(move || poll(&polled, &stop))
            .map_err(|error| Fault::new("kafka", "start a polling thread", error))?;
        Ok(Arc::new(Self { producer, stopping }))
    }
}

impl Drop for Polled {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Release);
    }
}

/// Every report is handed on when it comes; the wait only bounds how late a stop is noticed.
fn poll(producer: &BaseProducer<Deliveries>, stopping: &AtomicBool) {
    while !stopping.load(Ordering::Acquire) {
        producer.poll(POLL_WAIT);
    }
}

/// One per event, or none at all without framing. All are known before the first event is sent.
fn prefixes(
    framing: Option<&dyn Framing>,
    partition_id: PartitionId,
    events: &[EventRecord],
) -> Result<Vec<Prefix>, Fault> {
    let Some(framing) = framing else {
        return Ok(Vec::new());
    };
    let prefix = |event: &EventRecord| {
        let (kind, version) = record::shape(&event.value).ok_or_else(|| {
            Fault::bare(
                "kafka",
                format!("frame {} of {partition_id}", event.log_position),
            )
        })?;
        framing.event(partition_id.context, kind, version)
    };
    events.iter().map(prefix).collect()
}

/// False when the record was permanently refused; the batch then holds the reason.
async fn enqueue(
    producer: &Polled,
    mut record: BaseRecord<'_, [u8], [u8], Box<Report>>,
    batch: &Batch,
) -> bool {
    loop {
        match producer.producer.send(record) {
            Ok(()) => return true,
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), refused)) => {
                record = refused;
                tokio::time::sleep(QUEUE_FULL_PAUSE).await;
            }
            Err((error, _)) => {
                batch.fail(fault("produce", error));
                return false;
            }
        }
    }
}

async fn finish(
    batch: &Batch,
    unsent: usize,
    done: oneshot::Receiver<()>,
) -> Result<Vec<Placed>, Fault> {
    batch.settle(unsent);
    // The sender is dropped only after the last delivery report, which also sends.
    drop(done.await);
    match lock(&batch.failure).take() {
        None => Ok(std::mem::take(&mut *lock(&batch.placed))),
        Some(fault) => Err(fault),
    }
}

fn headers(headers: &[(String, Bytes)]) -> Option<OwnedHeaders> {
    if headers.is_empty() {
        return None;
    }
    let mut owned = OwnedHeaders::new_with_capacity(headers.len());
    for (key, value) in headers {
        owned = owned.insert(Header {
            key,
            value: Some(value.as_ref()),
        });
    }
    Some(owned)
}

fn position_header(log_position: u64) -> OwnedHeaders {
    let mut digits = itoa::Buffer::new();
    let value = Some(digits.format(log_position));
    OwnedHeaders::new_with_capacity(1).insert(Header {
        key: POSITION,
        value,
    })
}

/// The place of an acknowledged record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) partition: i32,
    pub(super) offset: i64,
}

/// Delivery reports of one batch, counted down.
pub(super) struct Batch {
    /// Records without a report, and one for the sender itself until it has sent all.
    open: AtomicUsize,
    /// In the order of the records.
    placed: Mutex<Vec<Placed>>,
    failure: Mutex<Option<Fault>>,
    done: Mutex<Option<oneshot::Sender<()>>>,
}

/// What a record takes along, to come back with its delivery report.
pub(super) struct Report {
    batch: Arc<Batch>,
    /// Which record of the batch it is.
    place: usize,
}

impl Batch {
    fn new(records: usize) -> (Arc<Self>, oneshot::Receiver<()>) {
        let (done, all) = oneshot::channel();
        let batch = Self {
            open: AtomicUsize::new(records + 1),
            placed: Mutex::new(vec![Placed::default(); records]),
            failure: Mutex::new(None),
            done: Mutex::new(Some(done)),
        };
        (Arc::new(batch), all)
    }

    fn report(self: &Arc<Self>, place: usize) -> Box<Report> {
        let batch = Arc::clone(self);
        Box::new(Report { batch, place })
    }

    fn fail(&self, fault: Fault) {
        lock(&self.failure).get_or_insert(fault);
    }

    /// The sender has sent all but `unsent`.
    fn settle(&self, unsent: usize) {
        self.close(unsent + 1);
    }

    fn close(&self, records: usize) {
        if self.open.fetch_sub(records, Ordering::AcqRel) == records {
            let done = lock(&self.done).take();
            if done.is_some_and(|done| done.send(()).is_err()) {
                debug!("no caller waits for the batch any more");
            }
        }
    }
}

struct Deliveries;

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        match level {
            // Each setting that is called experimental was chosen, and an id for the producer is requested
            // again until there is one: a send that has none by then fails and reports it.
            RDKafkaLogLevel::Warning if matches!(facility, "CONFWARN" | "GETPID") => {
                debug!(facility, text, "producer says");
            }
            RDKafkaLogLevel::Warning => warn!(facility, text, "producer says"),
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => {
                debug!(facility, text, "producer says");
            }
            _ => error!(facility, text, "producer says"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        warn!(%error, reason, "producer reports");
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<Report>;

    fn delivery(&self, result: &DeliveryResult<'_>, report: Box<Report>) {
        let Report { batch, place } = *report;
        match result {
            // A try before this one had been taken, and where is not known.
            Ok(message) if message.offset() < 0 => {
                batch.fail(Fault::bare(
                    "kafka",
                    "produce: acknowledged without an offset",
                ));
            }
            Ok(message) => {
                lock(&batch.placed)[place] = Placed {
                    partition: message.partition(),
                    offset: message.offset(),
                };
            }
            Err((error, _)) => batch.fail(fault("produce", error.clone())),
        }
        batch.close(1);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
