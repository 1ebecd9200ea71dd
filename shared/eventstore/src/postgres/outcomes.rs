//! Notices for the topic of outcomes on Postgres, until they are on it.

use async_trait::async_trait;
use bytes::Bytes;
use kernel::Fault;
use kernel::port::{OutcomeNotice, OutcomeOutbox};
use kernel::topic::PartitionId;
use postgres::fault;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::PostgresEventStore;
use super::commit::signed;

#[async_trait]
impl OutcomeOutbox for PostgresEventStore {
    async fn unpublished(
        &self,
        partition_id: PartitionId,
        max: usize,
    ) -> Result<Vec<OutcomeNotice>, Fault> {
        let attempt = || format!("read outcomes of {partition_id} to publish");
        let select = format!(
            "SELECT \"offset\", key, value, checksum FROM {}.outcome_notice WHERE partition = $1 \
             ORDER BY \"offset\" LIMIT $2",
            partition_id.context
        );
        let rows = sqlx::query(&select)
            .bind(signed(partition_id.partition))
            .bind(i64::try_from(max).unwrap_or(i64::MAX))
            .fetch_all(self.reads())
            .await
            .map_err(|error| fault(attempt(), error))?;
        rows.iter()
            .map(|row| {
                let notice = self.notice(partition_id, row);
                notice.map_err(|error| fault(attempt(), error))
            })
            .collect()
    }

    async fn published(&self, partition_id: PartitionId, upto: i64) -> Result<(), Fault> {
        let delete = format!(
            "DELETE FROM {}.outcome_notice WHERE partition = $1 AND \"offset\" <= $2",
            partition_id.context
        );
        sqlx::query(&delete)
            .bind(signed(partition_id.partition))
            .bind(upto)
            .execute(self.reads())
            .await
            .map(drop)
            .map_err(|error| {
                fault(
                    format!("forget published outcomes of {partition_id}"),
                    error,
                )
            })
    }
}

impl PostgresEventStore {
    pub(super) fn notice(
        &self,
        partition_id: PartitionId,
        row: &PgRow,
    ) -> Result<OutcomeNotice, sqlx::Error> {
        let notice = OutcomeNotice {
            offset: row.try_get("offset")?,
            key: row.try_get::<Option<Vec<u8>>, _>("key")?.map(Bytes::from),
            value: Bytes::from(row.try_get::<String, _>("value")?),
        };
        self.check(partition_id, &notice, row.try_get("checksum")?)?;
        Ok(notice)
    }
}
