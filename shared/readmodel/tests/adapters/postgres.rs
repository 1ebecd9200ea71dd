//! Postgres shared, slow, silent, and with tables that grow.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::future::{join, join_all};
use kernel::port::{Applied, Checkpoint, ReadModel, ViewBatch, ViewId, ViewValue};
use kernel::time::Timestamp;
use readmodel::PostgresReadModel;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool};
use testkit::contract::VIEWS;
use tokio::time::timeout;

use crate::proxy::Proxy;
use crate::servers::{self, Database};

const VIEW: ViewId = VIEWS[0];
const TABLE: &str = "views.contract_v1";

/// A pool whose only connection every call must share, and meets untested.
fn narrow_pool(options: PgConnectOptions) -> PgPool {
    PgPoolOptions::new()
        .max_connections(1)
        .test_before_acquire(false)
        .connect_lazy_with(options)
}

fn put(key: &str) -> (Arc<str>, ViewValue) {
    let value = ViewValue {
        version: 1,
        partition: 0,
        log_position: 1,
        as_of: Timestamp::default(),
        body: Bytes::from(format!("\"{key}\"")),
    };
    (key.into(), value)
}

fn batch(from: Checkpoint, to: Checkpoint, puts: Vec<(Arc<str>, ViewValue)>) -> ViewBatch {
    ViewBatch {
        view: VIEW,
        partition: 0,
        from,
        to,
        puts,
    }
}

/// Writes `count` values, their bodies their keys.
async fn fill(model: &PostgresReadModel, count: usize) {
    let puts = (0..count).map(|n| put(&format!("demo/{n}"))).collect();
    let to = Checkpoint {
        log_position: 1,
        next_offset: 1,
    };
    let applied = model.apply(batch(Checkpoint::default(), to, puts)).await;
    assert_eq!(applied.unwrap(), Applied::Written);
}

async fn body(model: &PostgresReadModel, n: usize) -> Option<Bytes> {
    let key = Arc::from(format!("demo/{n}"));
    let values = model.get(VIEW, &[key]).await.ok()?;
    Some(values.into_iter().next()??.body)
}

#[tokio::test]
async fn instances_that_start_together_install_together() {
    let database = Database::create().await;
    let view = ViewId {
        name: "installed_at_once",
        version: 1,
    };
    sqlx::raw_sql("DROP SCHEMA views CASCADE")
        .execute(&database.pool())
        .await
        .unwrap();
    let pools: Vec<_> = (0..8).map(|_| database.pool()).collect();
    let models: Vec<_> = pools.into_iter().map(PostgresReadModel::new).collect();
    for installed in join_all(models.iter().map(|model| model.install(view))).await {
        installed.unwrap();
    }
    let checkpoint = models[0].checkpoint(view, 0).await.unwrap();
    assert_eq!(checkpoint, Checkpoint::default());
    database.discard().await;
}

/// Either would lock the table and a checkpoint; in opposite order they would wait for each other.
#[tokio::test]
async fn writers_and_clearings_never_wait_for_each_other() {
    const LAPS: u64 = 200;
    let database = Database::create().await;
    let writer = PostgresReadModel::new(database.pool());
    let cleaner = PostgresReadModel::new(database.pool());
    let write = async {
        for _ in 0..LAPS {
            let from = writer.checkpoint(VIEW, 0).await.unwrap();
            let to = Checkpoint {
                log_position: from.log_position + 1,
                next_offset: 0,
            };
            let puts = vec![put("demo/0")];
            writer.apply(batch(from, to, puts)).await.unwrap();
        }
    };
    let clear = async {
        for _ in 0..LAPS {
            cleaner.clear(VIEW).await.unwrap();
        }
    };
    join(write, clear).await;
    database.discard().await;
}

#[tokio::test]
async fn cancelled_call_does_not_leave_its_answer_to_the_next() {
    let database = Database::create().await;
    let model = PostgresReadModel::new(narrow_pool(database.options.clone()));
    fill(&model, 2).await;
    let mut other = PgConnection::connect_with(&database.options).await.unwrap();
    for _ in 0..5 {
        let mut lock = other.begin().await.unwrap();
        let sql = format!("LOCK TABLE {TABLE} IN ACCESS EXCLUSIVE MODE");
        sqlx::raw_sql(&sql).execute(&mut *lock).await.unwrap();
        let cancelled = timeout(Duration::from_millis(20), body(&model, 0)).await;
        assert!(cancelled.is_err(), "the table is locked");
        lock.rollback().await.unwrap();
        assert_eq!(body(&model, 1).await.unwrap(), "\"demo/1\"");
    }
    database.discard().await;
}

