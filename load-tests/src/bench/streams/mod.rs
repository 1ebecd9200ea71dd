//! Live streams: many that see little and some that see all, while events come at a steady pace.

mod desk;
mod watcher;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use kernel::{Actor, Role, Tenant};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::task::{JoinSet, spawn_blocking};
use tokio_util::sync::CancellationToken;

use super::drain::to_f64;
use super::memory;
use super::report::Row;
use dealerboard::cli::{Limits, Token};
use dealerboard::config::{Config, Mode};
use dealerboard::roles::Platform;
use desk::Desk;
use watcher::{Sent, Watched, Watcher};

/// Streams that are narrowed to an account of their own.
const NARROW: u64 = 2_000;
/// Streams of all trades.
const WIDE: u64 = 20;
/// What a stream may cost, KiB.
const MEMORY_MAX_KIB: f64 = 16.0;
const TENANT: &str = "bench";

/// Every change must come once and in order, or there is no row.
pub(super) async fn rows(
    config: &Config,
    metrics: &PrometheusHandle,
    seconds: u64,
) -> anyhow::Result<Vec<Row>> {
    let directory = tempfile::tempdir()?;
    let mut config = config.clone();
    config.storage.mode = Mode::Embedded;
    config.embedded.file = directory.path().join("bench.db");
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let platform = Platform::open(config).await?;
    let token = Token {
        tenant: Tenant::new(TENANT)?,
        actor: Actor::new("reader")?,
        roles: vec![Role::new("admin")?],
        limits: Limits::default(),
        hours: 1,
    };
    let token = token.issue(&platform.config, &platform.keys)?;
    let stop = CancellationToken::new();
    let roles = "gateway,processor,projector";
    let roles = roles.parse().map_err(anyhow::Error::msg)?;
    let run = platform.run(&roles, Some(listener), metrics.clone(), stop.clone());
    let work = async {
        let measured = measured(&platform, address, &token, seconds).await;
        stop.cancel();
        measured
    };
    let (ran, worked) = tokio::join!(run, work);
    ran?;
    worked
}

async fn measured(
    platform: &Platform,
    address: SocketAddr,
    token: &str,
    seconds: u64,
) -> anyhow::Result<Vec<Row>> {
    let token: Arc<str> = token.into();
    let mut watchers = opened(address, &token, 0..1).await?;
    let before = memory::now_kib();
    watchers.extend(opened(address, &token, 1..NARROW).await?);
    let grown = memory::now_kib().saturating_sub(before);
    watchers.extend(opened(address, &token, NARROW..NARROW + WIDE).await?);
    let sent = Sent::default();
    let mut watching = JoinSet::new();
    for watcher in watchers {
        watching.spawn(watcher.watch(sent.clone()));
    }
    let began = Instant::now();
    let desk = Desk::new(Tenant::new(TENANT)?, NARROW);
    let trades = desk.trade(platform, Duration::from_secs(seconds)).await?;
    let took = began.elapsed();
    sent.0.store(trades, Ordering::Release);
    let mut all = Watched::default();
    while let Some(watched) = watching.join_next().await {
        all.add(&watched??);
    }
    let behind = began.elapsed().saturating_sub(took);
    anyhow::ensure!(all.faults == 0, "{} changes were out of order", all.faults);
    let events = to_f64(trades * desk::EVENTS_PER_TRADE) / took.as_secs_f64();
    let told = to_f64(all.changes) / took.as_secs_f64();
    let memory = to_f64(grown) / to_f64(NARROW - 1);
    Ok(vec![
        Row::alone("live_events", events, "events/s"),
        Row::alone("live_told", told, "changes/s"),
        Row::alone("live_behind", behind.as_secs_f64(), "s"),
        Row::alone("live_cut", to_f64(all.cuts), "streams"),
        Row::beside("live_memory", memory, "KiB/stream", MEMORY_MAX_KIB),
    ])
}

/// Streams of these numbers, each with its first frame read.
async fn opened(
    address: SocketAddr,
    token: &Arc<str>,
    numbers: std::ops::Range<u64>,
) -> anyhow::Result<Vec<Watcher>> {
    let token = Arc::clone(token);
    let open = move || {
        let account = |number: u64| (number < NARROW).then_some(number);
        numbers
            .map(|number| Watcher::open(address, &token, account(number), NARROW))
            .collect()
    };
    spawn_blocking(open).await?
}
