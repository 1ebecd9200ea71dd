//! What cqrs-es's own stores get wrong, and ours must not: each defect by name.

use std::time::Duration;

use cqrs_es::persist::{PersistedEventRepository, PersistedEventStore, SerializedEvent};
use cqrs_es::{Aggregate as _, EventStore as _};
use kernel::port::{EventReader as _, EventStore as _, WHOLE};
use kernel::{Decimal, View as _};
use postgres_es::PostgresEventRepository;
use sqlx::PgPool;
use testkit::Writer;
use testkit::servers::statement;
use trades::{Trade, TradeEvent, TradeView};

use crate::databases::Databases;
use crate::trading::{Desk, KEY, partition_id};

/// Events of a read that takes long enough to be hit in its middle.
const LONG_READ: usize = 200_000;
/// Attempts to hit a read; a first one that misses was merely quicker.
const KILLS_MAX: usize = 10;
/// Longest time a statement may take to show up at the server.
const SHOWS_UP: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn stock_repository_reads_real_events_through_our_view() {
    let databases = Databases::default();
    let mut desk = Desk::open(&databases).await;
    desk.book();
    desk.fill(100);
    desk.commit().await;
    let pool = PgPool::connect(&desk.database.url).await.unwrap();
    let repository = || {
        PostgresEventRepository::new(pool.clone()).with_tables("trades.events", "trades.snapshots")
    };
    let rows = repository().get_events::<Trade>(KEY).await.unwrap();
    let sequences: Vec<_> = rows.iter().map(|row| row.sequence).collect();
    assert_eq!(sequences, (1..=desk.events.len()).collect::<Vec<_>>());
    let types: Vec<_> = rows.iter().map(|row| &*row.event_type).collect();
    assert_eq!(types[..2], ["TradeBooked", "FillRecorded"]);
    assert_eq!(events(&rows), desk.events);
    // And through the whole stock store, which decodes them itself.
    let store = PersistedEventStore::<_, Trade>::new_event_store(repository());
    let loaded = store.load_events(KEY).await.unwrap();
    let loaded: Vec<_> = loaded.into_iter().map(|event| event.payload).collect();
    assert_eq!(loaded, desk.events);
    let last = repository().get_last_events::<Trade>(KEY, 99).await;
    assert_eq!(last.unwrap().len(), desk.events.len() - 99);
    pool.close().await;
    databases.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_fills_of_ten_load_as_fifty() {
    let databases = Databases::default();
    let mut desk = Desk::open(&databases).await;
    desk.book();
    desk.fill(5);
    desk.commit().await;
    let (trade, view) = load(&desk).await;
    let summary = view.0.unwrap();
    assert_eq!(summary.cum_quantity, "50".parse::<Decimal>().unwrap());
    assert_eq!((summary.fills.len(), summary.version), (5, 6));
    assert_eq!(trade, desk.trade);
    databases.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_replayed_wherever_the_commits_were() {
    let databases = Databases::default();
    let mut desk = Desk::open(&databases).await;
    desk.book();
    for fills in [1, 7, 0, 2, 31, 9] {
        desk.fill(fills);
        desk.commit().await;
        let streams = desk
            .store
            .load(partition_id(), &[KEY.into()], WHOLE)
            .await
            .unwrap();
        let replayed: Vec<TradeEvent> = streams[0]
            .events
            .iter()
            .map(|row| serde_json::from_slice(&row.record.value).unwrap())
            .collect();
        assert_eq!(replayed, desk.events);
        assert_eq!(load(&desk).await.0, desk.trade);
    }
    databases.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn conflict_is_reported_before_anything_is_committed() {
    let databases = Databases::default();
    let mut desk = Desk::open(&databases).await;
    desk.book();
    desk.commit().await;
    let before = desk.events.len() as u64;
    let mut successor = Writer::take_over(&desk.store, partition_id(), 2).await;
    desk.fill(3);
    let late = desk.writer.seal();
    let refused = desk
        .store
        .commit(std::slice::from_ref(&late))
        .await
        .unwrap();
    assert_eq!(refused, [partition_id()]);
    let ids: Vec<_> = late.outcomes.iter().map(|row| row.command).collect();
    assert_eq!(desk.store.outcomes(partition_id(), &ids).await.unwrap(), []);
    assert_eq!(
        desk.store.read(partition_id(), before, 10).await.unwrap(),
        [],
        "nothing of the late batch is there"
    );
    // The successor's own next event takes the very place the late one wanted.
    successor.accept("demo/T-2", 1);
    successor.commit(&desk.store).await;
    databases.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn read_whose_connection_dies_ends_with_an_error() {
    let databases = Databases::default();
    let desk = Desk::open(&databases).await;
    let partition = partition_id().partition;
    let rows = format!(
        "INSERT INTO trades.stream_{partition} VALUES (1, '{KEY}');
         INSERT INTO trades.event_{partition}
             SELECT n, 1, n, repeat('x', 500) FROM generate_series(1, {LONG_READ}) n"
    );
    statement(&desk.database.url, &rows).await;
    let pool = PgPool::connect(&desk.database.url).await.unwrap();
    let mut died = [false; 2];
    for _ in 0..KILLS_MAX {
        let read = async { desk.store.read(partition_id(), 0, LONG_READ).await };
        let (read, _) = tokio::join!(read, kill_reader(&pool));
        died[0] |= read.is_err();
        assert!(read.is_err() || read.is_ok_and(|rows| rows.len() == LONG_READ));
        let keys = [KEY.into()];
        let load = async { desk.store.load(partition_id(), &keys, WHOLE).await };
        let (load, _) = tokio::join!(load, kill_reader(&pool));
        died[1] |= load.is_err();
        assert!(load.is_err() || load.is_ok_and(|all| all[0].events.len() == LONG_READ));
        if died == [true; 2] {
            break;
        }
    }
    assert_eq!(died, [true; 2], "the kills came too late, every time");
    pool.close().await;
    databases.discard().await;
}

/// Ends the backend that reads events, once it does.
async fn kill_reader(pool: &PgPool) {
    let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'active'";
    let killed = testkit::eventually("a reader at the server", SHOWS_UP, async || {
        let count: i64 = sqlx::query_scalar(kill).fetch_one(pool).await.unwrap();
        (count > 0).then_some(())
    });
    // A read that was quicker than the look is no failure of this one.
    drop(tokio::time::timeout(Duration::from_secs(1), killed).await);
}

/// The trade and its view, folded from the store.
async fn load(desk: &Desk) -> (Trade, TradeView) {
    let streams = desk
        .store
        .load(partition_id(), &[KEY.into()], WHOLE)
        .await
        .unwrap();
    assert_eq!(streams.len(), 1);
    let (mut trade, mut view) = (Trade::default(), TradeView::default());
    for row in &streams[0].events {
        let event: TradeEvent = serde_json::from_slice(&row.record.value).unwrap();
        view.update(&row.record.meta().unwrap(), &event);
        trade.apply(event);
    }
    (trade, view)
}

fn events(rows: &[SerializedEvent]) -> Vec<TradeEvent> {
    rows.iter()
        .map(|row| serde_json::from_value(row.payload.clone()).unwrap())
        .collect()
}
