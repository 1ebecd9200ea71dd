//! A part of a transaction that can be undone alone.

use rusqlite::{Connection, ErrorCode, ffi};

/// Runs `work`, and undoes all it wrote unless it returns true. May be nested.
///
/// # Errors
/// Some errors (a full disk, a failed write) end the whole transaction and not only the part: then
/// there is nothing left to keep.
pub(crate) fn savepoint(
    connection: &Connection,
    work: impl FnOnce() -> bool,
) -> rusqlite::Result<()> {
    execute(connection, "SAVEPOINT part")?;
    let keep = work();
    if connection.is_autocommit() {
        return Err(rolled_back());
    }
    if !keep {
        execute(connection, "ROLLBACK TO part")?;
    }
    execute(connection, "RELEASE part")
}

pub(super) fn execute(connection: &Connection, statement: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(statement)?.execute([]).map(drop)
}

fn rolled_back() -> rusqlite::Error {
    let code = ffi::Error {
        code: ErrorCode::OperationAborted,
        extended_code: ffi::SQLITE_ABORT_ROLLBACK,
    };
    let why = "a failed part ended the whole transaction".to_owned();
    rusqlite::Error::SqliteFailure(code, Some(why))
}
