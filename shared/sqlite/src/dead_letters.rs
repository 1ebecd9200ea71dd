//! Parked commands.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use async_trait::async_trait;
use bytes::Bytes;
use kernel::batch::{DeadLetter, DeadReason};
use kernel::checksum::{ParkedKey, Row as _, Rows};
use kernel::id::CommandId;
use kernel::port::{DeadLetterState, DeadLetters, FOUND_MAX, StoredDeadLetter};
use kernel::topic::PartitionId;
use kernel::{Fault, Timestamp};
use rusqlite::types::{FromSqlError, FromSqlResult};
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use crate::file::{SqliteFile, damaged, fault};
use crate::headers;
use crate::tail::limit;

#[async_trait]
impl DeadLetters for SqliteFile {
    async fn list(
        &self,
        partition_id: PartitionId,
        after: Option<i64>,
        max: usize,
    ) -> Result<Vec<StoredDeadLetter>, Fault> {
        let attempt = format!("list dead letters of {partition_id}");
        let rows = self.rows();
        let work = move |connection: &Connection| list(connection, partition_id, after, max, rows);
        self.read(attempt, work).await
    }

    async fn parked_keys(&self, partition_id: PartitionId) -> Result<Vec<Bytes>, Fault> {
        let attempt = format!("read parked keys of {partition_id}");
        let rows = self.rows();
        let work = move |connection: &Connection| parked_keys(connection, partition_id, rows);
        self.read(attempt, work).await
    }

    async fn find(
        &self,
        contexts: &[&'static str],
        ids: RangeInclusive<CommandId>,
    ) -> Result<Vec<StoredDeadLetter>, Fault> {
        let attempt = format!("find dead letters of command {}", ids.start());
        let (contexts, rows) = (contexts.to_vec(), self.rows());
        let work = move |connection: &Connection| find(connection, &contexts, &ids, rows);
        self.read(attempt, work).await
    }

    async fn mark(
        &self,
        partition_id: PartitionId,
        offset: i64,
        from: DeadLetterState,
        to: DeadLetterState,
    ) -> Result<bool, Fault> {
        let attempt = format!("mark dead letter {offset} of {partition_id}");
        let work = move |connection: &Connection| mark(connection, partition_id, offset, from, to);
        self.write(attempt, work, |_| {}).await.map_err(fault)
    }

    async fn set_aside(&self, partition_id: PartitionId, by: i64) -> Result<(), Fault> {
        let attempt = format!("set dead letters of {partition_id} aside");
        let rows = self.rows();
        let work = move |connection: &Connection| set_aside(connection, partition_id, by, rows);
        self.write(attempt, work, |()| {}).await.map_err(fault)
    }
}

/// The columns a [`letter`] is made of.
pub(crate) const COLUMNS: &str =
    "\"offset\", key, value, headers, logged_at, reason, detail, state, command, checksum";
/// And those of its key alone.
pub(crate) const KEY: &str = "key, key_checksum AS checksum";

fn list(
    connection: &Connection,
    partition_id: PartitionId,
    after: Option<i64>,
    max: usize,
    rows: Rows,
) -> rusqlite::Result<Vec<StoredDeadLetter>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM dead_letter \
             WHERE context = ?1 AND partition = ?2 AND \"offset\" > ?3 \
             ORDER BY \"offset\" LIMIT ?4"
        ))?
        .query_map(
            params![
                partition_id.context,
                partition_id.partition,
                after.unwrap_or(i64::MIN),
                limit(max)
            ],
            |row| letter(row, partition_id, rows),
        )?
        .collect()
}

