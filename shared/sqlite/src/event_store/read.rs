//! The readers' side: look-ups by key, one prepared statement each; pages in order.

use std::ops::RangeInclusive;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use kernel::Fault;
use kernel::batch::{EventRow, Outcome, OutcomeRow};
use kernel::id::CommandId;
use kernel::port::{EventReader, FOUND_MAX, KnownCommand, LoadedStream};
use kernel::record::EventRecord;
use kernel::topic::Shard;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::file::SqliteFile;
use crate::tail::limit;

#[async_trait]
impl EventReader for SqliteFile {
    async fn load(
        &self,
        shard: Shard,
        keys: &[Arc<str>],
        upto: u64,
    ) -> Result<Vec<LoadedStream>, Fault> {
        let attempt = format!("load {} streams of {shard}", keys.len());
        let keys = keys.to_vec();
        let work = move |connection: &Connection| {
            let streams = keys.into_iter();
            let streams = streams.map(|key| stream(connection, shard, key, 1..=upto));
            streams
                .filter_map(Result::transpose)
                .collect::<rusqlite::Result<Vec<_>>>()
        };
        let streams = self.read(attempt, work).await?;
        for stream in &streams {
            without_holes(shard, stream)?;
        }
        Ok(streams)
    }

    async fn outcomes(&self, shard: Shard, ids: &[CommandId]) -> Result<Vec<OutcomeRow>, Fault> {
        let attempt = format!("look up {} commands in {shard}", ids.len());
        let ids = ids.to_vec();
        let work = move |connection: &Connection| {
            let rows = ids.into_iter().map(|id| outcome(connection, shard, id));
            rows.filter_map(Result::transpose).collect()
        };
        self.read(attempt, work).await
    }

    async fn find(
        &self,
        contexts: &[&'static str],
        ids: RangeInclusive<CommandId>,
    ) -> Result<Vec<KnownCommand>, Fault> {
        let (contexts, partitions) = (contexts.to_vec(), self.partitions());
        let attempt = format!("find command {}", ids.start());
        let work = move |connection: &Connection| {
            let mut found = Vec::new();
            for context in contexts {
                for partition in 0..partitions {
                    let shard = Shard { context, partition };
                    let rows = outcomes_within(connection, shard, &ids)?;
                    found.extend(rows.into_iter().map(|row| KnownCommand { shard, row }));
                }
            }
            Ok(found)
        };
        self.read(attempt, work).await
    }

    async fn read(&self, shard: Shard, after: u64, max: usize) -> Result<Vec<EventRow>, Fault> {
        let attempt = format!("read events of {shard} after {after}");
        let work = move |connection: &Connection| events(connection, shard, after, max);
        Self::read(self, attempt, work).await
    }

    async fn scan_outcomes(
        &self,
        shard: Shard,
        after: Option<CommandId>,
        max: usize,
    ) -> Result<Vec<OutcomeRow>, Fault> {
        let attempt = format!("scan outcomes of {shard}");
        let work = move |connection: &Connection| outcomes(connection, shard, after, max);
        self.read(attempt, work).await
    }
}

fn stream(
    connection: &Connection,
    shard: Shard,
    key: Arc<str>,
    sequences: RangeInclusive<u64>,
) -> rusqlite::Result<Option<LoadedStream>> {
    let Some(stream) = number_of(connection, shard, &key)? else {
        return Ok(None);
    };
    let events = events_of(connection, shard, stream, &key, sequences)?;
    Ok(Some(LoadedStream {
        key,
        stream,
        events,
    }))
}

pub(crate) fn events_of(
    connection: &Connection,
    shard: Shard,
    stream: i64,
    key: &Arc<str>,
    sequences: RangeInclusive<u64>,
) -> rusqlite::Result<Vec<EventRow>> {
    let bound = |sequence| i64::try_from(sequence).unwrap_or(i64::MAX);
    let (first, last) = (bound(*sequences.start()), bound(*sequences.end()));
    connection
        .prepare_cached(
            "SELECT sequence, position, record FROM event \
             WHERE context = ?1 AND partition = ?2 AND stream = ?3 \
               AND sequence BETWEEN ?4 AND ?5 ORDER BY sequence",
        )?
        .query_map(
            params![shard.context, shard.partition, stream, first, last],
            |row| event(row, stream, Arc::clone(key)),
        )?
        .collect()
}

pub(crate) fn number_of(
    connection: &Connection,
    shard: Shard,
    key: &str,
) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached(
            "SELECT stream FROM stream WHERE context = ?1 AND partition = ?2 AND key = ?3",
        )?
        .query_row(params![shard.context, shard.partition, key], |row| {
            row.get(0)
        })
        .optional()
}

