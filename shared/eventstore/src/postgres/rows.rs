//! The rows of a batch, as the columns of the statements that write them.

use std::collections::BTreeMap;

use kernel::batch::{Batch, DeadLetter, Outcome, OutcomeRow, TimerChange};
use kernel::checksum::{ParkedKey, Row as _};
use kernel::port::OutcomeNotice;
use kernel::topic::PartitionId;
use sqlx::postgres::PgArguments;
use sqlx::{PgConnection, Postgres};
use uuid::Uuid;

use super::commit::signed;
use super::sql::{self, Beside};

/// Moves the cursor and writes streams, events, outcomes and timers; false when it has another owner.
pub(super) async fn write_rows(
    connection: &mut PgConnection,
    batch: &Batch,
) -> Result<bool, sqlx::Error> {
    let beside = Beside {
        marks: !batch.marks.is_empty(),
        timers: !batch.timers.is_empty(),
    };
    let statement = sql::commit(batch.partition_id, beside);
    let (from, to) = (&batch.from, &batch.to);
    let query = sqlx::query(&statement)
        .bind(signed(batch.partition_id.partition))
        .bind(from.owner.0)
        .bind(from.next_offset)
        .bind(to.next_offset)
        .bind(to.next_log_position.cast_signed())
        .bind(to.next_stream)
        .bind(to.repeats.cast_signed())
        .bind(to.handled.cast_signed())
        .bind(to.chain.head.0)
        .bind(to.checksum(batch.partition_id).0);
    let query = bind_streams(query, batch);
    let query = bind_events(query, batch)?;
    let mut query = bind_outcomes(query, batch)?;
    if beside.marks {
        query = bind_marks(query, batch);
    }
    if beside.timers {
        query = bind_timers(query, batch)?;
    }
    // All the answer, to its end: a statement outside a transaction is committed only then.
    let answer = query.fetch_all(connection).await?;
    Ok(!answer.is_empty())
}

type Bound<'q> = sqlx::query::Query<'q, Postgres, PgArguments>;

fn bind_streams<'q>(query: Bound<'q>, batch: &'q Batch) -> Bound<'q> {
    let streams: Vec<i64> = batch.streams.iter().map(|new| new.stream).collect();
    let keys: Vec<&str> = batch.streams.iter().map(|new| &*new.key).collect();
    query.bind(streams).bind(keys)
}

fn bind_events<'q>(query: Bound<'q>, batch: &'q Batch) -> Result<Bound<'q>, sqlx::Error> {
    let rows = &batch.events;
    let log_positions: Vec<i64> = rows
        .iter()
        .map(|row| row.record.log_position.cast_signed())
        .collect();
    let streams: Vec<i64> = rows.iter().map(|row| row.stream).collect();
    let sequences: Vec<i32> = rows
        .iter()
        .map(|row| narrow(row.sequence))
        .collect::<Result<_, _>>()?;
    let mut records = Vec::with_capacity(rows.len());
    for row in rows {
        let text = std::str::from_utf8(&row.record.value);
        records.push(text.map_err(|error| sqlx::Error::Encode(error.into()))?);
    }
    let checksums: Vec<Option<i64>> = rows
        .iter()
        .map(|row| row.checksum.map(|sum| sum.0))
        .collect();
    Ok(query
        .bind(log_positions)
        .bind(streams)
        .bind(sequences)
        .bind(records)
        .bind(checksums))
}

fn bind_marks<'q>(query: Bound<'q>, batch: &'q Batch) -> Bound<'q> {
    let marks = batch.marks.iter();
    let (log_positions, chains): (Vec<i64>, Vec<i64>) = marks
        .map(|mark| (mark.log_position.cast_signed(), mark.head.0))
        .unzip();
    query.bind(log_positions).bind(chains)
}

fn bind_outcomes<'q>(query: Bound<'q>, batch: &'q Batch) -> Result<Bound<'q>, sqlx::Error> {
    let rows = &batch.outcomes;
    let columns: Vec<OutcomeColumns> = rows.iter().map(columns).collect::<Result<_, _>>()?;
    let commands: Vec<Uuid> = rows.iter().map(|row| row.command.0).collect();
    let hashes: Vec<i64> = rows.iter().map(|row| row.body_hash).collect();
    let streams: Vec<i64> = rows.iter().map(|row| row.stream).collect();
    let log_positions: Vec<i64> = columns.iter().map(|c| c.first_log_position).collect();
    let versions: Vec<i32> = columns.iter().map(|c| c.version).collect();
    let events: Vec<i32> = columns.iter().map(|c| c.events).collect();
    let details: Vec<Option<String>> = columns.into_iter().map(|c| c.detail).collect();
    let checksums: Vec<i64> = rows
        .iter()
        .map(|row| row.checksum(batch.partition_id).0)
        .collect();
    Ok(query
        .bind(commands)
        .bind(hashes)
        .bind(streams)
        .bind(log_positions)
        .bind(versions)
        .bind(events)
        .bind(details)
        .bind(checksums))
}

struct OutcomeColumns {
    first_log_position: i64,
    version: i32,
    events: i32,
    detail: Option<String>,
}

