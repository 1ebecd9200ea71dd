//! All tasks of a process, and the order in which they end.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Context as _;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::process::Task;

/// Longest time roles may take to finish after a stop.
const DRAIN_WAIT: Duration = Duration::from_secs(20);

/// Owns all tasks. One that ends takes the others down: the orchestrator restarts the process, and
/// nothing limps. Those that serve end first, by `stop`, and the others by `halt`.
pub(super) async fn supervise(
    serving: Vec<(Box<str>, Task)>,
    work: Vec<(Box<str>, Task)>,
    stop: CancellationToken,
    halt: CancellationToken,
) -> anyhow::Result<()> {
    let mut serve: BTreeSet<_> = serving.iter().map(|(name, _)| name.clone()).collect();
    let mut running = JoinSet::new();
    for (name, task) in serving.into_iter().chain(work) {
        running.spawn(async move { (name, task.await) });
    }
    let outcome = tokio::select! {
        // First: after a stop signal a quick role has ended as well, and that is no failure.
        biased;
        () = stop.cancelled() => Ok(()),
        ended = running.join_next() => {
            stop.cancel();
            let (name, result) = ended.context("there is no role")?.context("a role panicked")?;
            serve.remove(&name);
            error!(role = %name, "role ended, the process stops");
            result.and_then(|()| anyhow::bail!("it ended by itself"))
                .with_context(|| format!("role `{name}` ended"))
        }
    };
    let drained = tokio::time::timeout(DRAIN_WAIT, async {
        loop {
            if serve.is_empty() {
                halt.cancel();
            }
            match running.join_next().await {
                None => return,
                Some(Ok((name, _))) => drop(serve.remove(&name)),
                Some(Err(failed)) => {
                    error!(
                        error = &failed as &dyn std::error::Error,
                        "role failed while stopping"
                    );
                    halt.cancel();
                }
            }
        }
    });
    drained
        .await
        .with_context(|| format!("roles did not end within {DRAIN_WAIT:?}"))?;
    info!("all roles have ended");
    outcome
}

/// Keeps the histograms of metrics small, until `stop`.
pub(super) async fn upkeep(
    metrics: PrometheusHandle,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    while !stop.is_cancelled() {
        metrics.run_upkeep();
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(telemetry::UPKEEP_PERIOD) => {}
        }
    }
    Ok(())
}
