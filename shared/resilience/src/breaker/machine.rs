//! The rules, as a pure function of what happened and when.
//!
//! Nothing runs in the background: a half-open time that is over is noticed by the next step, which
//! then continues as if a timer had fired at the right moment.

use std::time::Duration;

use super::config::BreakerConfig;
use super::permit::{Ending, Ticket};
use super::state::{Mode, State, Transition};
use super::window::{Mark, Tally, Window};
use crate::classify::Verdict;
use crate::jitter::Jitter;
use crate::metric::Outcome;

#[derive(Debug)]
pub(super) struct Machine {
    config: BreakerConfig,
    jitter: Jitter,
    phase: Phase,
    /// Raised by every change of state, to distinguish a result from one of an earlier generation.
    generation: u64,
    opens_in_row: u32,
    /// Changes of state since they were last taken, oldest first; two at most per step.
    pub(super) moves: Vec<Transition>,
}

/// A state and what belongs to it alone.
#[derive(Debug)]
enum Phase {
    Closed(Window),
    Open { until: Duration },
    HalfOpen(Trial),
    ForcedOpen,
    Disabled,
    MetricsOnly(Window),
}

/// The trial calls of one half-open time: started plus `permits_left` is the configured number.
#[derive(Debug)]
struct Trial {
    until: Duration,
    permits_left: u32,
    tally: Tally,
}

/// What there is to see at one moment.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) state: State,
    pub(super) tally: Tally,
    pub(super) permits_left: Option<u32>,
    pub(super) opens_in_row: u32,
    pub(super) retry_after: Option<Duration>,
}

impl Machine {
    pub(super) fn new(config: BreakerConfig, jitter: Jitter, now: Duration) -> Self {
        Self {
            phase: Phase::Closed(Window::new(config.window, now)),
            config,
            jitter,
            generation: 0,
            opens_in_row: 0,
            moves: Vec::new(),
        }
    }

    /// A ticket, or the state and how long it refuses.
    pub(super) fn acquire(&mut self, now: Duration) -> Result<Ticket, (State, Duration)> {
        self.expire_trial(now);
        if matches!(self.phase, Phase::Open { until } if until <= now) {
            self.begin_trial(now);
        }
        if let Some(retry_after) = self.retry_after(now) {
            return Err((self.phase.state(), retry_after));
        }
        if let Phase::HalfOpen(trial) = &mut self.phase {
            trial.permits_left -= 1;
        }
        Ok(Ticket {
            generation: self.generation,
            started: now,
        })
    }

    /// Takes a ticket back and returns the outcome of its call.
    pub(super) fn finish(&mut self, ticket: Ticket, ending: Ending, now: Duration) -> Outcome {
        self.expire_trial(now);
        if ticket.generation != self.generation {
            return Outcome::Late;
        }
        let failed = match ending {
            Ending::Settled(Verdict::Success) => false,
            Ending::Settled(Verdict::Failure) => true,
            Ending::Settled(Verdict::Ignored) => {
                self.give_back();
                return Outcome::Ignored;
            }
            Ending::Cancelled => {
                self.give_back();
                return Outcome::Cancelled;
            }
        };
        let slow = now.saturating_sub(ticket.started) > self.config.slow_after;
        self.record(Mark { failed, slow }, now);
        Outcome::counted(failed, slow)
    }

    pub(super) fn set_mode(&mut self, mode: Mode, now: Duration) -> Transition {
        self.expire_trial(now);
        let from = self.phase.state();
        let window = || Window::new(self.config.window, now);
        let phase = match mode {
            Mode::Automatic => Phase::Closed(window()),
            Mode::ForcedOpen => Phase::ForcedOpen,
            Mode::Disabled => Phase::Disabled,
            Mode::MetricsOnly => Phase::MetricsOnly(window()),
        };
        let to = phase.state();
        // Asking again for what is changes nothing, except that Automatic always starts afresh.
        if from != to || mode == Mode::Automatic {
            self.enter(phase);
        }
        Transition { from, to }
    }

