//! The settings of a breaker, and their bounds.

use std::time::Duration;

use super::window::Tally;
use crate::config::{self, WAIT};

/// What the window holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowSpan {
    /// The last 1 to 100,000 calls.
    Calls(u32),
    /// The calls of the last 1 to 3,600 seconds, in steps of a second.
    Seconds(u32),
}

/// How a breaker judges; start from [`Self::for_p99`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerConfig {
    /// Which calls are judged.
    pub window: WindowSpan,
    /// Calls the window must hold before it is judged; a window of fewer calls is judged when full.
    pub min_calls: u32,
    /// Opens when at least this share of the calls failed; 1 to 100.
    pub failure_percent: u32,
    /// Opens when at least this share of the calls was slow; 1 to 100.
    pub slow_percent: u32,
    /// A call that takes longer is slow, whether it succeeds or not.
    pub slow_after: Duration,
    /// How long it stays open the first time; doubles each time it opens again before it closed.
    pub open_first: Duration,
    /// Where the doubling ends, before jitter.
    pub open_longest: Duration,
    /// Each open time is moved by up to this share to either side; 0 to 33.
    pub open_jitter_percent: u32,
    /// Trial calls when half open, all of which must end before it closes; 1 to 1,000.
    pub half_open_permits: u32,
    /// How long the trial calls may take together before it opens again. A dependency that is
    /// called less often than `half_open_permits` times in this while needs fewer permits.
    pub half_open_longest: Duration,
}

/// One byte a call: what a breaker may take of memory.
const WINDOW_CALLS_MAX: u32 = 100_000;
/// An hour: older calls prove nothing about a dependency's health.
const WINDOW_SECONDS_MAX: u32 = 3_600;
/// Above a third, a doubled open time could be shorter than the one before it.
const JITTER_PERCENT_MAX: u32 = 33;
/// Trial calls are a probe, not traffic.
const PERMITS_MAX: u32 = 1_000;

impl BreakerConfig {
    /// Ten seconds of calls, at least twenty of them, half failed or half slow; open for 2 s, 4 s …
    /// 60 s ± 20 %; five trial calls in at most ten seconds. Slow is thrice the `target` for the
    /// 99th percentile: rare enough in health, soon enough in sickness.
    #[must_use]
    pub fn for_p99(target: Duration) -> Self {
        Self {
            window: WindowSpan::Seconds(10),
            min_calls: 20,
            failure_percent: 50,
            slow_percent: 50,
            slow_after: target.saturating_mul(3),
            open_first: Duration::from_secs(2),
            open_longest: Duration::from_secs(60),
            open_jitter_percent: 20,
            half_open_permits: 5,
            half_open_longest: Duration::from_secs(10),
        }
    }

    pub(crate) fn faults(&self) -> Vec<&'static str> {
        let window_holds = match self.window {
            WindowSpan::Calls(calls) => (1..=WINDOW_CALLS_MAX).contains(&calls),
            WindowSpan::Seconds(seconds) => (1..=WINDOW_SECONDS_MAX).contains(&seconds),
        };
        let percent = 1..=100;
        let permits = 1..=PERMITS_MAX;
        config::broken([
            (
                window_holds,
                "window is not 1 to 100000 calls or 1 to 3600 seconds",
            ),
            (self.min_calls > 0, "min_calls is 0"),
            (
                percent.contains(&self.failure_percent),
                "failure_percent is not 1 to 100",
            ),
            (
                percent.contains(&self.slow_percent),
                "slow_percent is not 1 to 100",
            ),
            (
                WAIT.contains(&self.slow_after),
                "slow_after is not 1 ms to 1 h",
            ),
            (
                WAIT.contains(&self.open_first),
                "open_first is not 1 ms to 1 h",
            ),
            (
                WAIT.contains(&self.open_longest),
                "open_longest is not 1 ms to 1 h",
            ),
            (
                self.open_first <= self.open_longest,
                "open_first is above open_longest",
            ),
            (
                self.open_jitter_percent <= JITTER_PERCENT_MAX,
                "open_jitter_percent is not 0 to 33",
            ),
            (
                permits.contains(&self.half_open_permits),
                "half_open_permits is not 1 to 1000",
            ),
            (
                WAIT.contains(&self.half_open_longest),
                "half_open_longest is not 1 ms to 1 h",
            ),
        ])
    }

    /// Whether the calls in the window are reason to open.
    pub(super) fn condemns_window(&self, tally: Tally) -> bool {
        let enough = match self.window {
            WindowSpan::Calls(calls) => self.min_calls.min(calls),
            WindowSpan::Seconds(_) => self.min_calls,
        };
        tally.calls >= u64::from(enough) && self.condemns(tally, tally.calls)
    }

    /// Whether the trial cannot be passed any more, however its remaining calls end.
    pub(super) fn condemns_trial(&self, tally: Tally) -> bool {
        self.condemns(tally, u64::from(self.half_open_permits))
    }

    fn condemns(&self, tally: Tally, calls: u64) -> bool {
        tally.failures * 100 >= calls * u64::from(self.failure_percent)
            || tally.slow * 100 >= calls * u64::from(self.slow_percent)
    }

    /// Open time of the `nth` opening in a row, before jitter; `nth` is 1 or more.
    pub(super) fn open_time(&self, nth: u32) -> Duration {
        let doublings = nth.saturating_sub(1);
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        self.open_first
            .saturating_mul(factor)
            .min(self.open_longest)
    }
}
