//! The installation as its database holds it: version, contexts, keys.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use bytes::Bytes;
use kernel::Fault;
use kernel::installation::{InstalledKey, Obstacle, Wrapped, such};
use sqlx::{Connection, PgConnection, Row};
use tokio::time::timeout;

use super::fault;
use super::migrate::{Installed, VERSIONS};

/// Longest time the database may take to answer all of it.
const LOOK_WAIT: Duration = Duration::from_secs(3);
/// Longest wait for another process that settles the keys: it does so within one journey or two.
const LOCK_WAIT: &str = "SET lock_timeout = '30s'";

/// What a look at a database found.
#[derive(Debug, Default)]
pub struct Look {
    /// None, if this program can work on it.
    pub obstacles: Vec<Obstacle>,
    /// Empty before it was migrated.
    pub keys: Vec<InstalledKey>,
}

/// Looks whether the database is of this program's version and holds the contexts, and the tables
/// that others made beside them.
///
/// # Errors
/// It cannot be reached. One that refuses us, or is not there, is an obstacle.
pub async fn look(url: &str, contexts: &[Installed], tables: &[String]) -> Result<Look, Fault> {
    let attempt = "look at the installation";
    match timeout(LOOK_WAIT, ask(url, contexts, tables)).await {
        Ok(Ok(look)) => Ok(look),
        Ok(Err(error)) => refusal(&error).map_or_else(
            || Err(fault(attempt, error)),
            |obstacle| {
                Ok(Look {
                    obstacles: vec![obstacle],
                    keys: Vec::new(),
                })
            },
        ),
        Err(late) => Err(Fault::new("postgres", attempt, late)),
    }
}

async fn ask(url: &str, contexts: &[Installed], tables: &[String]) -> Result<Look, sqlx::Error> {
    let mut connection = PgConnection::connect(url).await?;
    let mut look = Look::default();
    look.obstacles.extend(version(&mut connection).await?);
    if look.obstacles.is_empty() {
        look.obstacles = contexts_unlike(&mut connection, contexts).await?;
        look.obstacles
            .extend(missing(&mut connection, tables).await?);
        look.keys = keys(&mut connection).await?;
    }
    connection.close().await?;
    Ok(look)
}

/// What only an operator can change. Everything else may pass.
fn refusal(error: &sqlx::Error) -> Option<Obstacle> {
    let refused = error.as_database_error()?;
    let remedy = match refused.code()?.get(..2)? {
        "3D" => "create it, then run `dealerboard migrate`",
        "28" => "correct postgres.url",
        "42" => "grant it what `dealerboard migrate` made",
        _ => return None,
    };
    let what = format!("the database reports: {}", refused.message());
    Some(Obstacle::new(what, remedy))
}

async fn version(connection: &mut PgConnection) -> Result<Option<Obstacle>, sqlx::Error> {
    let made = sqlx::query("SELECT to_regclass('_sqlx_migrations') IS NOT NULL");
    let made: bool = made.fetch_one(&mut *connection).await?.try_get(0)?;
    if !made {
        return Ok(Some(Obstacle::unmigrated(
            "the database was never migrated",
        )));
    }
    let rows = sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success");
    let found: BTreeSet<i64> = rows
        .fetch_all(&mut *connection)
        .await?
        .into_iter()
        .collect();
    let known: BTreeSet<i64> = VERSIONS.iter().map(|version| version.version).collect();
    let (found_last, known_last) = (found.last().copied(), known.last().copied());
    let (found_last, known_last) = (found_last.unwrap_or(0), known_last.unwrap_or(0));
    if found_last > known_last {
        let what =
            format!("the database has version {found_last}, this program knows up to {known_last}");
        return Ok(Some(Obstacle::new(what, "run the newer program")));
    }
    if !found.is_superset(&known) {
        let what =
            format!("the database has version {found_last}, this program needs {known_last}");
        return Ok(Some(Obstacle::unmigrated(what)));
    }
    Ok(None)
}

