//! How long to wait before the next try.

use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use crate::jitter::Jitter;

/// Waits drawn evenly from nothing to a ceiling that doubles ("full jitter"), which spreads a crowd
/// best.
#[derive(Debug)]
pub struct Waits {
    ceilings: ExponentialBackoff,
    jitter: Arc<Jitter>,
}

/// Ceilings that double from `first` to `longest`.
pub(crate) fn ceilings(first: Duration, longest: Duration) -> ExponentialBuilder {
    // backon's own jitter adds to the delay (d to 2d) and draws from a global: not used.
    ExponentialBuilder::new()
        .with_min_delay(first)
        .with_max_delay(longest)
}

impl Waits {
    pub(crate) fn new(schedule: ExponentialBuilder, jitter: Arc<Jitter>) -> Self {
        Self {
            ceilings: schedule.build(),
            jitter,
        }
    }

    /// Waits without an end, below `first`, below twice that, and so on up to `longest`. The seed
    /// fixes what is drawn.
    #[must_use]
    pub fn endless(first: Duration, longest: Duration, seed: u64) -> Self {
        let schedule = ceilings(first, longest).without_max_times();
        Self::new(schedule, Arc::new(Jitter::new(seed)))
    }
}

impl Iterator for Waits {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.ceilings
            .next()
            .map(|ceiling| self.jitter.up_to(ceiling))
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Waits};

    #[test]
    fn endless_waits_fill_the_range_below_a_ceiling_that_doubles_to_the_longest() {
        let (first, longest) = (Duration::from_millis(50), Duration::from_millis(400));
        let ceilings = [50, 100, 200, 400, 400, 400].map(Duration::from_millis);
        let mut drawn = [(Duration::MAX, Duration::ZERO); 6];
        for seed in 0..2_000 {
            let waits = Waits::endless(first, longest, seed);
            for ((shortest, most), wait) in drawn.iter_mut().zip(waits) {
                *shortest = wait.min(*shortest);
                *most = wait.max(*most);
            }
        }
        for ((shortest, most), ceiling) in drawn.into_iter().zip(ceilings) {
            assert!(most <= ceiling && most > ceiling * 99 / 100, "{most:?}");
            assert!(shortest < ceiling / 100, "{shortest:?}");
        }
        assert!(Waits::endless(first, longest, 1).nth(1_000).is_some());
    }
}
