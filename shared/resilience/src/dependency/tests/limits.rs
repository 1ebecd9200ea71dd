//! What ends a call, what refuses it, and how the breaker counts it.

use std::cell::Cell;
use std::future::ready;
use std::time::Duration;

use kernel::Fault;
use tokio::time::{Instant, sleep, timeout};

use super::{Oops, SLOW, TIMEOUT, config, dependency, hang, window};
use crate::breaker::{Mode, State};
use crate::deadline::Deadline;
use crate::dependency::CallError;

#[tokio::test(start_paused = true)]
async fn answer_comes_through_and_counts_as_success() {
    let dependency = dependency();
    let answer = dependency.call(Deadline::NONE, || ready(Ok::<_, Oops>(7)));
    assert_eq!(answer.await.unwrap(), 7);
    assert_eq!(window(&dependency), (1, 0.0));
}

#[tokio::test(start_paused = true)]
async fn own_timeout_counts_as_failure_and_opens_the_breaker() {
    let dependency = dependency();
    for _ in 0..4 {
        let asked = Instant::now();
        let error = hang(&dependency, Deadline::NONE).await;
        assert!(matches!(error, CallError::TimedOut { limit: TIMEOUT, .. }));
        assert_eq!(asked.elapsed(), TIMEOUT);
    }
    let error = hang(&dependency, Deadline::NONE).await;
    assert!(matches!(error, CallError::Refused(_)));
    assert!(error.retry_after().unwrap() > Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn refused_call_touches_nothing_and_is_not_retried() {
    let dependency = dependency();
    assert_eq!(
        dependency.breaker().set_mode(Mode::ForcedOpen).to,
        State::ForcedOpen
    );
    let (calls, asked) = (Cell::new(0), Instant::now());
    let answer = dependency.call(Deadline::NONE, || {
        calls.set(calls.get() + 1);
        ready(Err::<(), _>(Oops::Down))
    });
    assert!(matches!(answer.await, Err(CallError::Refused(_))));
    assert_eq!((calls.get(), asked.elapsed()), (0, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn full_bulkhead_is_ignored_by_the_breaker() {
    let dependency = dependency();
    let slow = || async {
        sleep(TIMEOUT - Duration::from_millis(1)).await;
        Ok::<_, Oops>(())
    };
    let call = || dependency.call_once(Deadline::NONE, slow);
    let (first, second, third) = tokio::join!(call(), call(), call());
    assert!(first.is_ok() && second.is_ok());
    assert!(matches!(third, Err(CallError::Full(_))));
    let snapshot = dependency.breaker().snapshot();
    assert_eq!((snapshot.state, snapshot.calls), (State::Closed, 2));
}

#[tokio::test(start_paused = true)]
async fn waiting_in_the_bulkhead_is_not_the_slowness_of_the_dependency() {
    let dependency = dependency();
    let call = || {
        dependency.call_once(Deadline::NONE, || async {
            sleep(SLOW).await;
            Ok::<_, Oops>(())
        })
    };
    let asked = Instant::now();
    let answers = tokio::join!(call(), call(), call());
    assert!(answers.0.is_ok() && answers.1.is_ok() && answers.2.is_ok());
    assert_eq!(asked.elapsed(), SLOW * 2);
    let snapshot = dependency.breaker().snapshot();
    assert_eq!((snapshot.calls, snapshot.slow_ratio), (3, 0.0));
}

#[tokio::test(start_paused = true)]
async fn waiting_in_the_bulkhead_is_part_of_the_timeout() {
    let dependency = dependency();
    let hold = || {
        dependency.call_once(Deadline::NONE, || async {
            sleep(Duration::from_millis(120)).await;
            Ok::<_, Oops>(())
        })
    };
    let asked = Instant::now();
    let (_, _, (error, took)) = tokio::join!(hold(), hold(), async {
        let error = hang(&dependency, Deadline::NONE).await;
        (error, asked.elapsed())
    });
    assert!(matches!(error, CallError::TimedOut { .. }));
    assert_eq!(took, TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn dropped_call_counts_for_nothing_and_gives_its_place_back() {
    let dependency = dependency();
    for _ in 0..10 {
        let dropped = timeout(SLOW / 2, hang(&dependency, Deadline::NONE));
        assert!(dropped.await.is_err());
    }
    assert_eq!(window(&dependency), (0, 0.0));
    let answer = dependency.call(Deadline::NONE, || ready(Ok::<_, Oops>(())));
    assert!(answer.await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn dropped_trial_call_gives_its_permit_back() {
    let dependency = dependency();
    for _ in 0..4 {
        let _ = hang(&dependency, Deadline::NONE).await;
    }
    sleep(Duration::from_secs(3)).await;
    for _ in 0..10 {
        let dropped = timeout(SLOW, hang(&dependency, Deadline::NONE));
        assert!(dropped.await.is_err());
    }
    let snapshot = dependency.breaker().snapshot();
    assert_eq!(
        (snapshot.state, snapshot.permits_left),
        (State::HalfOpen, Some(5))
    );
}

#[tokio::test(start_paused = true)]
async fn deadline_ends_a_call_before_its_timeout_without_blaming_the_dependency() {
    let dependency = dependency();
    let asked = Instant::now();
    let error = hang(&dependency, Deadline::within(SLOW)).await;
    assert!(matches!(error, CallError::DeadlinePassed { .. }));
    assert_eq!(asked.elapsed(), SLOW);
    assert_eq!(window(&dependency), (0, 0.0));
}

#[tokio::test(start_paused = true)]
async fn dead_dependency_is_noticed_when_every_caller_has_less_time_than_the_timeout() {
    let dependency = dependency();
    for _ in 0..4 {
        let error = hang(&dependency, Deadline::within(TIMEOUT / 2)).await;
        assert!(matches!(error, CallError::DeadlinePassed { .. }));
    }
    assert_eq!(dependency.breaker().state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn passed_deadline_touches_nothing() {
    let dependency = dependency();
    let deadline = Deadline::at(Instant::now());
    let answer = dependency.call_once(deadline, || -> std::future::Ready<Result<(), Oops>> {
        unreachable!("the deadline has passed")
    });
    assert!(matches!(
        answer.await,
        Err(CallError::DeadlinePassed { .. })
    ));
    assert_eq!(window(&dependency), (0, 0.0));
}

#[tokio::test(start_paused = true)]
async fn guarded_fault_passes_through_and_a_refusal_becomes_one() {
    let dependency = dependency();
    let failing = || ready(Err::<(), _>(Fault::bare("postgres", "load a stream")));
    let own = dependency.call_once(Deadline::NONE, failing).await;
    let own = Fault::from(own.unwrap_err());
    assert_eq!(own.to_string(), "postgres: load a stream");
    assert_eq!(
        dependency.breaker().set_mode(Mode::ForcedOpen).to,
        State::ForcedOpen
    );
    let refused = dependency.call_once(Deadline::NONE, failing).await;
    let refused = Fault::from(refused.unwrap_err());
    assert_eq!(refused.to_string(), "postgres: read");
    let cause = refused.source.unwrap().to_string();
    let expected = "postgres/read is not called: its breaker is forced_open";
    assert_eq!(cause, expected);
}

#[test]
fn config_names_the_faults_of_every_part() {
    let mut wrong = config();
    wrong.timeout = SLOW - Duration::from_millis(1);
    wrong.breaker.min_calls = 0;
    wrong.bulkhead.in_flight_max = 0;
    wrong.retry.retries_max = 11;
    let expected = [
        "min_calls is 0",
        "in_flight_max is not 1 to 10000",
        "retries_max is not 0 to 10",
        "slow_after is above timeout",
    ];
    assert_eq!(wrong.validate().unwrap_err().faults, expected);
}
