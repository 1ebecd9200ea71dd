//! Producing: a batch goes out in order and one answer comes back for all of it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use kernel::Fault;
use kernel::frame::Prefix;
use kernel::port::Framing;
use kernel::record::{self, EventRecord};
use kernel::topic::Shard;
use rdkafka::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, Message as _, OwnedHeaders};
use rdkafka::producer::{
    BaseRecord, DeliveryResult, Producer as _, ProducerContext, ThreadedProducer,
};
use tokio::sync::oneshot;
use tracing::{debug, warn};

use super::copies::POSITION;
use super::fault;

/// Longest time a record may be under way before its batch fails.
const DELIVERY_WAIT_MS: &str = "30000";
/// Pause before trying again when librdkafka's own queue is full.
const QUEUE_FULL_PAUSE: Duration = Duration::from_millis(1);
/// Longest wait for an answer to a ping.
const PING_WAIT: Duration = Duration::from_millis(900);
/// Largest record, bytes; the topics and the broker must allow it too.
const RECORD_BYTES_MAX: &str = "16777216";

/// What a lost record means for those behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnGap {
    /// Nothing: commands of others are their own affair.
    Continue,
    /// No later record may arrive: positions would have a hole.
    Stop,
}

pub(super) struct Outgoing {
    pub(super) topic: String,
    pub(super) partition: Option<i32>,
    pub(super) key: Arc<str>,
    pub(super) value: Bytes,
    pub(super) headers: Vec<(String, Bytes)>,
}

/// An idempotent producer that is replaced when it has failed for good.
pub(super) struct Producer {
    config: ClientConfig,
    current: Mutex<Arc<ThreadedProducer<Deliveries>>>,
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
            .set("delivery.timeout.ms", DELIVERY_WAIT_MS);
        if on_gap == OnGap::Stop {
            config.set("enable.gapless.guarantee", "true");
        }
        let current = create(&config)?;
        Ok(Self {
            config,
            current: Mutex::new(current),
        })
    }

    /// Sends in order; all are acknowledged by all in-sync replicas when this returns. Answers where
    /// each one stands.
    pub(super) async fn send(&self, records: Vec<Outgoing>) -> Result<Vec<Placed>, Fault> {
        let producer = self.current()?;
        let (batch, done) = Batch::new(records.len());
        let mut unsent = records.len();
        for (place, record) in records.into_iter().enumerate() {
            let mut base = BaseRecord::with_opaque_to(&record.topic, batch.report(place))
                .key(record.key.as_bytes())
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
        shard: Shard,
        events: Vec<EventRecord>,
        framing: Option<&dyn Framing>,
    ) -> Result<Vec<Placed>, Fault> {
        let prefixes = prefixes(framing, shard, &events)?;
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
                .partition(i32::from(shard.partition))
                .key(event.key.as_bytes())
                .payload(value);
            base.headers = Some(position_header(event.position));
            if !enqueue(&producer, base, &batch).await {
                break;
            }
            unsent -= 1;
        }
        finish(&batch, unsent, done).await
    }

    /// Asks the cluster for its metadata. Blocks.
    pub(super) fn ping(&self) -> Result<(), Fault> {
        let metadata = self.current()?.client().fetch_metadata(None, PING_WAIT);
        metadata.map(drop).map_err(|error| fault("ping", error))
    }

    /// The producer, or a fresh one when the last has failed for good.
    fn current(&self) -> Result<Arc<ThreadedProducer<Deliveries>>, Fault> {
        let mut current = lock(&self.current);
        if let Some((code, reason)) = current.client().fatal_error() {
            warn!(%code, reason, "producer failed for good, starting another");
            *current = create(&self.config)?;
        }
        Ok(Arc::clone(&current))
    }
}

fn create(config: &ClientConfig) -> Result<Arc<ThreadedProducer<Deliveries>>, Fault> {
    let producer = config.create_with_context(Deliveries);
    producer
        .map(Arc::new)
        .map_err(|error| fault("create a producer", error))
}

/// One per event, or none at all without framing. All are known before the first event is sent.
fn prefixes(
    framing: Option<&dyn Framing>,
    shard: Shard,
    events: &[EventRecord],
) -> Result<Vec<Prefix>, Fault> {
    let Some(framing) = framing else {
        return Ok(Vec::new());
    };
    let prefix = |event: &EventRecord| {
        let (kind, version) = record::shape(&event.value)
            .ok_or_else(|| Fault::bare("kafka", format!("frame {} of {shard}", event.position)))?;
        framing.event(shard.context, kind, version)
    };
    events.iter().map(prefix).collect()
}

/// False when the record was refused for good; the batch then knows why.
async fn enqueue(
    producer: &ThreadedProducer<Deliveries>,
    mut record: BaseRecord<'_, [u8], [u8], Box<Report>>,
    batch: &Batch,
) -> bool {
    loop {
        match producer.send(record) {
            Ok(()) => return true,
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), refused)) => {
                record = refused;
                tokio::time::sleep(QUEUE_FULL_PAUSE).await;
            }
            Err((error, _)) => {
                batch.fail(error);
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
        Some(error) => Err(fault("produce", error)),
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

fn position_header(position: u64) -> OwnedHeaders {
    let mut digits = itoa::Buffer::new();
    let value = Some(digits.format(position));
    OwnedHeaders::new_with_capacity(1).insert(Header {
        key: POSITION,
        value,
    })
}

/// Where a record that is acknowledged stands.
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
    failure: Mutex<Option<KafkaError>>,
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

    fn fail(&self, error: KafkaError) {
        lock(&self.failure).get_or_insert(error);
    }

    /// The sender has sent all but `unsent`.
    fn settle(&self, unsent: usize) {
        self.close(unsent + 1);
    }

    fn close(&self, records: usize) {
        if self.open.fetch_sub(records, Ordering::AcqRel) == records {
            let done = lock(&self.done).take();
            if done.is_some_and(|done| done.send(()).is_err()) {
                debug!("nobody waits for the batch any more");
            }
        }
    }
}

struct Deliveries;

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<Report>;

    fn delivery(&self, result: &DeliveryResult<'_>, report: Box<Report>) {
        let Report { batch, place } = *report;
        match result {
            Ok(message) => {
                lock(&batch.placed)[place] = Placed {
                    partition: message.partition(),
                    offset: message.offset(),
                };
            }
            Err((error, _)) => batch.fail(error.clone()),
        }
        batch.close(1);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
