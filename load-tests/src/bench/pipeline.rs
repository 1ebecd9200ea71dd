//! The whole path on real servers: Kafka → Postgres → Kafka → projector → Redis.

use std::time::Instant;

use kernel::Tenant;
use metrics_exporter_prometheus::PrometheusHandle;

use super::drain::{beside, to_f64, watch};
use super::report::Row;
use super::workload::{COMMANDS_PER_TRADE, EVENTS_PER_TRADE, Workload};
use dealerboard::config::{Config, Mode, Producer};
use dealerboard::ports;
use dealerboard::roles::Platform;

/// Trades whose commands are interleaved and appended at once.
pub(super) const CHUNK_TRADES: u64 = 2_500;

/// The production platform with one context and its view on Redis, and a producer of its own whom
/// the broker vouches for.
pub(super) async fn platform(config: &Config, context: &'static str) -> anyhow::Result<Platform> {
    let mut config = config.clone();
    config.storage.mode = Mode::Production;
    let producer = Producer::vouched(context, Tenant::new("bench")?, "generator".parse()?);
    config.kafka.producers = vec![producer];
    ports::migrate(&config, &dealerboard::slices::all()).await?;
    let mut platform = Platform::open(config).await?;
    platform.slices.reactions.clear();
    platform.slices.contexts.retain(|kept| kept.name == context);
    platform.slices.views.retain(|view| view.of == context);
    platform.ports.models.retain(|model| model.name == "redis");
    Ok(platform)
}

/// Fills the command topic, then measures how fast the view has seen all of it. The limit is raw
/// producing to the same topic.
pub(super) async fn drained(
    platform: &Platform,
    metrics: &PrometheusHandle,
    trades: u64,
) -> anyhow::Result<Vec<Row>> {
    let produced = fill(platform, trades).await?;
    let wanted = trades * EVENTS_PER_TRADE;
    let seen = watch(wanted, async || seen(platform).await);
    let seen = beside(platform, "processor,projector", metrics, seen).await?;
    let commands = seen.rate() * to_f64(COMMANDS_PER_TRADE) / to_f64(EVENTS_PER_TRADE);
    Ok(vec![Row::beside(
        "pipeline_commands",
        commands,
        "commands/s",
        produced,
    )])
}

/// Appends the commands of that many trades; returns the rate of appending alone.
async fn fill(platform: &Platform, trades: u64) -> anyhow::Result<f64> {
    let workload = Workload::new()?;
    let mut appending = 0.0;
    let mut first = 0;
    while first < trades {
        let chunk = CHUNK_TRADES.min(trades - first);
        let commands = workload.commands(first, chunk);
        let started = Instant::now();
        platform.ports.command_log.append(commands).await?;
        appending += started.elapsed().as_secs_f64();
        first += chunk;
    }
    Ok(to_f64(trades * COMMANDS_PER_TRADE) / appending)
}

/// Events that the view on Redis has seen, over all partitions.
pub(super) async fn seen(platform: &Platform) -> u64 {
    let view = platform.slices.views[0].id;
    let model = &platform.ports.models[0].model;
    let mut seen = 0;
    for partition in 0..platform.config.partitions() {
        seen += model
            .checkpoint(view, partition)
            .await
            .map_or(0, |at| at.log_position);
    }
    seen
}
