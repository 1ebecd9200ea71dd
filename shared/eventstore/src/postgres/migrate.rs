//! Bringing a database to this version's schema.

use kernel::Fault;
use sqlx::{Connection, PgConnection};

use super::fault;

/// A context to install: its name, its aggregate's type, its partition count.
#[derive(Clone, Copy, Debug)]
pub struct Installed {
    pub context: &'static str,
    pub aggregate_type: &'static str,
    pub partitions: u16,
}

/// Applies what is missing, under the migrator's advisory lock; running it again changes nothing.
///
/// # Errors
/// The database cannot be reached, is of a newer version, or holds a context with another
/// partition count.
pub async fn migrate(url: &str, contexts: &[Installed]) -> Result<(), Fault> {
    let mut connection = PgConnection::connect(url)
        .await
        .map_err(|error| fault("connect to migrate", error))?;
    sqlx::migrate!("./migrations")
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
