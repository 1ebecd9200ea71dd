//! Postgres alone: commands that are there already, handled and committed by the real processor.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use async_trait::async_trait;
use kernel::Fault;
use kernel::batch::{Batch, Cursor};
use kernel::id::Owner;
use kernel::port::{CommitError, EventStore};
use kernel::topic::PartitionId;
use metrics_exporter_prometheus::PrometheusHandle;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};

use super::backlog::{Backlog, Sink};
use super::drain::{beside, watch};
use super::report::Row;
use super::workload::{EVENTS_PER_TRADE, Workload};
use super::{pipeline, raw, stock};
use dealerboard::config::Config;

/// Trades of the run: some seconds of work, and half a million rows of events.
const TRADES: u64 = 100_000;
/// Trades whose commands are interleaved.
const CHUNK: u64 = 2_500;

/// The commands of one transaction, as it was made.
pub(super) type Transaction = Vec<Arc<Batch>>;

/// Each in tables that were empty: ours, the same rows written directly, and the stock framework.
pub(super) async fn rows(config: &Config, metrics: &PrometheusHandle) -> anyhow::Result<Vec<Row>> {
    let database = Database::create(&config.postgres.url).await?;
    let mut config = config.clone();
    config.postgres.url.clone_from(&database.url);
    let (ours, transactions) = committed(&config, metrics).await?;
    database.settle().await?;
    let limit = raw::rate(&config, transactions).await?;
    database.settle().await?;
    let stock = stock::best_rate(&database.url).await?;
    database.delete().await?;
    Ok(vec![
        Row::beside("postgres_commits", ours, "events/s", limit),
        Row::alone("stock_cqrs_es", stock, "events/s"),
        Row::alone("postgres_commits_vs_stock", ours / stock, "x"),
    ])
}

/// Events committed per second, and the transactions that did it.
async fn committed(
    config: &Config,
    metrics: &PrometheusHandle,
) -> anyhow::Result<(f64, Vec<Transaction>)> {
    let mut platform = pipeline::platform(config, "trades").await?;
    let partitions = platform.config.partitions();
    let workload = Workload::new()?;
    let chunks = (0..TRADES).step_by(usize::try_from(CHUNK)?);
    let commands = chunks.flat_map(|first| workload.commands(first, CHUNK));
    let store = Arc::new(Recording {
        store: Arc::clone(&platform.ports.store),
        events: AtomicU64::default(),
        made: Mutex::default(),
    });
    platform.ports.command_log = Arc::new(Backlog::of(commands, partitions));
    platform.ports.event_log = Arc::new(Sink::new(partitions));
    platform.ports.store = Arc::clone(&store) as _;
    let done = watch(TRADES * EVENTS_PER_TRADE, async || {
        store.events.load(Ordering::Relaxed)
    });
    let done = beside(&platform, "processor", metrics, done).await?;
    let made = std::mem::take(&mut *store.made());
    Ok((done.rate(), made))
}

/// Keeps what it passes on, so that the same rows can be written again.
struct Recording {
    store: Arc<dyn EventStore>,
    events: AtomicU64,
    made: Mutex<Vec<Transaction>>,
}

impl Recording {
    fn made(&self) -> std::sync::MutexGuard<'_, Vec<Transaction>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl EventStore for Recording {
    async fn take_over(&self, partition_id: PartitionId, owner: Owner) -> Result<Cursor, Fault> {
        self.store.take_over(partition_id, owner).await
    }

    async fn cursor(&self, partition_id: PartitionId) -> Result<Option<Cursor>, Fault> {
        self.store.cursor(partition_id).await
    }

    async fn commit(&self, batches: &[Arc<Batch>]) -> Result<Vec<PartitionId>, CommitError> {
        let refused = self.store.commit(batches).await?;
        let events: usize = batches.iter().map(|batch| batch.events.len()).sum();
        self.made().push(batches.to_vec());
        self.events.fetch_add(events as u64, Ordering::Relaxed);
        Ok(refused)
    }
}

/// A database of its own, beside the one configured.
struct Database {
    admin: PgConnectOptions,
    name: String,
    url: String,
}

impl Database {
    async fn create(url: &str) -> anyhow::Result<Self> {
        let admin: PgConnectOptions = url.parse()?;
        let name = format!("{}_commits", admin.get_database().unwrap_or("bench"));
        let url = admin.clone().database(&name).to_url_lossy().to_string();
        let database = Self { admin, name, url };
        database
            .run(&format!("CREATE DATABASE {}", database.name))
            .await?;
        Ok(database)
    }

    /// Lets the server finish what the run before has left to it, where we may ask for that.
    async fn settle(&self) -> anyhow::Result<()> {
        drop(self.run("CHECKPOINT").await);
        Ok(())
    }

    async fn delete(&self) -> anyhow::Result<()> {
        self.run(&format!("DROP DATABASE {} WITH (FORCE)", self.name))
            .await
    }

    async fn run(&self, statement: &str) -> anyhow::Result<()> {
        let mut connection = PgConnection::connect_with(&self.admin).await?;
        let ran = sqlx::raw_sql(statement).execute(&mut connection).await;
        ran.with_context(|| statement.to_owned())?;
        Ok(connection.close().await?)
    }
}