async fn contexts_unlike(
    connection: &mut PgConnection,
    contexts: &[Installed],
) -> Result<Vec<Obstacle>, sqlx::Error> {
    let rows = sqlx::query("SELECT name, partitions FROM dealerboard.context");
    let rows = rows.fetch_all(connection).await?;
    let mut found = HashMap::new();
    for row in &rows {
        let (name, partitions): (&str, i32) = (row.try_get(0)?, row.try_get(1)?);
        found.insert(name, partitions);
    }
    let mut unlike: BTreeMap<Option<i32>, Vec<&str>> = BTreeMap::new();
    for wanted in contexts {
        let partitions = found.get(wanted.context).copied();
        if partitions != Some(i32::from(wanted.partitions)) {
            unlike.entry(partitions).or_default().push(wanted.context);
        }
    }
    let obstacle = |(partitions, names): (Option<i32>, Vec<&str>)| match partitions {
        None => Obstacle::unmigrated(format!("the database has no context {}", such(&names))),
        Some(found) => Obstacle::new(
            format!(
                "context {} is installed with {found} partitions",
                such(&names)
            ),
            format!("set kafka.partitions = {found}"),
        ),
    };
    Ok(unlike.into_iter().map(obstacle).collect())
}

async fn missing(
    connection: &mut PgConnection,
    tables: &[String],
) -> Result<Option<Obstacle>, sqlx::Error> {
    let missing = "SELECT name FROM unnest($1) AS name WHERE to_regclass(name) IS NULL";
    let missing: Vec<String> = sqlx::query_scalar(missing)
        .bind(tables)
        .fetch_all(connection)
        .await?;
    let reason = || format!("the database has no table {}", such(&missing));
    Ok((!missing.is_empty()).then(|| Obstacle::unmigrated(reason())))
}

async fn keys(connection: &mut PgConnection) -> Result<Vec<InstalledKey>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT purpose, id, fingerprint, wrapped_by, wrapped FROM dealerboard.installation_key
         ORDER BY purpose, id",
    );
    let rows = rows.fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            let by: Option<String> = row.try_get(3)?;
            let bytes: Option<Vec<u8>> = row.try_get(4)?;
            Ok(InstalledKey {
                purpose: row.try_get(0)?,
                id: row.try_get(1)?,
                fingerprint: row.try_get(2)?,
                wrapped: by.zip(bytes).map(|(by, bytes)| Wrapped {
                    by,
                    bytes: Bytes::from(bytes),
                }),
            })
        })
        .collect()
}

/// The keys of a database, locked against changes by others.
pub struct HeldKeys(PgConnection);

impl HeldKeys {
    /// Waits for the current holder. They are released by [`Self::settle`], or unchanged when this is
    /// dropped.
    ///
    /// # Errors
    /// The database cannot be reached, was not migrated, or is held for too long.
    pub async fn hold(url: &str) -> Result<Self, Fault> {
        let held = async {
            let mut connection = PgConnection::connect(url).await?;
            sqlx::raw_sql(LOCK_WAIT).execute(&mut connection).await?;
            let hold = "BEGIN; LOCK TABLE dealerboard.installation_key IN EXCLUSIVE MODE";
            sqlx::raw_sql(hold).execute(&mut connection).await?;
            Ok(Self(connection))
        };
        held.await
            .map_err(|error| fault("hold the installation's keys", error))
    }

    /// # Errors
    /// The database cannot be reached.
    pub async fn keys(&mut self) -> Result<Vec<InstalledKey>, Fault> {
        let keys = keys(&mut self.0).await;
        keys.map_err(|error| fault("read the installation's keys", error))
    }

    /// Stores these beside the existing keys. An existing key does not change, but may become one that
    /// is kept, too.
    ///
    /// # Errors
    /// The database cannot be reached: whether they are kept is not known.
    pub async fn settle(mut self, keys: &[InstalledKey]) -> Result<(), Fault> {
        let settled = async {
            for key in keys {
                insert(&mut self.0, key).await?;
            }
            sqlx::raw_sql("COMMIT").execute(&mut self.0).await?;
            self.0.close().await
        };
        settled
            .await
            .map_err(|error| fault("keep the installation's keys", error))
    }
}

async fn insert(connection: &mut PgConnection, key: &InstalledKey) -> Result<(), sqlx::Error> {
    let wrapped = key.wrapped.as_ref();
    let insert = sqlx::query(
        "INSERT INTO dealerboard.installation_key (purpose, id, fingerprint, wrapped_by, wrapped)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (purpose, id) DO UPDATE
            SET wrapped_by = EXCLUDED.wrapped_by, wrapped = EXCLUDED.wrapped
          WHERE installation_key.fingerprint = EXCLUDED.fingerprint
            AND EXCLUDED.wrapped IS NOT NULL",
    );
    insert
        .bind(&key.purpose)
        .bind(&key.id)
        .bind(&key.fingerprint)
        .bind(wrapped.map(|wrapped| wrapped.by.as_str()))
        .bind(wrapped.map(|wrapped| wrapped.bytes.as_ref()))
        .execute(connection)
        .await?;
    Ok(())
}
