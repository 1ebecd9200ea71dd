//! One transaction for batches of any contexts and partitions, one statement per table.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use kernel::Fault;
use kernel::batch::{Batch, Cursor, DeadLetter, Outcome, OutcomeRow, TimerChange};
use kernel::checksum::{Chain, Checksum, ParkedKey, Row as _};
use kernel::id::Owner;
use kernel::port::{CommitError, EventStore, OutcomeNotice};
use kernel::topic::Shard;
use postgres::fault;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{PgConnection, Postgres, Row};
use uuid::Uuid;

use super::PostgresEventStore;
use super::sql::{self, Beside};

#[async_trait]
impl EventStore for PostgresEventStore {
    async fn take_over(&self, shard: Shard, owner: Owner) -> Result<Cursor, Fault> {
        let start = Cursor::start(owner);
        let row = sqlx::query(&sql::take_over(shard.context))
            .bind(signed(shard.partition))
            .bind(owner.0)
            .bind(start.next_offset)
            .bind(start.next_position.cast_signed())
            .bind(start.next_stream)
            .bind(start.repeats.cast_signed())
            .bind(start.handled.cast_signed())
            .bind(start.chain.from.cast_signed())
            .bind(start.chain.head.0)
            .bind(start.checksum(shard).0)
            .fetch_one(&self.commits)
            .await
            .map_err(|error| fault(format!("take over {shard}"), error))?;
        self.cursor_of(shard, &row)
    }

    async fn cursor(&self, shard: Shard) -> Result<Option<Cursor>, Fault> {
        let row = sqlx::query(&sql::cursor(shard.context))
            .bind(signed(shard.partition))
            .fetch_optional(&self.commits)
            .await
            .map_err(|error| fault(format!("read the cursor of {shard}"), error))?;
        let cursor = row.as_ref().map(|row| self.cursor_of(shard, row));
        cursor.transpose()
    }

    async fn commit(&self, batches: &[Arc<Batch>]) -> Result<Vec<Shard>, CommitError> {
        let mut refused = Vec::new();
        loop {
            let kept: Vec<&Batch> = batches
                .iter()
                .map(AsRef::as_ref)
                .filter(|batch| !refused.contains(&batch.shard))
                .collect();
            if kept.is_empty() {
                return Ok(refused);
            }
            match self.transaction(&kept).await? {
                Written::All => return Ok(refused),
                Written::NotThese(shards) => refused.extend(shards),
            }
        }
    }
}

enum Written {
    All,
    /// Rolled back because of these; without them it may pass.
    NotThese(Vec<Shard>),
}

impl PostgresEventStore {
    pub(super) fn cursor_of(&self, shard: Shard, row: &PgRow) -> Result<Cursor, Fault> {
        let read = || {
            let (cursor, checksum) = cursor(row)?;
            self.check(shard, &cursor, checksum)?;
            Ok(cursor)
        };
        read().map_err(|error| fault(format!("read the cursor of {shard}"), error))
    }

    async fn transaction(&self, batches: &[&Batch]) -> Result<Written, CommitError> {
        let connection = self.writers.take(&self.commits).await;
        let mut connection = connection.map_err(|error| not_made("acquire", error))?;
        let written = match batches {
            [only] if is_one_statement(only) => alone(&mut connection, only).await,
            _ => together(&mut connection, batches).await,
        };
        if matches!(written, Ok(Written::All)) {
            self.writers.keep(connection);
        } else {
            // A connection that failed in mid-transaction is not given back: closing it rolls back,
            // whatever state it is in.
            drop(connection.detach());
        }
        written
    }
}

fn not_made(attempt: &str, error: sqlx::Error) -> CommitError {
    CommitError::NotMade(fault(attempt, error))
}

/// Whether nothing has to be written beside what the commit statement writes.
fn is_one_statement(batch: &Batch) -> bool {
    batch.dead_letters.is_empty() && batch.notices.is_empty()
}

/// A batch whose statement is its transaction.
async fn alone(connection: &mut PgConnection, batch: &Batch) -> Result<Written, CommitError> {
    match write_rows(connection, batch).await {
        Ok(true) => Ok(Written::All),
        Ok(false) => Ok(Written::NotThese(vec![batch.shard])),
        Err(error) => match conflicting(&error, &[batch]) {
            Some(shard) => Ok(Written::NotThese(vec![shard])),
            None if is_refusal(&error) => Err(not_made("write a batch", error)),
            None => Err(CommitError::Unknown(fault("commit a batch", error))),
        },
    }
}

