//! A platform of one context and one effect, on one file or in memory, as tests start, stop and kill it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use eventstore::postgres::{Installed, migrate};
use eventstore::{MemoryEventStore, PostgresEventStore};
use kernel::Timestamp;
use kernel::id::{Actor, CommandId};
use kernel::port::{
    Authority, CallState, CommandLog, DeadLetters, EffectPartition, EventLog, EventReader,
    EventStore, Outside, ParkedCall, ParkedCalls, ReadModel, Record, Sender, Snapshots,
};
use kernel::topic::PartitionId;
use log::{MemoryCommandLog, MemoryEventLog};
use outside::HttpOutside;
use pipeline::accept::{Request, Sealer};
use pipeline::{
    ActPorts, ActSettings, CallRedriver, Committer, Movement, ProcessorPorts, ProcessorSettings,
    Responsible, Slices, SystemIds, command,
};
use readmodel::{MemoryReadModel, MemoryReplies, PostgresReadModel};
use resilience::{
    BreakerConfig, BulkheadConfig, Dependency, DependencyConfig, Name, RetryConfig, Seams,
    TokioClock, WindowSpan,
};
use sqlite::SqliteFile;
use testkit::contract::PARTITIONS;
use testkit::servers::Database;
use testkit::{ManualClock, Unrestricted, eventually};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::orders::{Order, OrderCommand, OrderEvent, RequestsToBank};

pub(crate) const WITHIN: Duration = Duration::from_secs(60);
/// Largest answer that the adapter takes, bytes.
pub(crate) const ANSWER_BYTES_MAX: usize = 2_000;

/// The adapters of one set.
#[derive(Clone)]
pub(crate) struct Adapters {
    command_log: Arc<dyn CommandLog>,
    event_log: Arc<dyn EventLog>,
    store: Arc<dyn EventStore>,
    reader: Arc<dyn EventReader>,
    snapshots: Arc<dyn Snapshots>,
    dead_letters: Arc<dyn DeadLetters>,
    progress: Arc<dyn ReadModel>,
    pub(crate) parked: Arc<dyn ParkedCalls>,
    clock: Arc<ManualClock>,
}

impl Adapters {
    pub(crate) fn on_file(path: &Path) -> Self {
        let clock = clock();
        let file = SqliteFile::open(path, PARTITIONS, Arc::clone(&clock) as _).unwrap();
        let file = Arc::new(file);
        Self {
            command_log: Arc::clone(&file) as _,
            event_log: Arc::clone(&file) as _,
            store: Arc::clone(&file) as _,
            reader: Arc::clone(&file) as _,
            snapshots: Arc::clone(&file) as _,
            dead_letters: Arc::clone(&file) as _,
            progress: Arc::clone(&file) as _,
            parked: file,
            clock,
        }
    }

    /// Postgres for all that it keeps, and logs in memory.
    pub(crate) async fn on_postgres(database: &Database) -> Self {
        let orders = Installed {
            context: "orders",
            aggregate_type: "order",
            partitions: PARTITIONS,
        };
        migrate(&database.url, &[orders]).await.unwrap();
        let progress = PostgresReadModel::connect(&database.url, 4).unwrap();
        for view in slices(false, Timestamp::from_millis(0)).progress() {
            progress.install(view).await.unwrap();
        }
        let store = Arc::new(PostgresEventStore::new(&database.url, 8).unwrap());
        Self {
            store: Arc::clone(&store) as _,
            reader: Arc::clone(&store) as _,
            snapshots: Arc::clone(&store) as _,
            dead_letters: Arc::clone(&store) as _,
            progress: Arc::new(progress),
            parked: store,
            ..Self::in_memory()
        }
    }

    pub(crate) fn in_memory() -> Self {
        let (clock, store) = (clock(), Arc::new(MemoryEventStore::default()));
        Self {
            command_log: Arc::new(MemoryCommandLog::new(PARTITIONS, Arc::clone(&clock) as _)),
            event_log: Arc::new(MemoryEventLog::new(PARTITIONS, Arc::clone(&clock) as _)),
            store: Arc::clone(&store) as _,
            reader: Arc::clone(&store) as _,
            snapshots: Arc::clone(&store) as _,
            dead_letters: Arc::clone(&store) as _,
            progress: Arc::new(MemoryReadModel::default()),
            parked: store,
            clock,
        }
    }

    pub(crate) fn pass_a_millisecond(&self) {
        self.clock.set(now().plus_millis(1));
    }

    fn sealer(&self) -> Sealer {
        Sealer {
            authority: Arc::new(Trusting),
            clock: Arc::clone(&self.clock) as _,
            ids: Arc::new(SystemIds),
            framing: None,
        }
    }
}

/// When everything is accepted.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(1_381_152_600_688)
}

