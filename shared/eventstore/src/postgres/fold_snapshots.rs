//! Snapshots of live projections on Postgres: each part in a transaction of its own, and one that
//! publishes.

use async_trait::async_trait;
use bytes::Bytes;
use kernel::Fault;
use kernel::port::{FoldSnapshot, FoldSnapshots};
use postgres::fault;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{Postgres, Row};

use super::PostgresEventStore;

const CURRENT: &str = "SELECT projection, shape, events, parts, checksum \
     FROM dealerboard.fold_snapshot WHERE projection = $1 ORDER BY shape";
const PARTS: &str = "SELECT bytes FROM dealerboard.fold_snapshot_part \
     WHERE projection = $1 AND shape = $2 AND events = $3 AND checksum = $4 ORDER BY part";
const PUT: &str = "INSERT INTO dealerboard.fold_snapshot_part \
         (projection, shape, events, checksum, part, bytes) \
     VALUES ($1, $2, $3, $4, $5, $6) \
     ON CONFLICT (projection, shape, events, checksum, part) DO UPDATE SET bytes = excluded.bytes";
/// Of two that publish at once the second waits for the first, and is compared with it.
const PUBLISH: &str = "INSERT INTO dealerboard.fold_snapshot AS known \
         (projection, shape, events, checksum, parts) \
     SELECT $1, $2, $3, $4, $5 WHERE $5 = ( \
         SELECT count(*) FROM dealerboard.fold_snapshot_part \
         WHERE projection = $1 AND shape = $2 AND events = $3 AND checksum = $4) \
     ON CONFLICT (projection, shape) DO UPDATE SET events = excluded.events, \
         parts = excluded.parts, checksum = excluded.checksum \
     WHERE known.events < excluded.events";
const REMOVE_LOWER: &str =
    "DELETE FROM dealerboard.fold_snapshot WHERE projection = $1 AND shape < $2";
const REMOVE_PARTS: &str = "DELETE FROM dealerboard.fold_snapshot_part \
     WHERE projection = $1 AND (shape < $2 OR shape = $2 \
         AND (events < $3 OR events = $3 AND checksum <> $4))";
const FORGET: &str = "DELETE FROM dealerboard.fold_snapshot \
     WHERE projection = $1 AND shape = $2 AND events = $3 AND checksum = $4";
const FORGET_PARTS: &str = "DELETE FROM dealerboard.fold_snapshot_part \
     WHERE projection = $1 AND shape = $2 AND NOT EXISTS ( \
         SELECT 1 FROM dealerboard.fold_snapshot WHERE projection = $1 AND shape = $2)";

#[async_trait]
impl FoldSnapshots for PostgresEventStore {
    async fn current(&self, projection: &str) -> Result<Vec<FoldSnapshot>, Fault> {
        let rows = sqlx::query(CURRENT)
            .bind(projection)
            .fetch_all(self.reads())
            .await;
        rows.and_then(|rows| rows.iter().map(snapshot).collect())
            .map_err(|error| fault(format!("look for snapshots of {projection}"), error))
    }

    /// By one statement, which sees one moment: no other process removes parts under it.
    async fn parts(&self, snapshot: &FoldSnapshot) -> Result<Vec<Bytes>, Fault> {
        let rows = named(PARTS, snapshot).fetch_all(self.reads()).await;
        let bytes = |row: &PgRow| row.try_get("bytes").map(|bytes: Vec<u8>| bytes.into());
        rows.and_then(|rows| rows.iter().map(bytes).collect())
            .map_err(|error| fault(attempt("read", snapshot), error))
    }

    async fn put(&self, snapshot: &FoldSnapshot, part: u32, bytes: &Bytes) -> Result<(), Fault> {
        let put = named(PUT, snapshot)
            .bind(i64::from(part))
            .bind(&bytes[..])
            .execute(&self.snapshots);
        put.await
            .map(drop)
            .map_err(|error| fault(attempt(&format!("keep part {part} of"), snapshot), error))
    }

    async fn publish(&self, snapshot: &FoldSnapshot) -> Result<bool, Fault> {
        self.published(snapshot)
            .await
            .map_err(|error| fault(attempt("publish", snapshot), error))
    }

    async fn discard(&self, snapshot: &FoldSnapshot) -> Result<(), Fault> {
        self.discarded(snapshot)
            .await
            .map_err(|error| fault(attempt("discard", snapshot), error))
    }
}

impl PostgresEventStore {
    async fn published(&self, snapshot: &FoldSnapshot) -> Result<bool, sqlx::Error> {
        let mut transaction = self.snapshots.begin().await?;
        let published = named(PUBLISH, snapshot)
            .bind(i64::from(snapshot.parts))
            .execute(&mut *transaction)
            .await?;
        if published.rows_affected() == 0 {
            transaction.rollback().await?;
            return Ok(false);
        }
        sqlx::query(REMOVE_LOWER)
            .bind(&*snapshot.projection)
            .bind(i32::from(snapshot.shape))
            .execute(&mut *transaction)
            .await?;
        named(REMOVE_PARTS, snapshot)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn discarded(&self, snapshot: &FoldSnapshot) -> Result<(), sqlx::Error> {
        let mut transaction = self.snapshots.begin().await?;
        named(FORGET, snapshot).execute(&mut *transaction).await?;
        sqlx::query(FORGET_PARTS)
            .bind(&*snapshot.projection)
            .bind(i32::from(snapshot.shape))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }
}

/// A statement about the snapshot, whose first four parameters say which it is.
fn named<'q>(sql: &'q str, snapshot: &'q FoldSnapshot) -> Query<'q, Postgres, PgArguments> {
    sqlx::query(sql)
        .bind(&*snapshot.projection)
        .bind(i32::from(snapshot.shape))
        .bind(snapshot.events.cast_signed())
        .bind(snapshot.checksum)
}

fn attempt(what: &str, snapshot: &FoldSnapshot) -> String {
    format!("{what} the snapshot of {}", snapshot.projection)
}

fn snapshot(row: &PgRow) -> Result<FoldSnapshot, sqlx::Error> {
    Ok(FoldSnapshot {
        projection: row.try_get::<&str, _>("projection")?.into(),
        // What no program has written is no program's shape.
        shape: u16::try_from(row.try_get::<i32, _>("shape")?).unwrap_or(u16::MAX),
        events: row.try_get::<i64, _>("events")?.cast_unsigned(),
        parts: u32::try_from(row.try_get::<i64, _>("parts")?).unwrap_or(u32::MAX),
        checksum: row.try_get("checksum")?,
    })
}
