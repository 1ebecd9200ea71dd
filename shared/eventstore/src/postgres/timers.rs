//! Timers on Postgres.

use async_trait::async_trait;
use bytes::Bytes;
use kernel::batch::Timer;
use kernel::checksum::{Checksum, Row as _};
use kernel::port::{Due, Timers};
use kernel::topic::PartitionId;
use kernel::{Fault, Timestamp};
use postgres::fault;
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::PostgresEventStore;

#[async_trait]
impl Timers for PostgresEventStore {
    async fn due(
        &self,
        context: &'static str,
        now: Timestamp,
        max: usize,
    ) -> Result<Vec<Due>, Fault> {
        let attempt = || format!("read due timers of {context}");
        let select = format!(
            "SELECT partition, id, key, name, due, command, checksum FROM {context}.timer \
             WHERE due <= $1 ORDER BY due LIMIT $2"
        );
        let rows = sqlx::query(&select)
            .bind(now.micros())
            .bind(i64::try_from(max).unwrap_or(i64::MAX))
            .fetch_all(self.reads())
            .await
            .map_err(|error| fault(attempt(), error))?;
        rows.iter()
            .map(|row| due(context, row).map_err(|error| fault(attempt(), error)))
            .collect()
    }

    async fn fired(&self, context: &'static str, ids: &[Uuid]) -> Result<(), Fault> {
        sqlx::query(&format!("DELETE FROM {context}.timer WHERE id = ANY($1)"))
            .bind(ids)
            .execute(self.reads())
            .await
            .map(drop)
            .map_err(|error| fault(format!("forget fired timers of {context}"), error))
    }
}

pub(super) fn due(context: &'static str, row: &PgRow) -> Result<Due, sqlx::Error> {
    let (partition_id, timer) = timer(context, row)?;
    let stored: Option<i64> = row.try_get("checksum")?;
    let checked = timer.check(partition_id, stored.map(Checksum));
    Ok(checked.map(|()| (partition_id, timer)))
}

fn timer(context: &'static str, row: &PgRow) -> Result<(PartitionId, Timer), sqlx::Error> {
    let partition: i16 = row.try_get("partition")?;
    let partition_id = PartitionId {
        context,
        partition: partition.cast_unsigned(),
    };
    let command: &str = row.try_get("command")?;
    Ok((
        partition_id,
        Timer {
            id: row.try_get("id")?,
            key: row.try_get::<&str, _>("key")?.into(),
            name: row.try_get::<&str, _>("name")?.into(),
            due: Timestamp::from_micros(row.try_get("due")?),
            command: Bytes::copy_from_slice(command.as_bytes()),
        },
    ))
}
