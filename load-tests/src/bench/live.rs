//! Latency under a paced load: from accepting a command to seeing it in the view.

use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};

use super::drain::{beside, to_f64};
use super::report::Row;
use super::workload::{COMMANDS_PER_TRADE, Workload};
use crate::bench::pipeline::seen;
use dealerboard::roles::Platform;

/// How often commands are sent: the load comes in steps this long.
const STEP: Duration = Duration::from_millis(10);
/// How often a probe is sent, a command of its own trade whose view is then awaited.
const PROBE_PERIOD: Duration = Duration::from_millis(20);
/// How often an awaited view is asked for: the resolution of the figures.
const LOOK_AGAIN: Duration = Duration::from_micros(500);
/// Time without a change after which a load is over.
const SETTLED_FOR: Duration = Duration::from_secs(1);
/// Longest wait for a probe; one that takes longer counts as this long.
const PROBE_WAIT: Duration = Duration::from_secs(10);

/// Latencies in milliseconds, sorted.
pub(super) struct Latencies(Vec<f64>);

impl Latencies {
    pub(super) fn of(mut milliseconds: Vec<f64>) -> Self {
        milliseconds.sort_by(f64::total_cmp);
        Self(milliseconds)
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    pub(super) fn percentile(&self, percent: usize) -> f64 {
        let last = self.0.len().saturating_sub(1);
        self.0
            .get(last * percent / 100)
            .copied()
            .unwrap_or(f64::NAN)
    }
}

/// Sends `per_second` commands for `seconds`; tells the rate kept and the probes' latencies.
pub(super) async fn paced(
    platform: &Platform,
    metrics: &PrometheusHandle,
    per_second: u64,
    seconds: u64,
) -> anyhow::Result<(f64, Latencies)> {
    let work = async {
        let workload = Workload::new()?;
        // The roles are up once a first command has come through.
        probe(platform, &workload, u64::MAX / 2).await?;
        let until = Instant::now() + Duration::from_secs(seconds);
        let before = seen(platform).await;
        let (sent, probed) = tokio::join!(
            load(platform, &workload, per_second, until),
            probes(platform, &workload, until)
        );
        sent?;
        let events = seen(platform).await - before;
        // Four commands make five events; probes are few.
        let kept = to_f64(events) * 0.8 / to_f64(seconds);
        // What the load left behind must not be in the way of the next one.
        settled(platform).await;
        anyhow::Ok((kept, Latencies::of(probed?)))
    };
    beside(platform, "processor,projector", metrics, work).await
}

/// Waits until the view sees nothing more.
async fn settled(platform: &Platform) {
    let mut before = seen(platform).await;
    loop {
        sleep(SETTLED_FOR).await;
        let now = seen(platform).await;
        if now == before {
            return;
        }
        before = now;
    }
}

async fn load(
    platform: &Platform,
    workload: &Workload,
    per_second: u64,
    until: Instant,
) -> anyhow::Result<()> {
    let steps_per_second = 1_000 / u64::try_from(STEP.as_millis())?;
    let trades = (per_second / steps_per_second / COMMANDS_PER_TRADE).max(1);
    let step =
        STEP.mul_f64(to_f64(trades * COMMANDS_PER_TRADE * steps_per_second) / to_f64(per_second));
    let mut ticks = interval(step);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut first = 0;
    while Instant::now() < until {
        ticks.tick().await;
        let commands = workload.commands(first, trades);
        platform.ports.command_log.append(commands).await?;
        first += trades;
    }
    Ok(())
}

async fn probes(
    platform: &Platform,
    workload: &Workload,
    until: Instant,
) -> anyhow::Result<Vec<f64>> {
    let mut latencies = Vec::new();
    let mut next = Instant::now();
    while next < until {
        sleep_until(next).await;
        let number = u64::MAX / 2 + 1 + latencies.len() as u64;
        latencies.push(probe(platform, workload, number).await?.as_secs_f64() * 1_000.0);
        next = (next + PROBE_PERIOD).max(Instant::now());
    }
    Ok(latencies)
}

/// Books a trade and waits until its view is there.
async fn probe(platform: &Platform, workload: &Workload, number: u64) -> anyhow::Result<Duration> {
    let record = workload.commands(number, 1).swap_remove(0);
    let view = platform.slices.views[0].id;
    let keys: [Arc<str>; 1] = [Arc::clone(&record.key)];
    let started = Instant::now();
    platform.ports.command_log.append(vec![record]).await?;
    while started.elapsed() < PROBE_WAIT {
        if platform.ports.models[0].model.get(view, &keys).await?[0].is_some() {
            break;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(started.elapsed())
}

/// A load that leaves the machine mostly idle: how soon a command is seen.
pub(super) async fn quiet(
    platform: &Platform,
    metrics: &PrometheusHandle,
    seconds: u64,
) -> anyhow::Result<Vec<Row>> {
    let (_, quiet) = paced(platform, metrics, 1_000, seconds).await?;
    Ok(vec![
        Row::alone("visible_p50", quiet.percentile(50), "ms"),
        Row::alone("visible_p99", quiet.percentile(99), "ms"),
    ])
}

/// A load near what the machine can take.
pub(super) async fn busy(
    platform: &Platform,
    metrics: &PrometheusHandle,
    seconds: u64,
) -> anyhow::Result<Vec<Row>> {
    let (kept, live) = paced(platform, metrics, 50_000, seconds).await?;
    Ok(vec![
        Row::beside("pipeline_live_kept", kept, "commands/s", 50_000.0),
        Row::alone("pipeline_live_p99", live.percentile(99), "ms"),
    ])
}
