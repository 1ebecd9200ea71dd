//! The event store on Postgres.

mod commit;
mod dead_letters;
mod fold_snapshots;
mod installation;
mod migrate;
mod outcomes;
mod parked_calls;
mod read;
mod rows;
mod scrub;
mod snapshots;
mod sql;
mod timers;
mod writers;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kernel::Fault;
use kernel::checksum::{Row, Rows};
use kernel::topic::PartitionId;
use postgres::{BY_KEY, POSTGRES, acquire, fault};
use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Postgres};
use tokio::time::timeout;

use writers::Writers;

pub use installation::{HeldKeys, Look, look};
pub use migrate::{Installed, migrate};

/// Longest wait of a reader for a free connection: a waiting caller is worth less than a quick no.
const ACQUIRE_WAIT: Duration = Duration::from_millis(250);
/// Longest wait of those with nowhere else to go: timers, snapshots, dead letters. At a start all of
/// them ask at once, and connections are still being made.
const WORKER_ACQUIRE_WAIT: Duration = Duration::from_secs(2);
/// Longest wait when a commit needs a connection: commits are retried, so they may queue a little.
const COMMIT_ACQUIRE_WAIT: Duration = Duration::from_secs(2);
/// Longest wait for the connection that saves: the next snapshot of a stream is as good.
const SAVE_ACQUIRE_WAIT: Duration = Duration::from_secs(10);
/// Longest time one statement may run on the server.
const STATEMENT_WAIT: &str = "10s";
/// Longest time a transaction may idle: a frozen owner would keep its cursor's row locked, and no
/// other process could take the partition over. Shorter than the log takes to give an owner up.
const STANDSTILL_WAIT: &str = "5s";
/// Statements prepared per connection: a handful per partition table.
const STATEMENTS_MAX: usize = 2_000;

/// Fencing, commits and reads of all contexts in one database.
#[derive(Clone)]
pub struct PostgresEventStore {
    /// Connections that only commit: they never wait behind a reader.
    commits: PgPool,
    writers: Writers,
    reads: PgPool,
    /// The connection that writes snapshots, one save at a time: it takes none from the other pools.
    snapshots: PgPool,
    /// Partitions of the contexts asked about so far.
    partitions: Arc<Mutex<HashMap<&'static str, u16>>>,
    rows: Rows,
}

impl PostgresEventStore {
    /// Connects lazily: a database that is away is a fault of the call, not of the start.
    ///
    /// # Errors
    /// The URL cannot be read.
    pub fn new(url: &str, read_connections_max: u32) -> Result<Self, Fault> {
        let options = postgres::options(url)?
            .statement_cache_capacity(STATEMENTS_MAX)
            .options([
                ("statement_timeout", STATEMENT_WAIT),
                ("idle_in_transaction_session_timeout", STANDSTILL_WAIT),
                ("jit", "off"),
            ])
            .options(BY_KEY);
        let reads = postgres::pool(options.clone(), read_connections_max, WORKER_ACQUIRE_WAIT);
        Ok(Self {
            snapshots: postgres::pool(options.clone(), 1, SAVE_ACQUIRE_WAIT),
            commits: postgres::pool(options, COMMIT_CONNECTIONS, COMMIT_ACQUIRE_WAIT),
            writers: Writers::default(),
            reads,
            partitions: Arc::default(),
            rows: Rows::Proven,
        })
    }

    /// The same store for a reader that checks the rows itself: they are returned as they are.
    #[must_use]
    pub fn as_stored(&self) -> Self {
        Self {
            rows: Rows::AsStored,
            ..self.clone()
        }
    }

    fn proven(&self) -> Self {
        Self {
            rows: Rows::Proven,
            ..self.clone()
        }
    }

    /// Asks the server for an answer, for readiness.
    ///
    /// # Errors
    /// There is none.
    pub async fn ping(&self) -> Result<(), Fault> {
        let mut connection = self.reading(|| "ping".to_owned()).await?;
        let asked = sqlx::query("SELECT 1").execute(&mut *connection).await;
        asked.map(drop).map_err(|error| fault("ping", error))
    }

    /// Refuses a row that is not what was written, unless its reader checks it itself.
    fn check<R: Row>(
        &self,
        partition_id: PartitionId,
        row: &R,
        stored: Option<i64>,
    ) -> Result<(), sqlx::Error> {
        let checked = self.rows.check(partition_id, row, stored);
        checked.map_err(|damaged| sqlx::Error::Decode(damaged.into()))
    }

    /// A connection for a reader.
    async fn reading(
        &self,
        attempt: impl Fn() -> String,
    ) -> Result<PoolConnection<Postgres>, Fault> {
        match timeout(ACQUIRE_WAIT, acquire(&self.reads)).await {
            Ok(acquired) => acquired.map_err(|error| fault(attempt(), error)),
            Err(late) => Err(Fault::new(POSTGRES, attempt(), late)),
        }
    }

    /// The connections reads go through, for callers that wait for one.
    #[must_use]
    pub fn reads(&self) -> &PgPool {
        &self.reads
    }
}

/// Two transactions in flight, whose connections are kept between commits, and one for cursors beside
/// them.
const COMMIT_CONNECTIONS: u32 = 3;
