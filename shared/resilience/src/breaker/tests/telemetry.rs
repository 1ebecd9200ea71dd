//! What an operator sees.

use std::time::Duration;

use metrics_exporter_prometheus::PrometheusBuilder;

use super::{bench, config};
use crate::breaker::{Mode, State};
use crate::classify::Verdict::{Failure, Ignored, Success};

/// The exported lines that start with `metric`, without the labels that all share, sorted.
fn lines(text: &str, metric: &str) -> Vec<String> {
    let mut lines: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with(&format!("{metric}{{")))
        .map(|line| line.replace("dependency=\"redis\",class=\"read\"", ""))
        .map(|line| line[metric.len()..].replace("{,", "{"))
        .collect();
    lines.sort();
    lines
}

#[test]
fn every_call_is_metered_under_exactly_one_outcome() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    metrics::with_local_recorder(&recorder, || {
        let bench = bench(config());
        let late = bench.breaker.try_acquire().unwrap();
        bench.call(Ignored);
        drop(bench.breaker.try_acquire().unwrap());
        bench.call(Success);
        bench.slow_call(Success);
        bench.slow_call(Failure);
        bench.call(Failure);
        assert!(bench.breaker.try_acquire().is_err());
        late.settle(Success);
    });
    let outcomes = [
        "cancelled",
        "failure",
        "ignored",
        "late",
        "rejected",
        "slow_failure",
        "slow_success",
        "success",
    ];
    let expected = outcomes.map(|outcome| format!("{{outcome=\"{outcome}\"}} 1"));
    let calls = lines(&handle.render(), "dealerboard_breaker_calls_total");
    assert_eq!(calls, expected);
}

#[test]
fn transitions_and_the_current_state_are_metered() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    metrics::with_local_recorder(&recorder, || {
        let bench = bench(config());
        bench.open_and_wait();
        bench.calls(5, Success);
        assert_eq!(
            bench.breaker.set_mode(Mode::ForcedOpen).to,
            State::ForcedOpen
        );
    });
    let text = handle.render();
    let transitions = [
        "{from=\"closed\",to=\"forced_open\"} 1",
        "{from=\"closed\",to=\"open\"} 1",
        "{from=\"half_open\",to=\"closed\"} 1",
        "{from=\"open\",to=\"half_open\"} 1",
    ];
    assert_eq!(
        lines(&text, "dealerboard_breaker_transitions_total"),
        transitions
    );
    let states = [
        "{state=\"closed\"} 0",
        "{state=\"disabled\"} 0",
        "{state=\"forced_open\"} 1",
        "{state=\"half_open\"} 0",
        "{state=\"metrics_only\"} 0",
        "{state=\"open\"} 0",
    ];
    assert_eq!(lines(&text, "dealerboard_breaker_state"), states);
}

#[test]
fn new_breaker_shows_as_closed_before_any_call() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    metrics::with_local_recorder(&recorder, || bench(config()));
    let states = lines(&handle.render(), "dealerboard_breaker_state");
    assert_eq!(states[0], "{state=\"closed\"} 1");
    assert!(states[1..].iter().all(|line| line.ends_with(" 0")));
}

#[test]
fn snapshot_refreshes_the_gauges() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let gauge = |name: &str| lines(&handle.render(), &format!("dealerboard_breaker_{name}"));
    metrics::with_local_recorder(&recorder, || {
        let bench = bench(config());
        bench.calls(2, Success);
        bench.call(Failure);
        bench.slow_call(Success);
        bench.breaker.snapshot();
        assert_eq!(gauge("failure_ratio"), ["{} 0.25"]);
        assert_eq!(gauge("slow_ratio"), ["{} 0.25"]);
        bench.open();
        bench.clock.advance(Duration::from_millis(500));
        bench.breaker.snapshot();
        assert_eq!(gauge("retry_after_seconds"), ["{} 1.5"]);
        assert_eq!(gauge("opens_in_row"), ["{} 1"]);
        bench.clock.advance(Duration::from_millis(1_500));
        bench.call(Success);
        bench.breaker.snapshot();
        assert_eq!(gauge("permits"), ["{} 4"]);
    });
}
