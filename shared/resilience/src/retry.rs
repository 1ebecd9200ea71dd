//! Retrying within a budget: a sick dependency may not be answered with more traffic than it had.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use backon::ExponentialBuilder;

use crate::config::{self, WAIT};
use crate::jitter::Jitter;
use crate::waits::{Waits, ceilings};

/// How often a failed call is made again, and how soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryConfig {
    /// Retries beyond the first try; 0 to 10, where 0 never retries.
    pub retries_max: u32,
    /// Most that the first retry waits, 1 ms to 1 h; doubles each time. The wait is drawn evenly from nothing to
    /// this ("full jitter"), which spreads a crowd best.
    pub wait_first: Duration,
    /// Where the doubling ends.
    pub wait_longest: Duration,
}

/// A token bucket that every call fills a little and every retry empties by one; share one among
/// the dependencies of a process.
///
/// At any time, retries ≤ reserve + share × calls.
#[derive(Debug)]
pub struct RetryBudget {
    /// Hundredths of a retry.
    saved: AtomicU64,
    saved_max: u64,
    share_percent: u64,
}

/// A dependency that does not answer ten tries will not answer the next.
const RETRIES_MAX: u32 = 10;

/// What one retry costs, in the unit of `RetryBudget::saved`.
const RETRY: u64 = 100;

impl RetryConfig {
    pub(crate) fn faults(&self) -> Vec<&'static str> {
        config::broken([
            (
                self.retries_max <= RETRIES_MAX,
                "retries_max is not 0 to 10",
            ),
            (
                WAIT.contains(&self.wait_first),
                "wait_first is not 1 ms to 1 h",
            ),
            (
                WAIT.contains(&self.wait_longest),
                "wait_longest is not 1 ms to 1 h",
            ),
            (
                self.wait_first <= self.wait_longest,
                "wait_first is above wait_longest",
            ),
        ])
    }
}

impl RetryBudget {
    /// One retry for ten calls; the share that keeps an outage from growing by its own retries.
    pub const SHARE_PERCENT: u32 = 10;
    /// Retries a quiet process may make at once.
    pub const RESERVE: u32 = 10;

    /// Starts full: `reserve` retries, which is also the most it ever holds.
    #[must_use]
    pub fn new(share_percent: u32, reserve: u32) -> Self {
        let saved_max = u64::from(reserve) * RETRY;
        Self {
            saved: AtomicU64::new(saved_max),
            saved_max,
            share_percent: u64::from(share_percent),
        }
    }

    /// A first try was made.
    pub(crate) fn deposit(&self) {
        self.update(|saved| Some((saved + self.share_percent).min(self.saved_max)));
    }

    /// Whether a retry may be made; it is then paid for.
    pub(crate) fn withdraw(&self) -> bool {
        self.update(|saved| saved.checked_sub(RETRY))
    }

    /// One atomic step: a load followed by a subtraction could go below zero between threads.
    fn update(&self, next: impl FnMut(u64) -> Option<u64>) -> bool {
        self.saved
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next)
            .is_ok()
    }
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self::new(Self::SHARE_PERCENT, Self::RESERVE)
    }
}

/// Where retries are drawn from: the schedule of one dependency, the budget of all.
#[derive(Debug)]
pub(crate) struct Retry {
    schedule: ExponentialBuilder,
    jitter: Arc<Jitter>,
    pub(crate) budget: Arc<RetryBudget>,
}

impl Retry {
    pub(crate) fn new(config: RetryConfig, seed: u64, budget: Arc<RetryBudget>) -> Self {
        let schedule = ceilings(config.wait_first, config.wait_longest)
            .with_max_times(config.retries_max as usize);
        Self {
            schedule,
            jitter: Arc::new(Jitter::new(seed)),
            budget,
        }
    }

    pub(crate) fn waits(&self) -> Waits {
        Waits::new(self.schedule, Arc::clone(&self.jitter))
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use proptest::collection::vec;
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::{Arc, Duration, Retry, RetryBudget, RetryConfig};

    fn retry(seed: u64) -> Retry {
        let config = RetryConfig {
            retries_max: 4,
            wait_first: Duration::from_millis(100),
            wait_longest: Duration::from_millis(300),
        };
        Retry::new(config, seed, Arc::new(RetryBudget::default()))
    }

    #[test]
    fn waits_fill_the_whole_range_below_a_doubling_ceiling() {
        let mut longest = [Duration::ZERO; 4];
        let mut shortest = [Duration::MAX; 4];
        for seed in 0..2_000 {
            let retry = retry(seed);
            for (nth, wait) in retry.waits().enumerate() {
                longest[nth] = longest[nth].max(wait);
                shortest[nth] = shortest[nth].min(wait);
            }
        }
        for (nth, ceiling) in [100, 200, 300, 300].into_iter().enumerate() {
            let ceiling = Duration::from_millis(ceiling);
            assert!(longest[nth] <= ceiling && longest[nth] > ceiling * 99 / 100);
            assert!(shortest[nth] < ceiling / 100);
        }
    }

    #[test]
    fn waits_repeat_when_the_seed_does() {
        let waits = |seed| retry(seed).waits().collect::<Vec<_>>();
        assert_eq!(waits(7), waits(7));
        assert_ne!(waits(7), waits(8));
    }

    proptest! {
        /// The bucket against plain arithmetic.
        #[test]
        fn budget_never_pays_for_more_than_the_reserve_and_its_share(
            steps in vec(any::<bool>(), 0..2_000),
            share in 0_u32..=100,
            reserve in 0_u32..=20,
        ) {
            let budget = RetryBudget::new(share, reserve);
            let (mut calls, mut retries, mut held) = (0_u64, 0_u64, u64::from(reserve) * 100);
            for call in steps {
                if call {
                    budget.deposit();
                    calls += 1;
                    held = (held + u64::from(share)).min(u64::from(reserve) * 100);
                } else {
                    let paid = budget.withdraw();
                    prop_assert_eq!(paid, held >= 100);
                    if paid {
                        held -= 100;
                        retries += 1;
                    }
                }
                prop_assert!(retries * 100 <= u64::from(reserve) * 100 + calls * u64::from(share));
            }
        }
    }

    /// A bucket that loads and then subtracts wraps here, and then pays for every retry.
    #[test]
    fn budget_does_not_wrap_when_threads_race_for_the_last_retry() {
        let budget = RetryBudget::new(10, 50);
        let paid: u32 = thread::scope(|scope| {
            let racers: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| (0..1_000).map(|_| u32::from(budget.withdraw())).sum()))
                .collect();
            racers
                .into_iter()
                .map(|racer| racer.join().unwrap_or(0_u32))
                .sum()
        });
        assert_eq!(paid, 50);
    }
}
