//! One process on one file: commands accepted, handled and durable.

use kernel::topic::PartitionId;
use metrics_exporter_prometheus::PrometheusHandle;
use std::time::Instant;

use super::drain::{beside, to_f64, watch};
use super::report::Row;
use super::workload::{COMMANDS_PER_TRADE, Workload};
use dealerboard::config::{Config, Mode};
use dealerboard::roles::Platform;

/// Trades of the run: some seconds of work.
const TRADES: u64 = 60_000;
/// Trades appended at once.
const CHUNK: u64 = 250;

/// Commands are appended and handled side by side; the limit is appending the same records alone.
pub(super) async fn rows(config: &Config, metrics: &PrometheusHandle) -> anyhow::Result<Vec<Row>> {
    let directory = tempfile::tempdir()?;
    let appended = appended_alone(config, &directory.path().join("limit.db")).await?;
    let platform = platform(config, &directory.path().join("bench.db")).await?;
    let work = async {
        let workload = Workload::new()?;
        let append = async {
            let mut first = 0;
            while first < TRADES {
                let commands = workload.sealed(&platform.sealer, first, CHUNK)?;
                platform.ports.command_log.append(commands).await?;
                first += CHUNK;
            }
            anyhow::Ok(())
        };
        let handled = watch(TRADES * COMMANDS_PER_TRADE, async || {
            handled(&platform).await
        });
        let (appended, handled) = tokio::join!(append, handled);
        appended?;
        handled
    };
    let handled = beside(&platform, "processor", metrics, work).await?;
    let parked = parked(&platform).await?;
    anyhow::ensure!(parked == 0, "{parked} commands were parked");
    Ok(vec![Row::beside(
        "embedded_commands",
        handled.rate(),
        "commands/s",
        appended,
    )])
}

async fn platform(config: &Config, file: &std::path::Path) -> anyhow::Result<Platform> {
    let mut config = config.clone();
    config.storage.mode = Mode::Embedded;
    file.clone_into(&mut config.embedded.file);
    let mut platform = Platform::open(config).await?;
    platform
        .slices
        .contexts
        .retain(|context| context.name == "trades");
    Ok(platform)
}

async fn appended_alone(config: &Config, file: &std::path::Path) -> anyhow::Result<f64> {
    let platform = platform(config, file).await?;
    let workload = Workload::new()?;
    let mut took = 0.0;
    for first in (0..TRADES).step_by(usize::try_from(CHUNK)?) {
        let commands = workload.sealed(&platform.sealer, first, CHUNK)?;
        let started = Instant::now();
        platform.ports.command_log.append(commands).await?;
        took += started.elapsed().as_secs_f64();
    }
    Ok(to_f64(TRADES * COMMANDS_PER_TRADE) / took)
}

/// Commands handled, over all partitions.
async fn handled(platform: &Platform) -> u64 {
    let mut handled = 0;
    for partition in 0..platform.config.partitions() {
        let partition_id = PartitionId {
            context: "trades",
            partition,
        };
        if let Ok(Some(cursor)) = platform.ports.store.cursor(partition_id).await {
            handled += cursor.next_offset.unsigned_abs();
        }
    }
    handled
}

/// Aggregates with a parked command; 0 where every command was decided.
async fn parked(platform: &Platform) -> anyhow::Result<usize> {
    let mut parked = 0;
    for partition in 0..platform.config.partitions() {
        let partition_id = PartitionId {
            context: "trades",
            partition,
        };
        parked += platform
            .ports
            .dead_letters
            .parked_keys(partition_id)
            .await?
            .len();
    }
    Ok(parked)
}
