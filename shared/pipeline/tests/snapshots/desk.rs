//! Commands of two contexts, and a processor of each that handles them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kernel::batch::{EventRow, Outcome};
use kernel::id::{Actor, CommandId};
use kernel::port::{
    Authority, CommandLog as _, DeadLetters, EventReader, EventStore, Ids, NewRecord, Record,
    Sender, Snapshot, Snapshots, WHOLE,
};
use kernel::topic::{self, PartitionId};
use kernel::{Context as _, Timestamp};
use log::{MemoryCommandLog, MemoryEventLog};
use pipeline::accept::{Request, Sealer};
use pipeline::{
    Committer, ContextSlice, Movement, ProcessorPorts, ProcessorSettings, Proof, Slices,
};
use positions::{Position, PositionView};
use readmodel::MemoryReplies;
use serde_json::value::RawValue;
use testkit::contract::PARTITIONS;
use testkit::{ManualClock, Unrestricted, eventually};
use tokio_util::sync::CancellationToken;
use trades::{Trade, TradeView};
use uuid::Uuid;

/// Longest time that handling what was sent may take.
const HANDLED_WITHIN: Duration = Duration::from_secs(60);

/// Everything a store of events is to a processor.
pub(crate) trait Store:
    EventStore + EventReader + Snapshots + DeadLetters + Clone + 'static
{
}

impl<S: EventStore + EventReader + Snapshots + DeadLetters + Clone + 'static> Store for S {}

pub(crate) fn slices() -> Slices {
    Slices::default()
        .context::<Trade>()
        .view::<TradeView>()
        .context::<Position>()
        .view::<PositionView>()
}

/// When everything is accepted.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(1_381_152_600_688)
}

/// The log of some commands, which outlives the stores that are tried on it.
pub(crate) struct Desk {
    log: MemoryCommandLog,
    sealer: Sealer,
    sent: Vec<(PartitionId, CommandId)>,
}

/// What a store holds of the commands once they are handled.
#[derive(Debug, PartialEq)]
pub(crate) struct Records {
    events: Vec<EventRow>,
    outcomes: Vec<(CommandId, Outcome)>,
}

impl Desk {
    pub(crate) fn open() -> Self {
        let clock = Arc::new(ManualClock::default());
        clock.set(now());
        Self {
            log: MemoryCommandLog::new(PARTITIONS, Arc::clone(&clock) as _),
            sealer: Sealer {
                authority: Arc::new(Trusting),
                clock,
                ids: Arc::new(RandomIds),
                framing: None,
            },
            sent: Vec::new(),
        }
    }

