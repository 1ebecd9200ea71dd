//! Current values when stores are away: what is folded, and what is too long for it.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use eventstore::MemoryEventStore;
use kernel::port::{
    Applied, Checkpoint, EventReader, Listed, ReadModel, ViewBatch, ViewId, ViewValue,
};
use kernel::{Context as _, Fault, Parameters};
use pipeline::{
    Demand, Expensive, ExpensiveSettings, History, MinLogPosition, Query, QueryPorts,
    QuerySettings, Source, Unanswered, Until, ViewSlice,
};
use readmodel::MemoryReadModel;
use resilience::{
    BreakerConfig, BulkheadConfig, Dependency, DependencyConfig, Name, RetryBudget, RetryConfig,
    Seams, TokioClock,
};
use testkit::ManualClock;
use testkit::contract::PARTITIONS;
use trades::Trade;

use crate::desk::{Desk, now, partition_of, slices};
use crate::stores::NEVER;

pub(crate) const KEY: &str = "demo/T-1";
/// Events of a fold while something is away, and at any time.
pub(crate) const FOLD: u64 = 10;
const HISTORY: u64 = 30;

/// A read model that may be away.
#[derive(Clone, Default)]
struct Model {
    values: MemoryReadModel,
    away: Arc<AtomicBool>,
}

impl Model {
    fn is_away(&self) -> bool {
        self.away.load(Ordering::Relaxed)
    }

    fn leave(&self) {
        self.away.store(true, Ordering::Relaxed);
    }
}

fn away<T>() -> Result<T, Fault> {
    Err(Fault::bare("model", "reach it"))
}

#[async_trait]
impl ReadModel for Model {
    async fn checkpoint(&self, view: ViewId, partition: u16) -> Result<Checkpoint, Fault> {
        if self.is_away() {
            return away();
        }
        self.values.checkpoint(view, partition).await
    }

    async fn apply(&self, batch: ViewBatch) -> Result<Applied, Fault> {
        self.values.apply(batch).await
    }

    async fn get(&self, view: ViewId, keys: &[Arc<str>]) -> Result<Vec<Option<ViewValue>>, Fault> {
        if self.is_away() {
            return away();
        }
        self.values.get(view, keys).await
    }

    async fn list(
        &self,
        view: ViewId,
        prefix: &str,
        after: Option<&str>,
        max: usize,
    ) -> Result<Listed, Fault> {
        self.values.list(view, prefix, after, max).await
    }

    async fn clear(&self, view: ViewId) -> Result<(), Fault> {
        self.values.clear(view).await
    }
}

/// A trade of `events` events, which no view has seen.
pub(crate) async fn store_of(events: u64) -> MemoryEventStore {
    let (store, mut desk) = (MemoryEventStore::default(), Desk::open());
    desk.book("T-1").await;
    for number in 1..events {
        desk.fill("T-1", number, 1).await;
    }
    desk.handle(&store, NEVER).await;
    store
}

