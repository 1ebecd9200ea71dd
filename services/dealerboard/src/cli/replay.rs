//! `dealerboard replay`.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use kernel::port::Checkpoint;
use kernel::topic::PartitionId;
use pipeline::{Alone, Movement, ProjectorPorts, ProjectorSettings, ViewSlice, Work};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::verify::present;
use crate::config::Config;
use crate::ports::Model;
use crate::roles::Platform;

/// Deletes a view from a read model and rebuilds it from the event log. This process projects
/// itself, beside those that do already; until it has caught up, queries of the view are answered
/// by the next models, or are stale.
#[derive(Debug, Args)]
pub(super) struct Replay {
    /// Such as `position`.
    view: String,
    /// `redis`, `postgres` or `sqlite`; all of the platform when not given.
    #[arg(long)]
    model: Option<String>,
    /// Seconds without any progress after which it gives up, and prints its position.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    stall_s: u64,
}

/// How often progress is read.
const LOOK_PERIOD: Duration = Duration::from_millis(200);
/// Longest time the projector may take to end.
const END_WAIT: Duration = Duration::from_secs(20);

impl Replay {
    pub(super) fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        present(&config)?;
        let _log = telemetry::log(super::QUIET)?;
        super::runtime()?.block_on(async {
            let platform = Platform::inspect(config)
                .await
                .context("open the read models")?;
            let view = self.view(&platform)?;
            let stall = Duration::from_secs(self.stall_s);
            for model in self.models(&platform)? {
                let events = rebuild(&platform, view, &model, stall).await?;
                super::say(&format!(
                    "{} in {}: {events} events folded",
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
        let models = platform.ports.models.iter();
        let known: Vec<_> = models.clone().map(|model| model.name).collect();
        let wanted =
            models.filter(|model| self.model.as_ref().is_none_or(|name| name == model.name));
        let wanted: Vec<Model> = wanted.cloned().collect();
        anyhow::ensure!(
            !wanted.is_empty(),
            "there is no such model; there are {}",
            known.join(", ")
        );
        Ok(wanted)
    }
}

/// Clears and projects up to where the events ended when it began; returns how many these are.
async fn rebuild(
    platform: &Platform,
    view: ViewSlice,
    model: &Model,
    stall: Duration,
) -> anyhow::Result<u64> {
    let mut goals = Vec::new();
    for partition in 0..platform.config.partitions() {
        let partition_id = PartitionId {
            context: view.of,
            partition,
        };
        let cursor = platform.ports.store.cursor(partition_id).await?;
        goals.push((
            partition_id,
            cursor.map_or(0, |cursor| cursor.next_log_position.saturating_sub(1)),
        ));
    }
    let total = goals.iter().map(|(_, goal)| goal).sum();
    model.model.clear(view.id).await?;
    let settings = &platform.config.projector;
    let settings = ProjectorSettings {
        partitions: platform.config.partitions(),
        batch_events_max: settings.batch_events_max,
        linger: Duration::from_millis(settings.linger_ms),
        cached_values_max: settings.cached_values_max,
    };
    let stop = CancellationToken::new();
    // As a member it would take partitions from those who project other views, too.
    let (event_log, movement) = (
        Alone(Arc::clone(&platform.ports.event_log)),
        Movement::default(),
    );
    let ports = ProjectorPorts {
        event_log: Arc::new(event_log),
        streams: Arc::clone(&platform.ports.reader),
        model: Arc::clone(&model.model),
        model_name: model.name,
        movement: movement.clone(),
    };
    let project = (view.project)(ports, settings, stop.clone());
    let follow = async {
        let stalled = follow(view, model, &goals, total, stall).await;
        let reasons = stalled.map(|stalled| {
            let reasons = stalled.iter().map(|stalled| stalled.reason(&movement));
            reasons.collect::<Vec<_>>()
        });
        stop.cancel();
        reasons
    };
    let ended = async {
        tokio::select! {
            () = project => {}
            () = async { stop.cancelled().await; tokio::time::sleep(END_WAIT).await } => {}
        }
    };
    let (followed, ()) = tokio::join!(follow, ended);
    let reasons = followed?;
    if reasons.is_empty() {
        return Ok(total);
    }
    anyhow::bail!("nothing has moved for {stall:?}: {}", reasons.join("; "))
}

/// Shows the progress, until every partition has reached its goal, or none comes nearer to it any
/// more: then it returns those that have not.
async fn follow(
    view: ViewSlice,
    model: &Model,
    goals: &[(PartitionId, u64)],
    total: u64,
    stall: Duration,
) -> anyhow::Result<Vec<Stalled>> {
    let bar = bar(total);
    bar.set_message(format!("{} in {}", view.id, model.name));
    let (mut moved_at, mut farthest) = (Instant::now(), 0);
    loop {
        let (mut done, mut behind) = (0, Vec::new());
        for (partition_id, goal) in goals.iter().copied() {
            let at = model
                .model
                .checkpoint(view.id, partition_id.partition)
                .await?;
            done += at.log_position.min(goal);
            if at.log_position < goal {
                behind.push(Stalled {
                    partition_id,
                    at,
                    goal,
                });
            }
        }
        bar.set_position(done);
        // Another process that clears the view sets it back, and that is no progress.
        if done > farthest {
            (farthest, moved_at) = (done, Instant::now());
        }
        if behind.is_empty() || moved_at.elapsed() >= stall {
            bar.finish_and_clear();
            return Ok(behind);
        }
        tokio::time::sleep(LOOK_PERIOD).await;
    }
}

/// A partition whose view does not move on.
struct Stalled {
    partition_id: PartitionId,
    at: Checkpoint,
    goal: u64,
}

impl Stalled {
    /// With the reason its projection reports.
    fn reason(&self, movement: &Movement) -> String {
        let Self {
            partition_id,
            at,
            goal,
        } = self;
        let place = format!(", {partition_id}");
        let mut projections = movement
            .seen()
            .into_iter()
            .filter(|seen| seen.work == Work::Projection && seen.name.ends_with(&place));
        let why = projections.find_map(|seen| seen.stands).map_or_else(
            || {
                format!(
                    "the event log has nothing from offset {} on: are its events all published?",
                    at.next_offset
                )
            },
            |stands| stands.why,
        );
        format!(
            "{partition_id} stands at {} of {goal}, {why}",
            at.log_position
        )
    }
}

fn bar(total: u64) -> ProgressBar {
    let template = "{msg}  {bar:40}  {human_pos} of {human_len} events  {per_sec}  eta {eta}";
    let style = ProgressStyle::with_template(template);
    ProgressBar::new(total).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
