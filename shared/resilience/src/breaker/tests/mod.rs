//! `rules`: each sentence of the semantics. `peers`: the bugs of other breakers, kept out.
//! `model`: any sequence of steps against `reference`. `races`: threads. `telemetry`: what is shown.

mod model;
mod peers;
mod races;
mod reference;
mod rules;
mod telemetry;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{Breaker, BreakerConfig, State, WindowSpan};
use crate::classify::Verdict;
use crate::clock::Monotonic;
use crate::dependency::Name;

const NAME: Name = Name {
    dependency: "redis",
    class: "read",
};

const SLOW: Duration = Duration::from_millis(30);

/// A clock that only the test advances.
#[derive(Debug, Default)]
struct ManualClock(AtomicU64);

impl Monotonic for ManualClock {
    fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::SeqCst))
    }
}

impl ManualClock {
    fn advance(&self, by: Duration) {
        let nanos = u64::try_from(by.as_nanos()).unwrap();
        self.0.fetch_add(nanos, Ordering::SeqCst);
    }
}

/// A breaker and its clock.
struct Bench {
    clock: Arc<ManualClock>,
    breaker: Breaker,
}

/// The last ten calls, judged from four on; no jitter, so that times can be spelled.
fn config() -> BreakerConfig {
    BreakerConfig {
        window: WindowSpan::Calls(10),
        min_calls: 4,
        open_jitter_percent: 0,
        ..BreakerConfig::for_p99(SLOW / 3)
    }
}

fn bench(config: BreakerConfig) -> Bench {
    let clock = Arc::new(ManualClock::default());
    let breaker = Breaker::new(NAME, config, clock.clone(), 1).unwrap();
    Bench { clock, breaker }
}

impl Bench {
    fn call(&self, verdict: Verdict) {
        self.breaker.try_acquire().unwrap().settle(verdict);
    }

    fn calls(&self, times: u32, verdict: Verdict) {
        for _ in 0..times {
            self.call(verdict);
        }
    }

    fn slow_call(&self, verdict: Verdict) {
        let permit = self.breaker.try_acquire().unwrap();
        self.clock.advance(SLOW + Duration::from_nanos(1));
        permit.settle(verdict);
    }

    fn open(&self) {
        // A whole window of failures is the most it can take.
        for _ in 0..10 {
            if self.breaker.state() == State::Closed {
                self.call(Verdict::Failure);
            }
        }
        assert_eq!(self.breaker.state(), State::Open);
    }

    /// Opens it and waits until it may be tried; the next acquisition makes it half open.
    fn open_and_wait(&self) {
        self.open();
        self.clock.advance(self.refused_for());
    }

    fn refused_for(&self) -> Duration {
        self.breaker.snapshot().retry_after.unwrap()
    }
}
