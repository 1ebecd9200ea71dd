//! Each sentence of the semantics, by example.

use std::time::Duration;

use super::{Bench, NAME, SLOW, bench, config};
use crate::breaker::{BreakerConfig, Mode, Refused, State, Transition, WindowSpan};
use crate::classify::Verdict::{Failure, Ignored, Success};
use crate::config::InvalidConfig;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn breaker_stays_closed_below_the_least_number_of_calls() {
    let bench = bench(config());
    bench.calls(3, Failure);
    assert_eq!(bench.breaker.state(), State::Closed);
    bench.call(Failure);
    assert_eq!(bench.breaker.state(), State::Open);
}

#[test]
fn count_window_is_judged_when_full_even_if_smaller_than_the_least_number() {
    let bench = bench(BreakerConfig {
        window: WindowSpan::Calls(2),
        ..config()
    });
    bench.calls(2, Failure);
    assert_eq!(bench.breaker.state(), State::Open);
}

#[test]
fn breaker_opens_when_the_failure_share_reaches_its_limit() {
    let bench = bench(config());
    bench.calls(3, Success);
    bench.calls(2, Failure);
    assert_eq!(bench.breaker.state(), State::Closed);
    bench.call(Failure);
    assert_eq!(bench.breaker.state(), State::Open);
}

#[test]
fn breaker_opens_when_half_the_successes_are_slow() {
    let bench = bench(config());
    bench.calls(2, Success);
    bench.slow_call(Success);
    bench.slow_call(Success);
    assert_eq!(bench.breaker.state(), State::Open);
}

#[test]
fn call_of_exactly_the_limit_is_not_slow() {
    let bench = bench(config());
    let permit = bench.breaker.try_acquire().unwrap();
    bench.clock.advance(SLOW);
    permit.settle(Success);
    assert_eq!(bench.breaker.snapshot().slow_ratio, 0.0);
}

#[test]
fn restarted_permit_forgets_the_time_before() {
    let bench = bench(config());
    let mut permit = bench.breaker.try_acquire().unwrap();
    bench.clock.advance(SLOW * 2);
    permit.restart();
    assert_eq!(permit.elapsed(), Duration::ZERO);
    permit.settle(Success);
    assert_eq!(bench.breaker.snapshot().slow_ratio, 0.0);
}

#[test]
fn ignored_and_cancelled_calls_leave_the_window_alone() {
    let bench = bench(config());
    bench.calls(20, Ignored);
    for _ in 0..20 {
        drop(bench.breaker.try_acquire().unwrap());
    }
    assert_eq!(bench.breaker.snapshot().calls, 0);
}

#[test]
fn time_window_forgets_a_failure_after_its_seconds() {
    let bench = bench(BreakerConfig {
        window: WindowSpan::Seconds(10),
        ..config()
    });
    bench.clock.advance(SECOND / 2);
    bench.calls(3, Failure);
    bench.clock.advance(SECOND * 9);
    assert_eq!(bench.breaker.snapshot().calls, 3);
    bench.clock.advance(SECOND / 2);
    assert_eq!(bench.breaker.snapshot().calls, 0);
    bench.call(Failure);
    assert_eq!(bench.breaker.state(), State::Closed);
}

#[test]
fn open_breaker_refuses_and_says_for_how_long() {
    let bench = bench(config());
    bench.open();
    bench.clock.advance(SECOND / 2);
    let refused = bench.breaker.try_acquire().unwrap_err();
    let expected = Refused {
        name: NAME,
        state: State::Open,
        retry_after: SECOND * 3 / 2,
    };
    assert_eq!(refused, expected);
    let text = "redis/read is not called: its breaker is open";
    assert_eq!(refused.to_string(), text);
}

#[test]
fn open_breaker_is_tried_only_when_its_time_is_over() {
    let bench = bench(config());
    bench.open();
    bench.clock.advance(SECOND * 2 - Duration::from_nanos(1));
    assert!(bench.breaker.try_acquire().is_err());
    bench.clock.advance(Duration::from_nanos(1));
    assert_eq!(bench.breaker.snapshot().retry_after, None);
    assert_eq!(bench.breaker.state(), State::Open);
    let _permit = bench.breaker.try_acquire().unwrap();
    assert_eq!(bench.breaker.state(), State::HalfOpen);
}

#[test]
fn half_open_breaker_closes_only_when_all_trial_calls_have_ended_well() {
    let bench = bench(config());
    bench.open_and_wait();
    bench.calls(4, Success);
    assert_eq!(bench.breaker.state(), State::HalfOpen);
    bench.call(Success);
    assert_eq!(bench.breaker.state(), State::Closed);
    assert_eq!(bench.breaker.snapshot().calls, 0);
}

#[test]
fn half_open_breaker_opens_early_when_it_can_no_longer_pass() {
    let bench = bench(config());
    bench.open_and_wait();
    bench.calls(2, Failure);
    assert_eq!(bench.breaker.state(), State::HalfOpen);
    bench.call(Failure);
    assert_eq!(bench.breaker.state(), State::Open);
}

#[test]
fn half_open_breaker_opens_when_its_trial_takes_too_long() {
    let bench = bench(config());
    bench.open_and_wait();
    bench.calls(4, Success);
    bench.clock.advance(SECOND * 10 - Duration::from_nanos(1));
    assert_eq!(bench.breaker.state(), State::HalfOpen);
    bench.clock.advance(Duration::from_nanos(1));
    assert_eq!(bench.breaker.state(), State::Open);
    assert_eq!(bench.refused_for(), SECOND * 4);
}

