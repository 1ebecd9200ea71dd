//! What is wrong with the file, as far as this process has met it.

use std::error::Error as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use kernel::Fault;
use kernel::checksum::Damaged;
use rusqlite::types::Type;
use rusqlite::{Error, ErrorCode, ffi};
use tracing::error;

#[derive(Default)]
pub(crate) struct Condition {
    /// The first damage that was met: a later one adds nothing about what to do.
    damage: Mutex<Option<String>>,
    /// Why the last write was not made; none once one was.
    refusing: Mutex<Option<String>>,
    /// Writes that were not made, or parts of them.
    refusals: AtomicU64,
}

impl Condition {
    pub(super) fn damage(&self) -> Option<String> {
        lock(&self.damage).clone()
    }

    pub(super) fn refusing(&self) -> Option<String> {
        lock(&self.refusing).clone()
    }

    pub(crate) fn is_damaged(&self, damaged: &Damaged) {
        let mut known = lock(&self.damage);
        if known.is_none() {
            error!(
                error = damaged as &dyn std::error::Error,
                "the file is damaged"
            );
            *known = Some(damaged.to_string());
        }
    }

    /// A failed call as its port reports it. Damage is reported as such, whichever call meets it.
    pub(super) fn fault(&self, attempt: String, error: Error) -> Fault {
        match damage(&error) {
            Some(damaged) => {
                self.is_damaged(&damaged);
                Fault::new("sqlite", attempt, damaged)
            }
            None => Fault::new("sqlite", attempt, error),
        }
    }

    /// A transaction, or a part of one, was not made.
    pub(super) fn has_not_written(&self, error: &Error) {
        if let Some(damaged) = damage(error) {
            self.is_damaged(&damaged);
        }
        if is_refused(error) {
            self.refusals.fetch_add(1, Ordering::Relaxed);
            let mut refusing = lock(&self.refusing);
            if refusing.is_none() {
                error!(
                    error = error as &dyn std::error::Error,
                    "the file takes no writes"
                );
            }
            *refusing = Some(error.to_string());
        }
    }

    /// Distinguishes a write without a refusal from one in which all there was to write was refused.
    pub(super) fn refusals(&self) -> u64 {
        self.refusals.load(Ordering::Relaxed)
    }

    pub(super) fn has_written(&self) {
        let was_refusing = lock(&self.refusing).take();
        if was_refusing.is_some() {
            tracing::info!("the file takes writes again");
        }
    }
}

/// A row that is refused.
pub(crate) fn damaged(damaged: Damaged) -> Error {
    Error::FromSqlConversionFailure(0, Type::Null, damaged.into())
}

/// What of a failure concerns what is stored: the row, if it is known, or what it is part of.
pub(crate) fn cause(error: &Error, part: impl FnOnce() -> String) -> Damaged {
    row(error).unwrap_or_else(|| Damaged::new(part(), error.to_string()))
}

fn row(error: &Error) -> Option<Damaged> {
    error.source()?.downcast_ref().cloned()
}

/// Whether the bytes in the file are at fault.
fn damage(error: &Error) -> Option<Damaged> {
    let part = match error {
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::Utf8Error(..) => "a row of the file",
        Error::SqliteFailure(failure, _)
            if matches!(
                failure.code,
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase
            ) || failure.extended_code == ffi::SQLITE_IOERR_SHORT_READ =>
        {
            "the file"
        }
        _ => return None,
    };
    Some(cause(error, || part.to_owned()))
}

/// Whether the file's place takes no writes: it is full, may not be written to, or fails.
fn is_refused(error: &Error) -> bool {
    let code = error.sqlite_error_code();
    code.is_some_and(|code| {
        matches!(
            code,
            ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
        )
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
