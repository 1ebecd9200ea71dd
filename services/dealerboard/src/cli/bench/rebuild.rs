//! Rebuilding a view from the event log, beside copying the same events out of Postgres.

use std::time::Instant;

use anyhow::Context as _;
use futures::TryStreamExt as _;
use metrics_exporter_prometheus::PrometheusHandle;
use sqlx::postgres::PgPoolCopyExt as _;

use super::drain::{beside, to_f64, watch};
use super::pipeline::seen;
use super::report::Row;
use crate::roles::Platform;

pub(super) async fn rows(
    platform: &Platform,
    metrics: &PrometheusHandle,
) -> anyhow::Result<Vec<Row>> {
    let events = seen(platform).await;
    let view = platform.slices.views[0].id;
    platform.ports.models[0].model.clear(view).await?;
    let rebuilt = watch(events, async || seen(platform).await);
    let rebuilt = beside(platform, "projector", metrics, rebuilt).await?;
    let copied = copied(platform).await?;
    Ok(vec![Row::beside(
        "rebuild",
        rebuilt.rate(),
        "events/s",
        copied,
    )])
}

/// Events per second of COPY TO STDOUT over all partitions.
async fn copied(platform: &Platform) -> anyhow::Result<f64> {
    let pool = sqlx::PgPool::connect(&platform.config.postgres.url).await?;
    let started = Instant::now();
    let mut lines = 0;
    for partition in 0..platform.config.partitions() {
        let copy = format!("COPY trades.event_{partition} (position, record) TO STDOUT");
        let mut rows = pool.copy_out_raw(&copy).await.context("copy events out")?;
        while let Some(row) = rows.try_next().await? {
            lines += row.iter().filter(|byte| **byte == b'\n').count() as u64;
        }
    }
    let rate = to_f64(lines) / started.elapsed().as_secs_f64();
    pool.close().await;
    Ok(rate)
}
