//! What requests have to wait for: live projections that are still being read.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use kernel::LiveProjection;
use pipeline::Followed;

/// How long requests wait, by being refused, for a projection that is still being read. Where the events
/// cannot be read for longer, what its snapshot knew has to do: reads go on without the log.
const UNREAD_FOR: Duration = Duration::from_secs(10);

/// A live projection without which nothing is answered.
pub(super) struct Awaited<R> {
    followed: Followed<R>,
    since: Instant,
    /// Once it is, it is not asked again.
    is_read: AtomicBool,
}

impl<R: LiveProjection> Awaited<R> {
    pub(super) fn new(followed: Followed<R>) -> Self {
        Self {
            followed,
            since: Instant::now(),
            is_read: AtomicBool::new(false),
        }
    }

    pub(super) fn is_read(&self) -> bool {
        let is_read = self.is_read.load(Ordering::Relaxed)
            || self.followed.age().is_some()
            || self.since.elapsed() > UNREAD_FOR;
        self.is_read.store(is_read, Ordering::Relaxed);
        is_read
    }

    pub(super) fn version(&self) -> u64 {
        self.followed.version()
    }

    pub(super) fn ask<T>(&self, question: impl FnOnce(&mut R) -> T) -> T {
        self.followed.ask(question)
    }
}