    /// Books a trade of 1,000,000.
    pub(crate) async fn book(&mut self, trade: &str) {
        let data = r#"{"account":"ACC-1","book":"AGENCY","instrument":"IBM","side":"BUY",
            "quantity":"1000000","price":"181.52","currency":"USD",
            "traded_at":"2013-10-07T13:30:00Z"}"#;
        self.send(Trade::NAME, trade, "BookTrade", data).await;
    }

    /// Fills a trade; the same number again is a repeat that changes nothing.
    pub(crate) async fn fill(&mut self, trade: &str, number: u64, quantity: u64) {
        let data = format!(
            r#"{{"exec_id":"E-{number}","quantity":"{quantity}","price":"181.5","fee":"0.35",
                "traded_at":"2013-10-07T13:30:01Z"}}"#
        );
        self.send(Trade::NAME, trade, "RecordFill", &data).await;
    }

    /// Trades on a position, now and then late and now and then to the other side.
    pub(crate) async fn trade(&mut self, position: &str, number: u64) {
        let side = if number % 7 < 4 { "BUY" } else { "SELL" };
        let second = if number % 50 == 49 {
            number - 30
        } else {
            number
        };
        let at = Timestamp::from_millis(1_381_152_600_000 + i64::try_from(second).unwrap() * 1_000);
        let data = format!(
            r#"{{"exec_id":"E-{number}","side":"{side}","quantity":"{}","price":"{}.25","fee":"0.35",
                "currency":"USD","traded_at":{},"lot_method":"FIFO"}}"#,
            1 + number % 5,
            100 + number % 11,
            serde_json::to_string(&at).unwrap(),
        );
        self.send(Position::NAME, position, "ApplyFill", &data)
            .await;
    }

    async fn send(&mut self, context: &'static str, aggregate: &str, kind: &str, data: &str) {
        let tenant = "demo".parse().unwrap();
        let aggregate = aggregate.parse().unwrap();
        let name = self.sent.len().to_string();
        let request = Request {
            context,
            tenant: &tenant,
            actor: &actor(kind),
            identity: None,
            aggregate: &aggregate,
            id: Some(CommandId(Uuid::new_v5(
                &Uuid::NAMESPACE_OID,
                name.as_bytes(),
            ))),
            kind,
            data: &RawValue::from_string(data.to_owned()).unwrap(),
            expected_version: None,
            correlation: None,
            causation: None,
        };
        let (id, record): (_, NewRecord) = self.sealer.seal(request, None).unwrap();
        let partition = topic::partition_of(record.key.as_bytes(), PARTITIONS);
        self.log.append(vec![record]).await.unwrap();
        self.sent.push((PartitionId { context, partition }, id));
    }

    /// Handles what was sent and is not handled yet, from a cold start, and waits for the snapshots
    /// of it.
    pub(crate) async fn handle(&self, store: &impl Store, events_min: u64) {
        let saved = async || is_saved(store, events_min).await;
        self.run(store, Arc::new(store.clone()), events_min, saved)
            .await;
    }

    /// The same with snapshots from elsewhere.
    pub(crate) async fn handle_with(
        &self,
        store: &impl Store,
        snapshots: Arc<dyn Snapshots>,
        events_min: u64,
    ) {
        self.run(store, snapshots, events_min, async || true).await;
    }

    /// The same, until `saved` returns true.
    pub(crate) async fn run(
        &self,
        store: &impl Store,
        snapshots: Arc<dyn Snapshots>,
        events_min: u64,
        saved: impl AsyncFn() -> bool,
    ) {
        let (store, movement) = (Arc::new(store.clone()), Movement::default());
        let ports = ProcessorPorts {
            access: Arc::new(Unrestricted),
            bearers: None,
            tenancy: Arc::new(kernel::tenancy::Open),
            command_log: Arc::new(self.log.clone()),
            event_log: Arc::new(MemoryEventLog::new(
                PARTITIONS,
                Arc::clone(&self.sealer.clock),
            )),
            store: Arc::clone(&store) as _,
            reader: Arc::clone(&store) as _,
            snapshots,
            dead_letters: Arc::clone(&store) as _,
            replies: Arc::new(MemoryReplies::default()),
            schemas: None,
            sealer: self.sealer.clone(),
            announcing: None,
            movement: movement.clone(),
        };
        let settings = ProcessorSettings {
            partitions: PARTITIONS,
            // Small, so that there are many of them.
            batch_commands_max: 50,
            cached_aggregates_max: 100,
            value_bytes_max: 1 << 20,
            snapshot_events_min: events_min,
        };
        let (committer, handle) = Committer::new(Arc::clone(&store) as _, &movement);
        let stop = CancellationToken::new();
        let slices = slices();
        let roles = slices.contexts.iter().map(|context| {
            (context.process)(ports.clone(), settings, handle.clone(), stop.clone())
        });
        let roles = futures::future::join_all(roles);
        drop(handle);
        let handled = async {
            eventually("everything to be handled", HANDLED_WITHIN, async || {
                let done = self.is_handled(store.as_ref()).await && saved().await;
                done.then_some(())
            })
            .await;
            stop.cancel();
        };
        tokio::join!(roles, committer.run(), handled);
    }

    async fn is_handled(&self, store: &impl Store) -> bool {
        for partition_id in partition_ids() {
            let sent = self
                .sent
                .iter()
                .filter(|(at, _)| *at == partition_id)
                .count();
            let cursor = store.cursor(partition_id).await.unwrap();
            let offset = cursor.map_or(0, |cursor| cursor.next_offset);
            if offset < i64::try_from(sent).unwrap() {
                return false;
            }
        }
        true
    }

    pub(crate) async fn records(&self, store: &impl Store) -> Records {
        let mut records = Records {
            events: Vec::new(),
            outcomes: Vec::new(),
        };
        for partition_id in partition_ids() {
            let events = store.read(partition_id, 0, 1_000_000).await.unwrap();
            records.events.extend(events);
            let outcomes = store
                .scan_outcomes(partition_id, None, 1_000_000)
                .await
                .unwrap();
            let outcomes = outcomes.into_iter().map(|row| (row.command, row.outcome));
            records.outcomes.extend(outcomes);
        }
        assert_eq!(records.outcomes.len(), self.sent.len());
        records
    }

    /// How the last command of all ended.
    pub(crate) async fn last(&self, store: &impl Store) -> Outcome {
        let (partition_id, id) = self.sent.last().unwrap();
        let mut found = store.outcomes(*partition_id, &[*id]).await.unwrap();
        found.pop().unwrap().outcome
    }
}

