//! The file: which process may open it, and the two ways into it.

mod condition;
mod create;
mod heads;
mod lock;
mod open;
mod proof;
mod readers;
mod savepoint;
mod wal;
mod writer;

#[cfg(test)]
mod tests;

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use kernel::Fault;
use kernel::checksum::Rows;
use kernel::port::{Clock, CommitError};
use rusqlite::Connection;

use crate::key_bindings::RecentBindings;
use condition::Condition;
use lock::Lock;
use proof::Before;
use readers::Readers;
use writer::Writer;

pub(crate) use condition::{cause, damaged};
pub(crate) use heads::{Heads, Log};
pub use open::OpenError;
pub(crate) use open::{missing, reader as look};
pub(crate) use proof::has_log;
pub(crate) use savepoint::savepoint;

/// An open file; it implements every port. Clones share it, and dropping the last one closes it
/// after the jobs that wait: that blocks for as long as one commit takes.
#[derive(Clone)]
pub struct SqliteFile {
    shared: Arc<Shared>,
    rows: Rows,
}

struct Shared {
    partitions: u16,
    clock: Arc<dyn Clock>,
    heads: Arc<Heads>,
    condition: Arc<Condition>,
    // Dropped before the writer, so that the writer's connection is the last to close and leaves
    // no write-ahead log behind.
    readers: Readers,
    writer: Writer,
    bindings: RecentBindings,
}

impl SqliteFile {
    /// Opens the file, or creates it with that many partitions per context. Blocks while it does; a
    /// file that was not closed in order, or was changed since, is looked at as a whole before.
    ///
    /// # Errors
    /// [`OpenError`]: another process has it, it is not a file this version may write to, or it is
    /// damaged in a way that can make answers wrong.
    pub fn open(path: &Path, partitions: u16, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        Self::open_if(path, partitions, clock, proof::after)
    }

    /// Opens the file to look into it, damaged or not: nothing is to be served from it.
    ///
    /// # Errors
    /// As [`Self::open`], but of damage only what opening it would make worse.
    pub fn inspect(path: &Path, partitions: u16, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        Self::open_if(path, partitions, clock, |_, _, _| Ok(()))
    }

    fn open_if(
        path: &Path,
        partitions: u16,
        clock: Arc<dyn Clock>,
        believed: impl FnOnce(&Connection, &Before, &Condition) -> Result<(), OpenError>,
    ) -> Result<Self, OpenError> {
        let lock = taken(path, partitions)?;
        // What the path leads to may change, and the file that was taken may not.
        let path = &fs::canonicalize(path).map_err(|error| OpenError::Lock(path.into(), error))?;
        let before = proof::before(path)?;
        let connection = open::writer(path)?;
        open::migrate(&connection, partitions)?;
        let condition = Arc::new(Condition::default());
        believed(&connection, &before, &condition)?;
        Ok(Self {
            shared: Arc::new(Shared {
                partitions,
                clock,
                heads: Arc::default(),
                readers: Readers::new(path, Arc::clone(&condition)),
                writer: Writer::start(path, connection, lock, Arc::clone(&condition))?,
                condition,
                bindings: RecentBindings::default(),
            }),
            rows: Rows::Proven,
        })
    }

    /// The same file for a reader that checks the rows itself: they are returned as they are.
    #[must_use]
    pub fn as_stored(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            rows: Rows::AsStored,
        }
    }

    /// What was found to be damaged, if anything was: it is refused, and the rest is served.
    #[must_use]
    pub fn damage(&self) -> Option<String> {
        self.shared.condition.damage()
    }

    /// Why the file takes no writes now: its disk is full, or fails. The question makes it try again, so
    /// that it continues as soon as it can even without other writes.
    #[must_use]
    pub fn refusing(&self) -> Option<String> {
        let refusing = self.shared.condition.refusing();
        if refusing.is_some() {
            self.shared.writer.probe();
        }
        refusing
    }

    /// Transactions made so far by this process; each is one durable write, whatever it carries.
    #[must_use]
    pub fn transactions(&self) -> u64 {
        self.shared.writer.transactions()
    }

    /// What is done with rows that are not what was written.
    pub(crate) fn rows(&self) -> Rows {
        self.rows
    }

    pub(crate) fn partitions(&self) -> u16 {
        self.shared.partitions
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.shared.clock)
    }

    pub(crate) fn bindings(&self) -> &RecentBindings {
        &self.shared.bindings
    }

    pub(crate) fn heads(&self) -> Arc<Heads> {
        Arc::clone(&self.shared.heads)
    }

    /// Runs `work` in the next transaction; it is durable, whole or not at all, when this returns.
    /// `after` runs once it is, even when the caller no longer waits. Neither may hold a clone of the
    /// file: dropped on the writer's thread, the last one would wait for that very thread.
    pub(crate) async fn write<T, W, A>(
        &self,
        attempt: String,
        work: W,
        after: A,
    ) -> Result<T, CommitError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
        A: FnOnce(&T) + Send + 'static,
    {
        self.shared.writer.run(attempt, work, after).await
    }

    /// As [`Self::write`], but returns as soon as the work has its place among the writes: whatever is
    /// written after it is durable no sooner.
    pub(crate) async fn write_later<W>(&self, attempt: String, work: W) -> Result<(), Fault>
    where
        W: FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static,
    {
        self.shared.writer.enqueue(attempt, work).await
    }

    /// Runs `work` in a transaction of its own: if it fails, nothing else does.
    pub(crate) async fn write_alone<T, W>(&self, attempt: String, work: W) -> Result<T, CommitError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.shared.writer.run_alone(attempt, work).await
    }

    /// Runs `work` on one snapshot of what is committed.
    pub(crate) async fn read<T, W>(&self, attempt: String, work: W) -> Result<T, Fault>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.shared.readers.run(attempt, work).await
    }
}

/// The file is there and ours, or is made.
fn taken(path: &Path, partitions: u16) -> Result<Lock, OpenError> {
    match fs::metadata(path) {
        Ok(file) if file.len() == 0 => Err(OpenError::Empty(path.to_owned())),
        Ok(_) => Lock::take(path),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            create::create(&create::led_to(path), partitions)
        }
        Err(error) => Err(OpenError::Lock(path.to_owned(), error)),
    }
}

/// For ports that know no unknown outcome: their callers may repeat the call whatever became of it.
pub(crate) fn fault(error: CommitError) -> Fault {
    match error {
        CommitError::NotMade(fault) | CommitError::Unknown(fault) => fault,
    }
}
