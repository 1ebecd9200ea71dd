//! `dealerboard verify`.

mod conservation;
mod quiet;
mod slots;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use kernel::port::{Clock as _, Ids as _, LoadedStream};
use kernel::topic::Shard;
use pipeline::{Findings, Verifier, VerifyPorts, ViewSlice, Watch};

use crate::config::{Config, Mode};
use crate::roles::Platform;
use crate::seams::{SystemClock, SystemIds};
use conservation::Conservation;
use quiet::Quiet;
use slots::Slots;

/// How to check.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// The platform runs meanwhile: events that are committed and not yet published are no
    /// violation.
    #[arg(long)]
    live: bool,
}

/// Exit code of a check that found something.
const VIOLATED: u8 = 1;

impl Verify {
    /// Exit code 0: nothing is wrong; 1: a rule is broken; 2 (an error): it could not be checked.
    pub(super) fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        present(&config)?;
        let _log = telemetry::log(super::QUIET)?;
        let findings = super::runtime()?.block_on(async {
            let platform = Platform::open(config)
                .await
                .context("verify what is stored")?;
            self.check(&platform).await
        })?;
        report(&findings);
        Ok(if findings.violated == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(VIOLATED)
        })
    }

    async fn check(&self, platform: &Platform) -> anyhow::Result<Findings> {
        let ports = ports(platform);
        let group = format!("verify-{}", SystemIds.random());
        let bar = bar();
        let mut findings = Findings::default();
        let quiet = Quiet::begin(platform).await?;
        let (mut conservation, mut slots) = (Conservation::default(), Slots::default());
        for &context in &platform.slices.contexts {
            bar.set_message(context.name);
            let views = platform.slices.views.iter().copied();
            let views: Vec<ViewSlice> = views.filter(|view| view.of == context.name).collect();
            let verifier = Verifier {
                ports: &ports,
                context,
                views: &views,
                partitions: platform.config.partitions(),
                live: self.live,
                group: group.clone(),
            };
            let mut watch = Watching {
                conservation: &mut conservation,
                slots: &mut slots,
                bar: &bar,
            };
            findings.add(verifier.run(&mut watch).await?);
        }
        let moving = quiet.moving(platform, findings.waiting).await?;
        let moving = moving.as_deref();
        conservation.finish(platform, moving, &mut findings).await?;
        slots.finish(moving, SystemClock.now(), &mut findings);
        bar.finish_and_clear();
        Ok(findings)
    }
}

struct Watching<'a> {
    conservation: &'a mut Conservation,
    slots: &'a mut Slots,
    bar: &'a ProgressBar,
}

impl Watch for Watching<'_> {
    fn stream(&mut self, shard: Shard, stream: &LoadedStream, until: u64) {
        self.conservation.stream(shard, stream, until);
        self.slots.stream(shard, stream, until);
    }

    fn progress(&mut self, count: usize) {
        self.bar.inc(count as u64);
    }
}

fn ports(platform: &Platform) -> VerifyPorts {
    let ports = &platform.ports;
    // What memory holds is this process's own, and it has just begun.
    let models = ports.models.iter().filter(|model| model.name != "memory");
    VerifyPorts {
        command_log: Arc::clone(&ports.command_log),
        event_log: Arc::clone(&ports.event_log),
        store: Arc::clone(&ports.store),
        reader: Arc::clone(&ports.reader),
        snapshots: Arc::clone(&ports.snapshots),
        dead_letters: Arc::clone(&ports.dead_letters),
        schemas: ports.schemas.clone(),
        authority: Arc::clone(&ports.authority),
        models: models
            .map(|model| (model.name, Arc::clone(&model.model)))
            .collect(),
    }
}

/// Opening an embedded file that is not there would make one.
pub(super) fn present(config: &Config) -> anyhow::Result<()> {
    let file: &Path = &config.embedded.file;
    anyhow::ensure!(
        config.storage.mode == Mode::Production || file.exists(),
        "there is no file {}",
        file.display()
    );
    Ok(())
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    let style =
        ProgressStyle::with_template("{spinner} {msg}  {human_pos} rows  {per_sec}  {elapsed}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar
}

fn report(findings: &Findings) {
    for violation in &findings.violations {
        super::print(&format!("violated  {violation}"));
    }
    let untold = findings.violated - findings.violations.len() as u64;
    if untold > 0 {
        super::print(&format!("violated  … and {untold} more"));
    }
    for note in &findings.notes {
        super::print(&format!("note      {note}"));
    }
    super::print(&format!(
        "{} commands, {} events, {} streams, {} snapshots and {} view values checked: {}",
        findings.commands,
        findings.events,
        findings.streams,
        findings.snapshots,
        findings.values,
        match findings.violated {
            0 => "all invariants hold".to_owned(),
            1 => "1 violation".to_owned(),
            many => format!("{many} violations"),
        }
    ));
}
