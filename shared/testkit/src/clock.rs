//! Time as a test sets it.

use std::sync::atomic::{AtomicI64, Ordering};

use kernel::port::Clock;
use kernel::time::Timestamp;

/// A clock that only the test sets.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.micros(), Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::Relaxed))
    }
}
