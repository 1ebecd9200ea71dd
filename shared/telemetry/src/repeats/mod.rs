//! Lines that repeat: the first few of a kind are logged, the others are counted, and the counts are
//! logged. A server that is away must not bury other errors.

mod counts;
mod kind;
mod teller;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::lines;
use counts::{Counts, Left, Verdict};
use kind::Kind;

pub(crate) use teller::Teller;

/// Target of the lines that log counts: they are never counted themselves.
const TARGET: &str = "telemetry::repeats";

/// Lets a line through to the other layers, or counts it. Clones share their counts.
#[derive(Clone)]
pub(crate) struct Repeats(Arc<Shared>);

struct Shared {
    counts: Mutex<Counts>,
    /// Signalled when there is a count to log at some time, or no more time to wait.
    changed: Condvar,
    /// Time since some moment that stays the same.
    now: Box<dyn Fn() -> Duration + Send + Sync>,
}

impl Repeats {
    pub(crate) fn new(now: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Arc::new(Shared {
            counts: Mutex::default(),
            changed: Condvar::new(),
            now: Box::new(now),
        }))
    }

    fn now(&self) -> Duration {
        (self.0.now)()
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        // A panic loses the count that was being made, and no other.
        let counts = self.0.counts.lock();
        counts.unwrap_or_else(PoisonError::into_inner)
    }

    fn admits(&self, event: &Event<'_>) -> bool {
        let metadata = event.metadata();
        if *metadata.level() > Level::WARN || metadata.target() == TARGET {
            return true;
        }
        // Written before the counts are locked: what is written may log itself.
        let (kind, text) = (Kind::of(event), lines::text(event));
        let verdict = self.counts().admit(kind, self.now(), text);
        if verdict == (Verdict::Counted { first: true }) {
            self.0.changed.notify_one();
        }
        verdict == Verdict::Logged
    }

    /// Logs the counts that are due.
    fn tell_due(&self) {
        let due = self.counts().take_due(self.now());
        due.into_iter().for_each(tell);
    }

    /// Logs all counts there are, due or not.
    fn tell_all(&self) {
        let all = self.counts().take_all(self.now());
        all.into_iter().for_each(tell);
    }
}

/// The level is that of the lines that were left out.
fn tell(left: Left) {
    let Left {
        level,
        origin,
        last,
        count,
        seconds,
    } = left;
    if level == Level::ERROR {
        tracing::error!(target: TARGET, origin, count, seconds, last, "more lines of one kind");
    } else {
        tracing::warn!(target: TARGET, origin, count, seconds, last, "more lines of one kind");
    }
}

impl<S: Subscriber> Layer<S> for Repeats {
    fn event_enabled(&self, event: &Event<'_>, _context: Context<'_, S>) -> bool {
        self.admits(event)
    }
}
