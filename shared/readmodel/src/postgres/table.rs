//! The tables and statements of one view.

use kernel::code::Fault;
use kernel::port::ViewId;
use postgres::POSTGRES;

/// Longest view name: with its version it stays far below Postgres's 63 bytes.
const NAME_MAX: usize = 40;

/// The view's table, `views.<name>_v<N>`; only ever made of a valid name, so it is safe in SQL.
pub(super) struct Table(String);

impl Table {
    /// # Errors
    /// The name has a character outside `[a-z_]`, is empty or too long.
    pub(super) fn of(view: ViewId) -> Result<Self, Fault> {
        let name = view.name;
        let valid = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        if name.is_empty() || name.len() > NAME_MAX || !name.bytes().all(valid) {
            let attempt = format!("name a table after view `{}`", name.escape_debug());
            return Err(Fault::bare(POSTGRES, attempt));
        }
        Ok(Self(format!("views.{name}_v{}", view.version)))
    }

    pub(super) fn into_name(self) -> String {
        self.0
    }

    /// Run as one simple query, which is one transaction. The lock lets instances that start
    /// together install one after the other: `IF NOT EXISTS` alone fails when it races.
    pub(super) fn install(&self) -> String {
        let Self(table) = self;
        format!(
            r#"
SET LOCAL synchronous_commit = on;
SELECT pg_advisory_xact_lock({INSTALL_LOCK});
CREATE SCHEMA IF NOT EXISTS views;
CREATE TABLE IF NOT EXISTS views.checkpoint (
    view        text    NOT NULL,
    partition   integer NOT NULL,
    position    bigint  NOT NULL,
    next_offset bigint  NOT NULL,
    PRIMARY KEY (view, partition)
) WITH (fillfactor = 50);
CREATE TABLE IF NOT EXISTS {table} (
    version   bigint  NOT NULL,
    position  bigint  NOT NULL,
    as_of     bigint  NOT NULL,
    partition integer NOT NULL,
    key       text    COLLATE "C" PRIMARY KEY,
    body      text    NOT NULL
) WITH (fillfactor = 70);
ALTER TABLE views.checkpoint ADD COLUMN IF NOT EXISTS checksum bigint;
ALTER TABLE {table} ADD COLUMN IF NOT EXISTS checksum bigint;
"#
        )
    }

    /// Moves the checkpoint ($1 view, $2 partition, $3 and $4 from, $5 to $7 to) and writes the
    /// values ($8 to $14) iff it was at `from`; returns how many checkpoints moved. A second
    /// writer waits on the checkpoint's row, sees it moved, and so has nothing to join its values to.
    pub(super) fn apply(&self) -> String {
        let Self(table) = self;
        format!(
            "
WITH moved AS (
    UPDATE views.checkpoint SET position = $5, next_offset = $6, checksum = $7
    WHERE view = $1 AND partition = $2 AND position = $3 AND next_offset = $4
    RETURNING true
), written AS (
    INSERT INTO {table} (key, version, partition, position, as_of, body, checksum)
    SELECT put.*
    FROM moved, unnest(
        $8::text[], $9::bigint[], $10::integer[], $11::bigint[], $12::bigint[], $13::text[],
        $14::bigint[]
    ) AS put
    ON CONFLICT (key) DO UPDATE SET
        version = EXCLUDED.version, partition = EXCLUDED.partition, position = EXCLUDED.position,
        as_of = EXCLUDED.as_of, body = EXCLUDED.body, checksum = EXCLUDED.checksum
)
SELECT count(*) FROM moved
"
        )
    }

    pub(super) fn get(&self) -> String {
        let Self(table) = self;
        format!("SELECT {VALUE} FROM {table} WHERE key = ANY($1)")
    }

    /// Keys from $1 on, or above it when `exclusive`, and below $2 when that is given; at most $3.
    pub(super) fn list(&self, exclusive: bool) -> String {
        let Self(table) = self;
        let from = if exclusive { ">" } else { ">=" };
        format!(
            "SELECT {VALUE} FROM {table}
             WHERE key {from} $1 AND ($2::text IS NULL OR key < $2) ORDER BY key LIMIT $3"
        )
    }

    /// Run as one simple query, which is one transaction. The table comes first, as in `apply`, which
    /// locks it when it is planned: the other way round the two could wait for each other.
    pub(super) fn clear(&self, view: ViewId) -> String {
        let Self(table) = self;
        format!("TRUNCATE {table}; DELETE FROM views.checkpoint WHERE view = '{view}'")
    }
}

/// The columns of a value.
const VALUE: &str = "key, version, partition, position, as_of, body, checksum";

/// Any number no one else uses for an advisory lock: `views` in ASCII.
const INSTALL_LOCK: i64 = 0x76_6965_7773;

#[cfg(test)]
mod tests {
    use super::{Table, ViewId};

    #[test]
    fn name_that_is_not_an_identifier_is_refused() {
        for name in [
            "",
            "Position",
            "position;--",
            "p\"",
            "pösition",
            &"p".repeat(41),
        ] {
            let name: &'static str = name.to_owned().leak();
            assert!(Table::of(ViewId { name, version: 1 }).is_err(), "{name}");
        }
    }
}
