//! A look at every row, and at the marks of the chains.

use std::error::Error as _;

use async_trait::async_trait;
use kernel::Fault;
use kernel::checksum::{Checksum, Damaged, Mark, ParkedKey, Row as _};
use kernel::id::CommandId;
use kernel::port::{EventStore as _, Scrub, Scrubbed};
use kernel::topic::PartitionId;
use postgres::fault;
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::{PostgresEventStore, parked_calls, sql, timers};

/// Rows looked at in one query.
const PAGE: i64 = 2_000;

#[async_trait]
impl Scrub for PostgresEventStore {
    /// Pages and indexes are the server's own affair.
    async fn structure(&self) -> Result<Vec<Damaged>, Fault> {
        Ok(Vec::new())
    }

    async fn rows(&self, contexts: &[&'static str], partitions: u16) -> Result<Scrubbed, Fault> {
        let (store, proven) = (self.as_stored(), self.proven());
        let mut found = Scrubbed::default();
        for &context in contexts {
            for partition in 0..partitions {
                let partition_id = PartitionId { context, partition };
                proven.scrub_cursor(partition_id, &mut found).await?;
                store.scrub_outcomes(partition_id, &mut found).await?;
            }
            store
                .scrub_each(context, "dead_letter", Self::look_at_letter, &mut found)
                .await?;
            store
                .scrub_each(context, "outcome_notice", Self::look_at_notice, &mut found)
                .await?;
            store.scrub_timers(context, &mut found).await?;
            store.scrub_parked_calls(context, &mut found).await?;
        }
        Ok(found)
    }

    async fn marks(
        &self,
        partition_id: PartitionId,
        after: u64,
        max: usize,
    ) -> Result<Vec<Mark>, Fault> {
        let rows: Result<Vec<(i64, i64)>, _> = sqlx::query_as(&sql::marks_after(partition_id))
            .bind(after.cast_signed())
            .bind(i64::try_from(max).unwrap_or(i64::MAX))
            .fetch_all(self.reads())
            .await;
        let rows = rows.map_err(|error| fault(format!("read marks of {partition_id}"), error))?;
        let marks = rows.into_iter().map(|(log_position, chain)| Mark {
            log_position: log_position.cast_unsigned(),
            head: Checksum(chain),
        });
        Ok(marks.collect())
    }
}

impl PostgresEventStore {
    async fn scrub_cursor(
        &self,
        partition_id: PartitionId,
        found: &mut Scrubbed,
    ) -> Result<(), Fault> {
        match self.cursor(partition_id).await {
            Ok(cursor) => found.proven += u64::from(cursor.is_some()),
            Err(fault) => match fault.damage() {
                Some(damaged) => found.damaged(damaged.clone()),
                None => return Err(fault),
            },
        }
        Ok(())
    }

    async fn scrub_outcomes(
        &self,
        partition_id: PartitionId,
        found: &mut Scrubbed,
    ) -> Result<(), Fault> {
        let attempt = || format!("look at the outcomes of {partition_id}");
        let mut after = None;
        loop {
            let (scan, from) = sql::scan_outcomes(partition_id, after);
            let rows = sqlx::query(&scan)
                .bind(from)
                .bind(PAGE)
                .fetch_all(self.reads())
                .await
                .map_err(|error| fault(attempt(), error))?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            let last = last.try_get("command");
            after = Some(CommandId(last.map_err(|error| fault(attempt(), error))?));
            for row in &rows {
                let checksum = stored(row, "checksum").map_err(|error| fault(attempt(), error))?;
                let command: Result<Uuid, _> = row.try_get("command");
                let command = command.map_err(|error| fault(attempt(), error))?;
                found.row(match self.outcome(partition_id, row) {
                    Ok(outcome) => outcome
                        .check(partition_id, checksum)
                        .map(|()| checksum.is_some()),
                    Err(error) => Err(cause(&error, || {
                        format!("outcome {partition_id} of command {command}")
                    })),
                });
            }
        }
    }

    /// Every row of a table that has one per record of the command log at most.
    async fn scrub_each(
        &self,
        context: &'static str,
        table: &str,
        look: impl Fn(&Self, PartitionId, i64, &PgRow) -> Result<bool, Damaged>,
        found: &mut Scrubbed,
    ) -> Result<(), Fault> {
        let attempt = || format!("look at the rows of {context}.{table}");
        let (mut partition, mut offset) = (i16::MIN, i64::MIN);
        loop {
            let rows = sqlx::query(&sql::rows_after(context, table))
                .bind(partition)
                .bind(offset)
                .bind(PAGE)
                .fetch_all(self.reads())
                .await
                .map_err(|error| fault(attempt(), error))?;
            for row in &rows {
                let place = |row: &PgRow| Ok((row.try_get("partition")?, row.try_get("offset")?));
                (partition, offset) = place(row).map_err(|error| fault(attempt(), error))?;
                let partition_id = PartitionId {
                    context,
                    partition: partition.cast_unsigned(),
                };
                found.row(look(self, partition_id, offset, row));
            }
            if rows.is_empty() {
                return Ok(());
            }
        }
    }

