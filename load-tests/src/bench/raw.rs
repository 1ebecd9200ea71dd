//! The limit of commits: the same rows, written by nothing but batched inserts.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use eventstore::postgres::{Installed, migrate};
use kernel::batch::{Batch, Outcome, OutcomeRow};
use sqlx::{Connection as _, PgConnection};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::commits::Transaction;
use super::drain::to_f64;
use dealerboard::config::Config;

/// A context that only this benchmark has.
const SCHEMA: &str = "bench_limit";
/// As many as the committer has under way.
const CONNECTIONS: usize = 2;

/// Events per second when these transactions are made once more: the same columns and indexes, as
/// many connections, but no cursor, no fencing and nothing to decide.
pub(super) async fn rate(config: &Config, transactions: Vec<Transaction>) -> anyhow::Result<f64> {
    let installed = Installed {
        context: SCHEMA,
        aggregate_type: "trade",
        partitions: config.kafka.partitions,
    };
    migrate(&config.postgres.url, &[installed]).await?;
    let batches = transactions.iter().flatten();
    let events: usize = batches.map(|batch| batch.events.len()).sum();
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(PgConnection::connect(&config.postgres.url).await?);
    }
    let waiting = Arc::new(Mutex::new(VecDeque::from(transactions)));
    let started = Instant::now();
    let mut writing = JoinSet::new();
    for mut connection in connections {
        let waiting = Arc::clone(&waiting);
        let next = move || {
            let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.pop_front()
        };
        writing.spawn(async move {
            while let Some(transaction) = next() {
                write(&mut connection, &transaction).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(written) = writing.join_next().await {
        written??;
    }
    Ok(to_f64(events as u64) / started.elapsed().as_secs_f64())
}

async fn write(connection: &mut PgConnection, transaction: &Transaction) -> anyhow::Result<()> {
    let mut inserts = connection.begin().await?;
    for batch in transaction {
        streams(&mut inserts, batch).await?;
        events(&mut inserts, batch).await?;
        outcomes(&mut inserts, batch).await?;
    }
    Ok(inserts.commit().await?)
}

async fn streams(connection: &mut PgConnection, batch: &Batch) -> anyhow::Result<()> {
    let partition = batch.partition_id.partition;
    let streams: Vec<i64> = batch.streams.iter().map(|new| new.stream).collect();
    let keys: Vec<&str> = batch.streams.iter().map(|new| &*new.key).collect();
    let insert = format!(
        "INSERT INTO {SCHEMA}.stream_{partition} SELECT * FROM unnest($1::int8[], $2::text[])"
    );
    let insert = sqlx::query(&insert).bind(streams).bind(keys);
    insert.execute(connection).await?;
    Ok(())
}

async fn events(connection: &mut PgConnection, batch: &Batch) -> anyhow::Result<()> {
    let partition = batch.partition_id.partition;
    let rows = &batch.events;
    let mut positions = Vec::with_capacity(rows.len());
    let mut streams = Vec::with_capacity(rows.len());
    let mut sequences = Vec::with_capacity(rows.len());
    let mut records = Vec::with_capacity(rows.len());
    for row in rows {
        positions.push(row.record.log_position.cast_signed());
        streams.push(row.stream);
        sequences.push(i32::try_from(row.sequence)?);
        records.push(str::from_utf8(&row.record.value)?);
    }
    let insert = format!(
        "INSERT INTO {SCHEMA}.event_{partition} \
         SELECT * FROM unnest($1::int8[], $2::int8[], $3::int4[], $4::text[])"
    );
    let insert = sqlx::query(&insert).bind(positions).bind(streams);
    let insert = insert.bind(sequences).bind(records);
    insert.execute(connection).await?;
    Ok(())
}

async fn outcomes(connection: &mut PgConnection, batch: &Batch) -> anyhow::Result<()> {
    let partition = batch.partition_id.partition;
    let rows = &batch.outcomes;
    let commands: Vec<Uuid> = rows.iter().map(|row| row.command.0).collect();
    let hashes: Vec<i64> = rows.iter().map(|row| row.body_hash).collect();
    let streams: Vec<i64> = rows.iter().map(|row| row.stream).collect();
    let mut positions = Vec::with_capacity(rows.len());
    let mut versions = Vec::with_capacity(rows.len());
    let mut events = Vec::with_capacity(rows.len());
    for row in rows {
        let (position, version, count) = accepted(row)?;
        positions.push(position);
        versions.push(version);
        events.push(count);
    }
    let insert = format!(
        "INSERT INTO {SCHEMA}.outcome_{partition} \
             (command, body_hash, stream, first_position, version, events) \
         SELECT * FROM unnest($1::uuid[], $2::int8[], $3::int8[], $4::int8[], $5::int4[], \
                              $6::int4[])"
    );
    let insert = sqlx::query(&insert).bind(commands).bind(hashes);
    let insert = insert.bind(streams).bind(positions);
    let insert = insert.bind(versions).bind(events);
    insert.execute(connection).await?;
    Ok(())
}

/// First position, version and number of events.
fn accepted(row: &OutcomeRow) -> anyhow::Result<(i64, i32, i32)> {
    let Outcome::Accepted {
        version,
        first_log_position,
        events,
        ..
    } = &row.outcome
    else {
        anyhow::bail!("a command of the workload was rejected");
    };
    Ok((
        first_log_position.cast_signed(),
        i32::try_from(*version)?,
        i32::try_from(*events)?,
    ))
}
