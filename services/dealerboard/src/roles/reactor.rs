//! The reactor: sends the commands that events and timers lead to.

use std::sync::Arc;

use futures::future::FutureExt;
use pipeline::{ReactorPorts, SystemClock, TimerKeeper};

use super::process::{Process, Tasks};
use super::table::Role;

pub(super) const ROLE: Role = Role {
    name: "reactor",
    needs: &[],
    start,
};

fn start(process: &Process<'_>, tasks: &mut Tasks) -> anyhow::Result<()> {
    let (platform, stop) = (process.platform, &process.halt);
    let ports = ReactorPorts {
        event_log: Arc::clone(&platform.ports.event_log),
        command_log: Arc::clone(&platform.ports.command_log),
        progress: platform.ports.progress()?,
        streams: Arc::clone(&platform.ports.reader),
        sealer: platform.sealer.clone(),
        partitions: platform.config.partitions(),
        movement: platform.movement.clone(),
    };
    let keeper = TimerKeeper::new(
        platform.slices.names(),
        Arc::clone(&platform.ports.timers),
        Arc::clone(&platform.ports.command_log),
        Arc::new(SystemClock),
        platform.sealer.clone(),
        &platform.movement,
    );
    tasks.work("reactor/timers", keeper.run(stop.clone()).map(Ok));
    for reaction in &platform.slices.reactions {
        let work = (reaction.react)(ports.clone(), stop.clone());
        tasks.work(&format!("reactor/{}", reaction.name), work.map(Ok));
    }
    Ok(())
}
