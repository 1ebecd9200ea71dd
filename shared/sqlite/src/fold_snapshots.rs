//! Snapshots of live projections: each part in a transaction of its own, and one that publishes.

use async_trait::async_trait;
use bytes::Bytes;
use kernel::Fault;
use kernel::port::{FoldSnapshot, FoldSnapshots};
use rusqlite::{Connection, Row, params};

use crate::file::{SqliteFile, fault};

#[async_trait]
impl FoldSnapshots for SqliteFile {
    async fn current(&self, projection: &str) -> Result<Vec<FoldSnapshot>, Fault> {
        let attempt = format!("look for snapshots of {projection}");
        let projection: Box<str> = projection.into();
        let work = move |connection: &Connection| {
            connection
                .prepare_cached(
                    "SELECT projection, shape, events, parts, checksum FROM fold_snapshot \
                     WHERE projection = ?1 ORDER BY shape",
                )?
                .query_map([&*projection], snapshot)?
                .collect()
        };
        self.read(attempt, work).await
    }

    async fn parts(&self, snapshot: &FoldSnapshot) -> Result<Vec<Bytes>, Fault> {
        let attempt = format!("read the snapshot of {}", snapshot.projection);
        let snapshot = snapshot.clone();
        let work = move |connection: &Connection| {
            connection
                .prepare_cached(
                    "SELECT bytes FROM fold_snapshot_part \
                     WHERE projection = ?1 AND shape = ?2 AND events = ?3 AND checksum = ?4 \
                     ORDER BY part",
                )?
                .query_map(identity(&snapshot), |row| {
                    Ok(Bytes::copy_from_slice(row.get_ref(0)?.as_bytes()?))
                })?
                .collect()
        };
        self.read(attempt, work).await
    }

    async fn put(&self, snapshot: &FoldSnapshot, part: u32, bytes: &Bytes) -> Result<(), Fault> {
        let attempt = format!(
            "keep part {part} of the snapshot of {}",
            snapshot.projection
        );
        let (snapshot, bytes) = (snapshot.clone(), bytes.clone());
        let work = move |connection: &Connection| {
            let mut put = connection.prepare_cached(
                "INSERT OR REPLACE INTO fold_snapshot_part \
                     (projection, shape, events, checksum, part, bytes) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?;
            put.execute(params![
                snapshot.projection,
                snapshot.shape,
                events(&snapshot),
                snapshot.checksum,
                part,
                &bytes[..],
            ])?;
            Ok(())
        };
        self.write_alone(attempt, work).await.map_err(fault)
    }

    async fn publish(&self, snapshot: &FoldSnapshot) -> Result<bool, Fault> {
        let attempt = format!("publish the snapshot of {}", snapshot.projection);
        let snapshot = snapshot.clone();
        let work = move |connection: &Connection| publish(connection, &snapshot);
        self.write_alone(attempt, work).await.map_err(fault)
    }

    async fn discard(&self, snapshot: &FoldSnapshot) -> Result<(), Fault> {
        let attempt = format!("discard the snapshot of {}", snapshot.projection);
        let snapshot = snapshot.clone();
        let work = move |connection: &Connection| discard(connection, &snapshot);
        self.write_alone(attempt, work).await.map_err(fault)
    }
}

fn publish(connection: &Connection, snapshot: &FoldSnapshot) -> rusqlite::Result<bool> {
    let published = connection
        .prepare_cached(
            "INSERT INTO fold_snapshot (projection, shape, events, parts, checksum) \
             SELECT ?1, ?2, ?3, ?5, ?4 WHERE ?5 = (SELECT count(*) FROM fold_snapshot_part \
                 WHERE projection = ?1 AND shape = ?2 AND events = ?3 AND checksum = ?4) \
             ON CONFLICT (projection, shape) DO UPDATE SET events = excluded.events, \
                 parts = excluded.parts, checksum = excluded.checksum \
             WHERE fold_snapshot.events < excluded.events",
        )?
        .execute(params![
            snapshot.projection,
            snapshot.shape,
            events(snapshot),
            snapshot.checksum,
            snapshot.parts,
        ])?;
    if published == 0 {
        return Ok(false);
    }
    connection
        .prepare_cached("DELETE FROM fold_snapshot WHERE projection = ?1 AND shape < ?2")?
        .execute(params![snapshot.projection, snapshot.shape])?;
    connection
        .prepare_cached(
            "DELETE FROM fold_snapshot_part WHERE projection = ?1 AND (shape < ?2 OR shape = ?2 \
             AND (events < ?3 OR events = ?3 AND checksum <> ?4))",
        )?
        .execute(identity(snapshot))?;
    Ok(true)
}

fn discard(connection: &Connection, snapshot: &FoldSnapshot) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "DELETE FROM fold_snapshot \
             WHERE projection = ?1 AND shape = ?2 AND events = ?3 AND checksum = ?4",
        )?
        .execute(identity(snapshot))?;
    connection
        .prepare_cached(
            "DELETE FROM fold_snapshot_part WHERE projection = ?1 AND shape = ?2 \
             AND NOT EXISTS (SELECT 1 FROM fold_snapshot WHERE projection = ?1 AND shape = ?2)",
        )?
        .execute(params![snapshot.projection, snapshot.shape])?;
    Ok(())
}

/// The parameters that say which snapshot it is.
fn identity(snapshot: &FoldSnapshot) -> (&str, u16, i64, i64) {
    let FoldSnapshot {
        projection,
        shape,
        checksum,
        ..
    } = snapshot;
    (projection, *shape, events(snapshot), *checksum)
}

fn snapshot(row: &Row<'_>) -> rusqlite::Result<FoldSnapshot> {
    Ok(FoldSnapshot {
        projection: row.get::<_, String>(0)?.into(),
        // What no program has written is no program's shape.
        shape: u16::try_from(row.get::<_, i64>(1)?).unwrap_or(u16::MAX),
        events: row.get::<_, i64>(2)?.cast_unsigned(),
        parts: u32::try_from(row.get::<_, i64>(3)?).unwrap_or(u32::MAX),
        checksum: row.get(4)?,
    })
}

/// Sums of log positions fit: no partition has so many events.
fn events(snapshot: &FoldSnapshot) -> i64 {
    snapshot.events.cast_signed()
}
