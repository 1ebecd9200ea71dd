//! Waiting after a fault: exponential, each wait stretched by a random share of itself, for ever.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio_util::sync::CancellationToken;

/// First wait: long enough not to hammer, short enough not to be seen.
const SHORTEST: Duration = Duration::from_millis(50);
/// Longest wait: what an outage costs after it is over.
const LONGEST: Duration = Duration::from_secs(5);

pub(crate) struct Backoff(ExponentialBackoff);

impl Backoff {
    pub(crate) fn new() -> Self {
        let schedule = ExponentialBuilder::default()
            .with_min_delay(SHORTEST)
            .with_max_delay(LONGEST)
            .with_jitter()
            .without_max_times();
        Self(schedule.build())
    }

    /// Waits the next, longer while.
    pub(crate) async fn wait(&mut self) {
        let pause = self.0.next().unwrap_or(LONGEST);
        tokio::time::sleep(pause.min(LONGEST)).await;
    }

    /// Waits the next, longer while, or until `stop`.
    pub(crate) async fn wait_unless(&mut self, stop: &CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.wait() => {}
        }
    }

    /// The dependency answered: the next fault starts from the shortest wait.
    pub(crate) fn reset(&mut self) {
        *self = Self::new();
    }
}