pub(crate) fn query(model: &(impl ReadModel + Clone + 'static), store: &MemoryEventStore) -> Query {
    let source = Source {
        name: "model",
        model: Arc::new(model.clone()),
        guard: Some(guard("model")),
        lists: true,
    };
    let history = History {
        name: "events",
        reader: Arc::new(store.clone()),
        store: Arc::new(store.clone()),
        guard: guard("events"),
        expensive_guard: guard("events"),
    };
    let settings = QuerySettings {
        partitions: PARTITIONS,
        deadline: Duration::from_secs(5),
        log_position_wait: Duration::from_millis(20),
        fold_events_max: FOLD,
        history_events_max: HISTORY,
        recall_events_max: HISTORY,
        last_good_max: 100,
    };
    let ports = QueryPorts {
        sources: vec![source],
        history,
        expensive: expensive(),
        clock: Arc::new(later()),
    };
    Query::new(ports, &slices().views, settings)
}

fn expensive() -> Expensive {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("expensive")
        .enable_all()
        .build();
    let settings = ExpensiveSettings {
        in_flight_max: NonZeroU32::MIN,
        allowance: Duration::from_secs(60),
    };
    Expensive::on(runtime.unwrap(), settings)
}

/// So many milliseconds after everything of these tests.
pub(crate) const LATER_MS: i64 = 60_000;

fn later() -> ManualClock {
    let clock = ManualClock::default();
    clock.set(now().plus_millis(LATER_MS));
    clock
}

async fn version(query: &Query, demand: Demand) -> Result<Option<u64>, Unanswered> {
    let answer = query.get(&view(), &KEY.into(), demand).await?;
    Ok(answer.value.map(|value| value.version))
}

#[tokio::test]
async fn value_that_no_view_has_seen_is_folded_while_nothing_is_away() {
    for events in [1, FOLD, FOLD + 1, HISTORY] {
        let query = query(&Model::default(), &store_of(events).await);
        let found = version(&query, Demand::default()).await.unwrap();
        assert_eq!(found, Some(events));
    }
    let query = query(&Model::default(), &MemoryEventStore::default());
    assert_eq!(version(&query, Demand::default()).await.unwrap(), None);
}

#[tokio::test]
async fn longer_stream_is_not_folded_while_a_model_is_away() {
    let model = Model::default();
    model.leave();
    let short = query(&model, &store_of(FOLD).await);
    let found = version(&short, Demand::default()).await.unwrap();
    assert_eq!(found, Some(FOLD));
    let long = query(&model, &store_of(FOLD + 1).await);
    let refused = version(&long, Demand::default()).await;
    assert!(
        matches!(&refused, Err(Unanswered::Unavailable { degraded }) if *degraded == ["model", "events"]),
        "{refused:?}"
    );
    // There is no such thing, and that takes no fold.
    let none = query(&model, &MemoryEventStore::default());
    assert_eq!(version(&none, Demand::default()).await.unwrap(), None);
}

#[tokio::test]
async fn question_about_the_past_has_the_larger_bound() {
    let store = store_of(HISTORY + 5).await;
    let query = query(&Model::default(), &store);
    let partition_id = partition_of(Trade::NAME, KEY);
    let rows = store.read(partition_id, 0, 100).await.unwrap();
    let ask = async |until| {
        let parameters = Parameters::default();
        let folded = query.folded(&view(), &KEY.into(), until, &parameters).await;
        folded.map(|answer| answer.value.map(|value| value.version))
    };
    for version in [1, HISTORY - 1, HISTORY] {
        let row = &rows[usize::try_from(version).unwrap() - 1];
        let until = Until::LogPosition(row.record.log_position);
        assert_eq!(ask(until).await.unwrap(), Some(version));
    }
    let last = Until::LogPosition(rows.last().unwrap().record.log_position);
    for beyond in [Until::Now, last] {
        let refused = ask(beyond).await;
        assert!(
            matches!(refused, Err(Unanswered::Unanswerable(_))),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn value_older_than_a_position_that_was_shown_is_no_answer() {
    let store = store_of(FOLD + 1).await;
    let folding = query(&Model::default(), &store);
    let answer = folding.get(&view(), &KEY.into(), Demand::default()).await;
    let value = answer.unwrap().value.unwrap();
    let (partition, log_position) = (value.partition, value.log_position);
    let model = Model::default();
    let batch = ViewBatch {
        view: view().id,
        partition,
        from: Checkpoint::default(),
        to: Checkpoint {
            log_position,
            ..Checkpoint::default()
        },
        puts: vec![(KEY.into(), value)],
    };
    model.apply(batch).await.unwrap();
    let seen = query(&model, &store);
    seen.look().await;
    let shown = |log_position| Demand {
        min_log_position: Some(MinLogPosition::Own(log_position)),
        max_age: None,
    };
    assert_eq!(
        version(&seen, shown(log_position)).await.unwrap(),
        Some(FOLD + 1)
    );
    // The key may have had an event since that log position; this is unknown.
    model.leave();
    assert_eq!(
        version(&seen, shown(log_position)).await.unwrap(),
        Some(FOLD + 1)
    );
    let newer = version(&seen, shown(log_position + 1)).await;
    assert!(
        matches!(newer, Err(Unanswered::Unavailable { .. })),
        "{newer:?}"
    );
    assert_eq!(
        version(&seen, Demand::default()).await.unwrap(),
        Some(FOLD + 1)
    );
}

pub(crate) fn view() -> ViewSlice {
    slices().views[0]
}

fn guard(dependency: &'static str) -> Arc<Dependency> {
    let name = Name {
        dependency,
        class: "read",
    };
    let timeout = Duration::from_secs(2);
    let config = DependencyConfig {
        breaker: BreakerConfig::for_p99(Duration::from_millis(200)),
        bulkhead: BulkheadConfig {
            in_flight_max: 8,
            waiting_max: 8,
            wait_max: timeout,
        },
        timeout,
        retry: RetryConfig {
            retries_max: 0,
            wait_first: Duration::from_millis(5),
            wait_longest: Duration::from_millis(50),
        },
    };
    let seams = Seams {
        clock: Arc::new(TokioClock::start()),
        seed: 7,
        budget: Arc::<RetryBudget>::default(),
    };
    Arc::new(Dependency::new(name, config, seams).unwrap())
}
