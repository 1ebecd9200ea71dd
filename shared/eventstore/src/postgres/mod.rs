//! The event store on Postgres.

mod commit;
mod dead_letters;
mod migrate;
mod read;
mod snapshots;
mod sql;
mod timers;

use std::time::Duration;

use kernel::Fault;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{PgPool, Postgres};

pub use migrate::{Installed, migrate};

/// Longest wait for a free connection: a waiting caller is worth less than a quick no.
const ACQUIRE_WAIT: Duration = Duration::from_millis(250);
/// Longest wait when a commit needs a connection: commits are retried, so they may queue a little.
const COMMIT_ACQUIRE_WAIT: Duration = Duration::from_secs(2);
/// Longest wait for the connection that saves: the next snapshot of a stream is as good.
const SAVE_ACQUIRE_WAIT: Duration = Duration::from_secs(10);
/// Longest time one statement may run on the server.
const STATEMENT_WAIT: &str = "10s";
/// Longest time a transaction may stand still: a frozen owner would keep its cursor's row locked,
/// and nobody could take the partition over. Shorter than the log takes to give an owner up.
const STANDSTILL_WAIT: &str = "5s";
/// Statements prepared per connection: a handful per partition table.
const STATEMENTS_MAX: usize = 2_000;

/// Fencing, commits and reads of all contexts in one database.
#[derive(Clone)]
pub struct PostgresEventStore {
    /// Connections that only commit: they never wait behind a reader.
    commits: PgPool,
    reads: PgPool,
    /// The connection that writes snapshots, one save at a time: it takes nobody else's.
    snapshots: PgPool,
}

impl PostgresEventStore {
    /// Connects lazily: a database that is away is a fault of the call, not of the start.
    ///
    /// # Errors
    /// The URL cannot be read.
    pub fn new(url: &str, read_connections_max: u32) -> Result<Self, Fault> {
        let options: PgConnectOptions = url
            .parse()
            .map_err(|error| Fault::new("postgres", "read the URL", error))?;
        let options = options
            .statement_cache_capacity(STATEMENTS_MAX)
            .application_name("dealerboard")
            .options([
                ("statement_timeout", STATEMENT_WAIT),
                ("idle_in_transaction_session_timeout", STANDSTILL_WAIT),
                ("jit", "off"),
            ]);
        // Look-ups are by key, always. Prepared while a table is empty they would keep a sequential
        // scan for ever (20,000 commands/s became 6,400): the plan is forbidden there.
        let lookups = options.clone().options([("enable_seqscan", "off")]);
        Ok(Self {
            commits: PgPoolOptions::new()
                .max_connections(COMMIT_CONNECTIONS)
                .acquire_timeout(COMMIT_ACQUIRE_WAIT)
                .connect_lazy_with(options),
            snapshots: PgPoolOptions::new()
                .max_connections(1)
                .acquire_timeout(SAVE_ACQUIRE_WAIT)
                .connect_lazy_with(lookups.clone()),
            reads: PgPoolOptions::new()
                .max_connections(read_connections_max)
                .acquire_timeout(ACQUIRE_WAIT)
                .connect_lazy_with(lookups),
        })
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

    /// A connection to read through.
    async fn reading(
        &self,
        attempt: impl Fn() -> String,
    ) -> Result<PoolConnection<Postgres>, Fault> {
        let acquired = acquire(&self.reads).await;
        acquired.map_err(|error| fault(attempt(), error))
    }

    /// The connections reads go through.
    #[must_use]
    pub fn reads(&self) -> &PgPool {
        &self.reads
    }
}

/// A connection of the pool. One that is refused is a fault at once: sqlx would take the server for
/// one that starts up, and try again until the wait is over.
async fn acquire(pool: &PgPool) -> Result<PoolConnection<Postgres>, sqlx::Error> {
    let options = pool.connect_options();
    if options.get_socket().is_some() || options.get_host().starts_with('/') {
        return pool.acquire().await;
    }
    let can_grow = || pool.num_idle() == 0 && pool.size() < pool.options().get_max_connections();
    let address = (options.get_host(), options.get_port());
    resilience::unless_refused(address, can_grow, pool.acquire()).await?
}

/// Two transactions in flight, and one connection for cursors beside them.
const COMMIT_CONNECTIONS: u32 = 3;

/// The dependency's name in a fault.
const POSTGRES: &str = "postgres";

fn fault(attempt: impl Into<String>, error: sqlx::Error) -> Fault {
    Fault::new(POSTGRES, attempt, error)
}
