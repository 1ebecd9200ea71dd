//! The readers' side: look-ups by key, one prepared statement each; pages in order.

use std::ops::RangeInclusive;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use kernel::Fault;
use kernel::batch::{EventRow, Outcome, OutcomeRow};
use kernel::checksum::{Checksum, Rows};
use kernel::id::CommandId;
use kernel::port::{EventReader, FOUND_MAX, KnownCommand, LoadedStream};
use kernel::record::EventRecord;
use kernel::topic::PartitionId;
use rusqlite::types::{FromSqlResult, Type, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::commit::read_cursor;
use crate::file::{SqliteFile, damaged};
use crate::tail::{is_of_the_row, limit};

#[async_trait]
impl EventReader for SqliteFile {
    async fn load(
        &self,
        partition_id: PartitionId,
        keys: &[Arc<str>],
        upto: u64,
    ) -> Result<Vec<LoadedStream>, Fault> {
        let attempt = format!("load {} streams of {partition_id}", keys.len());
        let (keys, rows) = (keys.to_vec(), self.rows());
        let work = move |connection: &Connection| {
            let streams = keys.into_iter();
            let streams = streams.map(|key| stream(connection, partition_id, key, 1..=upto, rows));
            streams
                .filter_map(Result::transpose)
                .collect::<rusqlite::Result<Vec<_>>>()
        };
        let streams = self.read(attempt, work).await?;
        for stream in &streams {
            without_holes(partition_id, stream)?;
        }
        Ok(streams)
    }

    async fn outcomes(
        &self,
        partition_id: PartitionId,
        ids: &[CommandId],
    ) -> Result<Vec<OutcomeRow>, Fault> {
        let attempt = format!("look up {} commands in {partition_id}", ids.len());
        let (ids, rows) = (ids.to_vec(), self.rows());
        let work = move |connection: &Connection| {
            let found = ids
                .into_iter()
                .map(|id| outcome_of(connection, partition_id, id, rows));
            found.filter_map(Result::transpose).collect()
        };
        self.read(attempt, work).await
    }

    async fn find(
        &self,
        contexts: &[&'static str],
        ids: RangeInclusive<CommandId>,
    ) -> Result<Vec<KnownCommand>, Fault> {
        let (contexts, partitions, rows) = (contexts.to_vec(), self.partitions(), self.rows());
        let attempt = format!("find command {}", ids.start());
        let work = move |connection: &Connection| {
            let mut found = Vec::new();
            for context in contexts {
                for partition in 0..partitions {
                    let partition_id = PartitionId { context, partition };
                    let within = outcomes_within(connection, partition_id, &ids, rows)?;
                    found.extend(
                        within
                            .into_iter()
                            .map(|row| KnownCommand { partition_id, row }),
                    );
                }
            }
            Ok(found)
        };
        self.read(attempt, work).await
    }

    async fn heads(&self, contexts: &[&'static str]) -> Result<Vec<(PartitionId, u64)>, Fault> {
        let (contexts, partitions, rows) = (contexts.to_vec(), self.partitions(), self.rows());
        let work = move |connection: &Connection| {
            let mut heads = Vec::new();
            for context in contexts {
                for partition in 0..partitions {
                    let partition_id = PartitionId { context, partition };
                    let head = match read_cursor(connection, partition_id, rows) {
                        Ok(cursor) => cursor.map(|cursor| cursor.next_log_position - 1),
                        Err(error) if is_of_the_row(&error) => Some(u64::MAX),
                        Err(error) => return Err(error),
                    };
                    heads.extend(head.map(|head| (partition_id, head)));
                }
            }
            Ok(heads)
        };
        self.read("read the last positions".to_owned(), work).await
    }

    async fn read(
        &self,
        partition_id: PartitionId,
        after: u64,
        max: usize,
    ) -> Result<Vec<EventRow>, Fault> {
        let attempt = format!("read events of {partition_id} after {after}");
        let rows = self.rows();
        let work =
            move |connection: &Connection| events(connection, partition_id, after, max, rows);
        Self::read(self, attempt, work).await
    }

    async fn scan_outcomes(
        &self,
        partition_id: PartitionId,
        after: Option<CommandId>,
        max: usize,
    ) -> Result<Vec<OutcomeRow>, Fault> {
        let attempt = format!("scan outcomes of {partition_id}");
        let rows = self.rows();
        let work =
            move |connection: &Connection| outcomes(connection, partition_id, after, max, rows);
        self.read(attempt, work).await
    }
}

fn stream(
    connection: &Connection,
    partition_id: PartitionId,
    key: Arc<str>,
    sequences: RangeInclusive<u64>,
    rows: Rows,
) -> rusqlite::Result<Option<LoadedStream>> {
    let Some(number) = number_of(connection, partition_id, &key)? else {
        return Ok(None);
    };
    let stream = Stream {
        partition_id,
        number,
        key,
    };
    let events = events_of(connection, &stream, sequences, rows)?;
    Ok(Some(LoadedStream {
        key: stream.key,
        stream: number,
        events,
    }))
}

/// A stream that is there.
pub(crate) struct Stream {
    pub(crate) partition_id: PartitionId,
    pub(crate) number: i64,
    pub(crate) key: Arc<str>,
}

pub(crate) fn events_of(
    connection: &Connection,
    stream: &Stream,
    sequences: RangeInclusive<u64>,
    rows: Rows,
) -> rusqlite::Result<Vec<EventRow>> {
    let bound = |sequence| i64::try_from(sequence).unwrap_or(i64::MAX);
    let (first, last) = (bound(*sequences.start()), bound(*sequences.end()));
    let PartitionId { context, partition } = stream.partition_id;
    connection
        .prepare_cached(
            "SELECT sequence, position, record, checksum FROM event \
             WHERE context = ?1 AND partition = ?2 AND stream = ?3 \
               AND sequence BETWEEN ?4 AND ?5 ORDER BY sequence",
        )?
        .query_map(
            params![context, partition, stream.number, first, last],
            |row| event_of(row, stream, rows),
        )?
        .collect()
}

pub(crate) fn number_of(
    connection: &Connection,
    partition_id: PartitionId,
    key: &str,
) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached(
            "SELECT stream FROM stream WHERE context = ?1 AND partition = ?2 AND key = ?3",
        )?
        .query_row(
            params![partition_id.context, partition_id.partition, key],
            |row| row.get(0),
        )
        .optional()
}

fn without_holes(partition_id: PartitionId, stream: &LoadedStream) -> Result<(), Fault> {
    for (row, expected) in stream.events.iter().zip(1..) {
        if row.sequence != expected {
            let (key, found) = (&stream.key, row.sequence);
            let attempt =
                format!("load {key} of {partition_id}: event {found} where {expected} belongs");
            return Err(Fault::bare("sqlite", attempt));
        }
    }
    Ok(())
}

/// The columns that an [`event`] is made of, in order.
pub(crate) const EVENT: &str = "e.sequence, e.position, e.record, e.checksum, e.stream, s.key";
/// An event without its stream is returned without a key, so that it is not skipped silently: its
/// checksum does not fit.
pub(crate) const EVENTS: &str = "event e LEFT JOIN stream s USING (context, partition, stream)";

fn events(
    connection: &Connection,
    partition_id: PartitionId,
    after: u64,
    max: usize,
    rows: Rows,
) -> rusqlite::Result<Vec<EventRow>> {
    connection
        .prepare_cached(&format!(
            "SELECT {EVENT} FROM {EVENTS} \
             WHERE e.context = ?1 AND e.partition = ?2 AND e.position > ?3 \
             ORDER BY e.position LIMIT ?4"
        ))?
        .query_map(
            params![
                partition_id.context,
                partition_id.partition,
                after.cast_signed(),
                limit(max)
            ],
            |row| event(row, partition_id, rows),
        )?
        .collect()
}

pub(crate) fn event(
    row: &Row<'_>,
    partition_id: PartitionId,
    rows: Rows,
) -> rusqlite::Result<EventRow> {
    let (number, key) = (row.get(4)?, text(row.get_ref(5)?)?);
    event_of(
        row,
        &Stream {
            partition_id,
            number,
            key,
        },
        rows,
    )
}

/// As far as it is a text: a key that is none fits no checksum.
fn text(stored: ValueRef<'_>) -> FromSqlResult<Arc<str>> {
    let bytes = stored.as_bytes_or_null()?.unwrap_or_default();
    Ok(String::from_utf8_lossy(bytes).into())
}

fn event_of(row: &Row<'_>, stream: &Stream, rows: Rows) -> rusqlite::Result<EventRow> {
    let checksum: Option<i64> = row.get(3)?;
    let event = EventRow {
        stream: stream.number,
        sequence: row.get::<_, i64>(0)?.cast_unsigned(),
        checksum: checksum.map(Checksum),
        record: EventRecord {
            log_position: row.get::<_, i64>(1)?.cast_unsigned(),
            key: Arc::clone(&stream.key),
            value: Bytes::copy_from_slice(row.get_ref(2)?.as_bytes()?),
        },
    };
    rows.check(stream.partition_id, &event, checksum)
        .map_err(damaged)?;
    Ok(event)
}

/// The columns that an [`outcome`] is made of, in order: the key of its stream is not
/// repeated in a plain row.
pub(crate) const OUTCOME: &str = "o.command, o.body_hash, o.stream, o.first_position, o.version, \
     o.events, o.detail, s.key, o.checksum";
pub(crate) const OUTCOMES: &str = "outcome o LEFT JOIN stream s USING (context, partition, stream)";

fn outcome_of(
    connection: &Connection,
    partition_id: PartitionId,
    id: CommandId,
    rows: Rows,
) -> rusqlite::Result<Option<OutcomeRow>> {
    connection
        .prepare_cached(&format!(
            "SELECT {OUTCOME} FROM {OUTCOMES} \
             WHERE o.context = ?1 AND o.partition = ?2 AND o.command = ?3"
        ))?
        .query_row(
            params![partition_id.context, partition_id.partition, id.0],
            |row| outcome(row, partition_id, rows),
        )
        .optional()
}

fn outcomes_within(
    connection: &Connection,
    partition_id: PartitionId,
    ids: &RangeInclusive<CommandId>,
    rows: Rows,
) -> rusqlite::Result<Vec<OutcomeRow>> {
    connection
        .prepare_cached(&format!(
            "SELECT {OUTCOME} FROM {OUTCOMES} \
             WHERE o.context = ?1 AND o.partition = ?2 AND o.command BETWEEN ?3 AND ?4 ORDER BY o.command LIMIT ?5"
        ))?
        .query_map(
            params![
                partition_id.context,
                partition_id.partition,
                ids.start().0,
                ids.end().0,
                limit(FOUND_MAX)
            ],
            |row| outcome(row, partition_id, rows),
        )?
        .collect()
}

fn outcomes(
    connection: &Connection,
    partition_id: PartitionId,
    after: Option<CommandId>,
    max: usize,
    rows: Rows,
) -> rusqlite::Result<Vec<OutcomeRow>> {
    // The empty blob sorts before every id.
    let after = after.as_ref().map_or(&[][..], |id| id.0.as_bytes());
    connection
        .prepare_cached(&format!(
            "SELECT {OUTCOME} FROM {OUTCOMES} \
             WHERE o.context = ?1 AND o.partition = ?2 AND o.command > ?3 \
             ORDER BY o.command LIMIT ?4"
        ))?
        .query_map(
            params![
                partition_id.context,
                partition_id.partition,
                after,
                limit(max)
            ],
            |row| outcome(row, partition_id, rows),
        )?
        .collect()
}

pub(crate) fn outcome(
    row: &Row<'_>,
    partition_id: PartitionId,
    rows: Rows,
) -> rusqlite::Result<OutcomeRow> {
    const DETAIL: usize = 6;
    let outcome = match row.get_ref(DETAIL)?.as_str_or_null()? {
        Some(detail) => serde_json::from_str(detail).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(DETAIL, Type::Text, error.into())
        })?,
        None => Outcome::Accepted {
            key: text(row.get_ref(7)?)?,
            version: row.get::<_, i64>(4)?.cast_unsigned(),
            first_log_position: row.get::<_, i64>(3)?.cast_unsigned(),
            events: row.get(5)?,
            breaks: Vec::new(),
        },
    };
    let outcome = OutcomeRow {
        command: CommandId(row.get(0)?),
        body_hash: row.get(1)?,
        stream: row.get(2)?,
        outcome,
    };
    rows.check(partition_id, &outcome, row.get(8)?)
        .map_err(damaged)?;
    Ok(outcome)
}
