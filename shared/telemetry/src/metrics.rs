//! The recorder of metrics.

use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use super::NotSetUp;

/// How often histograms must be drained, or they grow without bound.
pub const UPKEEP_PERIOD: Duration = Duration::from_secs(5);

/// Buckets of durations in seconds: from a memory read to a slow commit.
const SECONDS: &[f64] = &[
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    10.0,
];
/// Buckets of batch sizes.
const COUNTS: &[f64] = &[1.0, 4.0, 16.0, 64.0, 256.0, 1_024.0, 4_096.0, 16_384.0];

/// Installs the recorder; the handle renders `/metrics` and needs its upkeep every
/// [`UPKEEP_PERIOD`].
///
/// # Errors
/// A recorder is there already.
pub fn metrics() -> Result<PrometheusHandle, NotSetUp> {
    let not_set_up = |error: BuildError| NotSetUp(error.to_string());
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
        .and_then(|builder| {
            builder.set_buckets_for_metric(Matcher::Suffix("_events".to_owned()), COUNTS)
        })
        .map_err(not_set_up)?
        .install_recorder()
        .map_err(not_set_up)
}
