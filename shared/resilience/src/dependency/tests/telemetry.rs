//! What an operator sees of bulkheads and retries.

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use super::{Dependency, NAME, TIMEOUT, config, flaky, hang, seams};
use crate::deadline::Deadline;
use crate::retry::RetryBudget;

/// A dependency whose budget allows one retry, and where its metrics are read.
fn metered() -> (Dependency, PrometheusHandle) {
    let recorder = PrometheusBuilder::new().build_recorder();
    let budget = RetryBudget::new(0, 1);
    let dependency = metrics::with_local_recorder(&recorder, || {
        Dependency::new(NAME, config(), seams(budget)).unwrap()
    });
    (dependency, recorder.handle())
}

fn shows(handle: &PrometheusHandle, metric: &str, labels: &str, value: u32) -> bool {
    let all = "dependency=\"postgres\",class=\"read\"";
    let expected = format!("{metric}{{{all}{labels}}} {value}");
    handle.render().lines().any(|line| line == expected)
}

#[tokio::test(start_paused = true)]
async fn retries_are_metered_when_made_and_when_the_budget_forbids_them() {
    let (dependency, handle) = metered();
    assert!(flaky(&dependency, Deadline::NONE, 9).await.0.is_err());
    for outcome in ["made", "out_of_budget"] {
        let label = format!(",outcome=\"{outcome}\"");
        assert!(shows(&handle, "dealerboard_retries_total", &label, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn bulkhead_shows_the_calls_in_flight_and_those_refused() {
    let (dependency, handle) = metered();
    let in_flight = |calls| shows(&handle, "dealerboard_bulkhead_in_flight", "", calls);
    let call = || hang(&dependency, Deadline::NONE);
    tokio::join!(call(), call(), call(), async {
        tokio::time::sleep(TIMEOUT / 2).await;
        assert!(in_flight(2));
    });
    assert!(in_flight(0));
    assert!(shows(&handle, "dealerboard_bulkhead_refused_total", "", 1));
}
