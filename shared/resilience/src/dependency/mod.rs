//! One dependency and class of operations, with everything that guards it.
//!
//! From the outside in: deadline, retry on a shared budget, breaker, timeout, bulkhead, call. A
//! fallback is outside of it all and belongs to the caller, who alone knows what will do.

mod error;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use error::CallError;
use kernel::code::with_causes;
use tokio::time::{Instant, sleep, timeout_at};

use crate::breaker::{Breaker, BreakerConfig, Permit};
use crate::bulkhead::{Bulkhead, BulkheadConfig};
use crate::classify::{Classified, Verdict};
use crate::clock::Monotonic;
use crate::config::{self, InvalidConfig, WAIT};
use crate::deadline::Deadline;
use crate::metric::{CallMeters, Retried};
use crate::retry::{Retry, RetryBudget, RetryConfig};

/// What is guarded: metric labels, so both are from a fixed set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    /// `redis`, `postgres`, `kafka`, `jwks` …
    pub dependency: &'static str,
    /// `read`, `write`, `produce`, `fetch` …
    pub class: &'static str,
}

/// How a dependency is guarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DependencyConfig {
    /// When calls are refused.
    pub breaker: BreakerConfig,
    /// How many may be under way, and wait.
    pub bulkhead: BulkheadConfig,
    /// The longest one try may take, waiting in the bulkhead included; 1 ms to 1 h, and not below
    /// the breaker's `slow_after`.
    pub timeout: Duration,
    /// Of idempotent calls.
    pub retry: RetryConfig,
}

/// What a dependency takes from its process.
#[derive(Clone)]
pub struct Seams {
    /// The breaker's time.
    pub clock: Arc<dyn Monotonic>,
    /// Fixes all jitter; a different one for every instance and dependency.
    pub seed: u64,
    /// Shared by all guards of a process.
    pub budget: Arc<RetryBudget>,
}

/// The guards of one class of operations on one dependency.
#[derive(Debug)]
pub struct Dependency {
    name: Name,
    breaker: Breaker,
    bulkhead: Bulkhead,
    timeout: Duration,
    slow_after: Duration,
    retry: Retry,
    meters: CallMeters,
    last_failure: Mutex<Option<(Instant, String)>>,
}

/// The last call that a dependency failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastFailure {
    /// Before now.
    pub ago: Duration,
    /// In a sentence.
    pub why: String,
}

/// When a try must end, and on whose account.
#[derive(Clone, Copy)]
struct Limit {
    at: Instant,
    is_callers: bool,
}

impl DependencyConfig {
    /// # Errors
    /// [`InvalidConfig`], with every fault found.
    pub fn validate(&self) -> Result<(), InvalidConfig> {
        let mut faults = self.breaker.faults();
        faults.extend(self.bulkhead.faults());
        faults.extend(self.retry.faults());
        let notices_slow = self.breaker.slow_after <= self.timeout;
        faults.extend(config::broken([
            (WAIT.contains(&self.timeout), "timeout is not 1 ms to 1 h"),
            (notices_slow, "slow_after is above timeout"),
        ]));
        InvalidConfig::unless_empty(faults)
    }
}

impl Dependency {
    /// The metrics recorder must be installed before.
    ///
    /// # Errors
    /// [`InvalidConfig`], with every fault found.
    pub fn new(name: Name, config: DependencyConfig, seams: Seams) -> Result<Self, InvalidConfig> {
        config.validate()?;
        let Seams {
            clock,
            seed,
            budget,
        } = seams;
        Ok(Self {
            name,
            slow_after: config.breaker.slow_after,
            breaker: Breaker::new(name, config.breaker, clock, seed)?,
            bulkhead: Bulkhead::new(name, config.bulkhead)?,
            timeout: config.timeout,
            retry: Retry::new(config.retry, !seed, budget),
            meters: CallMeters::new(name),
            last_failure: Mutex::default(),
        })
    }

    /// What is guarded.
    #[must_use]
    pub fn name(&self) -> Name {
        self.name
    }

    /// The last call that the dependency failed, if one did.
    #[must_use]
    pub fn last_failure(&self) -> Option<LastFailure> {
        let last = self.last_failure.lock();
        let last = last.unwrap_or_else(PoisonError::into_inner);
        let (at, why) = last.as_ref()?;
        Some(LastFailure {
            ago: at.elapsed(),
            why: why.clone(),
        })
    }

