//! What a file must show before it is believed.
//!
//! SQLite has no checksums of its pages, and the checksum of a row proves nothing about a row that is not
//! found: a look-up by a key whose bytes have changed finds nothing, and nothing is an answer as well. So
//! a file is looked at as a whole before it is served from: cheaply, if it is to the byte what it was
//! when it was closed, else page by page and row by row.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use kernel::checksum::Damaged;
use rusqlite::Connection;
use tracing::{debug, error, info, warn};
use xxhash_rust::xxh3::Xxh3;

use super::condition::Condition;
use super::open::{OpenError, beside};
use super::wal;
use crate::scrub;

/// Beside the file: a hash of all its bytes, written when it was closed.
const SUM: &str = "-sum";
/// Bytes read at once.
const CHUNK: usize = 1 << 20;
/// Longest time that summing a file up may hold its closing; one without a sum is looked at when it is
/// opened again.
const SUM_WAIT: Duration = Duration::from_secs(10);
/// Findings that are logged one by one.
const LOGGED_MAX: usize = 10;

/// What is known of a file before it is opened.
pub(super) enum Before {
    /// Its bytes are those that it was closed with, but for what the log beside it adds.
    Unchanged,
    Unknown,
}

/// # Errors
/// The log beside it is damaged, so that opening it would lose what the log holds.
pub(super) fn before(path: &Path) -> Result<Before, OpenError> {
    if let Some(lost) = wal::lost(path).map_err(OpenError::Look)? {
        return Err(OpenError::Damaged(lost));
    }
    let Ok(stored) = fs::read_to_string(beside(path, SUM)) else {
        return Ok(Before::Unknown);
    };
    let sum = sum(path, None).map_err(OpenError::Look)?;
    Ok(match sum {
        Some(sum) if sum == stored => Before::Unchanged,
        _ => Before::Unknown,
    })
}

/// Looks at the file as a whole, unless that is known to be as it was.
///
/// # Errors
/// It is damaged in a way that can make answers wrong: pages, indexes, or rows that a look-up
/// would miss.
pub(super) fn after(
    connection: &Connection,
    before: &Before,
    condition: &Condition,
) -> Result<(), OpenError> {
    if !matches!(before, Before::Unknown) {
        return Ok(());
    }
    let started = Instant::now();
    refuse(&scrub::structure(connection))?;
    let (mut found, misplaced) = scrub::events(connection);
    refuse(&misplaced)?;
    refuse(&scrub::outcomes(connection).named)?;
    for look in [
        scrub::commands,
        scrub::cursors,
        scrub::letters,
        scrub::parked_calls,
        scrub::timers,
        scrub::beside_commands,
    ] {
        found.add(look(connection));
    }
    for damaged in found.named.iter().take(LOGGED_MAX) {
        condition.is_damaged(damaged);
        error!(
            error = damaged as &dyn std::error::Error,
            "a row of the file is refused"
        );
    }
    forget_damaged_views(connection)?;
    let rows = found.proven + found.unproven;
    if rows == 0 {
        // It was made just now.
        return Ok(());
    }
    info!(
        rows,
        damaged = found.damaged,
        took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        "the file was not closed in order, or was changed since: all of it was looked at"
    );
    Ok(())
}

fn refuse(damaged: &[Damaged]) -> Result<(), OpenError> {
    let Some(first) = damaged.first() else {
        return Ok(());
    };
    let others = match damaged.len() - 1 {
        0 => String::new(),
        others => format!(", and {others} more"),
    };
    Err(OpenError::Damaged(format!("{first}{others}")))
}

/// Views are folds of the events: all views of a file with a damaged one are folded again, and reactions
/// run again over what they have seen, which their commands' ids make harmless.
fn forget_damaged_views(connection: &Connection) -> rusqlite::Result<()> {
    let found = scrub::views(connection);
    let Some(first) = found.named.first() else {
        return Ok(());
    };
    warn!(
        damaged = found.damaged,
        error = first as &dyn std::error::Error,
        "values of views are damaged, all are folded again"
    );
    let transaction = connection.unchecked_transaction()?;
    transaction.execute_batch("DELETE FROM view_value; DELETE FROM view_checkpoint;")?;
    transaction.commit()
}

/// Notes what the closed file is, for the next time it is opened.
pub(super) fn closed(path: &Path) {
    let until = Instant::now() + SUM_WAIT;
    // What a log holds is not in the file.
    let noted = match (has_log(path), sum(path, Some(until))) {
        (false, Ok(Some(sum))) => fs::write(beside(path, SUM), sum),
        _ => fs::remove_file(beside(path, SUM)),
    };
    if let Err(error) = noted {
        debug!(%error, "the file is looked at when it is opened again");
    }
}

/// Whether there is a write-ahead log beside the file.
pub(crate) fn has_log(path: &Path) -> bool {
    fs::metadata(beside(path, "-wal")).is_ok_and(|log| log.len() > 0)
}

/// A hash of all bytes of the file, as a line of text; none when there is no time.
fn sum(path: &Path, until: Option<Instant>) -> io::Result<Option<String>> {
    let (mut file, mut hash) = (File::open(path)?, Xxh3::new());
    let (mut chunk, mut bytes) = (vec![0; CHUNK], 0_u64);
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            return Ok(Some(format!(
                "xxh3-128 {:032x} {bytes}\n",
                hash.digest128()
            )));
        }
        hash.update(&chunk[..read]);
        bytes += read as u64;
        if until.is_some_and(|until| Instant::now() > until) {
            return Ok(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use testkit::ManualClock;

    use super::*;
    use crate::SqliteFile;

    fn open(path: &Path) -> Result<SqliteFile, OpenError> {
        SqliteFile::open(path, 1, Arc::new(ManualClock::default()))
    }

    #[test]
    fn file_is_known_again_when_it_was_closed_and_nothing_has_touched_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file.db");
        for _ in 0..2 {
            drop(open(&path).unwrap());
            assert!(matches!(before(&path), Ok(Before::Unchanged)));
        }
        let whole = fs::read(&path).unwrap();
        for place in (0..whole.len()).step_by(997) {
            let mut bytes = whole.clone();
            bytes[place] ^= 1;
            fs::write(&path, bytes).unwrap();
            assert!(matches!(before(&path), Ok(Before::Unknown)), "byte {place}");
        }
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert!(matches!(before(&path), Ok(Before::Unknown)));
        fs::write(&path, &whole).unwrap();
        assert!(matches!(before(&path), Ok(Before::Unchanged)));
    }

    #[test]
    fn file_in_use_by_a_process_that_was_killed_is_not_known_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file.db");
        let file = open(&path).unwrap();
        let killed = directory.path().join("killed.db");
        fs::copy(&path, &killed).unwrap();
        assert!(matches!(before(&killed), Ok(Before::Unknown)));
        drop(file);
    }
}