fn clock() -> Arc<ManualClock> {
    let clock = ManualClock::default();
    clock.set(now());
    Arc::new(clock)
}

/// Quick, so that tests are.
pub(crate) fn settings() -> ActSettings {
    ActSettings {
        tries_max: 3,
        deadline: Duration::from_secs(20),
        wait_first: Duration::from_millis(10),
        wait_longest: Duration::from_millis(50),
        payload_bytes_max: 1_000,
        ..ActSettings::new(PARTITIONS)
    }
}

/// A guard whose breaker hardly opens.
pub(crate) fn guard() -> DependencyConfig {
    DependencyConfig {
        breaker: BreakerConfig {
            window: WindowSpan::Calls(10_000),
            min_calls: 10_000,
            ..BreakerConfig::for_p99(Duration::from_millis(100))
        },
        bulkhead: BulkheadConfig {
            in_flight_max: 32,
            waiting_max: 100,
            wait_max: Duration::from_secs(1),
        },
        timeout: Duration::from_millis(400),
        retry: RetryConfig {
            retries_max: 1,
            wait_first: Duration::from_millis(5),
            wait_longest: Duration::from_millis(20),
        },
    }
}

/// A platform that runs or does not.
pub(crate) struct Desk {
    pub(crate) adapters: Adapters,
    outside: Arc<dyn Outside>,
    pub(crate) settings: ActSettings,
    pub(crate) guard: DependencyConfig,
    /// Whether the effect can do every number.
    pub(crate) mended: bool,
    pub(crate) since: Timestamp,
    running: Option<(CancellationToken, JoinSet<()>)>,
    pub(crate) movement: Movement,
}

impl Desk {
    pub(crate) fn new(adapters: Adapters, outside: Arc<dyn Outside>) -> Self {
        Self {
            adapters,
            outside,
            settings: settings(),
            guard: guard(),
            mended: false,
            since: Timestamp::from_millis(0),
            running: None,
            movement: Movement::default(),
        }
    }

    pub(crate) fn calling(adapters: Adapters, url: &str) -> Self {
        let bank = HttpOutside::new("bank", url, Default::default(), ANSWER_BYTES_MAX);
        Self::new(adapters, Arc::new(bank.unwrap()))
    }

    pub(crate) fn start(&mut self) {
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        self.handle(&mut tasks, &stop);
        let name = Name {
            dependency: "bank",
            class: "call",
        };
        let seams = Seams {
            clock: Arc::new(TokioClock::start()),
            seed: 7,
            budget: Arc::default(),
        };
        let adapters = &self.adapters;
        let ports = ActPorts {
            event_log: Arc::clone(&adapters.event_log),
            command_log: Arc::clone(&adapters.command_log),
            progress: Arc::clone(&adapters.progress),
            streams: Arc::clone(&adapters.reader),
            parked: Arc::clone(&adapters.parked),
            outside: Arc::clone(&self.outside),
            guard: Arc::new(Dependency::new(name, self.guard, seams).unwrap()),
            sealer: adapters.sealer(),
            movement: self.movement.clone(),
        };
        for effect in &self.slices().effects {
            tasks.spawn((effect.act)(ports.clone(), self.settings, stop.clone()));
        }
        self.running = Some((stop, tasks));
    }

    fn handle(&self, tasks: &mut JoinSet<()>, stop: &CancellationToken) {
        let adapters = &self.adapters;
        let ports = ProcessorPorts {
            access: Arc::new(Unrestricted),
            bearers: None,
            tenancy: Arc::new(kernel::tenancy::Open),
            command_log: Arc::clone(&adapters.command_log),
            event_log: Arc::clone(&adapters.event_log),
            store: Arc::clone(&adapters.store),
            reader: Arc::clone(&adapters.reader),
            snapshots: Arc::clone(&adapters.snapshots),
            dead_letters: Arc::clone(&adapters.dead_letters),
            replies: Arc::new(MemoryReplies::default()),
            schemas: None,
            sealer: adapters.sealer(),
            announcing: None,
            movement: self.movement.clone(),
        };
        let settings = ProcessorSettings {
            partitions: PARTITIONS,
            batch_commands_max: 100,
            cached_aggregates_max: 100,
            value_bytes_max: 1 << 20,
            snapshot_events_min: 1_000,
        };
        let (committer, handle) = Committer::new(Arc::clone(&adapters.store), &self.movement);
        tasks.spawn(committer.run());
        for context in &self.slices().contexts {
            let process = (context.process)(ports.clone(), settings, handle.clone(), stop.clone());
            tasks.spawn(process);
        }
    }

    /// In order.
    pub(crate) async fn stop(&mut self) {
        let (stop, mut tasks) = self.running.take().unwrap();
        stop.cancel();
        while let Some(ended) = tasks.join_next().await {
            ended.unwrap();
        }
    }

