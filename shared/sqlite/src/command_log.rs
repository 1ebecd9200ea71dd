//! The command log: a table, appended in groups. It keeps every record: there is no retention yet,
//! so the file grows with its input.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use async_trait::async_trait;
use bytes::Bytes;
use kernel::port::{Assignments, CommandLog, NewRecord, Pace, Record};
use kernel::topic::{self, Shard};
use kernel::{Fault, Timestamp};
use rusqlite::{Connection, Row, params};

use crate::file::{Log, SqliteFile, fault};
use crate::headers;
use crate::tail::{Membership, limit};

#[async_trait]
impl CommandLog for SqliteFile {
    async fn append(&self, records: Vec<NewRecord>) -> Result<(), Fault> {
        if records.is_empty() {
            return Ok(());
        }
        let attempt = format!("append {} commands", records.len());
        let (clock, heads, partitions) = (self.clock(), self.heads(), self.partitions());
        let work =
            move |connection: &Connection| insert(connection, &records, partitions, clock.now());
        let after = move |moved: &Moved| {
            for (shard, head) in moved {
                heads.raise(Log::Commands, *shard, *head);
            }
        };
        self.write(attempt, work, after)
            .await
            .map(drop)
            .map_err(fault)
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
}

/// The partitions a group of records went to, and the offset that the next record of each gets.
type Moved = HashMap<Shard, i64>;

fn insert(
    connection: &Connection,
    records: &[NewRecord],
    partitions: u16,
    logged_at: Timestamp,
) -> rusqlite::Result<Moved> {
    let mut moved = Moved::new();
    let mut insert = connection.prepare_cached(
        "INSERT INTO command (context, partition, \"offset\", key, value, headers, logged_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for record in records {
        let shard = Shard {
            context: record.context,
            partition: topic::partition_of(record.key.as_bytes(), partitions),
        };
        let next = match moved.entry(shard) {
            Entry::Occupied(next) => next.into_mut(),
            Entry::Vacant(place) => place.insert(head(connection, shard)?),
        };
        insert.execute(params![
            shard.context,
            shard.partition,
            *next,
            &*record.key,
            &*record.value,
            headers::encode(&record.headers)?,
            logged_at.micros(),
        ])?;
        *next += 1;
    }
    Ok(moved)
}

pub(crate) fn head(connection: &Connection, shard: Shard) -> rusqlite::Result<i64> {
    connection
        .prepare_cached(
            "SELECT coalesce(max(\"offset\") + 1, 0) FROM command \
             WHERE context = ?1 AND partition = ?2",
        )?
        .query_row(params![shard.context, shard.partition], |row| row.get(0))
}

pub(crate) fn page(
    connection: &Connection,
    shard: Shard,
    from: i64,
    max: usize,
) -> rusqlite::Result<Vec<Record>> {
    connection
        .prepare_cached(
            "SELECT \"offset\", key, value, headers, logged_at FROM command \
             WHERE context = ?1 AND partition = ?2 AND \"offset\" >= ?3 \
             ORDER BY \"offset\" LIMIT ?4",
        )?
        .query_map(
            params![shard.context, shard.partition, from, limit(max)],
            record,
        )?
        .collect()
}

fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record {
        offset: row.get(0)?,
        key: Some(Bytes::copy_from_slice(row.get_ref(1)?.as_bytes()?)),
        value: Some(Bytes::copy_from_slice(row.get_ref(2)?.as_blob()?)),
        headers: headers::decode(row.get_ref(3)?.as_blob()?)?,
        position: None,
        logged_at: Timestamp::from_micros(row.get(4)?),
    })
}