/// Whether the server answered that it did not do it. One that is going down may have done it first.
fn is_refusal(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => !error.code().is_some_and(|code| code.starts_with("57P")),
        sqlx::Error::Encode(_) => true,
        _ => false,
    }
}

/// Several batches in one transaction.
async fn together(
    connection: &mut PgConnection,
    batches: &[&Batch],
) -> Result<Written, CommitError> {
    let begun = sqlx::query("BEGIN").execute(&mut *connection).await;
    begun.map_err(|error| not_made("begin", error))?;
    match write(connection, batches).await {
        Ok(refused) if refused.is_empty() => {}
        Ok(refused) => return Ok(Written::NotThese(refused)),
        Err(error) => {
            return match conflicting(&error, batches) {
                Some(shard) => Ok(Written::NotThese(vec![shard])),
                None => Err(not_made("write a batch", error)),
            };
        }
    }
    let committed = sqlx::query("COMMIT").execute(connection).await;
    committed
        .map(|_| Written::All)
        .map_err(|error| CommitError::Unknown(fault("commit", error)))
}

/// Writes all rows; gives back the partitions that have another owner.
async fn write(
    connection: &mut PgConnection,
    batches: &[&Batch],
) -> Result<Vec<Shard>, sqlx::Error> {
    // Locks are taken in one order, so that two processes cannot wait for each other.
    let mut batches = batches.to_vec();
    batches.sort_unstable_by_key(|batch| batch.shard);
    let mut refused = Vec::new();
    for batch in batches {
        if !write_rows(connection, batch).await? {
            refused.push(batch.shard);
            continue;
        }
        for letter in &batch.dead_letters {
            insert_dead_letter(connection, batch.shard, letter).await?;
        }
        insert_notices(connection, batch.shard, &batch.notices).await?;
    }
    Ok(refused)
}

/// Moves the cursor and writes streams, events, outcomes and timers; false when somebody else owns it.
async fn write_rows(connection: &mut PgConnection, batch: &Batch) -> Result<bool, sqlx::Error> {
    let beside = Beside {
        marks: !batch.marks.is_empty(),
        timers: !batch.timers.is_empty(),
    };
    let statement = sql::commit(batch.shard, beside);
    let (from, to) = (&batch.from, &batch.to);
    let query = sqlx::query(&statement)
        .bind(signed(batch.shard.partition))
        .bind(from.owner.0)
        .bind(from.next_offset)
        .bind(to.next_offset)
        .bind(to.next_position.cast_signed())
        .bind(to.next_stream)
        .bind(to.repeats.cast_signed())
        .bind(to.handled.cast_signed())
        .bind(to.chain.head.0)
        .bind(to.checksum(batch.shard).0);
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
    let positions: Vec<i64> = rows
        .iter()
        .map(|row| row.record.position.cast_signed())
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
        .bind(positions)
        .bind(streams)
        .bind(sequences)
        .bind(records)
        .bind(checksums))
}

fn bind_marks<'q>(query: Bound<'q>, batch: &'q Batch) -> Bound<'q> {
    let marks = batch.marks.iter();
    let (positions, chains): (Vec<i64>, Vec<i64>) = marks
        .map(|mark| (mark.position.cast_signed(), mark.head.0))
        .unzip();
    query.bind(positions).bind(chains)
}

fn bind_outcomes<'q>(query: Bound<'q>, batch: &'q Batch) -> Result<Bound<'q>, sqlx::Error> {
    let rows = &batch.outcomes;
    let columns: Vec<OutcomeColumns> = rows.iter().map(columns).collect::<Result<_, _>>()?;
    let commands: Vec<Uuid> = rows.iter().map(|row| row.command.0).collect();
    let hashes: Vec<i64> = rows.iter().map(|row| row.body_hash).collect();
    let streams: Vec<i64> = rows.iter().map(|row| row.stream).collect();
    let positions: Vec<i64> = columns.iter().map(|c| c.first_position).collect();
    let versions: Vec<i32> = columns.iter().map(|c| c.version).collect();
    let events: Vec<i32> = columns.iter().map(|c| c.events).collect();
    let details: Vec<Option<String>> = columns.into_iter().map(|c| c.detail).collect();
    let checksums: Vec<i64> = rows.iter().map(|row| row.checksum(batch.shard).0).collect();
    Ok(query
        .bind(commands)
        .bind(hashes)
        .bind(streams)
        .bind(positions)
        .bind(versions)
        .bind(events)
        .bind(details)
        .bind(checksums))
}

