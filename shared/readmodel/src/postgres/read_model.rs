use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use kernel::checksum::{Checksum, Damaged};
use kernel::code::Fault;
use kernel::port::{Applied, Checkpoint, Listed, ReadModel, ViewBatch, ViewId, ViewValue};
use kernel::time::Timestamp;
use postgres::{BY_KEY, POSTGRES};
use sqlx::postgres::PgRow;
use sqlx::{Execute, FromRow, PgPool, Postgres, Row};

use super::lease::{SESSION, fetch};
use super::table::Table;

/// Longest wait of a reader for a free connection: beyond it the next store of the query chain is
/// quicker.
const READER_WAIT: Duration = Duration::from_millis(250);
/// Longest wait of a projector: it has nowhere else to go, and all partitions of all views begin at
/// once, with a question each.
const PROJECTOR_WAIT: Duration = Duration::from_secs(10);

/// Views on Postgres: a table per version of a view, one for all checkpoints, in schema `views`.
///
/// Bodies are kept as text, so they come back byte for byte and can still be searched as JSON.
#[derive(Clone, Debug)]
pub struct PostgresReadModel {
    pool: PgPool,
    acquire_max: Duration,
}

impl PostgresReadModel {
    /// The pool's connections must have the settings of [`SESSION`](super::SESSION) and [`BY_KEY`].
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self {
            pool,
            acquire_max: READER_WAIT,
        }
    }

    /// The same for a projector, which waits for a connection until there is one.
    #[must_use]
    pub fn for_projector(&self) -> Self {
        Self {
            pool: self.pool.clone(),
            acquire_max: PROJECTOR_WAIT,
        }
    }

    /// A model with a pool of its own, which connects when it is first asked.
    ///
    /// # Errors
    /// The URL cannot be read.
    pub fn connect(url: &str, connections_max: u32) -> Result<Self, Fault> {
        let options = postgres::options(url)?.options(BY_KEY).options(SESSION);
        Ok(Self::new(postgres::pool(
            options,
            connections_max,
            PROJECTOR_WAIT,
        )))
    }

    /// Creates what the view needs and is not there yet. Needs a role that may; the others need to
    /// select, insert, update, delete and truncate only.
    ///
    /// # Errors
    /// Postgres cannot be reached or refuses, or the view's name is not `[a-z_]+`.
    pub async fn install(&self, view: ViewId) -> Result<(), Fault> {
        let sql = Table::of(view)?.install();
        let attempt = format!("install view {view}");
        self.fetch(&attempt, sqlx::raw_sql(&sql)).await?;
        Ok(())
    }

    /// The table that [`Self::install`] makes for the view.
    ///
    /// # Errors
    /// The view's name is not `[a-z_]+`.
    pub fn table(view: ViewId) -> Result<String, Fault> {
        Table::of(view).map(Table::into_name)
    }

    async fn fetch<'q>(
        &self,
        attempt: &str,
        statement: impl Execute<'q, Postgres> + 'q,
    ) -> Result<Vec<PgRow>, Fault> {
        fetch(&self.pool, self.acquire_max, attempt, statement).await
    }

    /// A first batch finds a row to move: a checkpoint at the start means the same as none.
    async fn begin(&self, view: ViewId, partition: u16) -> Result<(), Fault> {
        let begin = sqlx::query(
            "INSERT INTO views.checkpoint (view, partition, position, next_offset)
             VALUES ($1, $2, 0, 0) ON CONFLICT DO NOTHING",
        )
        .bind(view.to_string())
        .bind(i32::from(partition));
        let attempt = format!("begin partition {partition} of view {view}");
        self.fetch(&attempt, begin).await?;
        Ok(())
    }
}

#[async_trait]
impl ReadModel for PostgresReadModel {
    async fn checkpoint(&self, view: ViewId, partition: u16) -> Result<Checkpoint, Fault> {
        let attempt = format!("read checkpoint {partition} of view {view}");
        let select = sqlx::query(
            "SELECT position, next_offset, checksum FROM views.checkpoint
             WHERE view = $1 AND partition = $2",
        )
        .bind(view.to_string())
        .bind(i32::from(partition));
        let rows = self.fetch(&attempt, select).await?;
        let Some(row) = rows.first() else {
            return Ok(Checkpoint::default());
        };
        let stored = decode(row, &attempt)?;
        checked(view, partition, stored).map_err(|damaged| Fault::new(POSTGRES, attempt, damaged))
    }

