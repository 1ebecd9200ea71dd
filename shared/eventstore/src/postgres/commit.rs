//! One transaction for batches of any contexts and partitions, one statement per table.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::Fault;
use kernel::batch::{Batch, Cursor};
use kernel::checksum::{Chain, Checksum, Row as _};
use kernel::id::Owner;
use kernel::port::{CommitError, EventStore};
use kernel::topic::PartitionId;
use postgres::fault;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::PostgresEventStore;
use super::rows::{insert_dead_letter, insert_notices, write_rows};
use super::sql;

#[async_trait]
impl EventStore for PostgresEventStore {
    async fn take_over(&self, partition_id: PartitionId, owner: Owner) -> Result<Cursor, Fault> {
        let start = Cursor::start(owner);
        let row = sqlx::query(&sql::take_over(partition_id.context))
            .bind(signed(partition_id.partition))
            .bind(owner.0)
            .bind(start.next_offset)
            .bind(start.next_log_position.cast_signed())
            .bind(start.next_stream)
            .bind(start.repeats.cast_signed())
            .bind(start.handled.cast_signed())
            .bind(start.chain.from.cast_signed())
            .bind(start.chain.head.0)
            .bind(start.checksum(partition_id).0)
            .fetch_one(&self.commits)
            .await
            .map_err(|error| fault(format!("take over {partition_id}"), error))?;
        self.cursor_of(partition_id, &row)
    }

    async fn cursor(&self, partition_id: PartitionId) -> Result<Option<Cursor>, Fault> {
        let row = sqlx::query(&sql::cursor(partition_id.context))
            .bind(signed(partition_id.partition))
            .fetch_optional(&self.commits)
            .await
            .map_err(|error| fault(format!("read the cursor of {partition_id}"), error))?;
        let cursor = row.as_ref().map(|row| self.cursor_of(partition_id, row));
        cursor.transpose()
    }

    /// By one question.
    async fn cursors(
        &self,
        context: &'static str,
        partitions: u16,
    ) -> Result<Vec<Option<Cursor>>, Fault> {
        let rows = sqlx::query(&sql::cursors(&[context]))
            .fetch_all(&self.commits)
            .await
            .map_err(|error| fault(format!("read the cursors of {context}"), error))?;
        let mut cursors = vec![None; usize::from(partitions)];
        for row in &rows {
            let partition: i16 = row
                .try_get("partition")
                .map_err(|error| fault(format!("read a cursor of {context}"), error))?;
            let partition = partition.cast_unsigned();
            if let Some(cursor) = cursors.get_mut(usize::from(partition)) {
                *cursor = Some(self.cursor_of(PartitionId { context, partition }, row)?);
            }
        }
        Ok(cursors)
    }

    async fn commit(&self, batches: &[Arc<Batch>]) -> Result<Vec<PartitionId>, CommitError> {
        let mut refused = Vec::new();
        loop {
            let kept: Vec<&Batch> = batches
                .iter()
                .map(AsRef::as_ref)
                .filter(|batch| !refused.contains(&batch.partition_id))
                .collect();
            if kept.is_empty() {
                return Ok(refused);
            }
            match self.transaction(&kept).await? {
                Written::All => return Ok(refused),
                Written::NotThese(partition_ids) => refused.extend(partition_ids),
            }
        }
    }
}

enum Written {
    All,
    /// Rolled back because of these; without them it may pass.
    NotThese(Vec<PartitionId>),
}

impl PostgresEventStore {
    pub(super) fn cursor_of(
        &self,
        partition_id: PartitionId,
        row: &PgRow,
    ) -> Result<Cursor, Fault> {
        let read = || {
            let (cursor, checksum) = cursor(row)?;
            self.check(partition_id, &cursor, checksum)?;
            Ok(cursor)
        };
        read().map_err(|error| fault(format!("read the cursor of {partition_id}"), error))
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
            // A connection that failed in mid-transaction is not returned: closing it rolls back,
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
        Ok(false) => Ok(Written::NotThese(vec![batch.partition_id])),
        Err(error) => match conflicting(&error, &[batch]) {
            Some(partition_id) => Ok(Written::NotThese(vec![partition_id])),
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
                Some(partition_id) => Ok(Written::NotThese(vec![partition_id])),
                None => Err(not_made("write a batch", error)),
            };
        }
    }
    let committed = sqlx::query("COMMIT").execute(connection).await;
    committed
        .map(|_| Written::All)
        .map_err(|error| CommitError::Unknown(fault("commit", error)))
}

/// Writes all rows; returns the partitions that have another owner.
async fn write(
    connection: &mut PgConnection,
    batches: &[&Batch],
) -> Result<Vec<PartitionId>, sqlx::Error> {
    // Locks are taken in one order, so that two processes cannot wait for each other.
    let mut batches = batches.to_vec();
    batches.sort_unstable_by_key(|batch| batch.partition_id);
    let mut refused = Vec::new();
    for batch in batches {
        if !write_rows(connection, batch).await? {
            refused.push(batch.partition_id);
            continue;
        }
        for letter in &batch.dead_letters {
            insert_dead_letter(connection, batch.partition_id, letter).await?;
        }
        insert_notices(connection, batch.partition_id, &batch.notices).await?;
    }
    Ok(refused)
}

/// The partition whose rows conflict with rows already stored, known by the table's name. Its memory
/// and the store disagree, so it must start again from the store.
fn conflicting(error: &sqlx::Error, batches: &[&Batch]) -> Option<PartitionId> {
    let error = error.as_database_error()?;
    if !error.is_unique_violation() {
        return None;
    }
    let error = error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>()?;
    let (schema, table) = (error.schema()?, error.table()?);
    let partition: u16 = table.rsplit('_').next()?.parse().ok()?;
    batches
        .iter()
        .map(|batch| batch.partition_id)
        .find(|partition_id| partition_id.context == schema && partition_id.partition == partition)
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
        next_log_position: number("next_position")?.cast_unsigned(),
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
