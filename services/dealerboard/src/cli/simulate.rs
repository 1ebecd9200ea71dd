//! `dealerboard simulate`.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use kernel::port::Clock as _;
use kernel::{AggregateId, Tenant};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::roles::{Platform, Roles};
use pipeline::SystemClock;
use simulation::floor_day::{Day, Player, Ports, Report};

const DRAWN_EVERY: Duration = Duration::from_millis(200);

/// Plays what only a seed decides through the real pipeline.
#[derive(Debug, Args)]
pub(super) struct Simulate {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A day on the floor: customers come, are matched, answered and written up, or give up. Prints
    /// the wait beside Erlang C, or Erlang A when customers have patience.
    Floor(Floor),
}

#[derive(Debug, Args)]
struct Floor {
    #[command(flatten)]
    day: Day,
    /// Roles to run beside it in this process; `none` plays on a platform that runs already.
    #[arg(long, default_value = "processor,projector,reactor,router")]
    roles: String,
    #[arg(long, default_value = "sim")]
    tenant: Tenant,
    /// Part of every name, at most 20 letters, digits or dashes; a day of the same name continues
    /// the one that is there. By default a new one.
    #[arg(long)]
    run: Option<String>,
    /// Prints the report as JSON.
    #[arg(long)]
    json: bool,
}

impl Simulate {
    pub(super) fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let What::Floor(floor) = self.what;
        let _log = telemetry::log(super::QUIET)?;
        super::runtime()?.block_on(floor.play(config))
    }
}

impl Floor {
    async fn play(self, config: Config) -> anyhow::Result<ExitCode> {
        let stop = CancellationToken::new();
        let partitions = config.partitions();
        let platform = Platform::open(config).await?;
        let ports = Ports {
            command_log: Arc::clone(&platform.ports.command_log),
            follow: platform.follow_ports(),
            sealer: platform.sealer.clone(),
            partitions,
        };
        let run = match &self.run {
            Some(run) => run.clone(),
            None => format!(
                "{}-{}",
                self.day.seed,
                SystemClock.now().micros() / 1_000_000
            ),
        };
        anyhow::ensure!(
            run.len() <= 20 && AggregateId::new(&run).is_ok(),
            "run `{run}` is not a short name"
        );
        let bar = ProgressBar::no_length().with_style(style());
        bar.enable_steady_tick(DRAWN_EVERY);
        let player = Player::new(ports, self.day.clone(), &run, self.tenant.clone(), bar);
        let play = player.play(stop.clone());
        let report = if self.roles == "none" {
            play.await?
        } else {
            let roles: Roles = self.roles.parse().map_err(anyhow::Error::msg)?;
            let metrics = telemetry::metrics()?;
            let serve = platform.run(&roles, None, metrics, stop.clone());
            let play = async {
                let played = play.await;
                stop.cancel();
                played
            };
            let (served, played) = tokio::join!(serve, play);
            let report = played?;
            served.context("the platform")?;
            report
        };
        self.print(&report)?;
        Ok(ExitCode::SUCCESS)
    }

    fn print(&self, report: &Report) -> anyhow::Result<()> {
        if self.json {
            super::print(&serde_json::to_string_pretty(report)?);
        } else {
            super::print(&report.to_string());
        }
        Ok(())
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:40} {pos}/{len} calls  {elapsed}, {eta} left")
        .expect("the template is a literal that parses")
}
