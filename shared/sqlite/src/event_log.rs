//! The event log: the table of the events itself, so that publishing copies nothing. What is
//! committed is durable and readable; publishing it, or asking for the last position, wakes the
//! readers. The record at position n has offset n - 1, so the offset after a record is its position.

use async_trait::async_trait;
use bytes::Bytes;
use kernel::port::{Assignments, EventLog, Pace, Record};
use kernel::record::EventRecord;
use kernel::topic::Shard;
use kernel::{Fault, Timestamp};
use rusqlite::{Connection, Row, params};

use crate::file::{Log, SqliteFile};
use crate::tail::{Membership, limit};

#[async_trait]
impl EventLog for SqliteFile {
    async fn publish(&self, shard: Shard, events: Vec<EventRecord>) -> Result<(), Fault> {
        let Some(last) = events.iter().map(|event| event.position).max() else {
            return Ok(());
        };
        let stored = self.last_position(shard).await?;
        if last > stored {
            let attempt = format!("publish {shard} up to {last}, the store holds up to {stored}");
            return Err(Fault::bare("sqlite", attempt));
        }
        Ok(())
    }

    async fn last_position(&self, shard: Shard) -> Result<u64, Fault> {
        let attempt = format!("read the last position of {shard}");
        let head = self
            .read(attempt, move |connection| head(connection, shard))
            .await?;
        // A publisher that takes over asks this first, and has nothing to publish up to here: events
        // whose own publisher died would wake nobody.
        self.heads().raise(Log::Events, shard, head);
        Ok(head.cast_unsigned())
    }

    async fn consume(
        &self,
        context: &'static str,
        _group: &str,
        _pace: Pace,
    ) -> Result<Box<dyn Assignments>, Fault> {
        Ok(Box::new(Membership::new(
            self.clone(),
            Log::Events,
            context,
        )))
    }
}

/// The offset of the next event, which is the position of the last.
pub(crate) fn head(connection: &Connection, shard: Shard) -> rusqlite::Result<i64> {
    connection
        .prepare_cached(
            "SELECT coalesce(max(position), 0) FROM event WHERE context = ?1 AND partition = ?2",
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
            "SELECT e.position, s.key, e.record, e.logged_at \
             FROM event e JOIN stream s USING (context, partition, stream) \
             WHERE e.context = ?1 AND e.partition = ?2 AND e.position > ?3 \
             ORDER BY e.position LIMIT ?4",
        )?
        .query_map(
            params![shard.context, shard.partition, from, limit(max)],
            record,
        )?
        .collect()
}

fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    let position: i64 = row.get(0)?;
    Ok(Record {
        offset: position - 1,
        key: Some(Bytes::copy_from_slice(row.get_ref(1)?.as_bytes()?)),
        value: Some(Bytes::copy_from_slice(row.get_ref(2)?.as_bytes()?)),
        headers: Vec::new(),
        position: Some(position.cast_unsigned()),
        logged_at: Timestamp::from_micros(row.get(3)?),
    })
}
