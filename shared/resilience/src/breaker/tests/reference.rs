//! A second, plain implementation of the breaker: it remembers every result of its current life and
//! counts them again each time. Slow, unbounded, and written from the rules alone.

use std::time::Duration;

use crate::breaker::{BreakerConfig, Mode, State, WindowSpan};
use crate::classify::Verdict;
use crate::jitter::Jitter;

pub(super) struct Reference {
    pub(super) config: BreakerConfig,
    pub(super) jitter: Jitter,
    pub(super) state: State,
    pub(super) life: u32,
    pub(super) opens: u32,
    since: Duration,
    open_for: Duration,
    /// When it ended, failed, slow.
    results: Vec<(Duration, bool, bool)>,
    under_way: usize,
}

impl Reference {
    pub(super) fn new(config: BreakerConfig, jitter: Jitter) -> Self {
        Self {
            config,
            jitter,
            state: State::Closed,
            life: 0,
            opens: 0,
            since: Duration::ZERO,
            open_for: Duration::ZERO,
            results: Vec::new(),
            under_way: 0,
        }
    }

    fn turn(&mut self, state: State, now: Duration) {
        (self.state, self.since, self.life) = (state, now, self.life + 1);
        (self.results, self.under_way) = (Vec::new(), 0);
        match state {
            State::Closed => self.opens = 0,
            State::Open => {
                self.opens += 1;
                let doubled =
                    self.config.open_first.as_secs_f64() * 2_f64.powf(f64::from(self.opens - 1));
                let middle =
                    Duration::from_secs_f64(doubled.min(self.config.open_longest.as_secs_f64()));
                self.open_for = self.jitter.around(middle, self.config.open_jitter_percent);
            }
            _ => {}
        }
    }

    /// A timer that fires when the trial has had its time.
    pub(super) fn tick(&mut self, now: Duration) {
        let due = self.since + self.config.half_open_longest;
        if self.state == State::HalfOpen && now >= due {
            self.turn(State::Open, due);
        }
    }

    pub(super) fn permits_left(&self) -> Option<usize> {
        let all = self.config.half_open_permits as usize;
        (self.state == State::HalfOpen).then(|| all - self.under_way - self.results.len())
    }

    pub(super) fn retry_after(&self, now: Duration) -> Option<Duration> {
        let trial_ends = self.since + self.config.half_open_longest;
        match self.state {
            State::Open if now < self.since + self.open_for => {
                Some(self.since + self.open_for - now)
            }
            State::HalfOpen if self.permits_left() == Some(0) => {
                Some((trial_ends - now).min(self.config.open_first))
            }
            State::ForcedOpen => Some(self.config.open_longest),
            _ => None,
        }
    }

    pub(super) fn acquire(&mut self, now: Duration) -> Result<(u32, Duration), Duration> {
        self.tick(now);
        if self.state == State::Open && self.retry_after(now).is_none() {
            self.turn(State::HalfOpen, now);
        }
        self.retry_after(now).map_or(Ok(()), Err)?;
        self.under_way += 1;
        Ok((self.life, now))
    }

    /// `None` is a cancelled call.
    pub(super) fn finish(
        &mut self,
        (life, started): (u32, Duration),
        verdict: Option<Verdict>,
        now: Duration,
    ) -> &'static str {
        self.tick(now);
        if life != self.life {
            return "Late";
        }
        self.under_way -= 1;
        let failed = match verdict {
            None => return "Cancelled",
            Some(Verdict::Ignored) => return "Ignored",
            Some(verdict) => verdict == Verdict::Failure,
        };
        let slow = now - started > self.config.slow_after;
        self.results.push((now, failed, slow));
        self.judge(now);
        ["Success", "Failure", "SlowSuccess", "SlowFailure"]
            [usize::from(failed) + 2 * usize::from(slow)]
    }

    fn judge(&mut self, now: Duration) {
        let (calls, failures, slow) = self.tally(now);
        let permits = self.config.half_open_permits as usize;
        let enough = match (self.state, self.config.window) {
            (State::HalfOpen, _) => 0,
            (_, WindowSpan::Calls(size)) => self.config.min_calls.min(size) as usize,
            (_, WindowSpan::Seconds(_)) => self.config.min_calls as usize,
        };
        let of = if self.state == State::HalfOpen {
            permits
        } else {
            calls
        };
        let bad = failures * 100 >= of * self.config.failure_percent as usize
            || slow * 100 >= of * self.config.slow_percent as usize;
        match self.state {
            State::Closed | State::HalfOpen if bad && calls >= enough => {
                self.turn(State::Open, now)
            }
            State::HalfOpen if calls == permits => self.turn(State::Closed, now),
            _ => {}
        }
    }

    /// Calls, failures and slow ones that still count.
    pub(super) fn tally(&self, now: Duration) -> (usize, usize, usize) {
        let kept: Vec<_> = match (self.state, self.config.window) {
            (State::Disabled, _) => Vec::new(),
            (State::HalfOpen, _) => self.results.iter().collect(),
            (_, WindowSpan::Calls(size)) => self.results.iter().rev().take(size as usize).collect(),
            (_, WindowSpan::Seconds(seconds)) => {
                let counts = |at: Duration| at.as_secs() + u64::from(seconds) > now.as_secs();
                self.results
                    .iter()
                    .filter(|result| counts(result.0))
                    .collect()
            }
        };
        let failures = kept.iter().filter(|result| result.1).count();
        (
            kept.len(),
            failures,
            kept.iter().filter(|result| result.2).count(),
        )
    }

    pub(super) fn set_mode(&mut self, mode: Mode, now: Duration) {
        self.tick(now);
        let state = match mode {
            Mode::Automatic => State::Closed,
            Mode::ForcedOpen => State::ForcedOpen,
            Mode::Disabled => State::Disabled,
            Mode::MetricsOnly => State::MetricsOnly,
        };
        if mode == Mode::Automatic || state != self.state {
            self.turn(state, now);
        }
    }
}