fn find(
    connection: &Connection,
    contexts: &[&'static str],
    ids: &RangeInclusive<CommandId>,
    rows: Rows,
) -> rusqlite::Result<Vec<StoredDeadLetter>> {
    let mut select = connection.prepare_cached(&format!(
        "SELECT {COLUMNS}, partition FROM dead_letter \
         WHERE context = ?1 AND command BETWEEN ?2 AND ?3 \
         ORDER BY logged_at DESC, \"offset\" DESC LIMIT ?4"
    ))?;
    let mut found = Vec::new();
    for &context in contexts {
        let bounds = params![context, ids.start().0, ids.end().0, limit(FOUND_MAX)];
        let letters = select.query_map(bounds, |row| {
            let partition = row.get("partition")?;
            letter(row, PartitionId { context, partition }, rows)
        })?;
        for letter in letters {
            found.push(letter?);
        }
    }
    Ok(found)
}

fn parked_keys(
    connection: &Connection,
    partition_id: PartitionId,
    rows: Rows,
) -> rusqlite::Result<Vec<Bytes>> {
    let keys: BTreeSet<Bytes> = connection
        .prepare_cached(&format!(
            "SELECT DISTINCT {KEY} FROM dead_letter \
             WHERE context = ?1 AND partition = ?2 AND state = 'parked' AND key IS NOT NULL \
               AND reason IN ('too_large', 'panicked', 'behind_parked')"
        ))?
        .query_map(
            params![partition_id.context, partition_id.partition],
            |row| parked_key(row, partition_id, rows),
        )?
        .collect::<rusqlite::Result<_>>()?;
    Ok(keys.into_iter().collect())
}

fn mark(
    connection: &Connection,
    partition_id: PartitionId,
    offset: i64,
    from: DeadLetterState,
    to: DeadLetterState,
) -> rusqlite::Result<bool> {
    let marked = connection
        .prepare_cached(
            "UPDATE dead_letter SET state = ?5 \
             WHERE context = ?1 AND partition = ?2 AND \"offset\" = ?3 AND state = ?4",
        )?
        .execute(params![
            partition_id.context,
            partition_id.partition,
            offset,
            from.as_str(),
            to.as_str()
        ])?;
    Ok(marked == 1)
}

fn set_aside(
    connection: &Connection,
    partition_id: PartitionId,
    by: i64,
    rows: Rows,
) -> rusqlite::Result<()> {
    let mut update = connection.prepare_cached(
        "UPDATE dead_letter SET \"offset\" = ?4, checksum = ?5 \
         WHERE context = ?1 AND partition = ?2 AND \"offset\" = ?3",
    )?;
    let mut after = None;
    // Upwards: what was set aside before makes room first.
    while let Some(stored) = list(connection, partition_id, after, 1, rows)?.pop() {
        let mut letter = stored.letter;
        let offset = letter.offset;
        after = Some(offset);
        letter.offset -= by;
        let sum = letter.checksum(partition_id).0;
        let (context, partition) = (partition_id.context, partition_id.partition);
        update.execute(params![context, partition, offset, letter.offset, sum])?;
    }
    Ok(())
}

pub(crate) fn parked_key(
    row: &Row<'_>,
    partition_id: PartitionId,
    rows: Rows,
) -> rusqlite::Result<Bytes> {
    let key = ParkedKey(Bytes::copy_from_slice(row.get_ref(0)?.as_blob()?));
    rows.check(partition_id, &key, row.get(1)?)
        .map_err(damaged)?;
    Ok(key.0)
}

pub(crate) fn letter(
    row: &Row<'_>,
    partition_id: PartitionId,
    rows: Rows,
) -> rusqlite::Result<StoredDeadLetter> {
    let stored = stored(partition_id, row)?;
    rows.check(partition_id, &stored.letter, row.get(9)?)
        .map_err(damaged)?;
    Ok(stored)
}

fn stored(partition_id: PartitionId, row: &Row<'_>) -> rusqlite::Result<StoredDeadLetter> {
    let bytes = |column| -> rusqlite::Result<Option<Bytes>> {
        Ok(row
            .get_ref(column)?
            .as_blob_or_null()?
            .map(Bytes::copy_from_slice))
    };
    Ok(StoredDeadLetter {
        partition_id,
        state: known(DeadLetterState::parse(row.get_ref(7)?.as_str()?))?,
        letter: DeadLetter {
            offset: row.get(0)?,
            key: bytes(1)?,
            value: bytes(2)?,
            headers: headers::decode(row.get_ref(3)?.as_blob()?).whole()?,
            logged_at: Timestamp::from_micros(row.get(4)?),
            reason: known(DeadReason::parse(row.get_ref(5)?.as_str()?))?,
            detail: row.get(6)?,
            command: row.get::<_, Option<Uuid>>(8)?.map(CommandId),
        },
    })
}

fn known<T>(parsed: Option<T>) -> FromSqlResult<T> {
    parsed.ok_or(FromSqlError::InvalidType)
}
