//! Calls outside that were given up, on Postgres.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use kernel::checksum::{ParkedCallRow, Row as _};
use kernel::effect::{Call, IdempotencyKey};
use kernel::id::{Actor, CommandId};
use kernel::port::{CallPlace, CallReason, CallState, EffectPartition, ParkedCall, ParkedCalls};
use kernel::topic::PartitionId;
use kernel::{Fault, Timestamp};
use postgres::fault;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{Postgres, Row as _};

use super::PostgresEventStore;
use super::commit::signed;

const PARK: &str = "INSERT INTO dealerboard.parked_call AS kept \
         (context, partition, effect, position, n, key, id, operation, body, reason, detail, tries, \
          parked_at, state, marked_by, checksum) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) \
     ON CONFLICT (context, partition, effect, position, n) DO UPDATE SET \
         key = excluded.key, id = excluded.id, operation = excluded.operation, \
         body = excluded.body, reason = excluded.reason, detail = excluded.detail, \
         tries = excluded.tries, parked_at = excluded.parked_at, state = excluded.state, \
         checksum = excluded.checksum \
     WHERE kept.state = 'waiting'";

const HELD_KEYS: &str = "SELECT DISTINCT key FROM dealerboard.parked_call \
     WHERE context = $1 AND partition = $2 AND effect = $3 AND state IN ('parked', 'waiting')";

const READY: &str = "SELECT * FROM dealerboard.parked_call c \
     WHERE context = $1 AND partition = $2 AND effect = $3 AND state = 'waiting' \
       AND NOT EXISTS (SELECT 1 FROM dealerboard.parked_call b \
           WHERE b.context = c.context AND b.partition = c.partition AND b.effect = c.effect \
             AND b.key = c.key AND b.state IN ('parked', 'waiting') \
             AND (b.position, b.n) < (c.position, c.n)) \
     ORDER BY position, n LIMIT $4";

const LIST: &str = "SELECT * FROM dealerboard.parked_call \
     WHERE context = $1 AND partition = $2 AND effect = $3 AND (position, n) > ($4, $5) \
     ORDER BY position, n LIMIT $6";

/// From the first of everything, or behind a place.
pub(super) const SCAN: &str = "SELECT * FROM dealerboard.parked_call \
     WHERE context = $1 AND (partition, effect, position, n) > ($2, $3, $4, $5) \
     ORDER BY partition, effect, position, n LIMIT $6";

const MARK: &str = "UPDATE dealerboard.parked_call \
     SET state = $7, marked_by = coalesce($8, marked_by) \
     WHERE context = $1 AND partition = $2 AND effect = $3 AND position = $4 AND n = $5 \
       AND state = $6";

#[async_trait]
impl ParkedCalls for PostgresEventStore {
    async fn park(&self, at: EffectPartition, calls: &[ParkedCall]) -> Result<(), Fault> {
        let parked = self.park_all(at, calls).await;
        parked.map_err(|error| fault(format!("park calls of {at}"), error))
    }

    async fn held_keys(&self, at: EffectPartition) -> Result<Vec<Arc<str>>, Fault> {
        let failed = |error| fault(format!("read held keys of {at}"), error);
        let rows = of(HELD_KEYS, at).fetch_all(self.reads()).await;
        let rows = rows.map_err(failed)?;
        let keys = rows
            .iter()
            .map(|row| row.try_get::<&str, _>(0).map(Arc::from));
        keys.collect::<Result<_, _>>().map_err(failed)
    }

    async fn ready(&self, at: EffectPartition, max: usize) -> Result<Vec<ParkedCall>, Fault> {
        let failed = |error| fault(format!("read calls of {at} that may be made"), error);
        let select = of(READY, at).bind(limit(max));
        let rows = select.fetch_all(self.reads()).await.map_err(failed)?;
        self.calls(at, &rows).map_err(failed)
    }

    async fn list(
        &self,
        at: EffectPartition,
        after: Option<CallPlace>,
        max: usize,
    ) -> Result<Vec<ParkedCall>, Fault> {
        let failed = |error| fault(format!("list parked calls of {at}"), error);
        let (position, n) = after.map_or((i64::MIN, 0), |after| {
            (after.log_position.cast_signed(), after.n)
        });
        let select = of(LIST, at).bind(position).bind(i64::from(n));
        let select = select.bind(limit(max));
        let rows = select.fetch_all(self.reads()).await.map_err(failed)?;
        self.calls(at, &rows).map_err(failed)
    }

