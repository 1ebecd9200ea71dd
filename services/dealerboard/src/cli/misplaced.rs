//! `dealerboard misplaced`.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use pipeline::Misplaced;

use super::agreement::Agreement;
use super::verify::present;
use crate::config::Config;
use crate::roles::Platform;

/// Lists aggregates that have a stream in a partition which their key does not belong to, as
/// earlier versions let producers with another partitioner make them; with `--yes` sends the
/// commands of these streams to where they belong, to be decided there. No reader gets the events of
/// a misplaced stream.
#[derive(Debug, Args)]
pub(super) struct MisplacedCommand {
    /// Only of this context.
    #[arg(long)]
    context: Option<String>,
    #[command(flatten)]
    agreement: Agreement,
}

impl MisplacedCommand {
    pub(super) fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        present(&config)?;
        let _log = telemetry::log(super::QUIET)?;
        super::runtime()?.block_on(async {
            let platform = Platform::inspect(config).await;
            self.mend(&platform.context("open the events")?).await
        })?;
        Ok(ExitCode::SUCCESS)
    }

    async fn mend(self, platform: &Platform) -> anyhow::Result<()> {
        let agreed = self.agreement.given()?.is_some();
        let misplaced = Misplaced {
            reader: Arc::clone(&platform.ports.reader),
            command_log: Arc::clone(&platform.ports.command_log),
            partitions: platform.config.partitions(),
        };
        let (mut count, mut sent) = (0, 0);
        for partition_id in platform.partition_ids(self.context.as_deref())? {
            let streams = misplaced.find(partition_id).await?;
            for (key, events) in &streams {
                let home = misplaced.home(key.as_bytes());
                super::print(&format!(
                    "{key} has {events} events in {partition_id} and belongs to {home}"
                ));
            }
            count += streams.len();
            if agreed && !streams.is_empty() {
                sent += misplaced.send_on(partition_id, &streams).await?;
            }
        }
        super::print(&if agreed {
            format!("{sent} commands of {count} streams sent to where they belong")
        } else {
            format!(
                "{count} streams are misplaced; --yes sends their commands to where they belong"
            )
        });
        Ok(())
    }
}
