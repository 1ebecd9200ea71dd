//! Bringing a database to this version's schema.

use kernel::Fault;
use sqlx::migrate::Migrator;
use sqlx::{Connection, PgConnection};

use super::fault;

/// Every version of the schema, in order.
pub(super) static VERSIONS: Migrator = sqlx::migrate!("./migrations");

/// A context to install: its name, its aggregate's type, its partition count.
#[derive(Clone, Copy, Debug)]
pub struct Installed {
    pub context: &'static str,
    pub aggregate_type: &'static str,
    pub partitions: u16,
}

/// Any number no one else uses for an advisory lock: `migrate` in ASCII.
const MIGRATE_LOCK: i64 = 0x6d_6967_7261_7465;

/// Applies what is missing; running it again changes nothing, and of several that run at once one
/// waits for the other.
///
/// # Errors
/// The database cannot be reached, is of a newer version, or holds a context with another
/// partition count.
pub async fn migrate(url: &str, contexts: &[Installed]) -> Result<(), Fault> {
    let mut connection = PgConnection::connect(url)
        .await
        .map_err(|error| fault("connect to migrate", error))?;
    // Held until the connection closes. The migrator's own lock does not cover the contexts.
    sqlx::query("SELECT pg_advisory_lock($1)")
        .bind(MIGRATE_LOCK)
        .execute(&mut connection)
        .await
        .map_err(|error| fault("wait for another migration", error))?;
    VERSIONS
        .run(&mut connection)
        .await
        .map_err(|error| Fault::new("postgres", "migrate", error))?;
    for Installed {
        context,
        aggregate_type,
        partitions,
    } in contexts
    {
        sqlx::query("SELECT dealerboard.install($1, $2, $3)")
            .bind(context)
            .bind(aggregate_type)
            .bind(i32::from(*partitions))
            .execute(&mut connection)
            .await
            .map_err(|error| fault(format!("install context {context}"), error))?;
    }
    connection
        .close()
        .await
        .map_err(|error| fault("close after migrating", error))
}
