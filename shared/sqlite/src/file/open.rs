//! Opening the file: the pragmas, the schema.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

/// What each version of the file adds to the one before.
const SCHEMAS: [(i32, &str); 7] = [
    (1, include_str!("../schema.sql")),
    (2, include_str!("../schema_2.sql")),
    (3, include_str!("../schema_3.sql")),
    (4, include_str!("../schema_4.sql")),
    (5, include_str!("../schema_5.sql")),
    (6, include_str!("../schema_6.sql")),
    (7, include_str!("../schema_7.sql")),
];
/// `user_version` of files with all of [`SCHEMAS`].
const VERSION: i32 = 7;
/// `application_id` of our files: "DLRB".
const APPLICATION: i32 = 0x444c_5242;

/// There is no other writer, so only a checkpoint can meet a reader.
const BUSY_WAIT: Duration = Duration::from_secs(5);
/// Statements kept prepared per connection; all there are is fewer.
const STATEMENTS_MAX: usize = 64;
/// Page cache of the writer: the upper levels and right edges of all trees.
const WRITER_CACHE_KIB: i32 = 64 * 1024;
/// Page cache of each reader: behind it is the system's, which they share.
const READER_CACHE_KIB: i32 = 4 * 1024;
/// A write-ahead log that once grew larger is cut back to this when it starts again.
const LOG_KEPT_BYTES: i64 = 64 * 1024 * 1024;

/// Why a file was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{} is in use by another process", .0.display())]
    InUse(PathBuf),
    #[error("lock {}", .0.display())]
    Lock(PathBuf, #[source] io::Error),
    #[error("create {}", .0.display())]
    Create(PathBuf, #[source] io::Error),
    #[error(
        "{} is empty: it was emptied, or its creation was cut off; move it and what is beside \
         it (-wal, -shm) away to begin again",
        .0.display()
    )]
    Empty(PathBuf),
    #[error(
        "{} is what a crash left of a file that is not here: bring the file back, or move this away \
         to begin again",
        .0.display()
    )]
    Orphaned(PathBuf),
    #[error("the file is not one of ours")]
    Foreign,
    #[error("the file has version {found}, this program knows up to {VERSION}")]
    Newer { found: i32 },
    #[error("the file was created with {file} partitions, not {asked}")]
    Partitions { file: u16, asked: u16 },
    #[error("look at the file")]
    Look(#[source] io::Error),
    /// It needs a copy, or an operator who decides what may be lost.
    #[error("the file is damaged: {0}")]
    Damaged(String),
    #[error("open the file")]
    Sqlite(#[from] rusqlite::Error),
    #[error("start the writer's thread")]
    Thread(#[source] io::Error),
}

/// The path of a companion of the file, under its name.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The one connection that writes and checkpoints. No second one ever does: that is also what keeps
/// clear of the races of concurrent checkpoints.
pub(super) fn writer(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = connect(path, flags, WRITER_CACHE_KIB)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        return Err(rusqlite::Error::InvalidParameterName(format!(
            "journal_mode is {mode}"
        )));
    }
    connection.pragma_update(None, "synchronous", "full")?;
    // SQLite's own checkpoint runs inside COMMIT, while the callers wait; ours runs after they
    // have been answered.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "journal_size_limit", LOG_KEPT_BYTES)?;
    Ok(connection)
}

pub(crate) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    connect(path, flags, READER_CACHE_KIB)
}

fn connect(path: &Path, flags: OpenFlags, cache_kib: i32) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_WAIT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    Ok(connection)
}

/// A table, column or index that this program made and the file lacks. A changed name in its schema
/// would otherwise be found only by the statement that needs it.
pub(crate) fn missing(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let made = Connection::open_in_memory()?;
    for (_, schema) in SCHEMAS {
        made.execute_batch(schema)?;
    }
    let has = parts(connection)?;
    let mut missing = parts(&made)?.into_iter().filter(|part| !has.contains(part));
    Ok(missing.next())
}

fn parts(connection: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    const COLUMNS: &str = "SELECT 'table ' || s.name || ', column ' || c.name || ' ' || c.type \
             || ' ' || c.\"notnull\" || ' ' || c.pk \
         FROM sqlite_schema s, pragma_table_xinfo(s.name) c WHERE s.type = 'table'";
    const INDEXES: &str = "SELECT 'index ' || i.name || ' of ' || i.tbl_name || ' on ' || c.name \
         FROM sqlite_schema i, pragma_index_info(i.name) c WHERE i.type = 'index'";
    let mut select = connection.prepare(&format!("{COLUMNS} UNION {INDEXES}"))?;
    select.query_map([], |row| row.get(0))?.collect()
}

/// Brings the file to [`VERSION`], and makes sure it is ours and has the partitions asked for.
pub(super) fn migrate(connection: &Connection, partitions: u16) -> Result<(), OpenError> {
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    match (number("application_id")?, number("user_version")?) {
        (APPLICATION, VERSION) => {}
        (APPLICATION, found @ 1..VERSION) => upgrade(connection, found)?,
        (APPLICATION, found) => return Err(OpenError::Newer { found }),
        _ => return Err(OpenError::Foreign),
    }
    let file = connection.query_row("SELECT partitions FROM meta", [], |row| row.get(0))?;
    if file == partitions {
        Ok(())
    } else {
        Err(OpenError::Partitions {
            file,
            asked: partitions,
        })
    }
}

/// All that a new file has.
pub(super) fn install(connection: &Connection, partitions: u16) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    for (_, schema) in SCHEMAS {
        transaction.execute_batch(schema)?;
    }
    transaction.execute("INSERT INTO meta VALUES (1, ?1)", [partitions])?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}

/// Adds what the versions after `found` have, all or nothing.
fn upgrade(connection: &Connection, found: i32) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    for (version, schema) in SCHEMAS {
        if version > found {
            transaction.execute_batch(schema)?;
        }
    }
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}
