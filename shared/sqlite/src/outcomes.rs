//! Notices for the topic of outcomes, until they are on it.

use async_trait::async_trait;
use bytes::Bytes;
use kernel::Fault;
use kernel::port::{OutcomeNotice, OutcomeOutbox};
use kernel::topic::Shard;
use rusqlite::{Connection, Row, params};

use crate::event_store::text;
use crate::file::{SqliteFile, fault};
use crate::tail::limit;

#[async_trait]
impl OutcomeOutbox for SqliteFile {
    async fn unpublished(&self, shard: Shard, max: usize) -> Result<Vec<OutcomeNotice>, Fault> {
        let attempt = format!("read outcomes of {shard} to publish");
        self.read(attempt, move |connection| select(connection, shard, max))
            .await
    }

    async fn published(&self, shard: Shard, upto: i64) -> Result<(), Fault> {
        let attempt = format!("forget published outcomes of {shard}");
        let work = move |connection: &Connection| delete(connection, shard, upto);
        self.write(attempt, work, |()| {}).await.map_err(fault)
    }
}

pub(crate) fn insert(
    connection: &Connection,
    shard: Shard,
    notice: &OutcomeNotice,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO outcome_notice (context, partition, \"offset\", key, value) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            shard.context,
            shard.partition,
            notice.offset,
            notice.key.as_deref(),
            text(&notice.value)?,
        ])
        .map(drop)
}

fn select(
    connection: &Connection,
    shard: Shard,
    max: usize,
) -> rusqlite::Result<Vec<OutcomeNotice>> {
    connection
        .prepare_cached(
            "SELECT \"offset\", key, value FROM outcome_notice \
             WHERE context = ?1 AND partition = ?2 ORDER BY \"offset\" LIMIT ?3",
        )?
        .query_map(params![shard.context, shard.partition, limit(max)], notice)?
        .collect()
}

fn notice(row: &Row<'_>) -> rusqlite::Result<OutcomeNotice> {
    Ok(OutcomeNotice {
        offset: row.get(0)?,
        key: row
            .get_ref(1)?
            .as_blob_or_null()?
            .map(Bytes::copy_from_slice),
        value: Bytes::copy_from_slice(row.get_ref(2)?.as_bytes()?),
    })
}

fn delete(connection: &Connection, shard: Shard, upto: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "DELETE FROM outcome_notice \
             WHERE context = ?1 AND partition = ?2 AND \"offset\" <= ?3",
        )?
        .execute(params![shard.context, shard.partition, upto])
        .map(drop)
}
