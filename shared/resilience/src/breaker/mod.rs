//! The circuit breaker: stops calling what does not answer, and finds out when it answers again.
//!
//! The state machine is pure and takes the time as an argument; this file adds the lock, the clock
//! and the metrics. The lock is held for a few hundred nanoseconds and never across an await.

mod config;
mod machine;
mod past;
mod permit;
mod state;
mod window;

#[cfg(test)]
mod tests;

use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use config::{BreakerConfig, WindowSpan};
use machine::{Machine, Reading};
pub use past::Moved;
use past::Past;
pub use permit::Permit;
use permit::{Ending, Ticket};
pub use state::{Mode, State, Transition};

use crate::clock::Monotonic;
use crate::config::InvalidConfig;
use crate::dependency::Name;
use crate::jitter::Jitter;
use crate::metric::{BreakerMeters, Outcome};

/// Guards one class of operations on one dependency; shared by reference, every method takes `&self`.
pub struct Breaker {
    name: Name,
    clock: Arc<dyn Monotonic>,
    machine: Mutex<Machine>,
    past: Mutex<Past>,
    meters: BreakerMeters,
}

/// The breaker does not let the call through; the dependency was not touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} is not called: its breaker is {state}")]
pub struct Refused {
    /// Whose breaker.
    pub name: Name,
    /// In which it refuses.
    pub state: State,
    /// How long to stay away. An estimate: the breaker may let calls through a little earlier.
    pub retry_after: Duration,
}

/// A breaker at one moment, for readiness and metrics.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BreakerSnapshot {
    /// Whose breaker.
    pub name: Name,
    /// By the rules as of now.
    pub state: State,
    /// Calls the ratios are taken from: those in the window, or the trial's when half open.
    pub calls: u64,
    /// 0 to 1; 0 without calls.
    pub failure_ratio: f64,
    /// 0 to 1; 0 without calls.
    pub slow_ratio: f64,
    /// Trial calls that may still start; `None` unless half open.
    pub permits_left: Option<u32>,
    /// How often it opened since it was last closed.
    pub opens_in_row: u32,
    /// How long calls are still refused; `None` when the next one would be let through.
    pub retry_after: Option<Duration>,
}

impl Breaker {
    /// A closed breaker. `seed` fixes the jitter of its open times: give every instance its own, so
    /// that a fleet does not probe in step. The metrics recorder must be installed before.
    ///
    /// # Errors
    /// [`InvalidConfig`], with every fault found.
    pub fn new(
        name: Name,
        config: BreakerConfig,
        clock: Arc<dyn Monotonic>,
        seed: u64,
    ) -> Result<Self, InvalidConfig> {
        InvalidConfig::unless_empty(config.faults())?;
        let machine = Machine::new(config, Jitter::new(seed), clock.elapsed());
        let meters = BreakerMeters::new(name);
        meters.state_is(State::Closed);
        Ok(Self {
            name,
            clock,
            machine: Mutex::new(machine),
            past: Mutex::default(),
            meters,
        })
    }

    /// Whose breaker it is.
    #[must_use]
    pub fn name(&self) -> Name {
        self.name
    }

    /// Leave to make one call. Settle the permit with the call's verdict; dropping it unsettled
    /// means that the call was cancelled.
    ///
    /// # Errors
    /// [`Refused`] while open, forced open, or half open with all trial calls under way.
    pub fn try_acquire(&self) -> Result<Permit<'_>, Refused> {
        match self.with(|machine, now| machine.acquire(now)) {
            Ok(ticket) => Ok(Permit::new(self, ticket)),
            Err((state, retry_after)) => {
                self.meters.call(Outcome::Rejected);
                Err(Refused {
                    name: self.name,
                    state,
                    retry_after,
                })
            }
        }
    }

    /// Puts the breaker under an operator's control, or back under its own. The caller, who knows the
    /// operator, writes the audit entry from the transition returned.
    pub fn set_mode(&self, mode: Mode) -> Transition {
        self.with(|machine, now| machine.set_mode(mode, now))
    }

    /// The state by the rules as of now. An open breaker whose time is over stays open until a call
    /// comes to try it.
    #[must_use]
    pub fn state(&self) -> State {
        self.with(|machine, now| machine.read(now).state)
    }

    /// Reads the breaker and refreshes its gauges; every scrape of the metrics calls it.
    pub fn snapshot(&self) -> BreakerSnapshot {
        let Reading {
            state,
            tally,
            permits_left,
            opens_in_row,
            retry_after,
        } = self.with(|machine, now| machine.read(now));
        let snapshot = BreakerSnapshot {
            name: self.name,
            state,
            calls: tally.calls,
            failure_ratio: tally.failure_ratio(),
            slow_ratio: tally.slow_ratio(),
            permits_left,
            opens_in_row,
            retry_after,
        };
        self.meters.refresh(&snapshot);
        snapshot
    }

    /// What it did in the last hour, oldest first, and its last move however long ago that was. A
    /// breaker without moves has been closed since it was made.
    #[must_use]
    pub fn past(&self) -> Vec<Moved> {
        let now = self.now();
        let past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        past.told(now)
    }

    fn now(&self) -> Duration {
        self.clock.elapsed()
    }

    fn finish(&self, ticket: Ticket, ending: Ending) {
        let outcome = self.with(|machine, now| machine.finish(ticket, ending, now));
        self.meters.call(outcome);
    }

    /// Runs one step of the machine. The clock is read under the lock, so that the machine never
    /// sees time go back.
    fn with<R>(&self, step: impl FnOnce(&mut Machine, Duration) -> R) -> R {
        let (result, moves) = {
            // A panic cannot leave the machine half changed in a way that its next step would not
            // bear, so a poisoned lock is taken as it is.
            let mut machine = self.machine.lock().unwrap_or_else(PoisonError::into_inner);
            let now = self.clock.elapsed();
            let result = step(&mut machine, now);
            let moves = mem::take(&mut machine.moves);
            if !moves.is_empty() {
                let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
                past.note(now, &moves);
            }
            // Under the lock: gauges written in another order than the moves would lie permanently.
            if let Some(last) = moves.last() {
                self.meters.state_is(last.to);
            }
            (result, moves)
        };
        for Transition { from, to } in moves {
            self.meters.moved(from, to);
            let Name { dependency, class } = self.name;
            tracing::warn!(dependency, class, %from, %to, "breaker changed state");
        }
        result
    }
}

impl fmt::Debug for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Breaker")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
