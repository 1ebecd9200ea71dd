//! The whole path on real servers: Kafka → Postgres → Kafka → projector → Redis.

use std::time::{Duration, Instant};

use kernel::Tenant;
use kernel::port::Ids as _;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;

use super::report::Row;
use super::workload::{COMMANDS_PER_TRADE, Workload};
use crate::config::{Config, Producer};
use crate::ports;
use crate::roles::Platform;
use crate::seams::SystemIds;

/// Trades whose commands are interleaved and appended at once.
const CHUNK_TRADES: u64 = 2_500;

/// Fills the command topic, then measures how fast the views have seen all of it.
pub(super) async fn drained(
    config: &Config,
    metrics: &PrometheusHandle,
    trades: u64,
) -> anyhow::Result<Vec<Row>> {
    let config = prepared(config)?;
    ports::migrate(&config, &crate::slices::all()).await?;
    let mut platform = Platform::open(config)?;
    platform.slices.reactions.clear();
    platform.ports.models.retain(|model| model.name == "redis");
    let produced = fill(&platform, trades).await?;
    let stop = CancellationToken::new();
    let roles = "processor,projector".parse().map_err(anyhow::Error::msg)?;
    let started = Instant::now();
    let run = platform.run(&roles, None, metrics.clone(), stop.clone());
    let watch = async {
        let (first, last, seen) = watch(&platform, trades).await?;
        stop.cancel();
        anyhow::Ok((first, last, seen))
    };
    let (ran, watched) = tokio::join!(run, watch);
    ran?;
    let (first, last, events) = watched?;
    let commands = (trades * COMMANDS_PER_TRADE) as f64;
    let took = last.duration_since(first).as_secs_f64();
    super::super::say(&format!(
        "drained {commands} commands, {events} events in {took:.1} s (startup {:.1} s); produced {produced:.0}/s",
        first.duration_since(started).as_secs_f64()
    ));
    Ok(vec![Row::beside(
        "pipeline_commands",
        commands / took,
        "commands/s",
        produced,
    )])
}

/// The configuration with a tenant of its own for the bench, whom the broker vouches for.
fn prepared(config: &Config) -> anyhow::Result<Config> {
    let mut config = config.clone();
    config.storage.mode = crate::config::Mode::Production;
    config.kafka.producers = vec![Producer {
        context: "trades".to_owned(),
        tenant: Tenant::new("bench")?,
        actor: "generator".parse()?,
    }];
    Ok(config)
}

async fn fill(platform: &Platform, trades: u64) -> anyhow::Result<f64> {
    let run = SystemIds.random().simple().to_string()[..6].to_owned();
    let workload = Workload {
        ids: &SystemIds,
        tenant: Tenant::new("bench")?,
        run,
    };
    let mut appending = Duration::ZERO;
    let mut first = 0;
    while first < trades {
        let chunk = CHUNK_TRADES.min(trades - first);
        let commands = workload.commands(first, chunk);
        let started = Instant::now();
        platform.ports.command_log.append(commands).await?;
        appending += started.elapsed();
        first += chunk;
    }
    Ok((trades * COMMANDS_PER_TRADE) as f64 / appending.as_secs_f64())
}

/// Waits until Redis has seen every event; tells when the first was seen and when the last.
async fn watch(platform: &Platform, trades: u64) -> anyhow::Result<(Instant, Instant, u64)> {
    let view = platform.slices.views[0];
    let model = &platform.ports.models[0].model;
    // Booked, three fills, executed.
    let wanted = trades * 5;
    let mut first = None;
    let mut told = Instant::now();
    loop {
        let mut seen = 0;
        for partition in 0..platform.config.partitions() {
            seen += model
                .checkpoint(view.id, partition)
                .await
                .map_or(0, |at| at.position);
        }
        if seen > 0 && first.is_none() {
            first = Some(Instant::now());
        }
        if let Some(first) = first
            && seen >= wanted
        {
            return Ok((first, Instant::now(), seen));
        }
        if told.elapsed() > Duration::from_secs(5) {
            super::super::say(&format!("seen {seen} of {wanted} events"));
            told = Instant::now();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
