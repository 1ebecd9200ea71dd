//! The writer's side: cursors, and batches that are whole or refused.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::batch::{Batch, Cursor};
use kernel::checksum::{Row as _, Rows};
use kernel::id::Owner;
use kernel::port::{CommitError, EventStore};
use kernel::topic::PartitionId;
use kernel::{Fault, Timestamp};
use rusqlite::{Connection, OptionalExtension, ffi, params};

use super::{CURSOR, cursor, write};
use crate::file::{SqliteFile, fault, savepoint};

#[async_trait]
impl EventStore for SqliteFile {
    async fn take_over(&self, partition_id: PartitionId, owner: Owner) -> Result<Cursor, Fault> {
        let attempt = format!("take over {partition_id}");
        let rows = self.rows();
        let work = move |connection: &Connection| take_over(connection, partition_id, owner, rows);
        self.write(attempt, work, |_| {}).await.map_err(fault)
    }

    async fn cursor(&self, partition_id: PartitionId) -> Result<Option<Cursor>, Fault> {
        let attempt = format!("read the cursor of {partition_id}");
        let rows = self.rows();
        let work = move |connection: &Connection| read_cursor(connection, partition_id, rows);
        self.read(attempt, work).await
    }

    async fn commit(&self, batches: &[Arc<Batch>]) -> Result<Vec<PartitionId>, CommitError> {
        let attempt = format!("commit {} batches", batches.len());
        let (batches, clock) = (batches.to_vec(), self.clock());
        let work = move |connection: &Connection| commit(connection, &batches, clock.now());
        self.write(attempt, work, |_| {}).await
    }
}

fn take_over(
    connection: &Connection,
    partition_id: PartitionId,
    owner: Owner,
    rows: Rows,
) -> rusqlite::Result<Cursor> {
    let start = Cursor::start(owner);
    connection
        .prepare_cached(&format!(
            "INSERT INTO cursor (context, partition, {CURSOR}) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) \
             ON CONFLICT (context, partition) DO UPDATE SET owner = excluded.owner \
             RETURNING {CURSOR}"
        ))?
        .query_row(
            params![
                partition_id.context,
                partition_id.partition,
                start.owner.0,
                start.next_offset,
                start.next_log_position.cast_signed(),
                start.next_stream,
                start.repeats.cast_signed(),
                start.handled.cast_signed(),
                start.chain.from.cast_signed(),
                start.chain.head.0,
                start.checksum(partition_id).0,
            ],
            |row| cursor(row, partition_id, rows),
        )
}

pub(super) fn read_cursor(
    connection: &Connection,
    partition_id: PartitionId,
    rows: Rows,
) -> rusqlite::Result<Option<Cursor>> {
    connection
        .prepare_cached(&format!(
            "SELECT {CURSOR} FROM cursor WHERE context = ?1 AND partition = ?2"
        ))?
        .query_row(
            params![partition_id.context, partition_id.partition],
            |row| cursor(row, partition_id, rows),
        )
        .optional()
}

/// Writes the batches that can be written; returns the partitions of the others.
fn commit(
    connection: &Connection,
    batches: &[Arc<Batch>],
    logged_at: Timestamp,
) -> rusqlite::Result<Vec<PartitionId>> {
    let mut refused = Vec::new();
    for batch in batches {
        let mut written = Ok(Written::Whole);
        savepoint(connection, || {
            written = write_batch(connection, batch, logged_at);
            matches!(written, Ok(Written::Whole))
        })?;
        if let Written::Refused = written? {
            refused.push(batch.partition_id);
        }
    }
    Ok(refused)
}

enum Written {
    Whole,
    /// The partition's owner has changed, or its writer's memory and the store disagree about what
    /// is there. Either way it must start again from the store, and the others need not wait.
    Refused,
}

fn write_batch(
    connection: &Connection,
    batch: &Batch,
    logged_at: Timestamp,
) -> rusqlite::Result<Written> {
    if !move_cursor(connection, batch)? {
        return Ok(Written::Refused);
    }
    match write::rows(connection, batch, logged_at) {
        Ok(()) => Ok(Written::Whole),
        Err(error) if is_conflict(&error) => Ok(Written::Refused),
        Err(error) => Err(error),
    }
}

/// False when another owner has the partition, or its cursor is not where the batch begins.
fn move_cursor(connection: &Connection, batch: &Batch) -> rusqlite::Result<bool> {
    let Batch {
        partition_id,
        from,
        to,
        ..
    } = batch;
    let moved = connection
        .prepare_cached(
            "UPDATE cursor SET next_offset = ?4, next_position = ?5, next_stream = ?6, repeats = ?7, \
                 handled = ?8, chain = ?9, checksum = ?10 \
             WHERE context = ?1 AND partition = ?2 AND owner = ?3 \
               AND next_offset = ?11 AND next_position = ?12",
        )?
        .execute(params![
            partition_id.context,
            partition_id.partition,
            from.owner.0,
            to.next_offset,
            to.next_log_position.cast_signed(),
            to.next_stream,
            to.repeats.cast_signed(),
            to.handled.cast_signed(),
            to.chain.head.0,
            to.checksum(*partition_id).0,
            from.next_offset,
            from.next_log_position.cast_signed(),
        ])?;
    Ok(moved == 1)
}

/// A row with this key is there already.
fn is_conflict(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    let conflicts = [
        ffi::SQLITE_CONSTRAINT_UNIQUE,
        ffi::SQLITE_CONSTRAINT_PRIMARYKEY,
    ];
    code.is_some_and(|code| conflicts.contains(&code))
}
