//! The directory of members, as tokens are completed by it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http::auth::{Completion, Members};
use kernel::{Subject, Timestamp};
use members::Directory;
use pipeline::Followed;

/// How long requests wait, by being refused, for a directory that is still being read. Where the events
/// cannot be read for longer, what its snapshot knew has to do: reads go on without the log.
const UNREAD_FOR: Duration = Duration::from_secs(10);

/// Completes what a token says by what the directory knows.
pub(super) struct Known {
    directory: Followed<Directory>,
    since: Instant,
    /// Once it is, it is not asked again.
    is_read: AtomicBool,
}

impl Known {
    pub(super) fn new(directory: Followed<Directory>) -> Self {
        Self {
            directory,
            since: Instant::now(),
            is_read: AtomicBool::new(false),
        }
    }

    fn is_read(&self) -> bool {
        let is_read = self.is_read.load(Ordering::Relaxed)
            || self.directory.age().is_some()
            || self.since.elapsed() > UNREAD_FOR;
        self.is_read.store(is_read, Ordering::Relaxed);
        is_read
    }

    fn of(&self, subject: &Subject) -> Option<Arc<members::Known>> {
        let (tenant, actor) = (&subject.tenant, &subject.actor);
        self.directory
            .ask(|directory| directory.known(tenant, actor))
    }
}

impl Members for Known {
    fn version(&self) -> Option<u64> {
        self.is_read().then(|| self.directory.version())
    }

    fn changes(&self, subject: &Subject) -> u64 {
        self.of(subject).map_or(0, |known| known.changes())
    }

    fn complete(&self, subject: &Subject) -> Completion {
        let Some(known) = self.of(subject) else {
            return Completion::AsIs;
        };
        // A token without a time is as old as can be.
        let issued = Timestamp::from_millis(subject.issued_s.unwrap_or(0).saturating_mul(1_000));
        if known.has_revoked(issued) {
            return Completion::Revoked;
        }
        let completed = known.complete(subject);
        if completed == *subject {
            Completion::AsIs
        } else {
            Completion::By(Box::new(completed))
        }
    }
}