fn columns(row: &OutcomeRow) -> Result<OutcomeColumns, sqlx::Error> {
    let whole = || {
        serde_json::to_string(&row.outcome)
            .expect("an outcome is an enum of strings and numbers, which always serialises")
    };
    Ok(match &row.outcome {
        Outcome::Accepted {
            version,
            first_log_position,
            events,
            ..
        } => OutcomeColumns {
            first_log_position: first_log_position.cast_signed(),
            version: narrow(*version)?,
            events: narrow(u64::from(*events))?,
            detail: if row.is_plain() { None } else { Some(whole()) },
        },
        Outcome::Rejected { version, .. } => OutcomeColumns {
            first_log_position: 0,
            version: narrow(*version)?,
            events: 0,
            detail: Some(whole()),
        },
    })
}

pub(super) async fn insert_dead_letter(
    connection: &mut PgConnection,
    partition_id: PartitionId,
    letter: &DeadLetter,
) -> Result<(), sqlx::Error> {
    // Postgres text holds no NUL; the raw bytes are in `value`.
    let detail = letter.detail.replace('\0', "\u{fffd}");
    let letter = &DeadLetter {
        detail,
        ..letter.clone()
    };
    let key = letter.key.clone().map(ParkedKey);
    let key_checksum = key.map(|key| key.checksum(partition_id));
    let names: Vec<&str> = letter
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    let values: Vec<&[u8]> = letter
        .headers
        .iter()
        .map(|(_, value)| value.as_ref())
        .collect();
    sqlx::query(&sql::insert_dead_letter(partition_id.context))
        .bind(signed(partition_id.partition))
        .bind(letter.offset)
        .bind(letter.key.as_deref())
        .bind(letter.value.as_deref())
        .bind(names)
        .bind(values)
        .bind(letter.logged_at.micros())
        .bind(letter.reason.as_str())
        .bind(&letter.detail)
        .bind(letter.command.map(|command| command.0))
        .bind(letter.checksum(partition_id).0)
        .bind(key_checksum.map(|sum| sum.0))
        .execute(connection)
        .await
        .map(drop)
}

pub(super) async fn insert_notices(
    connection: &mut PgConnection,
    partition_id: PartitionId,
    notices: &[OutcomeNotice],
) -> Result<(), sqlx::Error> {
    if notices.is_empty() {
        return Ok(());
    }
    let offsets: Vec<i64> = notices.iter().map(|notice| notice.offset).collect();
    let keys: Vec<Option<&[u8]>> = notices.iter().map(|notice| notice.key.as_deref()).collect();
    let checksums: Vec<i64> = notices.iter().map(|n| n.checksum(partition_id).0).collect();
    let mut values = Vec::with_capacity(notices.len());
    for notice in notices {
        let text = std::str::from_utf8(&notice.value);
        values.push(text.map_err(|error| sqlx::Error::Encode(error.into()))?);
    }
    sqlx::query(&sql::insert_notices(partition_id.context))
        .bind(signed(partition_id.partition))
        .bind(offsets)
        .bind(keys)
        .bind(values)
        .bind(checksums)
        .execute(connection)
        .await
        .map(drop)
}

/// The result of a batch's changes: the last one of each timer.
fn bind_timers<'q>(query: Bound<'q>, batch: &'q Batch) -> Result<Bound<'q>, sqlx::Error> {
    let last: BTreeMap<_, _> = batch.timers.iter().map(|c| (name(c), c)).collect();
    let (mut set, mut commands, mut cancelled) = (Vec::new(), Vec::new(), Vec::new());
    for (name, change) in last {
        match change {
            TimerChange::Cancel { .. } => cancelled.push(name),
            TimerChange::Set(timer) => {
                let command = std::str::from_utf8(&timer.command);
                commands.push(command.map_err(|error| sqlx::Error::Encode(error.into()))?);
                set.push(timer);
            }
        }
    }
    let keys: Vec<&str> = set.iter().map(|timer| &*timer.key).collect();
    let names: Vec<&str> = set.iter().map(|timer| &*timer.name).collect();
    let ids: Vec<Uuid> = set.iter().map(|timer| timer.id).collect();
    let dues: Vec<i64> = set.iter().map(|timer| timer.due.micros()).collect();
    let checksums: Vec<i64> = set
        .iter()
        .map(|timer| timer.checksum(batch.partition_id).0)
        .collect();
    let (cancelled_keys, cancelled_names): (Vec<&str>, Vec<&str>) = cancelled.into_iter().unzip();
    Ok(query
        .bind(keys)
        .bind(names)
        .bind(ids)
        .bind(dues)
        .bind(commands)
        .bind(checksums)
        .bind(cancelled_keys)
        .bind(cancelled_names))
}

/// A timer's key and its name.
fn name(change: &TimerChange) -> (&str, &str) {
    match change {
        TimerChange::Set(timer) => (&timer.key, &timer.name),
        TimerChange::Cancel { key, name } => (key, name),
    }
}

/// Versions and counts have four bytes: two thousand million events of one aggregate. One more
/// is not written at all, rather than as another number.
fn narrow(number: u64) -> Result<i32, sqlx::Error> {
    i32::try_from(number).map_err(|error| sqlx::Error::Encode(error.into()))
}
