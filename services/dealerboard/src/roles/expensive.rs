//! The threads of expensive queries: fewer than there are cores, and of lower priority than all
//! others.

use std::num::NonZeroU32;
use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::Context as _;
use pipeline::{Expensive, ExpensiveSettings};

use crate::config;

/// Where both want a core, these get a tenth of it: enough to end, and too little to be noticed.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

pub(super) fn threads(config: &config::Query) -> anyhow::Result<Expensive> {
    let threads = match config.expensive_threads {
        0 => available_parallelism().map_or(1, |cores| cores.get().div_ceil(2)),
        threads => threads,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_name("expensive")
        .on_thread_start(step_back)
        .enable_all()
        .build()
        .context("start the threads of expensive queries")?;
    let in_flight_max = u32::try_from(threads).ok().and_then(NonZeroU32::new);
    let settings = ExpensiveSettings {
        in_flight_max: in_flight_max.unwrap_or(NonZeroU32::MIN),
        allowance: Duration::from_millis(config.expensive_allowance_ms),
    };
    Ok(Expensive::on(runtime, settings))
}

/// Where a priority is a thread's own; elsewhere it would be the whole process's.
fn step_back() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::debug!(
            error = &error as &dyn std::error::Error,
            "a thread keeps its priority"
        );
    }
}