struct OutcomeColumns {
    first_position: i64,
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
            first_position,
            events,
            ..
        } => OutcomeColumns {
            first_position: first_position.cast_signed(),
            version: narrow(*version)?,
            events: narrow(u64::from(*events))?,
            detail: if row.stream == 0 { Some(whole()) } else { None },
        },
        Outcome::Rejected { version, .. } => OutcomeColumns {
            first_position: 0,
            version: narrow(*version)?,
            events: 0,
            detail: Some(whole()),
        },
    })
}

async fn insert_dead_letter(
    connection: &mut PgConnection,
    shard: Shard,
    letter: &DeadLetter,
) -> Result<(), sqlx::Error> {
    // Postgres text holds no NUL; the raw bytes stand in `value`.
    let detail = letter.detail.replace('\0', "\u{fffd}");
    let letter = &DeadLetter {
        detail,
        ..letter.clone()
    };
    let key = letter.key.clone().map(ParkedKey);
    let key_checksum = key.map(|key| key.checksum(shard));
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
    sqlx::query(&sql::insert_dead_letter(shard.context))
        .bind(signed(shard.partition))
        .bind(letter.offset)
        .bind(letter.key.as_deref())
        .bind(letter.value.as_deref())
        .bind(names)
        .bind(values)
        .bind(letter.logged_at.micros())
        .bind(letter.reason.as_str())
        .bind(&letter.detail)
        .bind(letter.command.map(|command| command.0))
        .bind(letter.checksum(shard).0)
        .bind(key_checksum.map(|sum| sum.0))
        .execute(connection)
        .await
        .map(drop)
}

async fn insert_notices(
    connection: &mut PgConnection,
    shard: Shard,
    notices: &[OutcomeNotice],
) -> Result<(), sqlx::Error> {
    if notices.is_empty() {
        return Ok(());
    }
    let offsets: Vec<i64> = notices.iter().map(|notice| notice.offset).collect();
    let keys: Vec<Option<&[u8]>> = notices.iter().map(|notice| notice.key.as_deref()).collect();
    let checksums: Vec<i64> = notices.iter().map(|n| n.checksum(shard).0).collect();
    let mut values = Vec::with_capacity(notices.len());
    for notice in notices {
        let text = std::str::from_utf8(&notice.value);
        values.push(text.map_err(|error| sqlx::Error::Encode(error.into()))?);
    }
    sqlx::query(&sql::insert_notices(shard.context))
        .bind(signed(shard.partition))
        .bind(offsets)
        .bind(keys)
        .bind(values)
        .bind(checksums)
        .execute(connection)
        .await
        .map(drop)
}

/// What a batch's changes come to: the last one of each timer.
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
        .map(|timer| timer.checksum(batch.shard).0)
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

/// The partition whose rows stand against rows already there, told by the table's name. Its memory
/// and the store disagree, so it must start again from the store.
fn conflicting(error: &sqlx::Error, batches: &[&Batch]) -> Option<Shard> {
    let error = error.as_database_error()?;
    if !error.is_unique_violation() {
        return None;
    }
    let error = error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>()?;
    let (schema, table) = (error.schema()?, error.table()?);
    let partition: u16 = table.rsplit('_').next()?.parse().ok()?;
    batches
        .iter()
        .map(|batch| batch.shard)
        .find(|shard| shard.context == schema && shard.partition == partition)
}

/// The cursor, and the checksum beside it.
fn cursor(row: &PgRow) -> Result<(Cursor, Option<i64>), sqlx::Error> {
    let number = |column| row.try_get::<i64, _>(column);
    let chain = Chain {
        from: number("chain_from")?.cast_unsigned(),
        head: Checksum(number("chain")?),
    };
    let cursor = Cursor {
        owner: Owner(row.try_get("owner")?),
        next_offset: number("next_offset")?,
        next_position: number("next_position")?.cast_unsigned(),
        next_stream: number("next_stream")?,
        repeats: number("repeats")?.cast_unsigned(),
        handled: number("handled")?.cast_unsigned(),
        chain,
    };
    Ok((cursor, row.try_get("checksum")?))
}

/// A partition number as the column has it.
pub(super) fn signed(partition: u16) -> i16 {
    i16::try_from(partition).unwrap_or(i16::MAX)
}

/// Versions and counts stand in four bytes: two thousand million events of one aggregate. One more
/// is not written at all, rather than as another number.
fn narrow(number: u64) -> Result<i32, sqlx::Error> {
    i32::try_from(number).map_err(|error| sqlx::Error::Encode(error.into()))
}
