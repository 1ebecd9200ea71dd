//! What every adapter on Postgres has in common: its connections.
//!
//! In: a URL and the bounds of a pool. Out: connections that are there at once or not at all. It
//! holds no statement: those belong to the adapters.

use std::time::Duration;

use kernel::Fault;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection as _, Executor as _, PgPool, Postgres};

/// The dependency's name in a fault.
pub const POSTGRES: &str = "postgres";

/// Settings of a session whose statements all go by key. A plan is made once per connection, not once
/// per call, which costs more than the look-up; and one that was made while the table was empty may
/// not scan it permanently.
pub const BY_KEY: [(&str, &str); 2] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
];

/// Long values are compressed by lz4 where the server has it, at a fraction of the default's work.
const COMPRESS_BY_LZ4: &str = "SELECT set_config(name, 'lz4', false) FROM pg_settings \
     WHERE name = 'default_toast_compression' AND 'lz4' = ANY(enumvals)";

/// A connection that came back this recently was whole then, and is taken without a question.
pub const FRESH: Duration = Duration::from_secs(1);

/// # Errors
/// The URL cannot be read.
pub fn options(url: &str) -> Result<PgConnectOptions, Fault> {
    let options: PgConnectOptions = url
        .parse()
        .map_err(|error| Fault::new(POSTGRES, "read the url", error))?;
    Ok(options.application_name("dealerboard"))
}

/// A pool that connects when it is first asked: a database that is away is a fault of the call, not
/// of the start. No caller waits longer than `wait_max` for a connection.
#[must_use]
pub fn pool(options: PgConnectOptions, connections_max: u32, wait_max: Duration) -> PgPool {
    PgPoolOptions::new()
        .max_connections(connections_max)
        .acquire_timeout(wait_max)
        .test_before_acquire(false)
        .after_connect(|connection, _| {
            Box::pin(async move {
                let set = connection.execute(COMPRESS_BY_LZ4).await;
                set.map(drop)
            })
        })
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for > FRESH {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_lazy_with(options)
}

/// A connection of the pool. One that is refused is a fault at once: sqlx would take the server for
/// one that starts up, and try again until the wait is over.
///
/// # Errors
/// There is none within the pool's wait, or the server refuses.
pub async fn acquire(pool: &PgPool) -> Result<PoolConnection<Postgres>, sqlx::Error> {
    let options = pool.connect_options();
    if options.get_socket().is_some() || options.get_host().starts_with('/') {
        return pool.acquire().await;
    }
    let can_grow = || pool.num_idle() == 0 && pool.size() < pool.options().get_max_connections();
    let address = (options.get_host(), options.get_port());
    resilience::unless_refused(address, can_grow, pool.acquire()).await?
}

pub fn fault(attempt: impl Into<String>, error: sqlx::Error) -> Fault {
    Fault::new(POSTGRES, attempt, error)
}