    pub(super) fn read(&mut self, now: Duration) -> Reading {
        self.expire_trial(now);
        let retry_after = self.retry_after(now);
        let (tally, permits_left) = match &mut self.phase {
            Phase::Closed(window) | Phase::MetricsOnly(window) => (window.total(now), None),
            Phase::HalfOpen(trial) => (trial.tally, Some(trial.permits_left)),
            Phase::Open { .. } | Phase::ForcedOpen | Phase::Disabled => (Tally::default(), None),
        };
        Reading {
            state: self.phase.state(),
            tally,
            permits_left,
            opens_in_row: self.opens_in_row,
            retry_after,
        }
    }

    /// How long a call made now is refused for; `None` when it is not.
    fn retry_after(&self, now: Duration) -> Option<Duration> {
        match &self.phase {
            Phase::Closed(_) | Phase::Disabled | Phase::MetricsOnly(_) => None,
            Phase::Open { until } => until.checked_sub(now).filter(|left| !left.is_zero()),
            // The trial calls decide long before their time is over, or else nearly never.
            Phase::HalfOpen(trial) => (trial.permits_left == 0)
                .then(|| trial.until.saturating_sub(now).min(self.config.open_first)),
            // It is unknown when the operator returns; the longest open time keeps callers calm.
            Phase::ForcedOpen => Some(self.config.open_longest),
        }
    }

    fn record(&mut self, mark: Mark, now: Duration) {
        match &mut self.phase {
            Phase::Closed(window) => {
                let total = window.record(mark, now);
                if self.config.condemns_window(total) {
                    self.open(now);
                }
            }
            Phase::MetricsOnly(window) => {
                window.record(mark, now);
            }
            Phase::HalfOpen(trial) => {
                trial.tally.add(Tally::of(mark));
                if self.config.condemns_trial(trial.tally) {
                    self.open(now);
                } else if trial.tally.calls == u64::from(self.config.half_open_permits) {
                    self.enter(Phase::Closed(Window::new(self.config.window, now)));
                }
            }
            // The first two let nothing through that could come back, the third keeps no window.
            Phase::Open { .. } | Phase::ForcedOpen | Phase::Disabled => {}
        }
    }

    /// The call of the current generation taught nothing: another trial call may take its place.
    fn give_back(&mut self) {
        if let Phase::HalfOpen(trial) = &mut self.phase {
            trial.permits_left += 1;
        }
    }

    /// Opens again when the trial took too long, as of the moment its time was over.
    fn expire_trial(&mut self, now: Duration) {
        if let Phase::HalfOpen(Trial { until, .. }) = self.phase
            && until <= now
        {
            self.open(until);
        }
    }

    fn begin_trial(&mut self, now: Duration) {
        self.enter(Phase::HalfOpen(Trial {
            until: now.saturating_add(self.config.half_open_longest),
            permits_left: self.config.half_open_permits,
            tally: Tally::default(),
        }));
    }

    fn open(&mut self, at: Duration) {
        self.opens_in_row = self.opens_in_row.saturating_add(1);
        let middle = self.config.open_time(self.opens_in_row);
        let wait = self.jitter.around(middle, self.config.open_jitter_percent);
        self.enter(Phase::Open {
            until: at.saturating_add(wait),
        });
    }

    fn enter(&mut self, phase: Phase) {
        let (from, to) = (self.phase.state(), phase.state());
        if to == State::Closed {
            self.opens_in_row = 0;
        }
        if from != to {
            self.moves.push(Transition { from, to });
        }
        self.phase = phase;
        self.generation += 1;
    }
}

impl Phase {
    fn state(&self) -> State {
        match self {
            Self::Closed(_) => State::Closed,
            Self::Open { .. } => State::Open,
            Self::HalfOpen(_) => State::HalfOpen,
            Self::ForcedOpen => State::ForcedOpen,
            Self::Disabled => State::Disabled,
            Self::MetricsOnly(_) => State::MetricsOnly,
        }
    }
}
