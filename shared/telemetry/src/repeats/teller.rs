//! The thread that logs counts. It sleeps while there is nothing to log.

use std::io;
use std::sync::PoisonError;
use std::thread::{self, JoinHandle};

use super::Repeats;

/// Logs counts when they are due, and all there are when it is dropped.
pub(crate) struct Teller {
    repeats: Repeats,
    thread: Option<JoinHandle<()>>,
}

impl Teller {
    pub(crate) fn start(repeats: Repeats) -> io::Result<Self> {
        let own = repeats.clone();
        let thread = thread::Builder::new()
            .name("log-counts".to_owned())
            .spawn(move || while own.wait() {})?;
        Ok(Self {
            repeats,
            thread: Some(thread),
        })
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.repeats.counts().end();
        self.repeats.0.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has logged it, and the counts are logged all the same.
            drop(thread.join());
        }
        self.repeats.tell_all();
    }
}

impl Repeats {
    /// Sleeps until a count is due and logs it; false when there is no more to wait for.
    fn wait(&self) -> bool {
        let mut counts = self.counts();
        loop {
            if counts.is_ended() {
                return false;
            }
            let Some(due) = counts.next_due() else {
                let changed = self.0.changed.wait(counts);
                counts = changed.unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let Some(left) = due.checked_sub(self.now()).filter(|left| !left.is_zero()) else {
                break;
            };
            let changed = self.0.changed.wait_timeout(counts, left);
            counts = changed.unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(counts);
        self.tell_due();
        true
    }
}