#[tokio::test]
async fn projector_waits_for_a_connection_and_a_reader_does_not() {
    let database = Database::create().await;
    let pool = narrow_pool(database.options.clone());
    let reader = PostgresReadModel::new(pool.clone());
    let projector = reader.for_projector();
    let taken = pool.acquire().await.unwrap();
    let read = async {
        let read = reader.checkpoint(VIEW, 0).await;
        drop(taken);
        read
    };
    let (checkpoint, read) = join(projector.checkpoint(VIEW, 0), read).await;
    assert!(read.is_err(), "the only connection is taken");
    assert_eq!(checkpoint.unwrap(), Checkpoint::default());
    database.discard().await;
}

#[tokio::test]
async fn locked_table_is_a_fault_in_time() {
    let database = Database::create().await;
    let model = PostgresReadModel::new(narrow_pool(database.options.clone()));
    let mut other = PgConnection::connect_with(&database.options).await.unwrap();
    let mut lock = other.begin().await.unwrap();
    let sql = format!("LOCK TABLE {TABLE} IN ACCESS EXCLUSIVE MODE");
    sqlx::raw_sql(&sql).execute(&mut *lock).await.unwrap();
    let asked = Instant::now();
    assert!(model.get(VIEW, &["demo/0".into()]).await.is_err());
    assert!(
        asked.elapsed() < Duration::from_secs(3),
        "{:?}",
        asked.elapsed()
    );
    lock.rollback().await.unwrap();
    assert!(model.get(VIEW, &["demo/0".into()]).await.is_ok());
    database.discard().await;
}

#[tokio::test]
async fn silent_connection_is_closed_and_the_pool_is_whole_again() {
    let database = Database::create().await;
    let server = servers::server();
    let proxy = Proxy::to(server.get_host(), server.get_port()).await;
    let options = database
        .options
        .clone()
        .host("127.0.0.1")
        .port(proxy.address.port());
    let model = PostgresReadModel::new(narrow_pool(options));
    fill(&model, 1).await;
    proxy.go_silent();
    let asked = Instant::now();
    assert_eq!(body(&model, 0).await, None);
    assert!(
        asked.elapsed() < Duration::from_secs(3),
        "{:?}",
        asked.elapsed()
    );
    proxy.heal();
    assert!(body(&model, 0).await.is_some());
    database.discard().await;
}

/// A plan that was kept from when the table was empty would scan all of it permanently.
#[tokio::test]
async fn table_that_grew_is_read_by_its_index() {
    const VALUES: usize = 20_000;
    let database = Database::create().await;
    let pool = narrow_pool(database.options.clone());
    let model = PostgresReadModel::new(pool.clone());
    sqlx::raw_sql("VACUUM ANALYZE views.contract_v1")
        .execute(&pool)
        .await
        .unwrap();
    for n in 0..10 {
        assert_eq!(body(&model, n).await, None);
    }
    fill(&model, VALUES).await;
    let before = rows_scanned(&pool).await;
    for n in 0..10 {
        assert!(body(&model, n).await.is_some());
    }
    let scanned = rows_scanned(&pool).await - before;
    assert!(scanned < 1_000, "{scanned} rows were scanned for ten");
    database.discard().await;
}

async fn rows_scanned(pool: &PgPool) -> i64 {
    sqlx::raw_sql("SELECT pg_stat_force_next_flush()")
        .execute(pool)
        .await
        .unwrap();
    let sql = "SELECT seq_tup_read FROM pg_stat_user_tables WHERE relid = $1::regclass";
    sqlx::query_scalar(sql)
        .bind(TABLE)
        .fetch_one(pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn server_that_is_not_there_is_a_fault() {
    let options = PgConnectOptions::new_without_pgpass()
        .host("127.0.0.1")
        .port(1);
    let model = PostgresReadModel::new(narrow_pool(options));
    let asked = Instant::now();
    let fault = model.checkpoint(VIEW, 0).await.unwrap_err();
    assert_eq!(fault.dependency, "postgres");
    assert!(
        asked.elapsed() < Duration::from_secs(3),
        "{:?}",
        asked.elapsed()
    );
}

#[tokio::test]
async fn body_that_is_no_text_is_a_fault() {
    let database = Database::create().await;
    let model = PostgresReadModel::new(database.pool());
    let mut put = put("demo/0");
    put.1.body = Bytes::from_static(b"\xff");
    let start = Checkpoint::default();
    assert!(model.apply(batch(start, start, vec![put])).await.is_err());
    database.discard().await;
}
