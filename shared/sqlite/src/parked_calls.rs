//! Calls outside that were given up.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use kernel::checksum::{ParkedCallRow, Row as _, Rows};
use kernel::effect::{Call, IdempotencyKey};
use kernel::id::{Actor, CommandId};
use kernel::port::{CallPlace, CallReason, CallState, EffectPartition, ParkedCall, ParkedCalls};
use kernel::topic::PartitionId;
use kernel::{Fault, Timestamp};
use rusqlite::types::{FromSqlError, FromSqlResult};
use rusqlite::{Connection, Params, Row, params};

use crate::file::{SqliteFile, damaged, fault};
use crate::tail::limit;

#[async_trait]
impl ParkedCalls for SqliteFile {
    async fn park(&self, at: EffectPartition, calls: &[ParkedCall]) -> Result<(), Fault> {
        let (attempt, calls) = (format!("park calls of {at}"), calls.to_vec());
        let work = move |connection: &Connection| {
            let mut calls = calls.iter();
            calls.try_for_each(|call| park(connection, at, call))
        };
        self.write(attempt, work, |()| {}).await.map_err(fault)
    }

    async fn held_keys(&self, at: EffectPartition) -> Result<Vec<Arc<str>>, Fault> {
        let attempt = format!("read held keys of {at}");
        self.read(attempt, move |connection| held_keys(connection, at))
            .await
    }

    async fn ready(&self, at: EffectPartition, max: usize) -> Result<Vec<ParkedCall>, Fault> {
        let (attempt, rows) = (format!("read calls of {at} that may be made"), self.rows());
        self.read(attempt, move |connection| ready(connection, at, max, rows))
            .await
    }

    async fn list(
        &self,
        at: EffectPartition,
        after: Option<CallPlace>,
        max: usize,
    ) -> Result<Vec<ParkedCall>, Fault> {
        let (attempt, rows) = (format!("list parked calls of {at}"), self.rows());
        let work = move |connection: &Connection| list(connection, at, after, max, rows);
        self.read(attempt, work).await
    }

    async fn mark(
        &self,
        at: EffectPartition,
        place: CallPlace,
        from: CallState,
        to: CallState,
        by: Option<&Actor>,
    ) -> Result<bool, Fault> {
        let (attempt, by) = (format!("mark parked call {place} of {at}"), by.cloned());
        let work =
            move |connection: &Connection| mark(connection, at, place, (from, to), by.as_ref());
        self.write(attempt, work, |_| {}).await.map_err(fault)
    }
}

/// The columns a [`call`] is made of.
pub(crate) const COLUMNS: &str = "position, n, key, id, operation, body, reason, detail, tries, \
     parked_at, state, marked_by, checksum, effect";

/// Which rows are of an effect's partition.
const MINE: &str = "context = ?1 AND partition = ?2 AND effect = ?3";

fn park(connection: &Connection, at: EffectPartition, parked: &ParkedCall) -> rusqlite::Result<()> {
    let call = parked.call.as_ref();
    connection
        .prepare_cached(
            "INSERT INTO parked_call (context, partition, effect, position, n, key, id, operation, \
                 body, reason, detail, tries, parked_at, state, marked_by, checksum) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16) \
             ON CONFLICT DO UPDATE SET key = excluded.key, id = excluded.id, \
                 operation = excluded.operation, body = excluded.body, reason = excluded.reason, \
                 detail = excluded.detail, tries = excluded.tries, \
                 parked_at = excluded.parked_at, state = excluded.state, \
                 checksum = excluded.checksum \
             WHERE state = 'waiting'",
        )?
        .execute(params![
            at.partition_id.context,
            at.partition_id.partition,
            at.effect,
            parked.place.log_position.cast_signed(),
            parked.place.n,
            &*parked.key,
            parked.id.0.0,
            call.map(|call| &*call.operation),
            call.map(|call| &*call.body),
            parked.reason.as_str(),
            parked.detail,
            parked.tries,
            parked.parked_at.micros(),
            parked.state.as_str(),
            parked.marked_by.as_ref().map(Actor::as_str),
            ParkedCallRow::new(at, parked).checksum(at.partition_id).0,
        ])
        .map(drop)
}

fn held_keys(connection: &Connection, at: EffectPartition) -> rusqlite::Result<Vec<Arc<str>>> {
    connection
        .prepare_cached(&format!(
            "SELECT DISTINCT key FROM parked_call \
             WHERE {MINE} AND state IN ('parked', 'waiting')"
        ))?
        .query_map(
            params![
                at.partition_id.context,
                at.partition_id.partition,
                at.effect
            ],
            |row| row.get(0),
        )?
        .collect()
}

