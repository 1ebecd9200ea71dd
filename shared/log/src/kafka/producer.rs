//! Producing: a batch goes out in order and one answer comes back for all of it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use kernel::Fault;
use kernel::frame::Prefix;
use kernel::port::Framing;
use kernel::record::{self, EventRecord};
use kernel::topic::Shard;
use rdkafka::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{
    BaseRecord, DeliveryResult, Producer as _, ProducerContext, ThreadedProducer,
};
use tokio::sync::oneshot;
use tracing::{debug, error, warn};

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

    /// Sends in order; all are acknowledged by all in-sync replicas when this returns.
    pub(super) async fn send(&self, records: Vec<Outgoing>) -> Result<(), Fault> {
        let producer = self.current()?;
        let (batch, done) = Batch::new(records.len());
        let mut unsent = records.len();
        for record in records {
            let mut base = BaseRecord::with_opaque_to(&record.topic, Arc::clone(&batch))
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
    ) -> Result<(), Fault> {
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
            let mut base = BaseRecord::with_opaque_to(topic, Arc::clone(&batch))
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
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
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
    mut record: BaseRecord<'_, [u8], [u8], Arc<Batch>>,
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

async fn finish(batch: &Batch, unsent: usize, done: oneshot::Receiver<()>) -> Result<(), Fault> {
    batch.settle(unsent);
    // The sender is dropped only after the last delivery report, which also sends.
    drop(done.await);
    match batch
        .failure
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take()
    {
        None => Ok(()),
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

/// Delivery reports of one batch, counted down.
pub(super) struct Batch {
    /// Records without a report, and one for the sender itself until it has sent all.
    open: AtomicUsize,
    failure: Mutex<Option<KafkaError>>,
    done: Mutex<Option<oneshot::Sender<()>>>,
}

impl Batch {
    fn new(records: usize) -> (Arc<Self>, oneshot::Receiver<()>) {
        let (done, all) = oneshot::channel();
        let batch = Self {
            open: AtomicUsize::new(records + 1),
            failure: Mutex::new(None),
            done: Mutex::new(Some(done)),
        };
        (Arc::new(batch), all)
    }

    fn fail(&self, error: KafkaError) {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.get_or_insert(error);
    }

    /// The sender has sent all but `unsent`.
    fn settle(&self, unsent: usize) {
        self.close(unsent + 1);
    }

    fn close(&self, records: usize) {
        if self.open.fetch_sub(records, Ordering::AcqRel) == records {
            let done = self
                .done
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            if done.is_some_and(|done| done.send(()).is_err()) {
                debug!("nobody waits for the batch any more");
            }
        }
    }
}

struct Deliveries;

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        match level {
            // Each setting that is called experimental was chosen, and an id for the producer is asked
            // for again until there is one: a send that has none by then fails and says so.
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
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Arc<Batch>;

    fn delivery(&self, result: &DeliveryResult<'_>, batch: Arc<Batch>) {
        if let Err((error, _)) = result {
            batch.fail(error.clone());
        }
        batch.close(1);
    }
}