#[test]
fn overdue_trial_opens_as_of_the_moment_it_was_due() {
    let bench = bench(config());
    bench.open_and_wait();
    bench.call(Success);
    bench.clock.advance(SECOND * 13);
    assert_eq!(bench.refused_for(), SECOND);
    bench.clock.advance(SECOND);
    assert!(bench.breaker.try_acquire().is_ok());
}

#[test]
fn open_time_doubles_up_to_its_longest_and_starts_again_after_closing() {
    let bench = bench(config());
    bench.open();
    for (nth, seconds) in [2, 4, 8, 16, 32, 60, 60].into_iter().enumerate() {
        assert_eq!(bench.refused_for(), SECOND * seconds);
        assert_eq!(bench.breaker.snapshot().opens_in_row as usize, nth + 1);
        bench.clock.advance(SECOND * seconds);
        bench.calls(3, Failure);
    }
    bench.clock.advance(SECOND * 60);
    bench.calls(5, Success);
    assert_eq!(bench.breaker.snapshot().opens_in_row, 0);
    bench.open();
    assert_eq!(bench.refused_for(), SECOND * 2);
}

#[test]
fn open_time_does_not_overflow_after_a_year_of_opening() {
    let config = config();
    assert_eq!(config.open_time(32), SECOND * 60);
    assert_eq!(config.open_time(33), SECOND * 60);
    assert_eq!(config.open_time(u32::MAX), SECOND * 60);
}

#[test]
fn open_times_of_two_instances_differ_and_stay_within_the_jitter() {
    let open_time = |seed| {
        let Bench { clock, .. } = bench(config());
        let jittery = BreakerConfig {
            open_jitter_percent: 20,
            ..config()
        };
        let breaker = crate::Breaker::new(NAME, jittery, clock.clone(), seed).unwrap();
        let bench = Bench { clock, breaker };
        bench.open();
        bench.refused_for()
    };
    assert_ne!(open_time(1), open_time(2));
    assert_eq!(open_time(1), open_time(1));
    let range = SECOND * 8 / 5..=SECOND * 12 / 5;
    assert!((0..1_000).all(|seed| range.contains(&open_time(seed))));
}

#[test]
fn forced_open_breaker_refuses_permanently() {
    let bench = bench(config());
    let transition = bench.breaker.set_mode(Mode::ForcedOpen);
    let expected = Transition {
        from: State::Closed,
        to: State::ForcedOpen,
    };
    assert_eq!(transition, expected);
    bench.clock.advance(SECOND * 100_000);
    let refused = bench.breaker.try_acquire().unwrap_err();
    assert_eq!(refused.state, State::ForcedOpen);
    assert_eq!(refused.retry_after, SECOND * 60);
}

#[test]
fn disabled_breaker_lets_everything_through_and_keeps_no_window() {
    let bench = bench(config());
    assert_eq!(bench.breaker.set_mode(Mode::Disabled).to, State::Disabled);
    bench.calls(100, Failure);
    assert_eq!(bench.breaker.state(), State::Disabled);
    assert_eq!(bench.breaker.snapshot().calls, 0);
}

#[test]
fn metrics_only_breaker_keeps_the_window_but_never_opens() {
    let bench = bench(config());
    assert_eq!(
        bench.breaker.set_mode(Mode::MetricsOnly).to,
        State::MetricsOnly
    );
    bench.calls(100, Failure);
    let snapshot = bench.breaker.snapshot();
    assert_eq!(snapshot.state, State::MetricsOnly);
    assert_eq!((snapshot.calls, snapshot.failure_ratio), (10, 1.0));
}

#[test]
fn automatic_mode_starts_afresh_from_any_state() {
    let bench = bench(config());
    bench.open();
    let transition = bench.breaker.set_mode(Mode::Automatic);
    assert_eq!(transition.to, State::Closed);
    assert_eq!(bench.breaker.snapshot().opens_in_row, 0);
    bench.calls(3, Failure);
    assert_eq!(bench.breaker.set_mode(Mode::Automatic).to, State::Closed);
    assert_eq!(bench.breaker.snapshot().calls, 0);
}

#[test]
fn mode_asked_for_twice_does_not_make_results_late() {
    let bench = bench(config());
    assert_eq!(
        bench.breaker.set_mode(Mode::MetricsOnly).to,
        State::MetricsOnly
    );
    let permit = bench.breaker.try_acquire().unwrap();
    let again = bench.breaker.set_mode(Mode::MetricsOnly);
    assert_eq!(again.from, again.to);
    permit.settle(Failure);
    assert_eq!(bench.breaker.snapshot().calls, 1);
}

#[test]
fn config_names_every_fault_at_once() {
    let wrong = BreakerConfig {
        window: WindowSpan::Calls(0),
        min_calls: 0,
        failure_percent: 101,
        slow_percent: 0,
        slow_after: Duration::ZERO,
        open_first: SECOND * 2,
        open_longest: SECOND,
        open_jitter_percent: 34,
        half_open_permits: 0,
        half_open_longest: Duration::MAX,
    };
    let faults = wrong.faults();
    // All but the two bounds of the open times, which hold each for itself.
    assert_eq!(faults.len(), 9, "{faults:?}");
    let refused = InvalidConfig::unless_empty(faults).unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("min_calls is 0, failure_percent")
    );
    assert_eq!(BreakerConfig::for_p99(SECOND).faults(), Vec::<&str>::new());
}
