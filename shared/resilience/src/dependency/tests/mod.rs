//! The guards together, on paused time. `limits`: what ends or refuses a call. `retries`: what
//! makes it again. `telemetry`: what is shown.

mod limits;
mod looking;
mod retries;
mod telemetry;

use std::cell::Cell;
use std::future::{pending, ready};
use std::sync::Arc;
use std::time::Duration;

use super::{CallError, Dependency, DependencyConfig, Name, Seams};
use crate::breaker::BreakerConfig;
use crate::bulkhead::BulkheadConfig;
use crate::classify::{Classified, Verdict};
use crate::clock::TokioClock;
use crate::deadline::Deadline;
use crate::retry::{RetryBudget, RetryConfig};

const NAME: Name = Name {
    dependency: "postgres",
    class: "read",
};
const TIMEOUT: Duration = Duration::from_millis(200);
const SLOW: Duration = Duration::from_millis(90);

/// An adapter's error: down, or a plain no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Oops {
    #[error("it is down")]
    Down,
    #[error("there is no such thing")]
    NotFound,
}

impl Classified for Oops {
    fn verdict(&self) -> Verdict {
        match self {
            Self::Down => Verdict::Failure,
            Self::NotFound => Verdict::Success,
        }
    }
}

fn config() -> DependencyConfig {
    DependencyConfig {
        breaker: BreakerConfig {
            min_calls: 4,
            ..BreakerConfig::for_p99(SLOW / 3)
        },
        bulkhead: BulkheadConfig {
            in_flight_max: 2,
            waiting_max: 1,
            wait_max: Duration::from_millis(150),
        },
        timeout: TIMEOUT,
        retry: RetryConfig {
            retries_max: 2,
            wait_first: Duration::from_millis(10),
            wait_longest: Duration::from_millis(100),
        },
    }
}

fn seams(budget: RetryBudget) -> Seams {
    Seams {
        clock: Arc::new(TokioClock::start()),
        seed: 1,
        budget: Arc::new(budget),
    }
}

fn dependency() -> Dependency {
    Dependency::new(NAME, config(), seams(RetryBudget::default())).unwrap()
}

/// Calls in the breaker's window, and the share of failures.
fn window(dependency: &Dependency) -> (u64, f64) {
    let snapshot = dependency.breaker().snapshot();
    (snapshot.calls, snapshot.failure_ratio)
}

async fn hang(dependency: &Dependency, deadline: Deadline) -> CallError<Oops> {
    let hanging = dependency.call_once(deadline, pending::<Result<(), Oops>>);
    hanging.await.unwrap_err()
}

/// Fails `failures` times, then answers; counts its calls.
async fn flaky(
    dependency: &Dependency,
    deadline: Deadline,
    failures: u32,
) -> (Result<(), CallError<Oops>>, u32) {
    let calls = Cell::new(0);
    let answer = dependency.call(deadline, || {
        calls.set(calls.get() + 1);
        ready(if calls.get() > failures {
            Ok(())
        } else {
            Err(Oops::Down)
        })
    });
    (answer.await, calls.get())
}
