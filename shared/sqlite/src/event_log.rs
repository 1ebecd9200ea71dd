//! The event log: the table of the events itself, so that publishing copies nothing. What is
//! committed is durable and readable; publishing it, or asking which events there are, wakes the
//! readers. The record at log position n has offset n - 1, so the offset after a record is its log position.

use async_trait::async_trait;
use bytes::Bytes;
use kernel::checksum::{EventParts, Rows};
use kernel::port::{Assignments, EventLog, Pace, Reader, Record, Span};
use kernel::record::EventRecord;
use kernel::topic::PartitionId;
use kernel::{Fault, Timestamp};
use rusqlite::{Connection, Row, params};

use crate::file::{Log, SqliteFile, damaged};
use crate::tail::{Membership, Page, UNBOUNDED, follow, limit};

#[async_trait]
impl EventLog for SqliteFile {
    async fn publish(
        &self,
        partition_id: PartitionId,
        events: Vec<EventRecord>,
    ) -> Result<(), Fault> {
        let Some(last) = events.iter().map(|event| event.log_position).max() else {
            return Ok(());
        };
        let stored = self.span(partition_id).await?.map_or(0, |span| span.last);
        if last > stored {
            let attempt =
                format!("publish {partition_id} up to {last}, the store holds up to {stored}");
            return Err(Fault::bare("sqlite", attempt));
        }
        Ok(())
    }

    async fn span(&self, partition_id: PartitionId) -> Result<Option<Span>, Fault> {
        let attempt = format!("read the first and the last position of {partition_id}");
        let (tail, head) = self
            .read(attempt, move |connection| {
                Ok((
                    tail(connection, partition_id)?,
                    head(connection, partition_id)?,
                ))
            })
            .await?;
        // A publisher that takes over asks this first, and has nothing to publish up to here: events
        // whose own publisher died would otherwise wake no reader.
        self.heads().raise(Log::Events, partition_id, head);
        Ok(tail.map(|first| Span {
            first: first.cast_unsigned(),
            last: head.cast_unsigned(),
        }))
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

    async fn follow(
        &self,
        context: &'static str,
        _pace: Pace,
    ) -> Result<Vec<Box<dyn Reader>>, Fault> {
        Ok(follow(self, Log::Events, context))
    }

    async fn ends(&self, context: &'static str) -> Result<Vec<i64>, Fault> {
        Log::Events.ends(self, context).await
    }
}

/// The first log position, where there is one.
fn tail(connection: &Connection, partition_id: PartitionId) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT min(position) FROM event WHERE context = ?1 AND partition = ?2")?
        .query_row(
            params![partition_id.context, partition_id.partition],
            |row| row.get(0),
        )
}

/// The offset of the next event, which is the log position of the last.
pub(crate) fn head(connection: &Connection, partition_id: PartitionId) -> rusqlite::Result<i64> {
    connection
        .prepare_cached(
            "SELECT coalesce(max(position), 0) FROM event WHERE context = ?1 AND partition = ?2",
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
    let mut select = connection.prepare_cached(SELECT)?;
    let bounds = params![
        partition_id.context,
        partition_id.partition,
        from,
        limit(max)
    ];
    Page::of(select.query_map(bounds, |row| record(row, partition_id, rows))?)
}

/// Offset of the first record from `from` on that can be read.
pub(crate) fn readable(
    connection: &Connection,
    partition_id: PartitionId,
    from: i64,
    rows: Rows,
) -> rusqlite::Result<Option<i64>> {
    let mut select = connection.prepare_cached(SELECT)?;
    let bounds = params![
        partition_id.context,
        partition_id.partition,
        from,
        UNBOUNDED
    ];
    Page::first_readable(select.query_map(bounds, |row| record(row, partition_id, rows))?)
}

const SELECT: &str = "SELECT e.position, s.key, e.record, e.logged_at, e.sequence, e.checksum \
     FROM event e LEFT JOIN stream s USING (context, partition, stream) \
     WHERE e.context = ?1 AND e.partition = ?2 AND e.position > ?3 \
     ORDER BY e.position LIMIT ?4";

fn record(row: &Row<'_>, partition_id: PartitionId, rows: Rows) -> rusqlite::Result<Record> {
    let log_position: i64 = row.get(0)?;
    let (key, value) = (row.get_ref(1)?, row.get_ref(2)?.as_bytes()?);
    // Without its stream an event has none, and its checksum does not fit.
    let key = String::from_utf8_lossy(key.as_bytes_or_null()?.unwrap_or_default());
    let event = EventParts {
        log_position: log_position.cast_unsigned(),
        key: &key,
        sequence: row.get::<_, i64>(4)?.cast_unsigned(),
        record: value,
    };
    rows.check(partition_id, &event, row.get(5)?)
        .map_err(damaged)?;
    Ok(Record {
        offset: log_position - 1,
        key: Some(Bytes::copy_from_slice(key.as_bytes())),
        value: Some(Bytes::copy_from_slice(value)),
        headers: Vec::new(),
        log_position: Some(log_position.cast_unsigned()),
        unreadable: None,
        logged_at: Timestamp::from_micros(row.get(3)?),
    })
}
