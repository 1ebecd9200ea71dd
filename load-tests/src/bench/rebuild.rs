//! Rebuilding the view of positions from the event log, beside copying the same events out of
//! Postgres.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use futures::TryStreamExt as _;
use kernel::topic::PartitionId;
use metrics_exporter_prometheus::PrometheusHandle;
use sqlx::postgres::PgPoolCopyExt as _;

use super::drain::{beside, to_f64, watch};
use super::pipeline::{self, seen};
use super::report::Row;
use super::workload::Workload;
use dealerboard::config::Config;
use dealerboard::roles::Platform;

const CONTEXT: &str = "positions";
/// Fills of every position, in a cycle that opens two lots and closes them again.
const FILLS: u64 = 200;
/// Fills that are appended at once.
const CHUNK: u64 = 10_000;
/// Pause between two looks at what has been published.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The events are made first: fills of many positions, handled and published.
pub(super) async fn rows(
    config: &Config,
    metrics: &PrometheusHandle,
    fills: u64,
) -> anyhow::Result<Vec<Row>> {
    let platform = pipeline::platform(config, CONTEXT).await?;
    let positions = (fills / FILLS).max(1);
    let made = published(&platform, positions * FILLS);
    let events = beside(&platform, "processor", metrics, async {
        append(&platform, positions).await?;
        made.await
    });
    let events = events.await?;
    let view = platform.slices.views[0].id;
    platform.ports.models[0].model.clear(view).await?;
    let rebuilt = watch(events, async || seen(&platform).await);
    let rebuilt = beside(&platform, "projector", metrics, rebuilt).await?;
    let copied = copied(&platform).await?;
    Ok(vec![Row::beside(
        "rebuild",
        rebuilt.rate(),
        "events/s",
        copied,
    )])
}

async fn append(platform: &Platform, positions: u64) -> anyhow::Result<()> {
    let workload = Workload::new()?;
    for fill in 0..FILLS {
        for first in (0..positions).step_by(usize::try_from(CHUNK)?) {
            let until = positions.min(first + CHUNK);
            let fills = (first..until)
                .map(|position| workload.apply_fill(&platform.sealer, position, fill))
                .collect::<anyhow::Result<_>>()?;
            platform.ports.command_log.append(fills).await?;
        }
    }
    Ok(())
}

/// Waits until that many commands are handled and their events published; returns the number of
/// events.
async fn published(platform: &Platform, commands: u64) -> anyhow::Result<u64> {
    let mut printed_at = Instant::now();
    loop {
        let (mut handled, mut committed, mut published) = (0, 0, 0);
        for partition in 0..platform.config.partitions() {
            let partition_id = PartitionId {
                context: CONTEXT,
                partition,
            };
            if let Some(cursor) = platform.ports.store.cursor(partition_id).await? {
                handled += cursor.next_offset.unsigned_abs();
                committed += cursor.next_log_position - 1;
                let span = platform.ports.event_log.span(partition_id).await?;
                published += span.map_or(0, |span| span.last);
            }
        }
        if handled >= commands && published == committed {
            return Ok(committed);
        }
        if printed_at.elapsed() > Duration::from_secs(5) {
            telemetry::terminal::say(&format!("  {handled} of {commands} fills"));
            printed_at = Instant::now();
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Events per second of COPY TO STDOUT over all partitions.
async fn copied(platform: &Platform) -> anyhow::Result<f64> {
    let pool = sqlx::PgPool::connect(&platform.config.postgres.url).await?;
    let started = Instant::now();
    let mut lines = 0;
    for partition in 0..platform.config.partitions() {
        let copy = format!("COPY {CONTEXT}.event_{partition} (position, record) TO STDOUT");
        let mut rows = pool.copy_out_raw(&copy).await.context("copy events out")?;
        while let Some(row) = rows.try_next().await? {
            lines += row.iter().filter(|byte| **byte == b'\n').count() as u64;
        }
    }
    let rate = to_f64(lines) / started.elapsed().as_secs_f64();
    pool.close().await;
    Ok(rate)
}
