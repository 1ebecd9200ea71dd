//! Commands that are due later.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use kernel::batch::Timer;
use kernel::checksum::{Checksum, Damaged, Row as _};
use kernel::port::{Due, Timers};
use kernel::topic::PartitionId;
use kernel::{Fault, Timestamp};
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use crate::file::{SqliteFile, fault};
use crate::tail::limit;

#[async_trait]
impl Timers for SqliteFile {
    async fn due(
        &self,
        context: &'static str,
        now: Timestamp,
        max: usize,
    ) -> Result<Vec<Due>, Fault> {
        let attempt = format!("read due timers of {context}");
        self.read(attempt, move |connection| {
            all_due(connection, context, now, max)
        })
        .await
    }

    async fn fired(&self, context: &'static str, ids: &[Uuid]) -> Result<(), Fault> {
        let attempt = format!("forget {} fired timers of {context}", ids.len());
        let ids = ids.to_vec();
        let work = move |connection: &Connection| forget(connection, context, &ids);
        self.write(attempt, work, |()| {}).await.map_err(fault)
    }
}

/// The columns a timer is made of.
pub(crate) const COLUMNS: &str = "partition, id, key, name, due, command, checksum";

fn all_due(
    connection: &Connection,
    context: &'static str,
    now: Timestamp,
    max: usize,
) -> rusqlite::Result<Vec<Due>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM timer WHERE context = ?1 AND due <= ?2 ORDER BY due LIMIT ?3"
        ))?
        .query_map(params![context, now.micros(), limit(max)], |row| {
            Ok(due(context, row))
        })?
        .collect()
}

/// By id: a timer that was set again meanwhile has another and stays.
fn forget(connection: &Connection, context: &str, ids: &[Uuid]) -> rusqlite::Result<()> {
    let mut delete =
        connection.prepare_cached("DELETE FROM timer WHERE context = ?1 AND id = ?2")?;
    for id in ids {
        delete.execute(params![context, id])?;
    }
    Ok(())
}

pub(crate) fn due(context: &'static str, row: &Row<'_>) -> Due {
    let unreadable =
        |error: rusqlite::Error| Damaged::new(format!("a timer of {context}"), error.to_string());
    let (partition_id, timer) = timer(context, row).map_err(unreadable)?;
    let checksum: Option<i64> = row.get(6).map_err(unreadable)?;
    timer.check(partition_id, checksum.map(Checksum))?;
    Ok((partition_id, timer))
}

fn timer(context: &'static str, row: &Row<'_>) -> rusqlite::Result<(PartitionId, Timer)> {
    let partition_id = PartitionId {
        context,
        partition: row.get(0)?,
    };
    let timer = Timer {
        id: row.get(1)?,
        key: row.get::<_, Arc<str>>(2)?,
        name: row.get::<_, Arc<str>>(3)?,
        due: Timestamp::from_micros(row.get(4)?),
        command: Bytes::copy_from_slice(row.get_ref(5)?.as_bytes()?),
    };
    Ok((partition_id, timer))
}
