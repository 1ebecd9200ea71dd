//! Parked commands on Postgres.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use async_trait::async_trait;
use bytes::Bytes;
use kernel::batch::{DeadLetter, DeadReason};
use kernel::checksum::{ParkedKey, Row as _};
use kernel::id::CommandId;
use kernel::port::{DeadLetterState, DeadLetters, FOUND_MAX, StoredDeadLetter};
use kernel::topic::PartitionId;
use kernel::{Fault, Timestamp};
use postgres::fault;
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::PostgresEventStore;
use super::commit::signed;

#[async_trait]
impl DeadLetters for PostgresEventStore {
    async fn list(
        &self,
        partition_id: PartitionId,
        after: Option<i64>,
        max: usize,
    ) -> Result<Vec<StoredDeadLetter>, Fault> {
        let attempt = || format!("list dead letters of {partition_id}");
        let select = format!(
            "SELECT * FROM {}.dead_letter WHERE partition = $1 AND \"offset\" > $2 \
             ORDER BY \"offset\" LIMIT $3",
            partition_id.context
        );
        let rows = sqlx::query(&select)
            .bind(signed(partition_id.partition))
            .bind(after.unwrap_or(i64::MIN))
            .bind(i64::try_from(max).unwrap_or(i64::MAX))
            .fetch_all(self.reads())
            .await
            .map_err(|error| fault(attempt(), error))?;
        rows.iter()
            .map(|row| {
                let stored = self.letter(partition_id, row);
                stored.map_err(|error| fault(attempt(), error))
            })
            .collect()
    }

    async fn parked_keys(&self, partition_id: PartitionId) -> Result<Vec<Bytes>, Fault> {
        let attempt = || format!("read parked keys of {partition_id}");
        let select = format!(
            "SELECT DISTINCT key, key_checksum FROM {}.dead_letter \
             WHERE partition = $1 AND state = 'parked' AND key IS NOT NULL \
               AND reason IN ('too_large', 'panicked', 'behind_parked')",
            partition_id.context
        );
        let keys: Vec<(Vec<u8>, Option<i64>)> = sqlx::query_as(&select)
            .bind(signed(partition_id.partition))
            .fetch_all(self.reads())
            .await
            .map_err(|error| fault(attempt(), error))?;
        let keys = keys.into_iter().map(|(key, checksum)| {
            let key = ParkedKey(key.into());
            let checked = self.check(partition_id, &key, checksum);
            checked.map(|()| key.0)
        });
        let keys: Result<BTreeSet<Bytes>, _> = keys.collect();
        let keys = keys.map_err(|error| fault(attempt(), error))?;
        Ok(keys.into_iter().collect())
    }