    async fn checkpoints(&self, asked: &[(ViewId, u16)]) -> Result<Vec<Checkpoint>, Fault> {
        let attempt = format!("read {} checkpoints", asked.len());
        let select = sqlx::query(
            "SELECT c.position, c.next_offset, c.checksum
             FROM unnest($1::text[], $2::integer[]) WITH ORDINALITY AS asked (view, partition, n)
             LEFT JOIN views.checkpoint c USING (view, partition) ORDER BY asked.n",
        );
        let views: Vec<_> = asked.iter().map(|(view, _)| view.to_string()).collect();
        let partitions: Vec<_> = asked.iter().map(|(_, place)| i32::from(*place)).collect();
        let select = select.bind(views).bind(partitions);
        let rows = self.fetch(&attempt, select).await?;
        let seen = rows.iter().zip(asked).map(|(row, (view, partition))| {
            type Columns = (Option<i64>, Option<i64>, Option<i64>);
            let (Some(log_position), Some(next_offset), checksum): Columns = decode(row, &attempt)?
            else {
                return Ok(Checkpoint::default());
            };
            checked(*view, *partition, (log_position, next_offset, checksum))
                .map_err(|damaged| Fault::new(POSTGRES, attempt.as_str(), damaged))
        });
        seen.collect()
    }

    async fn apply(&self, batch: ViewBatch) -> Result<Applied, Fault> {
        let ViewBatch {
            view,
            partition,
            from,
            to,
            puts,
        } = batch;
        let sql = Table::of(view)?.apply();
        if from == Checkpoint::default() {
            self.begin(view, partition).await?;
        }
        let attempt = format!("apply to partition {partition} of view {view}");
        let columns =
            Columns::of(&puts).map_err(|error| Fault::new(POSTGRES, attempt.as_str(), error))?;
        let apply = sqlx::query(&sql)
            .bind(view.to_string())
            .bind(i32::from(partition))
            .bind(from.log_position.cast_signed())
            .bind(from.next_offset)
            .bind(to.log_position.cast_signed())
            .bind(to.next_offset)
            .bind(to.checksum(view, partition).0)
            .bind(columns.keys)
            .bind(columns.versions)
            .bind(columns.partitions)
            .bind(columns.log_positions)
            .bind(columns.as_of)
            .bind(columns.bodies)
            .bind(columns.checksums);
        let rows = self.fetch(&attempt, apply).await?;
        let moved = rows.first().map(|row| row.try_get::<i64, _>(0)).transpose();
        match moved.map_err(|error| Fault::new(POSTGRES, attempt, error))? {
            Some(1) => Ok(Applied::Written),
            _ => Ok(Applied::Refused),
        }
    }

    async fn get(&self, view: ViewId, keys: &[Arc<str>]) -> Result<Vec<Option<ViewValue>>, Fault> {
        let sql = Table::of(view)?.get();
        let attempt = format!("read view {view}");
        let wanted: Vec<&str> = keys.iter().map(AsRef::as_ref).collect();
        let rows = self.fetch(&attempt, sqlx::query(&sql).bind(wanted)).await?;
        let mut found = HashMap::with_capacity(rows.len());
        for row in &rows {
            let (key, value) = value(row, &attempt)?;
            found.insert(key, value);
        }
        Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
    }

    async fn list(
        &self,
        view: ViewId,
        prefix: &str,
        after: Option<&str>,
        max: usize,
    ) -> Result<Listed, Fault> {
        let after = after.filter(|after| *after >= prefix);
        let sql = Table::of(view)?.list(after.is_some());
        let attempt = format!("list view {view}");
        let list = sqlx::query(&sql)
            .bind(after.unwrap_or(prefix))
            .bind(end_of(prefix))
            .bind(i64::try_from(max).unwrap_or(i64::MAX));
        let rows = self.fetch(&attempt, list).await?;
        rows.iter().map(|row| value(row, &attempt)).collect()
    }

