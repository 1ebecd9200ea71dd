//! The owner of the file, under whatever name it is opened.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata, TryLockError};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use tracing::warn;

use super::OpenError;

/// Device and inode: the file itself, which links and mounts only name.
type Identity = (u64, u64);

/// Files that this process has. SQLite's locks are the process's, and closing any handle of a file
/// drops all of them, so a second handle must not even be tried.
static OURS: Mutex<BTreeSet<Identity>> = Mutex::new(BTreeSet::new());

/// Keeps every other process from the file, and this one from opening it again, until it is dropped
/// or the process ends however it ends. The lock is on the file itself, apart from SQLite's own.
#[derive(Debug)]
pub(super) struct Lock {
    /// Closed after the connections, for the same reason.
    _file: File,
    _claim: Claim,
}

impl Lock {
    /// Takes a file that is there.
    pub(super) fn take(path: &Path) -> Result<Self, OpenError> {
        let failed = |error| OpenError::Lock(path.to_owned(), error);
        let claim = Claim::new(&fs::metadata(path).map_err(failed)?);
        let claim = claim.ok_or_else(|| OpenError::InUse(path.to_owned()))?;
        let file = File::open(path).map_err(failed)?;
        let lock = Self::of(file, claim, path)?;
        let links = fs::metadata(path).map_err(failed)?.nlink();
        if links > 1 {
            warn!(
                path = %path.display(), links,
                "file has several names, and what a crash leaves beside one is not found by another"
            );
        }
        Ok(lock)
    }

    /// Takes a file that is being made and has no name yet that others know.
    pub(super) fn of_new(file: File, path: &Path) -> Result<Self, OpenError> {
        let failed = |error| OpenError::Lock(path.to_owned(), error);
        let claim = Claim::new(&file.metadata().map_err(failed)?);
        let claim = claim.ok_or_else(|| OpenError::InUse(path.to_owned()))?;
        Self::of(file, claim, path)
    }

    fn of(file: File, claim: Claim, path: &Path) -> Result<Self, OpenError> {
        match file.try_lock() {
            Ok(()) => Ok(Self {
                _file: file,
                _claim: claim,
            }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(OpenError::Lock(path.to_owned(), error)),
        }
    }
}

/// A place among [`OURS`].
#[derive(Debug)]
struct Claim(Identity);

impl Claim {
    fn new(file: &Metadata) -> Option<Self> {
        let identity = (file.dev(), file.ino());
        let mut ours = OURS.lock().unwrap_or_else(PoisonError::into_inner);
        ours.insert(identity).then(|| Self(identity))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut ours = OURS.lock().unwrap_or_else(PoisonError::into_inner);
        ours.remove(&self.0);
    }
}
