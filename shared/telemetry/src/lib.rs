//! Logs and metrics of a process, set up once in `main`.
//!
//! In: the environment's filter. Out: lines on standard error, and a Prometheus text to serve. It
//! opens no port of its own.

use std::io::IsTerminal;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

/// How often histograms must be drained, or they grow without bound.
pub const UPKEEP_PERIOD: Duration = Duration::from_secs(5);

/// Buckets of durations in seconds: from a memory read to a slow commit.
const SECONDS: &[f64] = &[
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    10.0,
];
/// Buckets of batch sizes.
const COUNTS: &[f64] = &[1.0, 4.0, 16.0, 64.0, 256.0, 1_024.0, 4_096.0, 16_384.0];

/// Telemetry cannot be set up: it was before, or a bucket list is empty.
#[derive(Debug, thiserror::Error)]
#[error("telemetry cannot be set up: {0}")]
pub struct NotSetUp(String);

/// Starts logging: lines for people on a terminal, JSON elsewhere. `RUST_LOG` overrides `default`.
///
/// # Errors
/// A logger is there already.
pub fn log(default: &str) -> Result<(), NotSetUp> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let started = if std::io::stderr().is_terminal() {
        builder.compact().try_init()
    } else {
        builder.json().flatten_event(true).try_init()
    };
    started.map_err(|error| NotSetUp(error.to_string()))
}

/// Installs the recorder; the handle renders `/metrics` and wants its upkeep every
/// [`UPKEEP_PERIOD`].
///
/// # Errors
/// A recorder is there already.
pub fn metrics() -> Result<PrometheusHandle, NotSetUp> {
    let not_set_up = |error: metrics_exporter_prometheus::BuildError| NotSetUp(error.to_string());
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
        .and_then(|builder| {
            builder.set_buckets_for_metric(Matcher::Suffix("_events".to_owned()), COUNTS)
        })
        .map_err(not_set_up)?
        .install_recorder()
        .map_err(not_set_up)
}
