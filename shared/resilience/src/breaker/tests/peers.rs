//! Bugs measured in other circuit breakers, each kept out by name.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{NAME, bench, config};
use crate::breaker::{Breaker, BreakerConfig, State, WindowSpan};
use crate::classify::Verdict::{Failure, Ignored, Success};
use crate::clock::TokioClock;

/// tower-resilience-circuitbreaker 0.14: 10,000 failures were needed to open.
#[test]
fn count_window_slides_when_failures_follow_ten_thousand_successes() {
    let bench = bench(BreakerConfig {
        window: WindowSpan::Calls(100),
        min_calls: 100,
        ..config()
    });
    bench.calls(10_000, Success);
    bench.calls(49, Failure);
    assert_eq!(bench.breaker.state(), State::Closed);
    bench.call(Failure);
    assert_eq!(bench.breaker.state(), State::Open);
}

/// failsafe 1.3 and recloser 1.4: 500 of 500 passed.
#[test]
fn half_open_lets_only_its_permits_through_when_five_hundred_ask() {
    let bench = bench(config());
    bench.open_and_wait();
    let passed: Vec<_> = (0..500)
        .filter_map(|_| bench.breaker.try_acquire().ok())
        .collect();
    assert_eq!(passed.len(), 5);
    let refused = bench.breaker.try_acquire().unwrap_err();
    assert_eq!(refused.state, State::HalfOpen);
    assert_eq!(refused.retry_after, Duration::from_secs(2));
}

/// circuitbreaker-rs 0.1: after six cancelled probes, none of 100 healthy calls passed.
#[test]
fn half_open_is_not_stuck_when_its_trial_calls_were_cancelled_or_ignored() {
    let bench = bench(config());
    bench.open_and_wait();
    for _ in 0..6 {
        drop(bench.breaker.try_acquire().unwrap());
        bench.call(Ignored);
    }
    assert_eq!(bench.breaker.snapshot().permits_left, Some(5));
    bench.calls(5, Success);
    assert_eq!(bench.breaker.state(), State::Closed);
}

/// The same, when nothing even shows that the call is gone.
#[test]
fn half_open_is_not_stuck_when_its_trial_calls_never_end() {
    let bench = bench(config());
    bench.open_and_wait();
    for _ in 0..5 {
        std::mem::forget(bench.breaker.try_acquire().unwrap());
    }
    bench.clock.advance(Duration::from_secs(10));
    assert_eq!(bench.breaker.state(), State::Open);
    bench.clock.advance(Duration::from_secs(4));
    bench.calls(5, Success);
    assert_eq!(bench.breaker.state(), State::Closed);
}

/// tower-resilience-circuitbreaker 0.14 and failsafe 1.3: the first result alone decides.
#[test]
fn half_open_is_not_decided_by_one_result_when_more_are_to_come() {
    let bench = bench(config());
    bench.open_and_wait();
    bench.call(Failure);
    assert_eq!(bench.breaker.state(), State::HalfOpen);
    bench.calls(4, Success);
    assert_eq!(bench.breaker.state(), State::Closed);
}

/// tower-resilience-circuitbreaker 0.14: slow calls are overlooked here.
#[test]
fn half_open_opens_when_its_trial_calls_succeed_slowly() {
    let bench = bench(config());
    bench.open_and_wait();
    for _ in 0..3 {
        bench.slow_call(Success);
    }
    assert_eq!(bench.breaker.state(), State::Open);
}

/// Resilience4j 2.4 counts it in whatever state is current; tower-resilience-circuitbreaker 0.14
/// cannot distinguish it either: a call begun before the outage passes for a trial call.
#[test]
fn late_result_is_not_counted_when_it_belongs_to_an_older_state() {
    let bench = bench(config());
    let early: Vec<_> = (0..5)
        .map(|_| bench.breaker.try_acquire().unwrap())
        .collect();
    bench.open_and_wait();
    let trial = bench.breaker.try_acquire().unwrap();
    for permit in early {
        permit.settle(Failure);
    }
    let snapshot = bench.breaker.snapshot();
    assert_eq!((snapshot.state, snapshot.calls), (State::HalfOpen, 0));
    trial.settle(Success);
    assert_eq!(bench.breaker.snapshot().calls, 1);
}

/// The same between two half-open times, whose permits look alike.
#[test]
fn late_trial_call_is_not_counted_when_a_newer_trial_runs() {
    let bench = bench(config());
    bench.open_and_wait();
    let stale = bench.breaker.try_acquire().unwrap();
    bench.calls(3, Failure);
    bench.clock.advance(Duration::from_secs(4));
    bench.call(Success);
    stale.settle(Success);
    assert_eq!(bench.breaker.snapshot().calls, 1);
}

/// circuitbreaker-rs 0.1: load, then subtract, and the count wraps. Here a permit that comes home
/// to another life must not add to the count either.
#[test]
fn permits_neither_wrap_nor_grow_when_older_ones_come_home() {
    let bench = bench(config());
    let early: Vec<_> = (0..20)
        .map(|_| bench.breaker.try_acquire().unwrap())
        .collect();
    bench.open_and_wait();
    let trial = bench.breaker.try_acquire().unwrap();
    drop(early);
    assert_eq!(bench.breaker.snapshot().permits_left, Some(4));
    drop(trial);
    assert_eq!(bench.breaker.snapshot().permits_left, Some(5));
}

/// circuitbreaker-rs 0.1 has no window at all: old successes hide failures permanently.
#[test]
fn time_window_opens_when_a_healthy_day_is_followed_by_failures() {
    let bench = bench(BreakerConfig {
        window: WindowSpan::Seconds(10),
        ..config()
    });
    bench.calls(100_000, Success);
    bench.clock.advance(Duration::from_secs(10));
    bench.calls(4, Failure);
    assert_eq!(bench.breaker.state(), State::Open);
}

/// Crates on `std::time::Instant`: a test of theirs must sleep.
#[tokio::test(start_paused = true)]
async fn breaker_follows_the_paused_clock_when_tokio_time_is_paused() {
    let real = Instant::now();
    let clock = Arc::new(TokioClock::start());
    let breaker = Breaker::new(NAME, config(), clock, 1).unwrap();
    for _ in 0..4 {
        breaker.try_acquire().unwrap().settle(Failure);
    }
    assert!(breaker.try_acquire().is_err());
    tokio::time::advance(Duration::from_secs(2)).await;
    assert!(breaker.try_acquire().is_ok());
    assert!(real.elapsed() < Duration::from_secs(2));
}
