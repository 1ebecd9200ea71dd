//! `dealerboard calls`.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use kernel::Actor;
use kernel::port::{CallPlace, EffectPartition, ParkedCall};
use pipeline::{CallRedriver, Responsible};

use super::verify::present;
use crate::config::Config;
use crate::roles::Platform;

/// Calls read from the store at once.
const PAGE: usize = 500;

/// Calls outside that were given up. In production they can be looked after at any time, embedded
/// while the platform is stopped: the file has one owner.
#[derive(Debug, Args)]
pub(super) struct CallsCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Lists calls that are parked, or wait behind a parked one, one line each.
    List,
    /// Has a parked call made again, by the process that owns its partition.
    Redrive(Marked),
    /// Ends a call for good, without another try.
    Discard(Marked),
}

#[derive(Debug, Args)]
struct Marked {
    /// EFFECT/PARTITION/POSITION/NUMBER, as `list` prints it.
    call: String,
    /// Who does it.
    #[arg(long)]
    by: Actor,
    /// Does it; without it, only prints what would be done.
    #[arg(long)]
    yes: bool,
}

impl CallsCommand {
    pub(super) fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        present(&config)?;
        let _log = telemetry::log(super::QUIET)?;
        super::runtime()?.block_on(async {
            let platform = Platform::inspect(config).await;
            let platform = platform.context("open the parked calls")?;
            match self.action {
                Action::List => list(&platform).await,
                Action::Redrive(marked) => marked.run(&platform, true).await,
                Action::Discard(marked) => marked.run(&platform, false).await,
            }
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Marked {
    async fn run(self, platform: &Platform, redrive: bool) -> anyhow::Result<()> {
        let (at, place) = find(platform, &self.call)?;
        let done = if redrive { "redriven" } else { "discarded" };
        if !self.yes {
            super::print(&format!("it would be {done}; --yes does it"));
            return Ok(());
        }
        let responsible = Responsible {
            by: self.by,
            approved_by: None,
        };
        let redriver = redriver(platform);
        let marked = if redrive {
            redriver.redrive(at, place, &responsible).await?
        } else {
            redriver.discard(at, place, &responsible).await?
        };
        anyhow::ensure!(marked, "{} is not parked any more", self.call);
        super::print(done);
        Ok(())
    }
}

fn redriver(platform: &Platform) -> CallRedriver {
    CallRedriver {
        parked: Arc::clone(&platform.ports.parked_calls),
    }
}

fn partitions(platform: &Platform) -> impl Iterator<Item = EffectPartition> {
    let count = platform.config.partitions();
    let effects = platform.slices.effects.iter();
    effects.flat_map(move |effect| effect.partition_ids(count))
}

async fn list(platform: &Platform) -> anyhow::Result<()> {
    let (redriver, mut count) = (redriver(platform), 0_u64);
    for at in partitions(platform) {
        let mut after = None;
        loop {
            let page = redriver.open(at, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.place);
            if telemetry::terminal::reader_left() {
                return Ok(());
            }
            for parked in &page {
                super::print(&line(at, parked));
                count += 1;
            }
        }
    }
    super::print(&format!("{count} calls are open"));
    Ok(())
}

/// One line of a listing.
fn line(at: EffectPartition, parked: &ParkedCall) -> String {
    format!(
        "{:<32} {:<8} {:<13} {:<28} {}",
        name(at, parked.place),
        parked.state.as_str(),
        parked.reason.as_str(),
        parked.key,
        parked.detail
    )
}

fn name(at: EffectPartition, place: CallPlace) -> String {
    format!("{}/{}/{place}", at.effect, at.partition_id.partition)
}

/// The call at EFFECT/PARTITION/POSITION/NUMBER.
fn find(platform: &Platform, call: &str) -> anyhow::Result<(EffectPartition, CallPlace)> {
    let form = "a call is EFFECT/PARTITION/POSITION/NUMBER";
    let parts: Vec<_> = call.split('/').collect();
    let [effect, partition, log_position, n] = parts[..] else {
        anyhow::bail!(form);
    };
    let partition: u16 = partition.parse().context(form)?;
    let place = CallPlace {
        log_position: log_position.parse().context(form)?,
        n: n.parse().context(form)?,
    };
    let mut all = partitions(platform);
    let at = all.find(|at| at.effect == effect && at.partition_id.partition == partition);
    let at = at.with_context(|| format!("there is no partition {partition} of {effect}"))?;
    Ok((at, place))
}
