//! Logs and metrics of a process, set up once in `main`.
//!
//! In: the environment's filter. Out: lines on standard error, of which those that repeat are
//! counted instead of logged, and a Prometheus text to serve. It opens no port of its own.

mod lines;
mod log;
mod metrics;
mod repeats;
pub mod terminal;

#[cfg(test)]
mod written;

pub use log::{Log, log};
pub use metrics::{UPKEEP_PERIOD, metrics};

/// Telemetry cannot be set up: it was before, or a bucket list is empty.
#[derive(Debug, thiserror::Error)]
#[error("telemetry cannot be set up: {0}")]
pub struct NotSetUp(String);
