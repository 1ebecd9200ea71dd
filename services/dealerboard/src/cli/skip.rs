//! `dealerboard skip`.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use pipeline::Skipper;

use super::agreement::Agreement;
use super::verify::present;
use crate::config::Config;
use crate::roles::Platform;
use pipeline::{SystemClock, SystemIds};

/// Lets a partition of commands continue after an unreadable record. What was at the skipped
/// offsets is lost, which two people have to agree to; a dead letter takes its place. In production
/// at any time, embedded while the platform is stopped: the file has one owner.
#[derive(Debug, Args)]
pub(super) struct Skip {
    /// CONTEXT/PARTITION, as `/readyz` names it.
    partition: String,
    #[command(flatten)]
    agreement: Agreement,
}

impl Skip {
    pub(super) fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        present(&config)?;
        let _log = telemetry::log(super::QUIET)?;
        super::runtime()?.block_on(async {
            let platform = Platform::inspect(config).await;
            self.skip(&platform.context("open the command log")?).await
        })?;
        Ok(ExitCode::SUCCESS)
    }

    async fn skip(self, platform: &Platform) -> anyhow::Result<()> {
        let partition_id = platform.partition_id(&self.partition)?;
        let skipper = Skipper {
            store: Arc::clone(&platform.ports.store),
            letters: Arc::clone(&platform.ports.dead_letters),
            command_log: Arc::clone(&platform.ports.command_log),
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
        };
        let barrier = skipper.look(partition_id).await?;
        let barrier = barrier.with_context(|| format!("nothing bars {partition_id}"))?;
        super::print(&format!(
            "{partition_id} stands at offset {}: {}",
            barrier.from, barrier.why
        ));
        if barrier.to < barrier.from {
            super::print(&format!(
                "its log was recreated; it would continue at offset {}",
                barrier.to
            ));
        } else {
            super::print(&format!(
                "offsets {} to {} would be lost",
                barrier.from,
                barrier.to - 1
            ));
        }
        let Some(responsible) = self.agreement.given()? else {
            super::print("--yes does it");
            return Ok(());
        };
        skipper.skip(&barrier, &responsible).await?;
        super::print("skipped");
        Ok(())
    }
}
