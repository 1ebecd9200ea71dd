//! The seam through which monotonic time enters.

use std::time::Duration;

use tokio::time::Instant;

/// Time since an arbitrary start; never goes back, whatever happens to the wall clock.
pub trait Monotonic: Send + Sync {
    /// Time since some moment that is the same for all who share the clock; never goes back.
    fn elapsed(&self) -> Duration;
}

/// Tokio's clock, so that a test with paused time pauses every breaker too.
#[derive(Clone, Copy, Debug)]
pub struct TokioClock {
    start: Instant,
}

impl TokioClock {
    /// Starts at zero now.
    #[must_use]
    pub fn start() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Monotonic for TokioClock {
    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}
