//! The rows of a batch. There is no `ON CONFLICT DO NOTHING`: a row that is not inserted is an error.

use bytes::Bytes;
use kernel::Timestamp;
use kernel::batch::{Batch, DeadLetter, Outcome, OutcomeRow, TimerChange};
use kernel::checksum::{ParkedKey, Row as _};
use kernel::port::DeadLetterState;
use kernel::topic::PartitionId;
use rusqlite::{Connection, params};

use crate::{headers, outcomes};

pub(super) fn rows(
    connection: &Connection,
    batch: &Batch,
    logged_at: Timestamp,
) -> rusqlite::Result<()> {
    streams(connection, batch)?;
    events(connection, batch, logged_at)?;
    marks(connection, batch)?;
    inbox(connection, batch)?;
    for letter in &batch.dead_letters {
        dead_letter(connection, batch.partition_id, letter)?;
    }
    for change in &batch.timers {
        timer(connection, batch.partition_id, change)?;
    }
    for notice in &batch.notices {
        outcomes::insert(connection, batch.partition_id, notice)?;
    }
    Ok(())
}

fn streams(connection: &Connection, batch: &Batch) -> rusqlite::Result<()> {
    let PartitionId { context, partition } = batch.partition_id;
    let mut insert = connection.prepare_cached(
        "INSERT INTO stream (context, partition, stream, key) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for new in &batch.streams {
        insert.execute(params![context, partition, new.stream, &*new.key])?;
    }
    Ok(())
}

fn events(connection: &Connection, batch: &Batch, logged_at: Timestamp) -> rusqlite::Result<()> {
    let PartitionId { context, partition } = batch.partition_id;
    let mut insert = connection.prepare_cached(
        "INSERT INTO event (context, partition, position, stream, sequence, logged_at, record, \
             checksum) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for row in &batch.events {
        insert.execute(params![
            context,
            partition,
            row.record.log_position.cast_signed(),
            row.stream,
            row.sequence.cast_signed(),
            logged_at.micros(),
            text(&row.record.value)?,
            row.checksum.map(|checksum| checksum.0),
        ])?;
    }
    Ok(())
}

fn marks(connection: &Connection, batch: &Batch) -> rusqlite::Result<()> {
    let PartitionId { context, partition } = batch.partition_id;
    let mut insert = connection.prepare_cached(
        "INSERT INTO mark (context, partition, position, chain) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for mark in &batch.marks {
        let log_position = mark.log_position.cast_signed();
        insert.execute(params![context, partition, log_position, mark.head.0])?;
    }
    Ok(())
}

fn inbox(connection: &Connection, batch: &Batch) -> rusqlite::Result<()> {
    let PartitionId { context, partition } = batch.partition_id;
    let mut insert = connection.prepare_cached(
        "INSERT INTO outcome (context, partition, command, body_hash, stream, first_position, \
             version, events, detail, checksum) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    for row in &batch.outcomes {
        let (first_log_position, version, events) = numbers(&row.outcome);
        insert.execute(params![
            context,
            partition,
            row.command.0,
            row.body_hash,
            row.stream,
            first_log_position.cast_signed(),
            version.cast_signed(),
            events,
            detail(row),
            row.checksum(batch.partition_id).0,
        ])?;
    }
    Ok(())
}

fn numbers(outcome: &Outcome) -> (u64, u64, u32) {
    match outcome {
        Outcome::Accepted {
            version,
            first_log_position,
            events,
            ..
        } => (*first_log_position, *version, *events),
        Outcome::Rejected { version, .. } => (0, *version, 0),
    }
}

/// What the other columns do not hold: nothing, when they hold it all.
fn detail(row: &OutcomeRow) -> Option<String> {
    if row.is_plain() {
        return None;
    }
    let whole = serde_json::to_string(&row.outcome);
    Some(whole.expect("an outcome is strings and numbers, which always serialise"))
}

fn dead_letter(
    connection: &Connection,
    partition_id: PartitionId,
    letter: &DeadLetter,
) -> rusqlite::Result<()> {
    let key = letter.key.clone().map(ParkedKey);
    connection
        .prepare_cached(
            "INSERT INTO dead_letter (context, partition, \"offset\", key, value, headers, \
                 logged_at, reason, detail, state, command, checksum, key_checksum) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?
        .execute(params![
            partition_id.context,
            partition_id.partition,
            letter.offset,
            letter.key.as_deref(),
            letter.value.as_deref(),
            headers::encode(&letter.headers)?,
            letter.logged_at.micros(),
            letter.reason.as_str(),
            letter.detail,
            DeadLetterState::Parked.as_str(),
            letter.command.map(|command| command.0),
            letter.checksum(partition_id).0,
            key.map(|key| key.checksum(partition_id).0),
        ])
        .map(drop)
}

fn timer(
    connection: &Connection,
    partition_id: PartitionId,
    change: &TimerChange,
) -> rusqlite::Result<()> {
    match change {
        TimerChange::Set(timer) => connection
            .prepare_cached(
                "INSERT INTO timer (context, key, name, partition, id, due, command, checksum) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
                 ON CONFLICT (context, key, name) DO UPDATE \
                 SET id = excluded.id, due = excluded.due, command = excluded.command, \
                     checksum = excluded.checksum, partition = excluded.partition",
            )?
            .execute(params![
                partition_id.context,
                &*timer.key,
                &*timer.name,
                partition_id.partition,
                timer.id,
                timer.due.micros(),
                text(&timer.command)?,
                timer.checksum(partition_id).0,
            ])
            .map(drop),
        TimerChange::Cancel { key, name } => connection
            .prepare_cached("DELETE FROM timer WHERE context = ?1 AND key = ?2 AND name = ?3")?
            .execute(params![partition_id.context, &**key, &**name])
            .map(drop),
    }
}

/// JSON is kept as text, for people who look into the file.
pub(crate) fn text(json: &Bytes) -> rusqlite::Result<&str> {
    std::str::from_utf8(json).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}
