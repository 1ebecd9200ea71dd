//! The command log: a table, appended in groups. It keeps every record: there is no retention yet,
//! so the file grows with its input.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use async_trait::async_trait;
use bytes::Bytes;
use kernel::checksum::{CommandRow, Row as _, Rows};
use kernel::port::{Appended, Assignments, CommandLog, NewRecord, Pace, Reader, Record};
use kernel::topic::{self, PartitionId};
use kernel::{Fault, Timestamp};
use rusqlite::{Connection, Row, params};

use crate::file::{Log, SqliteFile, damaged, fault};
use crate::headers;
use crate::tail::{Membership, Page, UNBOUNDED, follow, limit};

#[async_trait]
impl CommandLog for SqliteFile {
    async fn append(&self, records: Vec<NewRecord>) -> Result<Vec<Appended>, Fault> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let attempt = format!("append {} commands", records.len());
        let (clock, heads, partitions) = (self.clock(), self.heads(), self.partitions());
        let work =
            move |connection: &Connection| insert(connection, &records, partitions, clock.now());
        let after = move |appended: &Vec<Appended>| {
            for Appended {
                partition_id,
                offset,
            } in appended
            {
                heads.raise(Log::Commands, *partition_id, offset + 1);
            }
        };
        self.write(attempt, work, after).await.map_err(fault)
    }

    async fn consume(
        &self,
        context: &'static str,
        _group: &str,
        _pace: Pace,
    ) -> Result<Box<dyn Assignments>, Fault> {
        Ok(Box::new(Membership::new(
            self.clone(),
            Log::Commands,
            context,
        )))
    }

    async fn follow(
        &self,
        context: &'static str,
        _pace: Pace,
    ) -> Result<Vec<Box<dyn Reader>>, Fault> {
        Ok(follow(self, Log::Commands, context))
    }

    async fn ends(&self, context: &'static str) -> Result<Vec<i64>, Fault> {
        Log::Commands.ends(self, context).await
    }
}

fn insert(
    connection: &Connection,
    records: &[NewRecord],
    partitions: u16,
    logged_at: Timestamp,
) -> rusqlite::Result<Vec<Appended>> {
    let mut appended = Vec::with_capacity(records.len());
    // The offset that the next record of each partition gets.
    let mut heads = HashMap::new();
    let mut insert = connection.prepare_cached(
        "INSERT INTO command (context, partition, \"offset\", key, value, headers, logged_at, \
             checksum) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for record in records {
        let partition_id = PartitionId {
            context: record.context,
            partition: topic::partition_of(record.key.as_bytes(), partitions),
        };
        let next = match heads.entry(partition_id) {
            Entry::Occupied(next) => next.into_mut(),
            Entry::Vacant(place) => place.insert(head(connection, partition_id)?),
        };
        let headers = headers::encode(&record.headers)?;
        let row = CommandRow {
            offset: *next,
            logged_at,
            key: record.key.as_bytes(),
            value: &record.value,
            headers: &headers,
        };
        insert.execute(params![
            partition_id.context,
            partition_id.partition,
            *next,
            &*record.key,
            &*record.value,
            &headers,
            logged_at.micros(),
            row.checksum(partition_id).0,
        ])?;
        appended.push(Appended {
            partition_id,
            offset: *next,
        });
        *next += 1;
    }
    Ok(appended)
}

pub(crate) fn head(connection: &Connection, partition_id: PartitionId) -> rusqlite::Result<i64> {
    connection
        .prepare_cached(
            "SELECT coalesce(max(\"offset\") + 1, 0) FROM command \
             WHERE context = ?1 AND partition = ?2",
        )?
        .query_row(
            params![partition_id.context, partition_id.partition],
            |row| row.get(0),
        )
}

/// Up to `max` records from an offset on.
pub(crate) fn page(
    connection: &Connection,
    partition_id: PartitionId,
    from: i64,
    max: usize,
    rows: Rows,
) -> rusqlite::Result<Page> {
    let mut select = connection.prepare_cached(&select())?;
    let bounds = params![
        partition_id.context,
        partition_id.partition,
        from,
        limit(max)
    ];
    Page::of(select.query_map(bounds, |row| command(row, partition_id, rows))?)
}

/// Offset of the first record from `from` on that can be read.
pub(crate) fn readable(
    connection: &Connection,
    partition_id: PartitionId,
    from: i64,
    rows: Rows,
) -> rusqlite::Result<Option<i64>> {
    let mut select = connection.prepare_cached(&select())?;
    let bounds = params![
        partition_id.context,
        partition_id.partition,
        from,
        UNBOUNDED
    ];
    Page::first_readable(select.query_map(bounds, |row| command(row, partition_id, rows))?)
}

fn select() -> String {
    format!(
        "SELECT {COLUMNS} FROM command \
         WHERE context = ?1 AND partition = ?2 AND \"offset\" >= ?3 \
         ORDER BY \"offset\" LIMIT ?4"
    )
}

/// The columns a [`command`] is made of.
pub(crate) const COLUMNS: &str = "\"offset\", key, value, headers, logged_at, checksum";

pub(crate) fn command(
    row: &Row<'_>,
    partition_id: PartitionId,
    rows: Rows,
) -> rusqlite::Result<Record> {
    let record = record(row)?;
    let stored = CommandRow {
        offset: record.offset,
        logged_at: record.logged_at,
        key: record.key.as_deref().unwrap_or_default(),
        value: record.value.as_deref().unwrap_or_default(),
        headers: row.get_ref(3)?.as_blob()?,
    };
    rows.check(partition_id, &stored, row.get(5)?)
        .map_err(damaged)?;
    Ok(record)
}

fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    let headers = headers::decode(row.get_ref(3)?.as_blob()?);
    Ok(Record {
        offset: row.get(0)?,
        key: Some(Bytes::copy_from_slice(row.get_ref(1)?.as_bytes()?)),
        value: Some(Bytes::copy_from_slice(row.get_ref(2)?.as_blob()?)),
        unreadable: headers.unreadable,
        headers: headers.readable,
        log_position: None,
        logged_at: Timestamp::from_micros(row.get(4)?),
    })
}
