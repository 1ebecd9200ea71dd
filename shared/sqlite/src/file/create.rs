//! A new file: completed under a temporary name, then given its own.

use std::fs::{self, File, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::OpenError;
use super::lock::Lock;
use super::open::{self, beside};

/// The directory decides who may read it, as with any file.
const MODE: u32 = 0o644;

/// Links that are followed to the place of a file that is not there yet.
const LINKS_MAX: usize = 16;

/// Where a path leads through links whose end may be missing.
pub(super) fn led_to(path: &Path) -> PathBuf {
    let mut place = path.to_owned();
    for _ in 0..LINKS_MAX {
        let Ok(target) = fs::read_link(&place) else {
            break;
        };
        place = directory(&place).join(target);
    }
    place
}

/// Makes the file with all that every file has, and takes it. A crash on the way leaves none, at most
/// a draft beside its place; and no other process can take it first.
pub(super) fn create(path: &Path, partitions: u16) -> Result<Lock, OpenError> {
    let failed = |error| OpenError::Create(path.to_owned(), error);
    let log = beside(path, "-wal");
    if fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        return Err(OpenError::Orphaned(log));
    }
    let directory = directory(path);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let draft = tempfile::Builder::new()
        .prefix(&format!(".{name}."))
        .suffix(".draft")
        .permissions(Permissions::from_mode(MODE))
        .tempfile_in(&directory)
        .map_err(failed)?;
    fill(draft.path(), partitions)?;
    let lock = Lock::of_new(draft.reopen().map_err(failed)?, path)?;
    if let Err(error) = draft.persist_noclobber(path) {
        return match error.error.kind() {
            // Another process was quicker, and has it.
            ErrorKind::AlreadyExists => Lock::take(path),
            _ => Err(failed(error.error)),
        };
    }
    let synced = File::open(&directory).and_then(|directory| directory.sync_all());
    synced.map_err(failed)?;
    Ok(lock)
}

/// Without a write-ahead log, which would be a second file with a name of its own.
fn fill(path: &Path, partitions: u16) -> Result<(), OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update(None, "journal_mode", "memory")?;
    connection.pragma_update(None, "synchronous", "full")?;
    open::install(&connection, partitions)?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(())
}

fn directory(path: &Path) -> PathBuf {
    match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory.to_owned(),
        _ => PathBuf::from("."),
    }
}