    async fn find(
        &self,
        contexts: &[&'static str],
        ids: RangeInclusive<CommandId>,
    ) -> Result<Vec<StoredDeadLetter>, Fault> {
        let mut found = Vec::new();
        for &context in contexts {
            let attempt = || format!("find dead letters in {context}");
            let select = format!(
                "SELECT * FROM {context}.dead_letter WHERE command BETWEEN $1 AND $2 \
                 ORDER BY logged_at DESC, \"offset\" DESC LIMIT $3"
            );
            let rows = sqlx::query(&select)
                .bind(ids.start().0)
                .bind(ids.end().0)
                .bind(i64::try_from(FOUND_MAX).unwrap_or(i64::MAX))
                .fetch_all(self.reads())
                .await
                .map_err(|error| fault(attempt(), error))?;
            for row in &rows {
                let stored = row
                    .try_get("partition")
                    .and_then(|partition: i16| {
                        let partition = u16::try_from(partition).unwrap_or(u16::MAX);
                        self.letter(PartitionId { context, partition }, row)
                    })
                    .map_err(|error| fault(attempt(), error))?;
                found.push(stored);
            }
        }
        Ok(found)
    }

    async fn mark(
        &self,
        partition_id: PartitionId,
        offset: i64,
        from: DeadLetterState,
        to: DeadLetterState,
    ) -> Result<bool, Fault> {
        let update = format!(
            "UPDATE {}.dead_letter SET state = $4 \
             WHERE partition = $1 AND \"offset\" = $2 AND state = $3",
            partition_id.context
        );
        let done = sqlx::query(&update)
            .bind(signed(partition_id.partition))
            .bind(offset)
            .bind(from.as_str())
            .bind(to.as_str())
            .execute(self.reads())
            .await
            .map_err(|error| fault(format!("mark dead letter {partition_id}/{offset}"), error))?;
        Ok(done.rows_affected() == 1)
    }

    async fn set_aside(&self, partition_id: PartitionId, by: i64) -> Result<(), Fault> {
        let moved = self.move_letters(partition_id, by).await;
        moved.map_err(|error| fault(format!("set dead letters of {partition_id} aside"), error))
    }
}

impl PostgresEventStore {
    async fn move_letters(&self, partition_id: PartitionId, by: i64) -> Result<(), sqlx::Error> {
        let table = format!("{}.dead_letter", partition_id.context);
        // Upwards: what was set aside before makes room first.
        let next = format!(
            "SELECT * FROM {table} WHERE partition = $1 AND \"offset\" > $2 ORDER BY \"offset\" LIMIT 1"
        );
        let update = format!(
            "UPDATE {table} SET \"offset\" = $3, checksum = $4 \
             WHERE partition = $1 AND \"offset\" = $2"
        );
        let mut transaction = self.reads().begin().await?;
        let mut after = i64::MIN;
        loop {
            let next = sqlx::query(&next)
                .bind(signed(partition_id.partition))
                .bind(after);
            let Some(row) = next.fetch_optional(&mut *transaction).await? else {
                return transaction.commit().await;
            };
            let mut letter = self.letter(partition_id, &row)?.letter;
            after = letter.offset;
            letter.offset -= by;
            let update = sqlx::query(&update).bind(signed(partition_id.partition));
            let update = update.bind(after).bind(letter.offset);
            let update = update.bind(letter.checksum(partition_id).0);
            update.execute(&mut *transaction).await?;
        }
    }

    pub(super) fn letter(
        &self,
        partition_id: PartitionId,
        row: &PgRow,
    ) -> Result<StoredDeadLetter, sqlx::Error> {
        let stored = stored(partition_id, row)?;
        let checksum = row.try_get("checksum")?;
        self.check(partition_id, &stored.letter, checksum)?;
        Ok(stored)
    }
}

fn stored(partition_id: PartitionId, row: &PgRow) -> Result<StoredDeadLetter, sqlx::Error> {
    let unknown =
        |what: &str| sqlx::Error::Decode(format!("unknown {what} of a dead letter").into());
    let names: Vec<String> = row.try_get("header_names")?;
    let values: Vec<Vec<u8>> = row.try_get("header_values")?;
    let reason: &str = row.try_get("reason")?;
    let state: &str = row.try_get("state")?;
    Ok(StoredDeadLetter {
        partition_id,
        state: DeadLetterState::parse(state).ok_or_else(|| unknown("state"))?,
        letter: DeadLetter {
            offset: row.try_get("offset")?,
            key: row.try_get::<Option<Vec<u8>>, _>("key")?.map(Bytes::from),
            value: row.try_get::<Option<Vec<u8>>, _>("value")?.map(Bytes::from),
            headers: names
                .into_iter()
                .zip(values.into_iter().map(Bytes::from))
                .collect(),
            logged_at: Timestamp::from_micros(row.try_get("logged_at")?),
            reason: DeadReason::parse(reason).ok_or_else(|| unknown("reason"))?,
            detail: row.try_get("detail")?,
            command: row.try_get::<Option<Uuid>, _>("command")?.map(CommandId),
        },
    })
}
