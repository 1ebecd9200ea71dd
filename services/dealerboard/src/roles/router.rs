//! The router: matches conversations that wait with agents, and reports what is due on the floor.

use std::sync::Arc;

use futures::future::FutureExt;
use kernel::Actor;
use matching::{Dispatcher, Duty, Vigil};

use super::process::{Process, Tasks};
use super::table::{Need, Role};

pub(super) const ROLE: Role = Role {
    name: "router",
    needs: &[Need::Floor],
    start,
};

fn start(process: &Process<'_>, tasks: &mut Tasks) -> anyhow::Result<()> {
    let (platform, stop) = (process.platform, &process.halt);
    let (matcher, actor) = (process.matcher()?, Actor::router());
    let partitions = platform.config.partitions();
    let dispatcher = Dispatcher::new(matcher.clone(), actor.clone(), partitions);
    let log = Arc::clone(&platform.ports.event_log);
    tasks.work(
        "router/dispatcher",
        dispatcher.run(log, stop.clone()).map(Ok),
    );
    let duty = Duty::new(matcher.clone(), actor.clone());
    tasks.work("router/duty", duty.run(stop.clone()).map(Ok));
    let heartbeats = Arc::clone(&platform.ports.heartbeats);
    let vigil = Vigil::new(matcher, actor, heartbeats);
    tasks.work("router/vigil", vigil.run(stop.clone()).map(Ok));
    Ok(())
}
