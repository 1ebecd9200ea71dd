//! A log, a store beside it, and the processes that follow.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use eventstore::MemoryEventStore;
use kernel::context::Folded;
use kernel::port::{EventLog, EventReader, EventStore, FoldSnapshot, FoldSnapshots, Pace};
use kernel::record::{self, Undecodable};
use kernel::topic::{self, PartitionId};
use kernel::{EventMeta, LiveProjection};
use log::MemoryEventLog;
use pipeline::{FoldSaving, FollowPorts, Followed, Movement};
use serde::{Deserialize, Serialize};
use testkit::contract::{CONTEXTS, PARTITIONS};
use testkit::{ManualClock, Writer, eventually};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const WITHIN: Duration = Duration::from_secs(20);
const PERIOD: Duration = Duration::from_millis(40);
/// A process saves nothing that has to grow by so much.
pub(crate) const NEVER: u64 = u64::MAX;
pub(crate) const NAME: &str = "noted";

thread_local! {
    /// Events that the processes of this test have decoded: each test has a thread of its own.
    static DECODED: Cell<u64> = const { Cell::new(0) };
}

/// Events decoded since the last time.
pub(crate) fn decoded() -> u64 {
    DECODED.take()
}

/// What was noted in each stream.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Noted<const SHAPE: u16>(pub(crate) BTreeMap<String, Vec<String>>);

impl<const SHAPE: u16> LiveProjection for Noted<SHAPE> {
    const NAME: &'static str = NAME;
    const ON: &'static [&'static str] = &CONTEXTS;
    const SHAPE: u16 = SHAPE;
    /// The context, and what was noted.
    type Event = (String, String);
    type Kept = Self;

    fn decode(
        context: &str,
        log_position: u64,
        value: &[u8],
    ) -> Result<(EventMeta, Option<Self::Event>), Undecodable> {
        DECODED.set(DECODED.get() + 1);
        let (meta, event) = record::decode_if::<Event>(log_position, value, |_| true)?;
        let noted = event.map(|Event::Noted(text)| (context.to_owned(), text));
        Ok((meta, noted))
    }

    fn fold(&mut self, _partition: u16, meta: &EventMeta, event: Folded<Self::Event>) {
        if let Folded::Event((context, text)) = event {
            let stream = format!("{context} {}", meta.aggregate);
            self.0.entry(stream).or_default().push(text);
        }
    }

    fn keep(&self) -> Self {
        self.clone()
    }

    fn restored(kept: Self) -> Self {
        assert!(!kept.0.contains_key("panic"), "as it is meant to");
        kept
    }
}

#[derive(Deserialize)]
#[serde(tag = "type", content = "data")]
enum Event {
    Noted(String),
}

/// Stores of a site: events and snapshots.
pub(crate) trait Store: EventStore + EventReader + FoldSnapshots + Clone + 'static {}
impl<S: EventStore + EventReader + FoldSnapshots + Clone + 'static> Store for S {}

/// One installation.
pub(crate) struct Site<S> {
    store: S,
    log: Arc<dyn EventLog>,
    folds: Arc<dyn FoldSnapshots>,
    writers: HashMap<PartitionId, Writer>,
    owner: u128,
}

pub(crate) fn in_memory() -> Site<MemoryEventStore> {
    beside(MemoryEventStore::default())
}

/// A store with a log beside it.
pub(crate) fn beside<S: Store>(store: S) -> Site<S> {
    let log = MemoryEventLog::new(PARTITIONS, Arc::new(ManualClock::default()));
    Site::new(store, Arc::new(log))
}

impl<S: Store> Site<S> {
    pub(crate) fn new(store: S, log: Arc<dyn EventLog>) -> Self {
        Self {
            folds: Arc::new(store.clone()),
            store,
            log,
            writers: HashMap::new(),
            owner: 1,
        }
    }

    /// The same with snapshots somewhere else.
    pub(crate) fn with_folds(self, folds: Arc<dyn FoldSnapshots>) -> Self {
        Self { folds, ..self }
    }

    pub(crate) fn folds(&self) -> &Arc<dyn FoldSnapshots> {
        &self.folds
    }

    pub(crate) fn reader(&self) -> &S {
        &self.store
    }

