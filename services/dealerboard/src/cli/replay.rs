//! `dealerboard replay`.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use kernel::topic::Shard;
use pipeline::{Alone, ProjectorSettings, ViewSlice};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::verify::present;
use crate::config::Config;
use crate::ports::Model;
use crate::roles::Platform;

/// Forgets what a read model holds of a view and folds it anew from the event log. This process
/// projects itself, beside those that do already; until it has caught up, queries of the view are
/// answered by the models behind, or are behind.
#[derive(Debug, Args)]
pub(super) struct Replay {
    /// Such as `position`.
    view: String,
    /// `redis`, `postgres` or `sqlite`; all of the platform when not given. What memory holds is
    /// folded anew at each start.
    #[arg(long)]
    model: Option<String>,
}

/// How often progress is read.
const LOOK_PERIOD: Duration = Duration::from_millis(200);
/// Longest time without any progress before this gives up.
const STALL_MAX: Duration = Duration::from_secs(60);
/// Longest time the projector may take to end.
const END_WAIT: Duration = Duration::from_secs(20);

impl Replay {
    pub(super) fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        present(&config)?;
        let _log = telemetry::log(super::QUIET)?;
        super::runtime()?.block_on(async {
            let platform = Platform::open(config)
                .await
                .context("open the read models")?;
            let view = self.view(&platform)?;
            for model in self.models(&platform)? {
                let events = rebuild(&platform, view, &model).await?;
                super::say(&format!(
                    "{} in {}: {events} events folded anew",
                    view.id, model.name
                ));
            }
            anyhow::Ok(())
        })?;
        Ok(ExitCode::SUCCESS)
    }

    fn view(&self, platform: &Platform) -> anyhow::Result<ViewSlice> {
        let views = &platform.slices.views;
        let known: Vec<_> = views.iter().map(|view| view.id.name).collect();
        let found = views.iter().find(|view| view.id.name == self.view);
        found.copied().with_context(|| {
            format!(
                "there is no view `{}`; there are {}",
                self.view,
                known.join(", ")
            )
        })
    }

    fn models(&self, platform: &Platform) -> anyhow::Result<Vec<Model>> {
        let kept = platform
            .ports
            .models
            .iter()
            .filter(|model| model.name != "memory");
        let known: Vec<_> = kept.clone().map(|model| model.name).collect();
        let wanted = kept.filter(|model| self.model.as_ref().is_none_or(|name| name == model.name));
        let wanted: Vec<Model> = wanted.cloned().collect();
        anyhow::ensure!(
            !wanted.is_empty(),
            "there is no such model; there are {}",
            known.join(", ")
        );
        Ok(wanted)
    }
}

/// Clears and projects up to where the events stood when it began; gives back how many these are.
async fn rebuild(platform: &Platform, view: ViewSlice, model: &Model) -> anyhow::Result<u64> {
    let mut goals = Vec::new();
    for partition in 0..platform.config.partitions() {
        let shard = Shard {
            context: view.of,
            partition,
        };
        let cursor = platform.ports.store.cursor(shard).await?;
        goals.push((
            partition,
            cursor.map_or(0, |cursor| cursor.next_position - 1),
        ));
    }
    let total = goals.iter().map(|(_, goal)| goal).sum();
    model.model.clear(view.id).await?;
    let settings = &platform.config.projector;
    let settings = ProjectorSettings {
        batch_events_max: settings.batch_events_max,
        linger: Duration::from_millis(settings.linger_ms),
        cached_values_max: settings.cached_values_max,
    };
    let stop = CancellationToken::new();
    // As a member it would take partitions from those who project other views, too.
    let log = Arc::new(Alone(Arc::clone(&platform.ports.event_log)));
    let project = (view.project)(
        log,
        Arc::clone(&model.model),
        model.name,
        settings,
        stop.clone(),
    );
    let follow = async {
        let followed = follow(view, model, &goals, total).await;
        stop.cancel();
        followed
    };
    let ended = async {
        tokio::select! {
            () = project => {}
            () = async { stop.cancelled().await; tokio::time::sleep(END_WAIT).await } => {}
        }
    };
    let (followed, ()) = tokio::join!(follow, ended);
    followed?;
    Ok(total)
}

/// Shows how far it is, until every partition has reached its goal.
async fn follow(
    view: ViewSlice,
    model: &Model,
    goals: &[(u16, u64)],
    total: u64,
) -> anyhow::Result<()> {
    let bar = bar(total);
    bar.set_message(format!("{} in {}", view.id, model.name));
    let mut moved_at = Instant::now();
    let mut seen = 0;
    loop {
        let mut done = 0;
        for (partition, goal) in goals {
            let checkpoint = model.model.checkpoint(view.id, *partition).await?;
            done += checkpoint.position.min(*goal);
        }
        bar.set_position(done);
        if done == total {
            bar.finish_and_clear();
            return Ok(());
        }
        if done != seen {
            (seen, moved_at) = (done, Instant::now());
        }
        anyhow::ensure!(
            moved_at.elapsed() < STALL_MAX,
            "no progress for {STALL_MAX:?} at {done} of {total} events: are they all published?"
        );
        tokio::time::sleep(LOOK_PERIOD).await;
    }
}

fn bar(total: u64) -> ProgressBar {
    let template = "{msg}  {bar:40}  {human_pos} of {human_len} events  {per_sec}  eta {eta}";
    let style = ProgressStyle::with_template(template);
    ProgressBar::new(total).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