    async fn clear(&self, view: ViewId) -> Result<(), Fault> {
        let sql = Table::of(view)?.clear(view);
        let attempt = format!("clear view {view}");
        self.fetch(&attempt, sqlx::raw_sql(&sql)).await?;
        Ok(())
    }
}

/// A batch's values by column, in key order: neighbours of the index are written together.
#[derive(Default)]
struct Columns<'a> {
    keys: Vec<&'a str>,
    versions: Vec<i64>,
    partitions: Vec<i32>,
    log_positions: Vec<i64>,
    as_of: Vec<i64>,
    bodies: Vec<&'a str>,
    checksums: Vec<i64>,
}

impl<'a> Columns<'a> {
    /// Of a key that is put twice, the last value stays: one statement can write a row only once.
    fn of(puts: &'a [(Arc<str>, ViewValue)]) -> Result<Self, std::str::Utf8Error> {
        let mut rows: Vec<_> = puts.iter().rev().collect();
        rows.sort_by_key(|(key, _)| key);
        rows.dedup_by_key(|(key, _)| key);
        let mut columns = Self::default();
        for (key, value) in rows {
            columns.keys.push(key);
            columns.versions.push(value.version.cast_signed());
            columns.partitions.push(value.partition.into());
            columns.log_positions.push(value.log_position.cast_signed());
            columns.as_of.push(value.as_of.micros());
            columns.bodies.push(std::str::from_utf8(&value.body)?);
            columns.checksums.push(value.checksum(key).0);
        }
        Ok(columns)
    }
}

/// A checkpoint from its columns.
fn checked(
    view: ViewId,
    partition: u16,
    (log_position, next_offset, checksum): (i64, i64, Option<i64>),
) -> Result<Checkpoint, Damaged> {
    let checkpoint = Checkpoint {
        log_position: log_position.cast_unsigned(),
        next_offset,
    };
    checkpoint.check(view, partition, checksum.map(Checksum))?;
    Ok(checkpoint)
}

fn value(row: &PgRow, attempt: &str) -> Result<(Arc<str>, ViewValue), Fault> {
    type Columns = (String, i64, i32, i64, i64, String, Option<i64>);
    let (key, version, partition, log_position, as_of, body, checksum): Columns =
        decode(row, attempt)?;
    let partition =
        u16::try_from(partition).map_err(|error| Fault::new(POSTGRES, attempt, error))?;
    let value = ViewValue {
        version: version.cast_unsigned(),
        partition,
        log_position: log_position.cast_unsigned(),
        as_of: Timestamp::from_micros(as_of),
        body: Bytes::from(body),
    };
    if checksum.is_some_and(|stored| value.checksum(&key) != Checksum(stored)) {
        let damaged = Damaged::new(format!("value of {key}"), "its checksum does not fit");
        return Err(Fault::new(POSTGRES, attempt, damaged));
    }
    Ok((key.into(), value))
}

fn decode<T: for<'r> FromRow<'r, PgRow>>(row: &PgRow, attempt: &str) -> Result<T, Fault> {
    T::from_row(row).map_err(|error| Fault::new(POSTGRES, attempt, error))
}

/// The least text above every text that starts with `prefix`; `None` when there is no such text.
///
/// In UTF-8 the order of characters is the order of bytes, so it is enough to raise the last one.
fn end_of(prefix: &str) -> Option<String> {
    let mut end = prefix.to_owned();
    while let Some(last) = end.pop() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            end.push(next);
            return Some(end);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::end_of;

    #[test]
    fn end_of_a_prefix_raises_its_last_character() {
        assert_eq!(end_of("demo/").as_deref(), Some("demo0"));
        assert_eq!(end_of("a\u{7f}").as_deref(), Some("a\u{80}"));
        assert_eq!(end_of("a\u{d7ff}").as_deref(), Some("a\u{e000}"));
        assert_eq!(end_of("a\u{10ffff}").as_deref(), Some("b"));
    }

    #[test]
    fn empty_prefix_has_no_end() {
        assert_eq!(end_of(""), None);
        assert_eq!(end_of("\u{10ffff}"), None);
    }
}
