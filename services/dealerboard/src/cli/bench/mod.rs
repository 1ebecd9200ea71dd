//! `dealerboard bench`: what the machine gives, and what we make of it.

mod pipeline;
mod report;
mod workload;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::config::Config;

/// Which parts to measure, and for how long.
#[derive(Debug, Args)]
pub(super) struct Bench {
    /// Parts to measure, comma-separated; all when not given.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Trades of the drained backlog; four commands each.
    #[arg(long, default_value_t = 1_000_000)]
    trades: u64,
    /// Where `report.json` goes.
    #[arg(long, default_value = "target/bench")]
    report: PathBuf,
}

impl Bench {
    pub(super) fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        telemetry::log("warn")?;
        let metrics = telemetry::metrics()?;
        let rows = super::runtime()?.block_on(async {
            let mut rows = Vec::new();
            if self.wants("pipeline") {
                rows.extend(pipeline::drained(config, &metrics, self.trades).await?);
            }
            anyhow::Ok(rows)
        })?;
        report::write(&rows, &self.report)?;
        Ok(ExitCode::SUCCESS)
    }

    fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == part)
    }
}