    async fn mark(
        &self,
        at: EffectPartition,
        place: CallPlace,
        from: CallState,
        to: CallState,
        by: Option<&Actor>,
    ) -> Result<bool, Fault> {
        let update = of(MARK, at)
            .bind(place.log_position.cast_signed())
            .bind(i64::from(place.n))
            .bind(from.as_str())
            .bind(to.as_str())
            .bind(by.map(Actor::as_str));
        let done = update.execute(self.reads()).await;
        let done =
            done.map_err(|error| fault(format!("mark parked call {place} of {at}"), error))?;
        Ok(done.rows_affected() == 1)
    }
}

impl PostgresEventStore {
    async fn park_all(&self, at: EffectPartition, calls: &[ParkedCall]) -> Result<(), sqlx::Error> {
        let mut transaction = self.reads().begin().await?;
        for parked in calls {
            let call = parked.call.as_ref();
            let insert = of(PARK, at)
                .bind(parked.place.log_position.cast_signed())
                .bind(i64::from(parked.place.n))
                .bind(&*parked.key)
                .bind(parked.id.0.0)
                .bind(call.map(|call| &*call.operation))
                .bind(call.map(|call| &*call.body))
                .bind(parked.reason.as_str())
                .bind(&parked.detail)
                .bind(i64::from(parked.tries))
                .bind(parked.parked_at.micros())
                .bind(parked.state.as_str())
                .bind(parked.marked_by.as_ref().map(Actor::as_str))
                .bind(ParkedCallRow::new(at, parked).checksum(at.partition_id).0);
            insert.execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }

    fn calls(&self, at: EffectPartition, rows: &[PgRow]) -> Result<Vec<ParkedCall>, sqlx::Error> {
        let calls = rows
            .iter()
            .map(|row| self.parked_call(at.partition_id, row));
        calls.collect()
    }

    pub(super) fn parked_call(
        &self,
        partition_id: PartitionId,
        row: &PgRow,
    ) -> Result<ParkedCall, sqlx::Error> {
        let stored = stored(row)?;
        let proof = ParkedCallRow {
            effect: row.try_get("effect")?,
            call: &stored,
        };
        self.check(partition_id, &proof, row.try_get("checksum")?)?;
        Ok(stored)
    }
}

/// A statement about one effect's partition.
fn of<'q>(statement: &'q str, at: EffectPartition) -> Query<'q, Postgres, PgArguments> {
    sqlx::query(statement)
        .bind(at.partition_id.context)
        .bind(signed(at.partition_id.partition))
        .bind(at.effect)
}

fn limit(max: usize) -> i64 {
    i64::try_from(max).unwrap_or(i64::MAX)
}

fn stored(row: &PgRow) -> Result<ParkedCall, sqlx::Error> {
    let unknown =
        |what: &str| sqlx::Error::Decode(format!("unknown {what} of a parked call").into());
    let number = |column: &str, what: &str| {
        let number = row.try_get::<i64, _>(column)?;
        u32::try_from(number).map_err(|_| unknown(what))
    };
    let operation: Option<&str> = row.try_get("operation")?;
    let body: Option<Vec<u8>> = row.try_get("body")?;
    let marked_by: Option<&str> = row.try_get("marked_by")?;
    let reason = CallReason::parse(row.try_get("reason")?);
    let state = CallState::parse(row.try_get("state")?);
    Ok(ParkedCall {
        place: CallPlace {
            log_position: row.try_get::<i64, _>("position")?.cast_unsigned(),
            n: number("n", "number")?,
        },
        key: row.try_get::<&str, _>("key")?.into(),
        id: IdempotencyKey(CommandId(row.try_get("id")?)),
        call: operation.zip(body).map(|(operation, body)| Call {
            operation: operation.into(),
            body: Bytes::from(body),
        }),
        reason: reason.ok_or_else(|| unknown("reason"))?,
        detail: row.try_get("detail")?,
        tries: number("tries", "tries")?,
        parked_at: Timestamp::from_micros(row.try_get("parked_at")?),
        state: state.ok_or_else(|| unknown("state"))?,
        marked_by: marked_by
            .map(str::parse)
            .transpose()
            .map_err(|_| unknown("actor"))?,
    })
}
