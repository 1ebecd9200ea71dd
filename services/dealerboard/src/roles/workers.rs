//! What works behind the callers: processors, projectors, reactors and timers, and what they need.

use std::sync::Arc;
use std::time::Duration;

use futures::future::FutureExt;
use pipeline::{
    Backoff, Committer, ProcessorPorts, ProcessorSettings, ProjectorPorts, ProjectorSettings,
    ReactorPorts, TimerKeeper,
};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{Platform, Task};
use crate::demo::DemoPorts;
use crate::seams::SystemClock;

impl Platform {
    pub(super) fn processor(&self, stop: &CancellationToken) -> Vec<(&'static str, Task)> {
        let ports = ProcessorPorts {
            command_log: Arc::clone(&self.ports.command_log),
            event_log: Arc::clone(&self.ports.event_log),
            store: Arc::clone(&self.ports.store),
            reader: Arc::clone(&self.ports.reader),
            snapshots: Arc::clone(&self.ports.snapshots),
            dead_letters: Arc::clone(&self.ports.dead_letters),
            replies: Arc::clone(&self.ports.replies),
            schemas: self.ports.schemas.clone(),
            sealer: self.sealer.clone(),
            announcing: self.ports.announcing.clone(),
            movement: self.movement.clone(),
        };
        let settings = ProcessorSettings {
            partitions: self.config.partitions(),
            batch_commands_max: self.config.processor.batch_commands_max,
            cached_aggregates_max: self.config.processor.cached_aggregates_max,
            value_bytes_max: self.config.processor.value_bytes_max,
            snapshot_events_min: self.config.processor.snapshot_events_min,
        };
        let (committer, handle) = Committer::new(Arc::clone(&self.ports.store), &self.movement);
        // The committer outlives its partitions: it ends when the last handle is gone.
        let mut tasks = vec![("committer", committer.run().map(Ok).boxed())];
        for context in &self.slices.contexts {
            let work = (context.process)(ports.clone(), settings, handle.clone(), stop.clone());
            tasks.push((context.name, work.map(Ok).boxed()));
        }
        tasks
    }

    pub(super) fn projectors(&self, stop: &CancellationToken) -> Vec<(&'static str, Task)> {
        let settings = &self.config.projector;
        let mut tasks = Vec::new();
        for view in &self.slices.views {
            for model in &self.ports.models {
                let linger = if model.lingers {
                    settings.durable_linger_ms
                } else {
                    settings.linger_ms
                };
                let ports = ProjectorPorts {
                    event_log: Arc::clone(&self.ports.event_log),
                    streams: Arc::clone(&self.ports.reader),
                    model: Arc::clone(&model.model),
                    model_name: model.name,
                    movement: self.movement.clone(),
                };
                let work = (view.project)(
                    ports,
                    ProjectorSettings {
                        partitions: self.config.partitions(),
                        batch_events_max: settings.batch_events_max,
                        linger: Duration::from_millis(linger),
                        cached_values_max: settings.cached_values_max,
                    },
                    stop.clone(),
                );
                tasks.push((view.id.name, work.map(Ok).boxed()));
            }
        }
        tasks
    }

    pub(super) fn reactors(
        &self,
        stop: &CancellationToken,
    ) -> anyhow::Result<Vec<(&'static str, Task)>> {
        let ports = ReactorPorts {
            event_log: Arc::clone(&self.ports.event_log),
            command_log: Arc::clone(&self.ports.command_log),
            progress: self.ports.progress()?,
            streams: Arc::clone(&self.ports.reader),
            sealer: self.sealer.clone(),
            partitions: self.config.partitions(),
            movement: self.movement.clone(),
        };
        let keeper = TimerKeeper::new(
            self.slices.names(),
            Arc::clone(&self.ports.timers),
            Arc::clone(&self.ports.command_log),
            Arc::new(SystemClock),
            self.sealer.clone(),
            &self.movement,
        );
        let mut tasks = vec![("timers", keeper.run(stop.clone()).map(Ok).boxed())];
        for reaction in &self.slices.reactions {
            let work = (reaction.react)(ports.clone(), stop.clone());
            tasks.push((reaction.name, work.map(Ok).boxed()));
        }
        Ok(tasks)
    }

    /// Learns the numbers of the platform's schemas, however long the registry is away: until then
    /// nothing is written to Kafka, and readiness reports it.
    pub(super) fn framing(&self, stop: &CancellationToken) -> Option<(&'static str, Task)> {
        let (framing, stop) = (self.ports.framing.clone()?, stop.clone());
        let work = async move {
            let mut backoff = Backoff::new();
            while !stop.is_cancelled() {
                let learnt = tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    learnt = framing.learn() => learnt,
                };
                match learnt {
                    Ok(()) => stop.cancelled().await,
                    Err(error) => {
                        warn!(
                            error = &error as &dyn std::error::Error,
                            "schema numbers are not known, will ask again"
                        );
                        backoff.wait_unless(&stop).await;
                    }
                }
            }
            Ok(())
        };
        Some(("registry", work.boxed()))
    }

    pub(super) fn demo(&self, stop: &CancellationToken) -> Option<(&'static str, Task)> {
        let ports = DemoPorts {
            command_log: Arc::clone(&self.ports.command_log),
            sealer: self.sealer.clone(),
            reader: Arc::clone(&self.ports.reader),
            partitions: self.config.partitions(),
        };
        let work = self.demo?.run(ports, stop.clone());
        Some(("demo", work.map(Ok).boxed()))
    }
}
