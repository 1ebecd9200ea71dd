//! The directory of members, as tokens are completed by it.

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
}

impl Known {
    pub(super) fn new(directory: Followed<Directory>) -> Self {
        Self {
            directory,
            since: Instant::now(),
        }
    }
}

impl Members for Known {
    fn generation(&self) -> Option<u64> {
        let is_read = self.since.elapsed() > UNREAD_FOR || self.directory.age().is_some();
        is_read.then(|| self.directory.ask(|directory| directory.generation()))
    }

    fn changes(&self, subject: &Subject) -> u64 {
        let known = |directory: &mut Directory| directory.known(&subject.tenant, &subject.actor);
        self.directory.ask(known).map_or(0, |known| known.changes())
    }

    fn complete(&self, subject: &Subject) -> Completion {
        let known = |directory: &mut Directory| directory.known(&subject.tenant, &subject.actor);
        let Some(known) = self.directory.ask(known) else {
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
