//! `dealerboard bench`: what the machine gives, and what we make of it.

mod drain;
mod embedded;
mod live;
mod pipeline;
mod reads;
mod rebuild;
mod report;
mod workload;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::config::Config;
use report::Row;

/// Which parts to measure, and how long.
#[derive(Debug, Args)]
pub(super) struct Bench {
    /// Some of embedded, pipeline, live, rebuild, reads; all when not given.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Trades of the drained backlog; four commands each.
    #[arg(long, default_value_t = 800_000)]
    trades: u64,
    /// Seconds of each paced load.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Where `report.json` goes.
    #[arg(long, default_value = "target/bench")]
    report: PathBuf,
}

impl Bench {
    pub(super) fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        telemetry::log("error")?;
        let metrics = telemetry::metrics()?;
        let mut rows = super::runtime()?.block_on(self.measure(config, &metrics))?;
        rows.push(Row::alone("rss_dealerboard", peak_rss_mib()?, "MiB"));
        report::write(&rows, &self.report)?;
        Ok(ExitCode::SUCCESS)
    }

    async fn measure(
        &self,
        config: &Config,
        metrics: &PrometheusHandle,
    ) -> anyhow::Result<Vec<Row>> {
        let mut rows = Vec::new();
        if self.wants("embedded") {
            super::say("embedded …");
            rows.extend(embedded::rows(config, metrics).await?);
        }
        let platform = pipeline::platform(config).await?;
        if self.wants("pipeline") {
            super::say("pipeline, drained …");
            rows.extend(pipeline::drained(&platform, metrics, self.trades).await?);
        }
        if self.wants("live") {
            super::say("pipeline, live …");
            rows.extend(live::rows(&platform, metrics, self.seconds).await?);
        }
        if self.wants("rebuild") {
            super::say("rebuild …");
            rows.extend(rebuild::rows(&platform, metrics).await?);
        }
        drop(platform);
        if self.wants("reads") {
            super::say("reads …");
            rows.extend(reads::rows(config, metrics).await?);
        }
        Ok(rows)
    }

    fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == part)
    }
}

/// The most memory this process ever had, as the kernel counts it.
fn peak_rss_mib() -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next());
    let kib: u64 = kib.unwrap_or("0").parse()?;
    Ok(drain::to_f64(kib) / 1_024.0)
}
