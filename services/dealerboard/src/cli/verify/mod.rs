//! `dealerboard verify`.

mod quiet;

use std::collections::HashMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use analytics::Metrics;
use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use kernel::port::{Clock as _, LoadedStream};
use kernel::topic::PartitionId;
use members::Directory;
use pipeline::{
    Findings, Rule, RuleWorld, SystemClock, Verifier, VerifyPorts, ViewSlice, Watch, folds, scrub,
};
use routing::Floor;
use tenants::Roll;

use crate::config::{Config, Mode};
use crate::roles::Platform;
use quiet::Quiet;

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

/// Exit code of a check that found nothing wrong, but could not compare everything.
const UNCOMPARED: u8 = 2;

impl Verify {
    /// Exit code 0: every rule holds; 1: a rule is broken; 2: none was found broken, and some could
    /// not be checked.
    pub(super) fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        present(&config)?;
        let _log = telemetry::log(super::QUIET)?;
        let findings = super::runtime()?.block_on(async {
            let platform = Platform::inspect(config)
                .await
                .context("verify what is stored")?;
            anyhow::Ok(self.check(&platform).await)
        })?;
        report(&findings);
        Ok(match (findings.violated, findings.skipped) {
            (0, 0) => ExitCode::SUCCESS,
            (0, _) => ExitCode::from(UNCOMPARED),
            _ => ExitCode::from(VIOLATED),
        })
    }

    async fn check(&self, platform: &Platform) -> Findings {
        let (ports, bar) = (ports(platform), bar());
        let mut rules = Vec::new();
        for rule in crate::slices::rules() {
            let quiet = Quiet::begin(platform, rule.contexts()).await;
            rules.push((rule, quiet));
        }
        bar.set_message("rows");
        let partitions = platform.config.partitions();
        let mut findings = scrub(&ports, &platform.slices.names(), partitions).await;
        let mut waiting = HashMap::new();
        for &context in &platform.slices.contexts {
            bar.set_message(context.name);
            let views = platform.slices.views.iter().copied();
            let views: Vec<ViewSlice> = views.filter(|view| view.of == context.name).collect();
            let verifier = Verifier {
                ports: &ports,
                context,
                views: &views,
                partitions,
                live: self.live,
            };
            let mut watch = Watching {
                rules: &mut rules,
                bar: &bar,
            };
            let found = verifier.run(&mut watch).await;
            waiting.insert(context.name, found.waiting);
            findings.add(found);
        }
        bar.set_message("live projections");
        let (store, reader) = (&*platform.ports.folds, &*platform.ports.as_stored.reader);
        findings.add(folds::<Floor>(store, reader, partitions).await);
        findings.add(folds::<Metrics>(store, reader, partitions).await);
        findings.add(folds::<Directory>(store, reader, partitions).await);
        findings.add(folds::<Roll>(store, reader, partitions).await);
        let world = RuleWorld {
            dead_letters: ports.dead_letters.as_ref(),
            partitions,
            now: SystemClock.now(),
        };
        for (rule, quiet) in rules {
            let moving = quiet.moving(platform, &waiting).await;
            rule.finish(&world, moving, &mut findings).await;
        }
        bar.finish_and_clear();
        findings
    }
}

struct Watching<'a> {
    rules: &'a mut Vec<(Box<dyn Rule>, Quiet)>,
    bar: &'a ProgressBar,
}

impl Watching<'_> {
    fn of(&mut self, context: &'static str) -> impl Iterator<Item = &mut Box<dyn Rule>> {
        let rules = self.rules.iter_mut().map(|(rule, _)| rule);
        rules.filter(move |rule| rule.contexts().contains(&context))
    }
}

impl Watch for Watching<'_> {
    fn stream(&mut self, partition_id: PartitionId, stream: &LoadedStream, until: u64) {
        self.of(partition_id.context)
            .for_each(|rule| rule.stream(partition_id, stream, until));
    }

    fn unseen(&mut self, partition_id: PartitionId) {
        self.of(partition_id.context)
            .for_each(|rule| rule.unseen(partition_id));
    }

    fn progress(&mut self, count: usize) {
        self.bar.inc(count as u64);
    }
}

fn ports(platform: &Platform) -> VerifyPorts {
    let (ports, stored) = (&platform.ports, &platform.ports.as_stored);
    // What memory holds is this process's own, and it has just begun.
    let models = ports.models.iter();
    VerifyPorts {
        command_log: Arc::clone(&stored.command_log),
        event_log: Arc::clone(&stored.event_log),
        store: Arc::clone(&stored.store),
        reader: Arc::clone(&stored.reader),
        snapshots: Arc::clone(&stored.snapshots),
        dead_letters: Arc::clone(&stored.dead_letters),
        scrub: Arc::clone(&stored.scrub),
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
    print_unlisted("violated", findings.violated, findings.violations.len());
    for uncompared in &findings.uncompared {
        super::print(&format!("unknown   {uncompared}"));
    }
    print_unlisted("unknown", findings.skipped, findings.uncompared.len());
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
        verdict(findings)
    ));
}

fn print_unlisted(kind: &str, all: u64, listed: usize) {
    let unlisted = all.saturating_sub(listed as u64);
    if unlisted > 0 {
        super::print(&format!("{kind:<9} … and {unlisted} more"));
    }
}

fn verdict(findings: &Findings) -> String {
    let violated = match findings.violated {
        0 => "no rule was found broken".to_owned(),
        1 => "1 violation".to_owned(),
        many => format!("{many} violations"),
    };
    match (findings.violated, findings.skipped) {
        (0, 0) => "all invariants hold".to_owned(),
        (_, 0) => violated,
        (_, skipped) => format!("{violated}, {skipped} not compared"),
    }
}
