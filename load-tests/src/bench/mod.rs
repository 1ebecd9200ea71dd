//! The benchmark: what the machine gives, and what we make of it.

mod backlog;
mod bare;
mod commits;
mod drain;
mod embedded;
mod floor;
mod live;
mod load;
mod memory;
mod pipeline;
mod raw;
mod reads;
mod rebuild;
mod report;
mod stock;
mod streams;
mod workload;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use metrics_exporter_prometheus::PrometheusHandle;

use dealerboard::config::Config;
use memory::Server;
use report::Row;

/// Trades that warm the servers up before the quiet load: some seconds of work.
const WARM_UP_TRADES: u64 = 50_000;

/// Which parts to measure, and how long.
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
pub(super) struct Bench {
    /// A TOML file that overrides single keys of the default configuration.
    #[arg(long, env = "DEALERBOARD_CONFIG")]
    config: Option<PathBuf>,
    /// Some of embedded, pipeline, live, rebuild, reads, streams, floor, commits; all when not given.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Trades of the drained backlog; four commands each.
    #[arg(long, default_value_t = 800_000)]
    trades: u64,
    /// Seconds of each paced load.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Fills whose view of positions is rebuilt.
    #[arg(long, default_value_t = 400_000)]
    fills: u64,
    /// Servers whose memory is looked at, each `name=pid`: kafka, registry, postgres, redis.
    #[arg(long, value_delimiter = ',')]
    servers: Vec<Server>,
    /// Where `report.json` goes.
    #[arg(long, default_value = "target/bench")]
    report: PathBuf,
}

impl Bench {
    pub(super) fn run(mut self) -> anyhow::Result<ExitCode> {
        let config = &Config::load(self.config.as_deref())?;
        let _log = telemetry::log("error")?;
        let metrics = telemetry::metrics()?;
        let rows = runtime()?.block_on(self.measure(config, &metrics))?;
        report::write(&rows, &self.report)?;
        Ok(ExitCode::SUCCESS)
    }

    async fn measure(
        &mut self,
        config: &Config,
        metrics: &PrometheusHandle,
    ) -> anyhow::Result<Vec<Row>> {
        let mut rows = Vec::new();
        if self.wants("embedded") {
            telemetry::terminal::say("embedded …");
            rows.extend(embedded::rows(config, metrics).await?);
        }
        if self.wants("pipeline") || self.wants("live") {
            rows.extend(self.trades(config, metrics).await?);
        }
        if self.wants("rebuild") {
            telemetry::terminal::say("rebuild …");
            rows.extend(rebuild::rows(config, metrics, self.fills).await?);
        }
        self.look();
        if self.wants("reads") {
            telemetry::terminal::say("reads …");
            rows.extend(reads::rows(config, metrics).await?);
        }
        if self.wants("streams") {
            telemetry::terminal::say("streams …");
            rows.extend(streams::rows(config, metrics, self.seconds).await?);
        }
        if self.wants("floor") {
            telemetry::terminal::say("floor …");
            rows.extend(floor::rows(config, metrics, self.seconds).await?);
        }
        // Before the commits, which keep all they have written, to write it again.
        let own = memory::own();
        if self.wants("commits") {
            telemetry::terminal::say("commits …");
            rows.extend(commits::rows(config, metrics).await?);
        }
        self.look();
        rows.push(own);
        rows.extend(self.servers.iter().filter_map(Server::row));
        Ok(rows)
    }

    /// The whole path, drained and live.
    async fn trades(
        &mut self,
        config: &Config,
        metrics: &PrometheusHandle,
    ) -> anyhow::Result<Vec<Row>> {
        let platform = pipeline::platform(config, "trades").await?;
        let mut rows = Vec::new();
        if self.wants("live") {
            // Before the heavy loads: after millions of rows the database's own housekeeping would be
            // measured. And behind a short one: a broker that has just started compiles itself.
            telemetry::terminal::say("pipeline, quiet …");
            pipeline::drained(&platform, metrics, WARM_UP_TRADES).await?;
            rows.extend(live::quiet(&platform, metrics, self.seconds).await?);
        }
        if self.wants("pipeline") {
            telemetry::terminal::say("pipeline, drained …");
            rows.extend(pipeline::drained(&platform, metrics, self.trades).await?);
        }
        // While its connections are open.
        self.look();
        if self.wants("live") {
            telemetry::terminal::say("pipeline, live …");
            rows.extend(live::busy(&platform, metrics, self.seconds).await?);
        }
        Ok(rows)
    }

    fn look(&mut self) {
        self.servers.iter_mut().for_each(Server::look);
    }

    fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == part)
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?)
}
