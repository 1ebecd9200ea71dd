//! Waiting after a fault: each wait is drawn from nothing to a ceiling that doubles, for ever.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::time::Duration;

use resilience::Waits;
use tokio_util::sync::CancellationToken;

/// Ceiling of the first wait: long enough not to hammer, short enough not to be seen.
const FIRST: Duration = Duration::from_millis(100);
/// Ceiling of the longest wait: what an outage costs after it is over.
const LONGEST: Duration = Duration::from_secs(5);

/// The waits of one who tries again until it works.
pub struct Backoff(Waits);

impl Default for Backoff {
    fn default() -> Self {
        Self::new()
    }
}

impl Backoff {
    #[must_use]
    pub fn new() -> Self {
        // The one draw without a seam: no decision and no record depends on how long somebody
        // waited, and no two who wait may be in step.
        let seed = RandomState::new().hash_one(FIRST);
        Self(Waits::endless(FIRST, LONGEST, seed))
    }

    /// Waits the next while.
    pub async fn wait(&mut self) {
        tokio::time::sleep(self.0.next().unwrap_or(LONGEST)).await;
    }

    /// Waits the next while, or until `stop`.
    pub async fn wait_unless(&mut self, stop: &CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.wait() => {}
        }
    }

    /// The dependency answered: the next fault starts from the shortest ceiling.
    pub fn reset(&mut self) {
        *self = Self::new();
    }
}
