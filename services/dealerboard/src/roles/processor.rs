//! The processor: decides commands and commits their events, for every context.

use std::sync::Arc;

use futures::future::FutureExt;
use pipeline::{Committer, ProcessorPorts, ProcessorSettings};

use super::process::{Process, Tasks};
use super::table::{Need, Role};

pub(super) const ROLE: Role = Role {
    name: "processor",
    needs: &[Need::Roll, Need::Bearers],
    start,
};

fn start(process: &Process<'_>, tasks: &mut Tasks) -> anyhow::Result<()> {
    let (platform, stop) = (process.platform, &process.halt);
    let ports = ProcessorPorts {
        access: Arc::clone(&platform.access),
        bearers: platform.bearers(),
        tenancy: platform.tenancy(),
        command_log: Arc::clone(&platform.ports.command_log),
        event_log: Arc::clone(&platform.ports.event_log),
        store: Arc::clone(&platform.ports.store),
        reader: Arc::clone(&platform.ports.reader),
        snapshots: Arc::clone(&platform.ports.snapshots),
        dead_letters: Arc::clone(&platform.ports.dead_letters),
        replies: Arc::clone(&platform.ports.replies),
        schemas: platform.ports.schemas.clone(),
        sealer: platform.sealer.clone(),
        announcing: platform.ports.announcing.clone(),
        movement: platform.movement.clone(),
    };
    let settings = ProcessorSettings {
        partitions: platform.config.partitions(),
        batch_commands_max: platform.config.processor.batch_commands_max,
        cached_aggregates_max: platform.config.processor.cached_aggregates_max,
        value_bytes_max: platform.config.processor.value_bytes_max,
        snapshot_events_min: platform.config.processor.snapshot_events_min,
    };
    let (committer, handle) = Committer::new(Arc::clone(&platform.ports.store), &platform.movement);
    // The committer outlives its partitions: it ends when the last handle is gone.
    tasks.work("processor/committer", committer.run().map(Ok));
    for context in &platform.slices.contexts {
        let work = (context.process)(ports.clone(), settings, handle.clone(), stop.clone());
        tasks.work(&format!("processor/{}", context.name), work.map(Ok));
    }
    Ok(())
}