    fn note(&self, why: String) {
        let last = self.last_failure.lock();
        *last.unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), why));
    }

    /// For readiness, metrics and the operator's modes.
    #[must_use]
    pub fn breaker(&self) -> &Breaker {
        &self.breaker
    }

    /// Calls an idempotent operation, and again while it fails and the budget, the deadline and the
    /// breaker allow. Cancel-safe if `op` is: dropping the future gives everything back.
    ///
    /// # Errors
    /// [`CallError`] of the last try.
    pub async fn call<T, E, F>(
        &self,
        deadline: Deadline,
        mut op: impl FnMut() -> F,
    ) -> Result<T, CallError<E>>
    where
        E: Classified,
        F: Future<Output = Result<T, E>>,
    {
        self.retry.budget.deposit();
        let mut waits = self.retry.waits();
        loop {
            let error = match self.attempt(deadline, &mut op).await {
                Ok(value) => return Ok(value),
                Err(error) if error.is_retriable() => error,
                Err(error) => return Err(error),
            };
            let Some(wait) = waits.next() else {
                return Err(error);
            };
            // Without time left a retry would be paid for without use.
            if deadline.is_reached_by(Instant::now() + wait) {
                return Err(error);
            }
            if !self.retry.budget.withdraw() {
                self.meters.retry(Retried::OutOfBudget);
                return Err(error);
            }
            self.meters.retry(Retried::Made);
            sleep(wait).await;
        }
    }

    /// Calls an operation that must not be repeated, such as a write whose outcome a timeout would
    /// leave unknown.
    ///
    /// # Errors
    /// [`CallError`] of the only try.
    pub async fn call_once<T, E, F>(
        &self,
        deadline: Deadline,
        op: impl FnOnce() -> F,
    ) -> Result<T, CallError<E>>
    where
        E: Classified,
        F: Future<Output = Result<T, E>>,
    {
        self.retry.budget.deposit();
        self.attempt(deadline, op).await
    }

    async fn attempt<T, E, F>(
        &self,
        deadline: Deadline,
        op: impl FnOnce() -> F,
    ) -> Result<T, CallError<E>>
    where
        E: Classified,
        F: Future<Output = Result<T, E>>,
    {
        let now = Instant::now();
        if deadline.is_reached_by(now) {
            return Err(CallError::DeadlinePassed { name: self.name });
        }
        let own = now + self.timeout;
        let limit = Limit {
            at: deadline.clip(own),
            is_callers: deadline.is_reached_by(own),
        };
        let mut permit = self.breaker.try_acquire()?;
        let _place = match self.bulkhead.enter(limit.at).await {
            Ok(place) => place,
            Err(full) => {
                permit.settle(Verdict::Ignored);
                return Err(full.into());
            }
        };
        permit.restart();
        match timeout_at(limit.at, op()).await {
            Ok(answer) => self.answered(permit, answer),
            Err(_) => Err(self.out_of_time(permit, limit)),
        }
    }

    fn answered<T, E: Classified>(
        &self,
        permit: Permit<'_>,
        answer: Result<T, E>,
    ) -> Result<T, CallError<E>> {
        let verdict = answer
            .as_ref()
            .map_or_else(E::verdict, |_| Verdict::Success);
        if let (Verdict::Failure, Err(error)) = (verdict, &answer) {
            self.note(with_causes(error));
        }
        permit.settle(verdict);
        answer.map_err(|source| CallError::Failed {
            name: self.name,
            source,
        })
    }

    /// Our own timeout is the dependency's failure. A caller's deadline proves nothing about it, unless
    /// the call had become slow by then: else a dead dependency whose callers all have little time
    /// would never open its breaker.
    fn out_of_time<E>(&self, permit: Permit<'_>, limit: Limit) -> CallError<E> {
        let name = self.name;
        let slow = permit.elapsed();
        if !limit.is_callers {
            self.note(format!("no answer within {:?}", self.timeout));
            permit.settle(Verdict::Failure);
            let limit = self.timeout;
            return CallError::TimedOut { name, limit };
        }
        if slow > self.slow_after {
            self.note(format!("no answer to a caller who had {slow:?}"));
            permit.settle(Verdict::Failure);
        }
        CallError::DeadlinePassed { name }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.dependency, self.class)
    }
}

impl fmt::Debug for Seams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seams")
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}