    /// Commits and publishes so many events to each partition of both contexts.
    pub(crate) async fn note(&mut self, each: u32, text: &str) -> u64 {
        let mut all = 0;
        for context in CONTEXTS {
            for partition in 0..PARTITIONS {
                let partition_id = PartitionId { context, partition };
                self.note_in(partition_id, each, text).await;
                all += u64::from(each);
            }
        }
        all
    }

    async fn note_in(&mut self, partition_id: PartitionId, events: u32, text: &str) {
        if !self.writers.contains_key(&partition_id) {
            self.owner += 1;
            let writer = Writer::take_over(&self.store, partition_id, self.owner).await;
            self.writers.insert(partition_id, writer);
        }
        let writer = self.writers.get_mut(&partition_id).unwrap();
        let aggregate = of(partition_id.partition);
        writer.accept(&format!("demo/{aggregate}"), events);
        for row in &mut writer.growing().events {
            let (sequence, text) = (row.sequence, format!("{text}-{}", row.sequence));
            let id = Uuid::new_v5(
                &Uuid::NAMESPACE_OID,
                format!("{partition_id}/{text}").as_bytes(),
            );
            let value = format!(
                r#"{{"id":"{id}","command":"{id}","tenant":"demo","aggregate":"{aggregate}","sequence":{sequence},"at":"2026-01-05T09:00:00Z","actor":"desk","v":1,"type":"Noted","data":"{text}"}}"#
            );
            row.record.value = value.into();
        }
        let batch = writer.commit(&self.store).await;
        let events = batch.events.iter().map(|row| row.record.clone());
        self.log
            .publish(partition_id, events.collect())
            .await
            .unwrap();
    }

    /// A process that saves whenever there are so many new events.
    pub(crate) fn start<const SHAPE: u16>(&self, events_min: u64) -> Process<SHAPE> {
        let saving = FoldSaving {
            store: Arc::clone(&self.folds),
            events_min,
            period: PERIOD,
        };
        self.start_with(Some(saving))
    }

    fn start_with<const SHAPE: u16>(&self, snapshots: Option<FoldSaving>) -> Process<SHAPE> {
        let followed = Followed::new(PARTITIONS);
        let stop = CancellationToken::new();
        let ports = FollowPorts {
            event_log: Arc::clone(&self.log),
            streams: Arc::new(self.store.clone()),
            snapshots,
            movement: Movement::default(),
        };
        let follow = followed.clone().follow(ports, Pace::Prompt, stop.clone());
        Process {
            followed,
            stop,
            task: tokio::spawn(follow),
        }
    }

    /// What all events come to, read from the first on.
    pub(crate) async fn whole<const SHAPE: u16>(&self) -> Noted<SHAPE> {
        let process = self.start_with::<SHAPE>(None);
        let whole = process.reads(0).await;
        process.kill();
        decoded();
        whole
    }

    /// The current snapshots, once the last of them stands behind so many events.
    pub(crate) async fn saved(&self, events: u64) -> FoldSnapshot {
        eventually("a snapshot", WITHIN, async || {
            let current = self.folds.current(NAME).await.unwrap();
            current.into_iter().find(|last| last.events == events)
        })
        .await
    }
}

/// An aggregate of that partition.
fn of(partition: u16) -> String {
    let mut names = (1..).map(|n| format!("A-{n}"));
    let is_there = |name: &String| {
        topic::partition_of(format!("demo/{name}").as_bytes(), PARTITIONS) == partition
    };
    names.find(is_there).unwrap()
}

/// A process that follows.
pub(crate) struct Process<const SHAPE: u16> {
    pub(crate) followed: Followed<Noted<SHAPE>>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl<const SHAPE: u16> Process<SHAPE> {
    /// Its value, once it has read everything and so many events at least.
    pub(crate) async fn reads(&self, events: u64) -> Noted<SHAPE> {
        eventually("all events", WITHIN, async || {
            let age = self.followed.age();
            age.filter(|_| self.followed.seen() >= events)
        })
        .await;
        self.followed.ask(|noted| noted.clone())
    }

    /// As a crash does.
    pub(crate) fn kill(self) {
        self.task.abort();
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}
