//! Files of one test.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kernel::Timestamp;
use sqlite::SqliteFile;
use tempfile::TempDir;
use testkit::ManualClock;
use testkit::contract::PARTITIONS;

/// A directory that is deleted with the test; every file in it is another.
pub(crate) struct Files {
    directory: TempDir,
    made: Cell<u32>,
}

impl Files {
    pub(crate) fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            made: Cell::new(0),
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.made.update(|made| made + 1);
        self.directory
            .path()
            .join(format!("{}.db", self.made.get()))
    }

    pub(crate) fn create(&self) -> SqliteFile {
        open(&self.path())
    }
}

pub(crate) fn open(path: &Path) -> SqliteFile {
    SqliteFile::open(path, PARTITIONS, clock()).unwrap()
}

/// Whatever is wrong with it.
pub(crate) fn inspect(path: &Path) -> SqliteFile {
    SqliteFile::inspect(path, PARTITIONS, clock()).unwrap()
}

pub(crate) fn clock() -> Arc<ManualClock> {
    let clock = ManualClock::default();
    clock.set(Timestamp::from_micros(1_381_132_800_688_001));
    Arc::new(clock)
}