/// Whether no stream has grown by more since its last snapshot than it may.
async fn is_saved(store: &impl Store, events_min: u64) -> bool {
    let snapshots = kept(store).await;
    for partition_id in partition_ids() {
        let mut versions = BTreeMap::new();
        for row in store.read(partition_id, 0, 1_000_000).await.unwrap() {
            versions.insert(row.stream, row.sequence);
        }
        for (stream, version) in versions {
            let mine = |(at, kept): &&(PartitionId, Snapshot)| {
                *at == partition_id && kept.stream == stream
            };
            let kept = snapshots.iter().find(mine);
            let kept = kept.map_or(0, |(_, kept)| kept.version);
            if version.saturating_sub(kept) >= events_min.max(version / 4) {
                return false;
            }
        }
    }
    true
}

/// Every snapshot there is, with its partition.
pub(crate) async fn kept(store: &impl Store) -> Vec<(PartitionId, Snapshot)> {
    let mut kept = Vec::new();
    for partition_id in partition_ids() {
        let streams: Vec<i64> = (1..100).collect();
        let snapshots = store.stored(partition_id, &streams).await.unwrap();
        kept.extend(
            snapshots
                .into_iter()
                .map(|snapshot| (partition_id, snapshot)),
        );
    }
    kept
}

/// What the check finds of every snapshot there is.
pub(crate) async fn proofs(store: &impl Store) -> Vec<Proof> {
    let mut proofs = Vec::new();
    for (partition_id, snapshot) in kept(store).await {
        let events = store.read(partition_id, 0, 1_000_000).await.unwrap();
        let first = events.iter().find(|row| row.stream == snapshot.stream);
        let keys = [Arc::clone(&first.unwrap().record.key)];
        let streams = store.load(partition_id, &keys, WHOLE).await.unwrap();
        proofs.push((slice(partition_id.context).prove)(&streams[0], &snapshot));
    }
    proofs
}

fn slice(context: &str) -> ContextSlice {
    let slices = slices();
    let found = slices.contexts.iter().find(|slice| slice.name == context);
    *found.unwrap()
}

pub(crate) fn partition_ids() -> impl Iterator<Item = PartitionId> {
    [Trade::NAME, Position::NAME]
        .into_iter()
        .flat_map(|context| {
            (0..PARTITIONS).map(move |partition| PartitionId { context, partition })
        })
}

pub(crate) fn partition_of(context: &'static str, key: &str) -> PartitionId {
    let partition = topic::partition_of(key.as_bytes(), PARTITIONS);
    PartitionId { context, partition }
}

/// Every writer to the log of a test is trusted.
struct Trusting;

impl Authority for Trusting {
    fn sign(&self, _: &str, _: &[u8], _: &[u8]) -> Bytes {
        Bytes::new()
    }

    fn sender(&self, _: &str, _: &Record) -> Option<Sender> {
        Some(Sender::Platform)
    }
}

struct RandomIds;

impl Ids for RandomIds {
    #[expect(
        clippy::disallowed_methods,
        reason = "the source of ids of these tests"
    )]
    fn ordered(&self) -> Uuid {
        Uuid::new_v4()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the source of ids of these tests"
    )]
    fn random(&self) -> Uuid {
        Uuid::new_v4()
    }
}

/// Positions receive fills from trades alone.
fn actor(kind: &str) -> Actor {
    match kind {
        "ApplyFill" => Actor::reaction("fills-to-positions").unwrap(),
        _ => "desk".parse().unwrap(),
    }
}