    /// Wherever its tasks stand.
    pub(crate) async fn kill(&mut self) {
        let (_, mut tasks) = self.running.take().unwrap();
        tasks.shutdown().await;
    }

    /// Asks for these; asking again is a repeat.
    pub(crate) async fn request(&self, requests: impl IntoIterator<Item = (&str, u64)>) {
        let sealer = self.adapters.sealer();
        let records = requests.into_iter().map(|(order, n)| {
            let (kind, data) = command::split(&OrderCommand::Request { n }).unwrap();
            let name = format!("{order}/{n}");
            let request = Request {
                context: "orders",
                tenant: &"demo".parse().unwrap(),
                actor: &"ann".parse().unwrap(),
                identity: None,
                aggregate: &order.parse().unwrap(),
                id: Some(CommandId(Uuid::new_v5(
                    &Uuid::NAMESPACE_OID,
                    name.as_bytes(),
                ))),
                kind: &kind,
                data: &data,
                expected_version: None,
                correlation: None,
                causation: None,
            };
            sealer.seal(request, None).unwrap().1
        });
        self.adapters
            .command_log
            .append(records.collect())
            .await
            .unwrap();
    }

    /// The answers of each order, as its events have them.
    pub(crate) async fn answers(&self) -> BTreeMap<String, Vec<(u64, String)>> {
        let mut answers = BTreeMap::<_, Vec<_>>::new();
        for partition in 0..PARTITIONS {
            let partition_id = partition_id(partition);
            for row in self
                .adapters
                .reader
                .read(partition_id, 0, 100_000)
                .await
                .unwrap()
            {
                let (meta, event) = row.record.decode::<OrderEvent>().unwrap();
                if let OrderEvent::Answered { n, answer } = event {
                    assert_eq!(meta.actor.as_effect(), Some("requests-to-bank"));
                    let of = answers.entry(meta.aggregate.to_string()).or_default();
                    of.push((n, answer));
                }
            }
        }
        answers
    }

    /// The numbers of an order that are answered, in the order of the answers.
    pub(crate) async fn answered(&self, order: &str) -> Vec<u64> {
        let answers = self.answers().await.remove(order).unwrap_or_default();
        answers.into_iter().map(|(n, _)| n).collect()
    }

    pub(crate) async fn until_answered(&self, order: &str, expected: &[u64]) {
        let what = format!("the answers of {order}");
        eventually(&what, WITHIN, async || {
            (self.answered(order).await == expected).then_some(())
        })
        .await;
    }

    /// All calls that are parked or wait behind one.
    pub(crate) async fn open_calls(&self) -> Vec<(EffectPartition, ParkedCall)> {
        let (mut open, redriver) = (Vec::new(), self.redriver());
        for effect in &self.slices().effects {
            for at in effect.partition_ids(PARTITIONS) {
                let calls = redriver.open(at, None, 1_000).await.unwrap();
                open.extend(calls.into_iter().map(|call| (at, call)));
            }
        }
        open
    }

    /// How many calls are parked, and how many wait.
    pub(crate) async fn parked_and_waiting(&self) -> (usize, usize) {
        let open = self.open_calls().await;
        let of = |state| open.iter().filter(|(_, call)| call.state == state).count();
        (of(CallState::Parked), of(CallState::Waiting))
    }

    pub(crate) async fn until_open(&self, parked: usize, waiting: usize) {
        eventually("the parked calls", WITHIN, async || {
            (self.parked_and_waiting().await == (parked, waiting)).then_some(())
        })
        .await;
    }

    fn slices(&self) -> Slices {
        slices(self.mended, self.since)
    }

    /// As if the model that keeps the progress were new.
    pub(crate) async fn lose_progress(&self) {
        for view in self.slices().progress() {
            self.adapters.progress.clear(view).await.unwrap();
        }
    }

    pub(crate) fn redriver(&self) -> CallRedriver {
        CallRedriver {
            parked: Arc::clone(&self.adapters.parked),
        }
    }

    /// Has every parked call made again.
    pub(crate) async fn redrive_all(&self) {
        for (at, call) in self.open_calls().await {
            if call.state == CallState::Parked {
                let redriven = self.redriver().redrive(at, call.place, &ann()).await;
                assert!(redriven.unwrap());
            }
        }
    }
}

pub(crate) fn ann() -> Responsible {
    Responsible {
        by: "ann".parse::<Actor>().unwrap(),
        approved_by: None,
    }
}

fn slices(mended: bool, since: Timestamp) -> Slices {
    let effect = RequestsToBank { mended, since };
    Slices::default().context::<Order>().effect(effect)
}

fn partition_id(partition: u16) -> PartitionId {
    PartitionId {
        context: "orders",
        partition,
    }
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
