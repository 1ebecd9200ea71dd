//! The file: who may open it, and the two ways into it.

mod create;
mod heads;
mod lock;
mod open;
mod readers;
mod savepoint;
mod writer;

#[cfg(test)]
mod tests;

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use kernel::Fault;
use kernel::port::{Clock, CommitError};
use rusqlite::Connection;

use crate::key_bindings::RecentBindings;
use lock::Lock;
use readers::Readers;
use writer::Writer;

pub(crate) use heads::{Heads, Log};
pub use open::OpenError;
pub(crate) use open::reader as look;
pub(crate) use savepoint::savepoint;

/// An open file; it implements every port. Clones share it, and dropping the last one closes it
/// after the jobs that wait: that blocks for as long as one commit takes.
#[derive(Clone)]
pub struct SqliteFile(Arc<Shared>);

struct Shared {
    partitions: u16,
    clock: Arc<dyn Clock>,
    heads: Arc<Heads>,
    // Dropped before the writer, so that the writer's connection is the last to close and leaves
    // no write-ahead log behind.
    readers: Readers,
    writer: Writer,
    bindings: RecentBindings,
}

impl SqliteFile {
    /// Opens the file, or creates it with that many partitions per context. Blocks while it does.
    ///
    /// # Errors
    /// [`OpenError`]: another process has it, or it is not a file this version may write to.
    pub fn open(path: &Path, partitions: u16, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let lock = taken(path, partitions)?;
        // What the path leads to may change, and the file that was taken may not.
        let path = &fs::canonicalize(path).map_err(|error| OpenError::Lock(path.into(), error))?;
        let connection = open::writer(path)?;
        open::migrate(&connection, partitions)?;
        Ok(Self(Arc::new(Shared {
            partitions,
            clock,
            heads: Arc::default(),
            readers: Readers::new(path),
            writer: Writer::start(path, connection, lock)?,
            bindings: RecentBindings::default(),
        })))
    }

    /// Transactions made so far by this process; each is one durable write, whatever it carries.
    #[must_use]
    pub fn transactions(&self) -> u64 {
        self.0.writer.transactions()
    }

    pub(crate) fn partitions(&self) -> u16 {
        self.0.partitions
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.0.clock)
    }

    pub(crate) fn bindings(&self) -> &RecentBindings {
        &self.0.bindings
    }

    pub(crate) fn heads(&self) -> Arc<Heads> {
        Arc::clone(&self.0.heads)
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
        self.0.writer.run(attempt, work, after).await
    }

    /// As [`Self::write`], but returns as soon as the work has its place among the writes: whatever is
    /// written after it is durable no sooner.
    pub(crate) async fn write_later<W>(&self, attempt: String, work: W) -> Result<(), Fault>
    where
        W: FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static,
    {
        self.0.writer.enqueue(attempt, work).await
    }

    /// Runs `work` in a transaction that it shares with nobody: if it fails, nothing else does.
    pub(crate) async fn write_alone<T, W>(&self, attempt: String, work: W) -> Result<T, CommitError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.0.writer.run_alone(attempt, work).await
    }

    /// Runs `work` on one snapshot of what is committed.
    pub(crate) async fn read<T, W>(&self, attempt: String, work: W) -> Result<T, Fault>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.0.readers.run(attempt, work).await
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
