//! Notices for the topic of outcomes, until they are on it.

use async_trait::async_trait;
use bytes::Bytes;
use kernel::Fault;
use kernel::checksum::{Row as _, Rows};
use kernel::port::{OutcomeNotice, OutcomeOutbox};
use kernel::topic::PartitionId;
use rusqlite::{Connection, Row, params};

use crate::event_store::text;
use crate::file::{SqliteFile, damaged, fault};
use crate::tail::limit;

#[async_trait]
impl OutcomeOutbox for SqliteFile {
    async fn unpublished(
        &self,
        partition_id: PartitionId,
        max: usize,
    ) -> Result<Vec<OutcomeNotice>, Fault> {
        let attempt = format!("read outcomes of {partition_id} to publish");
        let rows = self.rows();
        let work = move |connection: &Connection| select(connection, partition_id, max, rows);
        self.read(attempt, work).await
    }

    async fn published(&self, partition_id: PartitionId, upto: i64) -> Result<(), Fault> {
        let attempt = format!("forget published outcomes of {partition_id}");
        let work = move |connection: &Connection| delete(connection, partition_id, upto);
        self.write(attempt, work, |()| {}).await.map_err(fault)
    }
}

pub(crate) fn insert(
    connection: &Connection,
    partition_id: PartitionId,
    notice: &OutcomeNotice,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO outcome_notice (context, partition, \"offset\", key, value, checksum) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            partition_id.context,
            partition_id.partition,
            notice.offset,
            notice.key.as_deref(),
            text(&notice.value)?,
            notice.checksum(partition_id).0,
        ])
        .map(drop)
}

/// The columns a [`notice`] is made of.
pub(crate) const COLUMNS: &str = "\"offset\", key, value, checksum";

fn select(
    connection: &Connection,
    partition_id: PartitionId,
    max: usize,
    rows: Rows,
) -> rusqlite::Result<Vec<OutcomeNotice>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM outcome_notice \
             WHERE context = ?1 AND partition = ?2 ORDER BY \"offset\" LIMIT ?3"
        ))?
        .query_map(
            params![partition_id.context, partition_id.partition, limit(max)],
            |row| notice(row, partition_id, rows),
        )?
        .collect()
}

pub(crate) fn notice(
    row: &Row<'_>,
    partition_id: PartitionId,
    rows: Rows,
) -> rusqlite::Result<OutcomeNotice> {
    let notice = OutcomeNotice {
        offset: row.get(0)?,
        key: row
            .get_ref(1)?
            .as_blob_or_null()?
            .map(Bytes::copy_from_slice),
        value: Bytes::copy_from_slice(row.get_ref(2)?.as_bytes()?),
    };
    rows.check(partition_id, &notice, row.get(3)?)
        .map_err(damaged)?;
    Ok(notice)
}

fn delete(connection: &Connection, partition_id: PartitionId, upto: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "DELETE FROM outcome_notice \
             WHERE context = ?1 AND partition = ?2 AND \"offset\" <= ?3",
        )?
        .execute(params![partition_id.context, partition_id.partition, upto])
        .map(drop)
}
