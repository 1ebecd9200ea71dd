//! Streams, outcomes and the events of a partition.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::{Arc, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use kernel::Fault;
use kernel::batch::{EventRow, Outcome, OutcomeRow};
use kernel::checksum::{Checksum, Damaged};
use kernel::id::CommandId;
use kernel::port::{EventReader, FOUND_MAX, Hole, KnownCommand, LoadedStream};
use kernel::record::EventRecord;
use kernel::topic::PartitionId;
use postgres::{POSTGRES, fault};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::{PostgresEventStore, sql};

/// Keys in one look-up: bounds what a single answer can hold.
pub(super) const KEYS_MAX: usize = 1_000;

impl PostgresEventStore {
    /// A context's partitions; none when it is not installed. The count is fixed, so it is read once.
    async fn partitions(
        &self,
        context: &'static str,
        connection: &mut PgConnection,
    ) -> Result<Option<u16>, sqlx::Error> {
        if let Some(count) = self.counts().get(context) {
            return Ok(Some(*count));
        }
        let read: Option<i32> =
            sqlx::query_scalar("SELECT partitions FROM dealerboard.context WHERE name = $1")
                .bind(context)
                .fetch_optional(connection)
                .await?;
        let count = read.and_then(|count| u16::try_from(count).ok());
        if let Some(count) = count {
            self.counts().insert(context, count);
        }
        Ok(count)
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<&'static str, u16>> {
        self.partitions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl EventReader for PostgresEventStore {
    async fn load(
        &self,
        partition_id: PartitionId,
        keys: &[Arc<str>],
        upto: u64,
    ) -> Result<Vec<LoadedStream>, Fault> {
        let attempt = || format!("load streams of {partition_id}");
        let mut streams: Vec<LoadedStream> = Vec::new();
        for keys in keys.chunks(KEYS_MAX) {
            let keys: Vec<&str> = keys.iter().map(AsRef::as_ref).collect();
            let mut connection = self.reading(attempt).await?;
            let rows = sqlx::query(&sql::load(partition_id))
                .bind(keys)
                // A stream has no more than the column holds.
                .bind(i32::try_from(upto).unwrap_or(i32::MAX))
                .fetch_all(&mut *connection)
                .await
                .map_err(|error| fault(attempt(), error))?;
            for row in &rows {
                let event = self.event(partition_id, row);
                let event = event.map_err(|error| fault(attempt(), error))?;
                add(&mut streams, event).map_err(|hole| Fault::new(POSTGRES, attempt(), hole))?;
            }
        }
        Ok(streams)
    }

    async fn outcomes(
        &self,
        partition_id: PartitionId,
        ids: &[CommandId],
    ) -> Result<Vec<OutcomeRow>, Fault> {
        let attempt = || format!("look up commands in {partition_id}");
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let mut connection = self.reading(attempt).await?;
        let rows = sqlx::query(&sql::outcomes(partition_id))
            .bind(ids)
            .fetch_all(&mut *connection)
            .await
            .map_err(|error| fault(attempt(), error))?;
        rows.iter()
            .map(|row| {
                let outcome = self.outcome(partition_id, row);
                outcome.map_err(|error| fault(attempt(), error))
            })
            .collect()
    }

    async fn find(
        &self,
        contexts: &[&'static str],
        ids: RangeInclusive<CommandId>,
    ) -> Result<Vec<KnownCommand>, Fault> {
        let mut found = Vec::new();
        for &context in contexts {
            let attempt = || format!("find a command in {context}");
            let mut connection = self.reading(attempt).await?;
            let partitions = self.partitions(context, &mut connection).await;
            let Some(partitions) = partitions.map_err(|error| fault(attempt(), error))? else {
                continue;
            };
            let rows = sqlx::query(&sql::find_outcomes(context, partitions))
                .bind(ids.start().0)
                .bind(ids.end().0)
                .bind(i64::try_from(FOUND_MAX).unwrap_or(i64::MAX))
                .fetch_all(&mut *connection)
                .await
                .map_err(|error| fault(attempt(), error))?;
            for row in &rows {
                let known = self.known(context, row);
                found.push(known.map_err(|error| fault(attempt(), error))?);
            }
        }
        Ok(found)
    }

    async fn heads(&self, contexts: &[&'static str]) -> Result<Vec<(PartitionId, u64)>, Fault> {
        if contexts.is_empty() {
            return Ok(Vec::new());
        }
        let attempt = || "read the last positions".to_owned();
        let mut connection = self.reading(attempt).await?;
        let rows = sqlx::query(&sql::cursors(contexts))
            .fetch_all(&mut *connection)
            .await
            .map_err(|error| fault(attempt(), error))?;
        let heads = rows.iter().map(|row| {
            let partition_id = partition_id(contexts, row)?;
            let cursor = self.cursor_of(partition_id, row);
            Ok((
                partition_id,
                cursor.map_or(u64::MAX, |cursor| cursor.next_log_position - 1),
            ))
        });
        let heads: Result<_, sqlx::Error> = heads.collect();
        heads.map_err(|error| fault(attempt(), error))
    }

    async fn read(
        &self,
        partition_id: PartitionId,
        after: u64,
        max: usize,
    ) -> Result<Vec<EventRow>, Fault> {
        let attempt = || format!("read events of {partition_id} after {after}");
        let mut connection = self.reading(attempt).await?;
        // Positions have no gaps, so a range is a page.
        let rows = sqlx::query(&sql::read(partition_id))
            .bind(after.cast_signed())
            .bind(after.saturating_add(max as u64).cast_signed())
            .fetch_all(&mut *connection)
            .await
            .map_err(|error| fault(attempt(), error))?;
        rows.iter()
            .map(|row| {
                let event = self.event(partition_id, row);
                event.map_err(|error| fault(attempt(), error))
            })
            .collect()
    }

    async fn scan_outcomes(
        &self,
        partition_id: PartitionId,
        after: Option<CommandId>,
        max: usize,
    ) -> Result<Vec<OutcomeRow>, Fault> {
        let attempt = || format!("scan outcomes of {partition_id}");
        let mut connection = self.reading(attempt).await?;
        let (scan, from) = sql::scan_outcomes(partition_id, after);
        let rows = sqlx::query(&scan)
            .bind(from)
            .bind(i64::try_from(max).unwrap_or(i64::MAX))
            .fetch_all(&mut *connection)
            .await
            .map_err(|error| fault(attempt(), error))?;
        rows.iter()
            .map(|row| {
                let outcome = self.outcome(partition_id, row);
                outcome.map_err(|error| fault(attempt(), error))
            })
            .collect()
    }
}

/// Adds the next event of the streams that are being loaded, each in sequence order.
fn add(streams: &mut Vec<LoadedStream>, event: EventRow) -> Result<(), Hole> {
    let stream = event.stream;
    if streams.last().is_none_or(|last| last.stream != stream) {
        streams.push(LoadedStream {
            key: Arc::clone(&event.record.key),
            stream,
            events: Vec::new(),
        });
    }
    let last = streams
        .last_mut()
        .expect("one was pushed if there was none");
    let expected = last.events.len() as u64 + 1;
    if event.sequence != expected {
        return Err(Hole {
            key: event.record.key,
            expected,
            found: event.sequence,
        });
    }
    last.events.push(event);
    Ok(())
}

impl PostgresEventStore {
    pub(super) fn event(
        &self,
        partition_id: PartitionId,
        row: &PgRow,
    ) -> Result<EventRow, sqlx::Error> {
        let (sequence, log_position): (i32, i64) =
            (row.try_get("sequence")?, row.try_get("position")?);
        let checksum: Option<i64> = row.try_get("checksum")?;
        let key: Option<&str> = row.try_get("key")?;
        let event = EventRow {
            stream: row.try_get("stream")?,
            sequence: u64::from(sequence.cast_unsigned()),
            checksum: checksum.map(Checksum),
            record: EventRecord {
                log_position: log_position.cast_unsigned(),
                // Without its stream an event has none, and its checksum does not fit.
                key: key.unwrap_or_default().into(),
                value: Bytes::copy_from_slice(row.try_get::<&str, _>("record")?.as_bytes()),
            },
        };
        self.check(partition_id, &event, checksum)?;
        Ok(event)
    }

    fn known(&self, context: &'static str, row: &PgRow) -> Result<KnownCommand, sqlx::Error> {
        let partition: i16 = row.try_get("partition")?;
        let partition = u16::try_from(partition).unwrap_or(u16::MAX);
        let partition_id = PartitionId { context, partition };
        let row = self.outcome(partition_id, row)?;
        Ok(KnownCommand { partition_id, row })
    }

    pub(super) fn outcome(
        &self,
        partition_id: PartitionId,
        row: &PgRow,
    ) -> Result<OutcomeRow, sqlx::Error> {
        let command = CommandId(row.try_get("command")?);
        let unreadable = |error: sqlx::Error| {
            let row = format!("outcome {partition_id} of command {command}");
            sqlx::Error::Decode(Damaged::new(row, error.to_string()).into())
        };
        let outcome = OutcomeRow {
            command,
            body_hash: row.try_get("body_hash")?,
            stream: row.try_get("stream")?,
            outcome: outcome(row).map_err(unreadable)?,
        };
        self.check(partition_id, &outcome, row.try_get("checksum")?)?;
        Ok(outcome)
    }
}

/// The partition that a row is of.
fn partition_id(contexts: &[&'static str], row: &PgRow) -> Result<PartitionId, sqlx::Error> {
    let (name, partition): (&str, i16) = (row.try_get("context")?, row.try_get("partition")?);
    let context = contexts.iter().find(|context| **context == name);
    let partition_id = context.zip(u16::try_from(partition).ok());
    let partition_id = partition_id.map(|(context, partition)| PartitionId { context, partition });
    partition_id
        .ok_or_else(|| sqlx::Error::Decode(format!("no partition {name}/{partition}").into()))
}

fn outcome(row: &PgRow) -> Result<Outcome, sqlx::Error> {
    if let Some(detail) = row.try_get::<Option<&str>, _>("detail")? {
        return serde_json::from_str(detail).map_err(|error| sqlx::Error::Decode(error.into()));
    }
    let (version, events): (i32, i32) = (row.try_get("version")?, row.try_get("events")?);
    Ok(Outcome::Accepted {
        key: row.try_get::<&str, _>("key")?.into(),
        version: u64::from(version.cast_unsigned()),
        first_log_position: row.try_get::<i64, _>("first_position")?.cast_unsigned(),
        events: events.cast_unsigned(),
        breaks: Vec::new(),
    })
}
