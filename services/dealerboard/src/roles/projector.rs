//! The projector: folds events into the views of every read model.

use std::sync::Arc;
use std::time::Duration;

use futures::future::FutureExt;
use pipeline::{ProjectorPorts, ProjectorSettings};

use super::process::{Process, Tasks};
use super::table::Role;

pub(super) const ROLE: Role = Role {
    name: "projector",
    needs: &[],
    start,
};

fn start(process: &Process<'_>, tasks: &mut Tasks) -> anyhow::Result<()> {
    let (platform, stop) = (process.platform, &process.halt);
    let settings = &platform.config.projector;
    for view in &platform.slices.views {
        for model in &platform.ports.models {
            let linger = if model.lingers {
                settings.durable_linger_ms
            } else {
                settings.linger_ms
            };
            let ports = ProjectorPorts {
                event_log: Arc::clone(&platform.ports.event_log),
                streams: Arc::clone(&platform.ports.reader),
                model: Arc::clone(&model.model),
                model_name: model.name,
                movement: platform.movement.clone(),
            };
            let work = (view.project)(
                ports,
                ProjectorSettings {
                    partitions: platform.config.partitions(),
                    batch_events_max: settings.batch_events_max,
                    linger: Duration::from_millis(linger),
                    cached_values_max: settings.cached_values_max,
                },
                stop.clone(),
            );
            let name = format!("projector/{}/{}", view.id.name, model.name);
            tasks.work(&name, work.map(Ok));
        }
    }
    Ok(())
}
