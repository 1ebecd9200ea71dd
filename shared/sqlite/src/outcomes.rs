//! Notices for the topic of outcomes, until they are on it.

use async_trait::async_trait;
use bytes::Bytes;
use kernel::Fault;
use kernel::checksum::{Row as _, Rows};
use kernel::port::{OutcomeNotice, OutcomeOutbox};
use kernel::topic::Shard;
use rusqlite::{Connection, Row, params};

use crate::event_store::text;
use crate::file::{SqliteFile, damaged, fault};
use crate::tail::limit;

#[async_trait]
impl OutcomeOutbox for SqliteFile {
    async fn unpublished(&self, shard: Shard, max: usize) -> Result<Vec<OutcomeNotice>, Fault> {
        let attempt = format!("read outcomes of {shard} to publish");
        let rows = self.rows();
        let work = move |connection: &Connection| select(connection, shard, max, rows);
        self.read(attempt, work).await
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
            "INSERT INTO outcome_notice (context, partition, \"offset\", key, value, checksum) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            shard.context,
            shard.partition,
            notice.offset,
            notice.key.as_deref(),
            text(&notice.value)?,
            notice.checksum(shard).0,
        ])
        .map(drop)
}

/// The columns a [`notice`] is made of.
pub(crate) const COLUMNS: &str = "\"offset\", key, value, checksum";

fn select(
    connection: &Connection,
    shard: Shard,
    max: usize,
    rows: Rows,
) -> rusqlite::Result<Vec<OutcomeNotice>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM outcome_notice \
             WHERE context = ?1 AND partition = ?2 ORDER BY \"offset\" LIMIT ?3"
        ))?
        .query_map(params![shard.context, shard.partition, limit(max)], |row| {
            notice(row, shard, rows)
        })?
        .collect()
}

pub(crate) fn notice(row: &Row<'_>, shard: Shard, rows: Rows) -> rusqlite::Result<OutcomeNotice> {
    let notice = OutcomeNotice {
        offset: row.get(0)?,
        key: row
            .get_ref(1)?
            .as_blob_or_null()?
            .map(Bytes::copy_from_slice),
        value: Bytes::copy_from_slice(row.get_ref(2)?.as_bytes()?),
    };
    rows.check(shard, &notice, row.get(3)?).map_err(damaged)?;
    Ok(notice)
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