fn without_holes(shard: Shard, stream: &LoadedStream) -> Result<(), Fault> {
    for (row, expected) in stream.events.iter().zip(1..) {
        if row.sequence != expected {
            let (key, found) = (&stream.key, row.sequence);
            let attempt = format!("load {key} of {shard}: event {found} where {expected} belongs");
            return Err(Fault::bare("sqlite", attempt));
        }
    }
    Ok(())
}

fn events(
    connection: &Connection,
    shard: Shard,
    after: u64,
    max: usize,
) -> rusqlite::Result<Vec<EventRow>> {
    connection
        .prepare_cached(
            "SELECT e.sequence, e.position, e.record, e.stream, s.key \
             FROM event e JOIN stream s USING (context, partition, stream) \
             WHERE e.context = ?1 AND e.partition = ?2 AND e.position > ?3 \
             ORDER BY e.position LIMIT ?4",
        )?
        .query_map(
            params![
                shard.context,
                shard.partition,
                after.cast_signed(),
                limit(max)
            ],
            |row| event(row, row.get(3)?, row.get::<_, Arc<str>>(4)?),
        )?
        .collect()
}

fn event(row: &Row<'_>, stream: i64, key: Arc<str>) -> rusqlite::Result<EventRow> {
    Ok(EventRow {
        stream,
        sequence: row.get::<_, i64>(0)?.cast_unsigned(),
        record: EventRecord {
            position: row.get::<_, i64>(1)?.cast_unsigned(),
            key,
            value: Bytes::copy_from_slice(row.get_ref(2)?.as_bytes()?),
        },
    })
}

/// An outcome with its stream's key, which a plain row does not repeat.
const OUTCOME: &str = "SELECT o.command, o.body_hash, o.stream, o.first_position, o.version, \
     o.events, o.detail, s.key \
     FROM outcome o LEFT JOIN stream s USING (context, partition, stream)";

fn outcome(
    connection: &Connection,
    shard: Shard,
    id: CommandId,
) -> rusqlite::Result<Option<OutcomeRow>> {
    connection
        .prepare_cached(&format!(
            "{OUTCOME} WHERE o.context = ?1 AND o.partition = ?2 AND o.command = ?3"
        ))?
        .query_row(params![shard.context, shard.partition, id.0], outcome_row)
        .optional()
}

fn outcomes_within(
    connection: &Connection,
    shard: Shard,
    ids: &RangeInclusive<CommandId>,
) -> rusqlite::Result<Vec<OutcomeRow>> {
    connection
        .prepare_cached(&format!(
            "{OUTCOME} WHERE o.context = ?1 AND o.partition = ?2 \
             AND o.command BETWEEN ?3 AND ?4 ORDER BY o.command LIMIT ?5"
        ))?
        .query_map(
            params![
                shard.context,
                shard.partition,
                ids.start().0,
                ids.end().0,
                limit(FOUND_MAX)
            ],
            outcome_row,
        )?
        .collect()
}

fn outcomes(
    connection: &Connection,
    shard: Shard,
    after: Option<CommandId>,
    max: usize,
) -> rusqlite::Result<Vec<OutcomeRow>> {
    // The empty blob stands before every id.
    let after = after.as_ref().map_or(&[][..], |id| id.0.as_bytes());
    connection
        .prepare_cached(&format!(
            "{OUTCOME} WHERE o.context = ?1 AND o.partition = ?2 AND o.command > ?3 \
             ORDER BY o.command LIMIT ?4"
        ))?
        .query_map(
            params![shard.context, shard.partition, after, limit(max)],
            outcome_row,
        )?
        .collect()
}

fn outcome_row(row: &Row<'_>) -> rusqlite::Result<OutcomeRow> {
    const DETAIL: usize = 6;
    let outcome = match row.get_ref(DETAIL)?.as_str_or_null()? {
        Some(detail) => serde_json::from_str(detail).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(DETAIL, Type::Text, error.into())
        })?,
        None => Outcome::Accepted {
            key: row.get(7)?,
            version: row.get::<_, i64>(4)?.cast_unsigned(),
            first_position: row.get::<_, i64>(3)?.cast_unsigned(),
            events: row.get(5)?,
        },
    };
    Ok(OutcomeRow {
        command: CommandId(row.get(0)?),
        body_hash: row.get(1)?,
        stream: row.get(2)?,
        outcome,
    })
}
