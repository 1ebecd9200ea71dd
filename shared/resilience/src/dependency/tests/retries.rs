//! What is made again, how often, and on whose account.

use std::cell::Cell;
use std::future::{pending, ready};
use std::time::Duration;

use kernel::Fault;
use kernel::port::CommitError;
use tokio::time::Instant;

use super::{NAME, Oops, TIMEOUT, config, dependency, flaky, seams, window};
use crate::breaker::BreakerConfig;
use crate::deadline::Deadline;
use crate::dependency::{CallError, Dependency, DependencyConfig};
use crate::retry::{RetryBudget, RetryConfig};

#[tokio::test(start_paused = true)]
async fn failed_call_is_made_again_until_it_succeeds() {
    let (answer, calls) = flaky(&dependency(), Deadline::NONE, 2).await;
    assert!(answer.is_ok());
    assert_eq!(calls, 3);
}

#[tokio::test(start_paused = true)]
async fn failed_call_is_not_made_more_often_than_allowed() {
    let dependency = dependency();
    let (answer, calls) = flaky(&dependency, Deadline::NONE, 9).await;
    assert!(matches!(
        answer,
        Err(CallError::Failed {
            source: Oops::Down,
            ..
        })
    ));
    assert_eq!(calls, 3);
    assert_eq!(window(&dependency), (3, 1.0));
}

#[tokio::test(start_paused = true)]
async fn timed_out_call_is_made_again() {
    let dependency = dependency();
    let asked = Instant::now();
    let answer = dependency.call(Deadline::NONE, pending::<Result<(), Oops>>);
    assert!(matches!(answer.await, Err(CallError::TimedOut { .. })));
    assert!(asked.elapsed() > TIMEOUT * 3);
    assert_eq!(window(&dependency), (3, 1.0));
}

/// Its breaker does not come between the retries.
fn roomy() -> DependencyConfig {
    DependencyConfig {
        breaker: BreakerConfig {
            min_calls: 1_000,
            ..config().breaker
        },
        ..config()
    }
}

#[tokio::test(start_paused = true)]
async fn retries_end_when_the_shared_budget_is_empty() {
    let shared = seams(RetryBudget::new(10, 3));
    let one = Dependency::new(NAME, roomy(), shared.clone()).unwrap();
    let other = Dependency::new(NAME, roomy(), shared).unwrap();
    assert_eq!(flaky(&one, Deadline::NONE, 9).await.1, 3);
    assert_eq!(flaky(&other, Deadline::NONE, 9).await.1, 2);
    assert_eq!(flaky(&one, Deadline::NONE, 9).await.1, 1);
    // Seven more first tries bring the shares to a whole retry.
    for _ in 0..7 {
        assert_eq!(flaky(&other, Deadline::NONE, 0).await.1, 1);
    }
    assert_eq!(flaky(&one, Deadline::NONE, 9).await.1, 2);
}

#[tokio::test(start_paused = true)]
async fn retry_is_not_waited_for_when_the_deadline_comes_first() {
    let patient = DependencyConfig {
        retry: RetryConfig {
            retries_max: 2,
            wait_first: Duration::from_secs(60),
            wait_longest: Duration::from_secs(60),
        },
        ..config()
    };
    let dependency = Dependency::new(NAME, patient, seams(RetryBudget::default())).unwrap();
    let asked = Instant::now();
    let deadline = Deadline::within(Duration::from_millis(1));
    let (answer, calls) = flaky(&dependency, deadline, 9).await;
    assert!(matches!(answer, Err(CallError::Failed { .. })));
    assert_eq!((calls, asked.elapsed()), (1, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn plain_no_counts_as_success_and_is_not_retried() {
    let dependency = dependency();
    let calls = Cell::new(0);
    let answer = dependency.call(Deadline::NONE, || {
        calls.set(calls.get() + 1);
        ready(Err::<(), _>(Oops::NotFound))
    });
    assert!(matches!(
        answer.await,
        Err(CallError::Failed {
            source: Oops::NotFound,
            ..
        })
    ));
    assert_eq!(calls.get(), 1);
    assert_eq!(window(&dependency), (1, 0.0));
}

#[tokio::test(start_paused = true)]
async fn commit_of_unknown_outcome_is_not_made_again() {
    let (dependency, calls) = (dependency(), Cell::new(0));
    let answer = dependency.call(Deadline::NONE, || {
        calls.set(calls.get() + 1);
        let fault = Fault::bare("postgres", "commit");
        ready(Err::<(), _>(CommitError::Unknown(fault)))
    });
    assert!(answer.await.is_err());
    assert_eq!(calls.get(), 1);
    assert_eq!(window(&dependency), (1, 1.0));
}

#[tokio::test(start_paused = true)]
async fn call_once_is_made_once_though_it_fails() {
    let (dependency, calls) = (dependency(), Cell::new(0));
    let answer = dependency.call_once(Deadline::NONE, || {
        calls.set(calls.get() + 1);
        ready(Err::<(), _>(Oops::Down))
    });
    assert!(answer.await.is_err());
    assert_eq!(calls.get(), 1);
}

#[tokio::test(start_paused = true)]
async fn call_made_once_adds_its_share_to_the_budget() {
    let tenth = seams(RetryBudget::new(10, 1));
    let dependency = Dependency::new(NAME, roomy(), tenth).unwrap();
    assert_eq!(flaky(&dependency, Deadline::NONE, 9).await.1, 2);
    for _ in 0..9 {
        let once = dependency.call_once(Deadline::NONE, || ready(Ok::<_, Oops>(())));
        assert!(once.await.is_ok());
    }
    assert_eq!(flaky(&dependency, Deadline::NONE, 9).await.1, 2);
}
