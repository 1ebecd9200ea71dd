//! The reactor: sends the commands that events and timers lead to, and makes the calls outside.

use std::sync::Arc;

use anyhow::Context as _;
use futures::future::FutureExt;
use kernel::Effect as _;
use kernel::port::Outside;
use operations::StepsToLetters;
use pipeline::{ActPorts, ActSettings, EffectSlice, ReactorPorts, SystemClock, TimerKeeper};
use resilience::Dependency;

use super::Platform;
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
    for effect in &platform.slices.effects {
        let settings = ActSettings::new(platform.config.partitions());
        let work = (effect.act)(act_ports(platform, effect)?, settings, stop.clone());
        tasks.work(&format!("reactor/{}", effect.name), work.map(Ok));
    }
    Ok(())
}

fn act_ports(platform: &Platform, effect: &EffectSlice) -> anyhow::Result<ActPorts> {
    let (outside, guard) = outside(platform, effect)?;
    Ok(ActPorts {
        event_log: Arc::clone(&platform.ports.event_log),
        command_log: Arc::clone(&platform.ports.command_log),
        progress: platform.ports.progress()?,
        streams: Arc::clone(&platform.ports.reader),
        parked: Arc::clone(&platform.ports.parked_calls),
        outside,
        guard,
        sealer: platform.sealer.clone(),
        movement: platform.movement.clone(),
    })
}

/// What the effect calls, and its guard.
fn outside(
    platform: &Platform,
    effect: &EffectSlice,
) -> anyhow::Result<(Arc<dyn Outside>, Arc<Dependency>)> {
    let known: Option<(Arc<dyn Outside>, _)> = match effect.outside {
        StepsToLetters::OUTSIDE => Some((Arc::new(platform.hands()), &platform.ports.steps_guard)),
        _ => None,
    };
    let (outside, guard) =
        known.with_context(|| format!("nothing is called {}", effect.outside))?;
    Ok((outside, Arc::clone(guard)))
}
