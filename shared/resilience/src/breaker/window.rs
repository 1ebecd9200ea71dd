//! The sliding windows: what a closed breaker remembers of its calls.

use std::collections::VecDeque;
use std::time::Duration;

use super::config::WindowSpan;

/// One finished call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) failed: bool,
    /// Took longer than the limit, whether it succeeded or not.
    pub(super) slow: bool,
}

/// Counts of finished calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) calls: u64,
    pub(super) failures: u64,
    pub(super) slow: u64,
}

/// The last calls, or the calls of the last seconds; totals are maintained, never recomputed.
#[derive(Debug)]
pub(super) enum Window {
    Count(Ring),
    Time(Buckets),
}

/// The last `size` calls.
#[derive(Debug)]
pub(super) struct Ring {
    size: usize,
    marks: VecDeque<Mark>,
    total: Tally,
}

/// The calls of the last seconds, one bucket per second of the clock, newest last.
#[derive(Debug)]
pub(super) struct Buckets {
    /// Second of the newest bucket.
    newest: u64,
    buckets: VecDeque<Tally>,
    total: Tally,
}

impl Window {
    pub(super) fn new(span: WindowSpan, now: Duration) -> Self {
        match span {
            WindowSpan::Calls(calls) => Self::Count(Ring {
                size: calls as usize,
                marks: VecDeque::with_capacity(calls as usize),
                total: Tally::default(),
            }),
            WindowSpan::Seconds(seconds) => Self::Time(Buckets {
                newest: now.as_secs(),
                buckets: VecDeque::from(vec![Tally::default(); seconds as usize]),
                total: Tally::default(),
            }),
        }
    }

    /// Adds a call and returns the new totals.
    pub(super) fn record(&mut self, mark: Mark, now: Duration) -> Tally {
        match self {
            Self::Count(ring) => ring.record(mark),
            Self::Time(buckets) => buckets.record(mark, now),
        }
    }

    /// The totals as of now; a time window forgets even without calls.
    pub(super) fn total(&mut self, now: Duration) -> Tally {
        match self {
            Self::Count(ring) => ring.total,
            Self::Time(buckets) => {
                buckets.slide_to(now);
                buckets.total
            }
        }
    }
}

impl Ring {
    fn record(&mut self, mark: Mark) -> Tally {
        if self.marks.len() == self.size
            && let Some(oldest) = self.marks.pop_front()
        {
            self.total.subtract(Tally::of(oldest));
        }
        self.marks.push_back(mark);
        self.total.add(Tally::of(mark));
        self.total
    }
}

impl Buckets {
    fn record(&mut self, mark: Mark, now: Duration) -> Tally {
        self.slide_to(now);
        if let Some(newest) = self.buckets.back_mut() {
            newest.add(Tally::of(mark));
        }
        self.total.add(Tally::of(mark));
        self.total
    }

    /// Drops what is too old: at most one step per bucket, none within the same second.
    fn slide_to(&mut self, now: Duration) {
        let passed = now.as_secs().saturating_sub(self.newest);
        for _ in 0..passed.min(self.buckets.len() as u64) {
            if let Some(oldest) = self.buckets.pop_front() {
                self.total.subtract(oldest);
            }
            self.buckets.push_back(Tally::default());
        }
        self.newest += passed;
    }
}

impl Tally {
    pub(super) fn of(mark: Mark) -> Self {
        Self {
            calls: 1,
            failures: u64::from(mark.failed),
            slow: u64::from(mark.slow),
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.failures += other.failures;
        self.slow += other.slow;
    }

    /// Only what was added is ever subtracted, so no count goes below zero.
    fn subtract(&mut self, other: Self) {
        self.calls -= other.calls;
        self.failures -= other.failures;
        self.slow -= other.slow;
    }

    pub(super) fn failure_ratio(self) -> f64 {
        ratio(self.failures, self.calls)
    }

    pub(super) fn slow_ratio(self) -> f64 {
        ratio(self.slow, self.calls)
    }
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    part as f64 / whole as f64
}
