//! Parked commands.

use std::ops::RangeInclusive;

use async_trait::async_trait;
use bytes::Bytes;
use kernel::batch::{DeadLetter, DeadReason};
use kernel::id::CommandId;
use kernel::port::{DeadLetterState, DeadLetters, FOUND_MAX, StoredDeadLetter};
use kernel::topic::Shard;
use kernel::{Fault, Timestamp};
use rusqlite::types::{FromSqlError, FromSqlResult};
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use crate::file::{SqliteFile, fault};
use crate::headers;
use crate::tail::limit;

#[async_trait]
impl DeadLetters for SqliteFile {
    async fn list(
        &self,
        shard: Shard,
        after: Option<i64>,
        max: usize,
    ) -> Result<Vec<StoredDeadLetter>, Fault> {
        let attempt = format!("list dead letters of {shard}");
        let work = move |connection: &Connection| list(connection, shard, after, max);
        self.read(attempt, work).await
    }

    async fn parked_keys(&self, shard: Shard) -> Result<Vec<Bytes>, Fault> {
        let attempt = format!("read parked keys of {shard}");
        self.read(attempt, move |connection| parked_keys(connection, shard))
            .await
    }

    async fn find(
        &self,
        contexts: &[&'static str],
        ids: RangeInclusive<CommandId>,
    ) -> Result<Vec<StoredDeadLetter>, Fault> {
        let attempt = format!("find dead letters of command {}", ids.start());
        let contexts = contexts.to_vec();
        self.read(attempt, move |connection| find(connection, &contexts, &ids))
            .await
    }

    async fn mark(
        &self,
        shard: Shard,
        offset: i64,
        from: DeadLetterState,
        to: DeadLetterState,
    ) -> Result<bool, Fault> {
        let attempt = format!("mark dead letter {offset} of {shard}");
        let work = move |connection: &Connection| mark(connection, shard, offset, from, to);
        self.write(attempt, work, |_| {}).await.map_err(fault)
    }
}

fn list(
    connection: &Connection,
    shard: Shard,
    after: Option<i64>,
    max: usize,
) -> rusqlite::Result<Vec<StoredDeadLetter>> {
    connection
        .prepare_cached(&format!(
            "SELECT {LETTER} FROM dead_letter \
                 WHERE context = ?1 AND partition = ?2 AND \"offset\" > ?3 \
                 ORDER BY \"offset\" LIMIT ?4"
        ))?
        .query_map(
            params![
                shard.context,
                shard.partition,
                after.unwrap_or(-1),
                limit(max)
            ],
            |row| stored(shard, row),
        )?
        .collect()
}

/// The columns a letter is made of.
const LETTER: &str =
    "\"offset\", key, value, headers, logged_at, reason, detail, state, command, partition";

fn find(
    connection: &Connection,
    contexts: &[&'static str],
    ids: &RangeInclusive<CommandId>,
) -> rusqlite::Result<Vec<StoredDeadLetter>> {
    let mut select = connection.prepare_cached(&format!(
        "SELECT {LETTER} FROM dead_letter WHERE context = ?1 AND command BETWEEN ?2 AND ?3 \
         ORDER BY logged_at DESC, \"offset\" DESC LIMIT ?4"
    ))?;
    let mut found = Vec::new();
    for &context in contexts {
        let bounds = params![context, ids.start().0, ids.end().0, limit(FOUND_MAX)];
        let rows = select.query_map(bounds, |row| {
            let partition = row.get(9)?;
            stored(Shard { context, partition }, row)
        })?;
        for row in rows {
            found.push(row?);
        }
    }
    Ok(found)
}

fn parked_keys(connection: &Connection, shard: Shard) -> rusqlite::Result<Vec<Bytes>> {
    connection
        .prepare_cached(
            "SELECT DISTINCT key FROM dead_letter \
             WHERE context = ?1 AND partition = ?2 AND state = 'parked' AND key IS NOT NULL \
               AND reason IN ('too_large', 'panicked', 'behind_parked')",
        )?
        .query_map(params![shard.context, shard.partition], |row| {
            Ok(Bytes::copy_from_slice(row.get_ref(0)?.as_blob()?))
        })?
        .collect()
}

fn mark(
    connection: &Connection,
    shard: Shard,
    offset: i64,
    from: DeadLetterState,
    to: DeadLetterState,
) -> rusqlite::Result<bool> {
    let marked = connection
        .prepare_cached(
            "UPDATE dead_letter SET state = ?5 \
             WHERE context = ?1 AND partition = ?2 AND \"offset\" = ?3 AND state = ?4",
        )?
        .execute(params![
            shard.context,
            shard.partition,
            offset,
            from.as_str(),
            to.as_str()
        ])?;
    Ok(marked == 1)
}

fn stored(shard: Shard, row: &Row<'_>) -> rusqlite::Result<StoredDeadLetter> {
    let bytes = |column| -> rusqlite::Result<Option<Bytes>> {
        Ok(row
            .get_ref(column)?
            .as_blob_or_null()?
            .map(Bytes::copy_from_slice))
    };
    Ok(StoredDeadLetter {
        shard,
        state: known(DeadLetterState::parse(row.get_ref(7)?.as_str()?))?,
        letter: DeadLetter {
            offset: row.get(0)?,
            key: bytes(1)?,
            value: bytes(2)?,
            headers: headers::decode(row.get_ref(3)?.as_blob()?).whole()?,
            logged_at: Timestamp::from_micros(row.get(4)?),
            reason: known(DeadReason::parse(row.get_ref(5)?.as_str()?))?,
            detail: row.get(6)?,
            command: row.get::<_, Option<Uuid>>(8)?.map(CommandId),
        },
    })
}

fn known<T>(parsed: Option<T>) -> FromSqlResult<T> {
    parsed.ok_or(FromSqlError::InvalidType)
}
