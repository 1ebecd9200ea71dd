//! The same commands on the same aggregate, by cqrs-es and postgres-es as they come.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use cqrs_es::CqrsFramework;
use cqrs_es::persist::PersistedEventStore;
use kernel::port::NewRecord;
use kernel::{Accepted, Timestamp, topic};
use postgres_es::PostgresEventRepository;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::task::JoinSet;
use trades::{Trade, TradeCommand};

use super::drain::to_f64;
use super::workload::{COMMANDS_PER_TRADE, EVENTS_PER_TRADE, Workload};

/// Commands under way at once; the best of these counts.
const CONCURRENT: [u32; 3] = [1, 8, 32];
/// Time of each.
const RUN: Duration = Duration::from_secs(5);

/// As postgres-es ships it.
const TABLES: &str = "
    CREATE SCHEMA stock;
    CREATE TABLE stock.events (
        aggregate_type text                         NOT NULL,
        aggregate_id   text                         NOT NULL,
        sequence       bigint CHECK (sequence >= 0) NOT NULL,
        event_type     text                         NOT NULL,
        event_version  text                         NOT NULL,
        payload        json                         NOT NULL,
        metadata       json                         NOT NULL,
        PRIMARY KEY (aggregate_type, aggregate_id, sequence)
    )";

type Stock = CqrsFramework<Trade, PersistedEventStore<PostgresEventRepository, Trade>>;

/// Events per second at the best concurrency.
pub(super) async fn best_rate(url: &str) -> anyhow::Result<f64> {
    let mut best: f64 = 0.0;
    for concurrent in CONCURRENT {
        let pool = PgPoolOptions::new().max_connections(concurrent);
        let pool = pool.connect(url).await?;
        if best == 0.0 {
            sqlx::raw_sql(TABLES).execute(&pool).await?;
        }
        let rate = rate(&pool, concurrent).await?;
        telemetry::terminal::say(&format!(
            "  stock, {concurrent} at once: {rate:.0} events/s"
        ));
        best = best.max(rate);
        pool.close().await;
    }
    Ok(best)
}

async fn rate(pool: &PgPool, concurrent: u32) -> anyhow::Result<f64> {
    let events = PostgresEventRepository::new(pool.clone());
    let events = events.with_tables("stock.events", "stock.snapshots");
    let store = PersistedEventStore::new_event_store(events);
    let stock: Arc<Stock> = Arc::new(CqrsFramework::new(store, Vec::new(), ()));
    let workload = Arc::new(Workload::new()?);
    let until = Instant::now() + RUN;
    let mut working = JoinSet::new();
    for worker in 0..u64::from(concurrent) {
        let (stock, workload) = (Arc::clone(&stock), Arc::clone(&workload));
        working.spawn(async move {
            let mut commands = 0;
            let mut trade = worker;
            while Instant::now() < until {
                for record in workload.commands(trade, 1) {
                    execute(&stock, &record).await?;
                    commands += 1;
                }
                trade += u64::from(concurrent);
            }
            anyhow::Ok(commands)
        });
    }
    let mut commands = 0;
    while let Some(worked) = working.join_next().await {
        commands += worked??;
    }
    let events = to_f64(commands * EVENTS_PER_TRADE) / to_f64(COMMANDS_PER_TRADE);
    Ok(events / RUN.as_secs_f64())
}

async fn execute(stock: &Stock, record: &NewRecord) -> anyhow::Result<()> {
    let (_, id) = topic::split_key(&record.key)?;
    let command: TradeCommand = serde_json::from_slice(&record.value)?;
    let accepted = Accepted {
        id,
        actor: "generator".parse()?,
        identity: None,
        at: Timestamp::default(),
        command,
    };
    let done = stock.execute(&record.key, accepted).await;
    done.context("a command of the workload was rejected")
}
