//! Waiting after a fault: each wait is drawn between zero and a ceiling that doubles, without end.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::time::Duration;

use resilience::Waits;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Ceiling of the first wait: long enough not to hammer, short enough not to be seen.
const FIRST: Duration = Duration::from_millis(100);
/// Ceiling of the longest wait: what an outage costs after it is over.
const LONGEST: Duration = Duration::from_secs(5);

/// The waits of a caller that tries again until it succeeds. After a while without a fault, the next one
/// is a new fault, and its waits start from the shortest ceiling.
pub struct Backoff {
    waits: Waits,
    /// When the last wait ended.
    since: Option<Instant>,
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new()
    }
}

impl Backoff {
    /// No fault so far.
    #[must_use]
    pub fn new() -> Self {
        // The one draw without a seam: no decision and no record depends on the length of a wait,
        // and no two that wait may be in step.
        let seed = RandomState::new().hash_one(FIRST);
        Self {
            waits: Waits::endless(FIRST, LONGEST, seed),
            since: None,
        }
    }

    /// Waits the next while.
    pub async fn wait(&mut self) {
        if self.since.is_some_and(|since| since.elapsed() > LONGEST) {
            self.reset();
        }
        tokio::time::sleep(self.waits.next().unwrap_or(LONGEST)).await;
        self.since = Some(Instant::now());
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

#[cfg(test)]
mod tests {
    use super::*;

    async fn waited(backoff: &mut Backoff) -> Duration {
        let since = Instant::now();
        backoff.wait().await;
        since.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn fault_long_after_the_last_is_another_fault() {
        for _ in 0..20 {
            let mut backoff = Backoff::new();
            let mut waits = Vec::new();
            for _ in 0..20 {
                waits.push(waited(&mut backoff).await);
            }
            assert!(waits.iter().max() > Some(&(LONGEST / 4)), "{waits:?}");
            tokio::time::advance(LONGEST + FIRST).await;
            assert!(waited(&mut backoff).await <= FIRST + Duration::from_millis(1));
        }
    }
}