    fn look_at_letter(
        &self,
        partition_id: PartitionId,
        offset: i64,
        row: &PgRow,
    ) -> Result<bool, Damaged> {
        let unreadable =
            |error: sqlx::Error| cause(&error, || format!("dead letter {partition_id}/{offset}"));
        let letter = self.letter(partition_id, row).map_err(unreadable)?.letter;
        let checksum = stored(row, "checksum").map_err(unreadable)?;
        letter.check(partition_id, checksum)?;
        if let Some(key) = letter.key {
            let stored = stored(row, "key_checksum").map_err(unreadable)?;
            ParkedKey(key).check(partition_id, stored)?;
        }
        Ok(checksum.is_some())
    }

    fn look_at_notice(
        &self,
        partition_id: PartitionId,
        offset: i64,
        row: &PgRow,
    ) -> Result<bool, Damaged> {
        let unreadable =
            |error: sqlx::Error| cause(&error, || format!("notice {partition_id}/{offset}"));
        let notice = self.notice(partition_id, row).map_err(unreadable)?;
        let checksum = stored(row, "checksum").map_err(unreadable)?;
        notice.check(partition_id, checksum)?;
        Ok(checksum.is_some())
    }

    async fn scrub_timers(&self, context: &'static str, found: &mut Scrubbed) -> Result<(), Fault> {
        let attempt = || format!("look at the timers of {context}");
        let (mut key, mut name) = (String::new(), String::new());
        loop {
            let rows = sqlx::query(&sql::timers_after(context))
                .bind(&key)
                .bind(&name)
                .bind(PAGE)
                .fetch_all(self.reads())
                .await
                .map_err(|error| fault(attempt(), error))?;
            for row in &rows {
                let place = |row: &PgRow| Ok((row.try_get("key")?, row.try_get("name")?));
                (key, name) = place(row).map_err(|error| fault(attempt(), error))?;
                let checksum = stored(row, "checksum").map_err(|error| fault(attempt(), error))?;
                let due = timers::due(context, row).map_err(|error| fault(attempt(), error))?;
                found.row(due.map(|_| checksum.is_some()));
            }
            if rows.is_empty() {
                return Ok(());
            }
        }
    }

    async fn scrub_parked_calls(
        &self,
        context: &'static str,
        found: &mut Scrubbed,
    ) -> Result<(), Fault> {
        let failed = |error| fault(format!("look at the parked calls of {context}"), error);
        let mut after = (i16::MIN, String::new(), i64::MIN, 0_i64);
        loop {
            let rows = sqlx::query(parked_calls::SCAN)
                .bind(context)
                .bind(after.0)
                .bind(&after.1)
                .bind(after.2)
                .bind(after.3)
                .bind(PAGE)
                .fetch_all(self.reads())
                .await
                .map_err(failed)?;
            for row in &rows {
                let place = |row: &PgRow| -> Result<_, sqlx::Error> {
                    let (partition, effect) = (row.try_get("partition")?, row.try_get("effect")?);
                    Ok((
                        partition,
                        effect,
                        row.try_get("position")?,
                        row.try_get("n")?,
                    ))
                };
                after = place(row).map_err(failed)?;
                let partition_id = PartitionId {
                    context,
                    partition: after.0.cast_unsigned(),
                };
                let looked = self.proven().parked_call(partition_id, row);
                let named = || format!("parked call {}, {partition_id} {}", after.1, after.2);
                found.row(looked.map(|_| true).map_err(|error| cause(&error, named)));
            }
            if rows.is_empty() {
                return Ok(());
            }
        }
    }
}

fn stored(row: &PgRow, column: &str) -> Result<Option<Checksum>, sqlx::Error> {
    let stored: Option<i64> = row.try_get(column)?;
    Ok(stored.map(Checksum))
}

/// What is damaged, if the error names it, or else the row.
fn cause(error: &sqlx::Error, row: impl FnOnce() -> String) -> Damaged {
    let named = error.source().and_then(|cause| cause.downcast_ref());
    let named: Option<&Damaged> = named;
    named
        .cloned()
        .unwrap_or_else(|| Damaged::new(row(), error.to_string()))
}
