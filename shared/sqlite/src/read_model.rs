//! Views, with the checkpoint that moves in the same transaction.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use kernel::Fault;
use kernel::checksum::Checksum;
use kernel::port::{Applied, Checkpoint, Listed, ReadModel, ViewBatch, ViewId, ViewValue};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::file::{SqliteFile, damaged, fault};
use crate::tail::limit;

#[async_trait]
impl ReadModel for SqliteFile {
    async fn checkpoint(&self, view: ViewId, partition: u16) -> Result<Checkpoint, Fault> {
        let attempt = format!("read the checkpoint of {view}/{partition}");
        self.read(attempt, move |connection| {
            checkpoint(connection, view, partition)
        })
        .await
    }

    async fn checkpoints(&self, asked: &[(ViewId, u16)]) -> Result<Vec<Checkpoint>, Fault> {
        let attempt = format!("read {} checkpoints", asked.len());
        let asked = asked.to_vec();
        let work = move |connection: &Connection| {
            let seen = asked.into_iter();
            seen.map(|(view, partition)| checkpoint(connection, view, partition))
                .collect()
        };
        self.read(attempt, work).await
    }

    async fn apply(&self, batch: ViewBatch) -> Result<Applied, Fault> {
        let attempt = format!("apply {} values to {}", batch.puts.len(), batch.view);
        let work = move |connection: &Connection| apply(connection, &batch);
        self.write(attempt, work, |_| {}).await.map_err(fault)
    }

    async fn get(&self, view: ViewId, keys: &[Arc<str>]) -> Result<Vec<Option<ViewValue>>, Fault> {
        let attempt = format!("get {} values of {view}", keys.len());
        let keys = keys.to_vec();
        let work = move |connection: &Connection| {
            keys.iter().map(|key| get(connection, view, key)).collect()
        };
        self.read(attempt, work).await
    }

    async fn list(
        &self,
        view: ViewId,
        prefix: &str,
        after: Option<&str>,
        max: usize,
    ) -> Result<Listed, Fault> {
        let attempt = format!("list {view}");
        let (prefix, after) = (prefix.to_owned(), after.map(str::to_owned));
        let work =
            move |connection: &Connection| list(connection, view, &prefix, after.as_deref(), max);
        self.read(attempt, work).await
    }

    /// In one transaction however large the view is: a view that is half cleared beside a checkpoint
    /// that starts again would lose what a projector writes meanwhile.
    async fn clear(&self, view: ViewId) -> Result<(), Fault> {
        let work = move |connection: &Connection| clear(connection, view);
        self.write(format!("clear {view}"), work, |()| {})
            .await
            .map_err(fault)
    }
}

/// The columns that a checkpoint is made of.
pub(crate) const CHECKPOINT: &str = "position, next_offset, checksum";

pub(crate) fn seen(row: &Row<'_>, view: ViewId, partition: u16) -> rusqlite::Result<Checkpoint> {
    let checkpoint = Checkpoint {
        log_position: row.get::<_, i64>(0)?.cast_unsigned(),
        next_offset: row.get(1)?,
    };
    let stored: Option<i64> = row.get(2)?;
    let checked = checkpoint.check(view, partition, stored.map(Checksum));
    checked.map(|()| checkpoint).map_err(damaged)
}

fn checkpoint(
    connection: &Connection,
    view: ViewId,
    partition: u16,
) -> rusqlite::Result<Checkpoint> {
    connection
        .prepare_cached(&format!(
            "SELECT {CHECKPOINT} FROM view_checkpoint \
             WHERE view = ?1 AND version = ?2 AND partition = ?3"
        ))?
        .query_row(params![view.name, view.version, partition], |row| {
            seen(row, view, partition)
        })
        .optional()
        .map(Option::unwrap_or_default)
}

fn apply(connection: &Connection, batch: &ViewBatch) -> rusqlite::Result<Applied> {
    let ViewBatch {
        view,
        partition,
        from,
        to,
        puts,
    } = batch;
    if checkpoint(connection, *view, *partition)? != *from {
        return Ok(Applied::Refused);
    }
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO view_checkpoint \
                 (view, version, partition, position, next_offset, checksum) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            view.name,
            view.version,
            partition,
            to.log_position.cast_signed(),
            to.next_offset,
            to.checksum(*view, *partition).0
        ])?;
    let mut put = connection.prepare_cached(
        "INSERT OR REPLACE INTO view_value (view, version, key, value) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (key, value) in puts {
        put.execute(params![
            view.name,
            view.version,
            &**key,
            &*value.to_bytes(key)
        ])?;
    }
    Ok(Applied::Written)
}

fn get(connection: &Connection, view: ViewId, key: &str) -> rusqlite::Result<Option<ViewValue>> {
    connection
        .prepare_cached(
            "SELECT value FROM view_value WHERE view = ?1 AND version = ?2 AND key = ?3",
        )?
        .query_row(params![view.name, view.version, key], |row| {
            value(key, row.get_ref(0)?)
        })
        .optional()
}

fn list(
    connection: &Connection,
    view: ViewId,
    prefix: &str,
    after: Option<&str>,
    max: usize,
) -> rusqlite::Result<Listed> {
    let mut select = connection.prepare_cached(
        "SELECT key, value FROM view_value \
         WHERE view = ?1 AND version = ?2 AND key >= ?3 AND (?4 IS NULL OR key > ?4) \
         ORDER BY key LIMIT ?5",
    )?;
    // One bound is a range of the tree, two are a filter: the higher one is the start.
    let first = after.map_or(prefix, |after| after.max(prefix));
    let mut rows = select.query(params![view.name, view.version, first, after, limit(max)])?;
    let mut listed = Listed::new();
    while let Some(row) = rows.next()? {
        let key = row.get_ref(0)?.as_str()?;
        if !key.starts_with(prefix) {
            break;
        }
        listed.push((key.into(), value(key, row.get_ref(1)?)?));
    }
    Ok(listed)
}

fn clear(connection: &Connection, view: ViewId) -> rusqlite::Result<()> {
    for delete in [
        "DELETE FROM view_checkpoint WHERE view = ?1 AND version = ?2",
        "DELETE FROM view_value WHERE view = ?1 AND version = ?2",
    ] {
        connection
            .prepare_cached(delete)?
            .execute(params![view.name, view.version])?;
    }
    Ok(())
}

pub(crate) fn value(key: &str, stored: ValueRef<'_>) -> rusqlite::Result<ViewValue> {
    let bytes = Bytes::copy_from_slice(stored.as_blob()?);
    ViewValue::from_bytes(key, bytes).map_err(damaged)
}