fn ready(
    connection: &Connection,
    at: EffectPartition,
    max: usize,
    rows: Rows,
) -> rusqlite::Result<Vec<ParkedCall>> {
    let select = format!(
        "SELECT {COLUMNS} FROM parked_call c WHERE {MINE} AND state = 'waiting' \
           AND NOT EXISTS (SELECT 1 FROM parked_call b \
               WHERE b.context = c.context AND b.partition = c.partition \
                 AND b.effect = c.effect AND b.key = c.key \
                 AND b.state IN ('parked', 'waiting') \
                 AND (b.position, b.n) < (c.position, c.n)) \
         ORDER BY position, n LIMIT ?4"
    );
    let mine = params![
        at.partition_id.context,
        at.partition_id.partition,
        at.effect,
        limit(max)
    ];
    calls(connection, &select, mine, at.partition_id, rows)
}

fn list(
    connection: &Connection,
    at: EffectPartition,
    after: Option<CallPlace>,
    max: usize,
    rows: Rows,
) -> rusqlite::Result<Vec<ParkedCall>> {
    let (position, n) = after.map_or((i64::MIN, 0), |after| {
        (after.log_position.cast_signed(), after.n)
    });
    let select = format!(
        "SELECT {COLUMNS} FROM parked_call WHERE {MINE} AND (position, n) > (?4, ?5) \
         ORDER BY position, n LIMIT ?6"
    );
    let (context, partition) = (at.partition_id.context, at.partition_id.partition);
    let mine = params![context, partition, at.effect, position, n, limit(max)];
    calls(connection, &select, mine, at.partition_id, rows)
}

fn calls(
    connection: &Connection,
    select: &str,
    of: impl Params,
    partition_id: PartitionId,
    rows: Rows,
) -> rusqlite::Result<Vec<ParkedCall>> {
    connection
        .prepare_cached(select)?
        .query_map(of, |row| call(row, partition_id, rows))?
        .collect()
}

fn mark(
    connection: &Connection,
    at: EffectPartition,
    place: CallPlace,
    (from, to): (CallState, CallState),
    by: Option<&Actor>,
) -> rusqlite::Result<bool> {
    let marked = connection
        .prepare_cached(&format!(
            "UPDATE parked_call SET state = ?7, marked_by = coalesce(?8, marked_by) \
             WHERE {MINE} AND position = ?4 AND n = ?5 AND state = ?6"
        ))?
        .execute(params![
            at.partition_id.context,
            at.partition_id.partition,
            at.effect,
            place.log_position.cast_signed(),
            place.n,
            from.as_str(),
            to.as_str(),
            by.map(Actor::as_str),
        ])?;
    Ok(marked == 1)
}

pub(crate) fn call(
    row: &Row<'_>,
    partition_id: PartitionId,
    rows: Rows,
) -> rusqlite::Result<ParkedCall> {
    let stored = stored(row)?;
    let proof = ParkedCallRow {
        effect: row.get_ref(13)?.as_str()?,
        call: &stored,
    };
    rows.check(partition_id, &proof, row.get(12)?)
        .map_err(damaged)?;
    Ok(stored)
}

fn stored(row: &Row<'_>) -> rusqlite::Result<ParkedCall> {
    let operation: Option<Box<str>> = row.get(4)?;
    let body = row.get_ref(5)?.as_blob_or_null()?;
    let marked_by = row.get_ref(11)?.as_str_or_null()?;
    Ok(ParkedCall {
        place: CallPlace {
            log_position: row.get::<_, i64>(0)?.cast_unsigned(),
            n: row.get(1)?,
        },
        key: row.get(2)?,
        id: IdempotencyKey(CommandId(row.get(3)?)),
        call: operation.zip(body).map(|(operation, body)| Call {
            operation,
            body: Bytes::copy_from_slice(body),
        }),
        reason: known(CallReason::parse(row.get_ref(6)?.as_str()?))?,
        detail: row.get(7)?,
        tries: row.get(8)?,
        parked_at: Timestamp::from_micros(row.get(9)?),
        state: known(CallState::parse(row.get_ref(10)?.as_str()?))?,
        marked_by: known(marked_by.map(str::parse).transpose().ok())?,
    })
}

fn known<T>(parsed: Option<T>) -> FromSqlResult<T> {
    parsed.ok_or(FromSqlError::InvalidType)
}
