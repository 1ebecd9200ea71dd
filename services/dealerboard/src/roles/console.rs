//! The console: what operators ask, and the hands of their operations.

use std::sync::Arc;

use console::{
    Dependencies, DryRun, Groups, Hands, Letters, LettersPorts, Listed, Model, Partitions,
    Projections, Shown, Whose,
};
use gateway::Endpoint;
use pipeline::{Redriver, RehearsalPorts, SystemClock, SystemIds};

use super::Platform;
use super::process::Process;

impl Platform {
    /// Looks after the dead letters, for the command line and for operations alike.
    pub(crate) fn redriver(&self) -> Redriver {
        Redriver {
            letters: Arc::clone(&self.ports.dead_letters),
            command_log: Arc::clone(&self.ports.command_log),
            ids: Arc::new(SystemIds),
        }
    }

    pub(crate) fn letters(&self) -> Letters {
        let ports = &self.ports;
        let authority = &self.sealer.authority;
        Letters::new(LettersPorts {
            redriver: self.redriver(),
            guard: Arc::clone(&ports.letters_guard),
            rehearsal: RehearsalPorts {
                authority: Arc::clone(authority),
                access: Arc::clone(&self.access),
                bearers: self.bearers(),
                tenancy: self.tenancy(),
                clock: Arc::new(SystemClock),
                schemas: ports.schemas.clone(),
                reader: Arc::clone(&ports.reader),
                snapshots: Arc::clone(&ports.snapshots),
                partitions: self.config.partitions(),
                value_bytes_max: self.config.processor.value_bytes_max,
            },
            contexts: self.slices.contexts.clone(),
            whose: Whose::new(Arc::clone(authority), &self.config.operations.tenants),
        })
    }

    pub(super) fn hands(&self) -> Hands {
        let (store, reader) = (&self.ports.store, &self.ports.reader);
        let letters = Arc::new(self.letters());
        Hands::new(letters, Arc::clone(store), Arc::clone(reader))
    }
}

/// What operators ask.
pub(super) fn endpoints(process: &Process<'_>) -> Vec<Arc<dyn Endpoint>> {
    let (platform, health) = (process.platform, &process.health);
    let (ports, name) = (&platform.ports, named(process));
    let letters = Arc::new(platform.letters());
    let models = ports.models.iter().map(|model| Model {
        name: model.name,
        model: Arc::clone(&model.model),
        durable: model.durable,
    });
    vec![
        Arc::new(Dependencies {
            health: Arc::clone(health),
            process: name.clone(),
        }),
        Arc::new(Partitions {
            health: Arc::clone(health),
            process: name.clone(),
            log: Arc::clone(&ports.command_log),
            store: Arc::clone(&ports.store),
            guard: Arc::clone(&ports.letters_guard),
        }),
        Arc::new(Projections {
            health: Arc::clone(health),
            process: name,
            slices: platform.slices.clone(),
            models: models.collect(),
            reader: Arc::clone(&ports.reader),
            guard: Arc::clone(&ports.letters_guard),
            partitions: platform.config.partitions(),
        }),
        Arc::new(Groups(Arc::clone(&letters))),
        Arc::new(Listed(Arc::clone(&letters))),
        Arc::new(Shown(Arc::clone(&letters))),
        Arc::new(DryRun(letters)),
    ]
}

/// The stable name that the process was given, else the address that it answers on.
fn named(process: &Process<'_>) -> String {
    let given = &process.platform.config.kafka.instance;
    if !given.is_empty() {
        return given.clone();
    }
    let address = process.listener.as_ref();
    let address = address.and_then(|listener| listener.local_addr().ok());
    address.map_or_else(String::new, |address| address.to_string())
}
