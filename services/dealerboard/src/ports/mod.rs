//! The world behind the ports: one SQLite file, or Kafka, Postgres and Redis. The only place that
//! knows which.

mod authority;
mod checks;
mod embedded;
mod guards;
mod installation;
mod keys;
mod migrate;
mod production;
mod tokens;

use std::sync::Arc;

use kernel::port::{
    Authority, CommandLog, DeadLetters, EventLog, EventReader, EventStore, FoldSnapshots,
    Heartbeats, KeyBindings, ReadModel, Replies, Schemas, Scrub, Snapshots, Timers,
};
use pipeline::{Announcing, History, Slices, Source};
use registry::RegistryFraming;
use resilience::Dependency;

use crate::config::{Config, Mode};
use crate::health::Checks;

pub(crate) use installation::Unseen;
pub(crate) use keys::LocalKeys;
pub(crate) use migrate::migrate;
pub(crate) use production::KeysAway;
pub(crate) use tokens::keys_for_tokens;

/// Everything a role can be given.
pub(crate) struct Ports {
    pub(crate) command_log: Arc<dyn CommandLog>,
    pub(crate) event_log: Arc<dyn EventLog>,
    pub(crate) store: Arc<dyn EventStore>,
    pub(crate) reader: Arc<dyn EventReader>,
    pub(crate) snapshots: Arc<dyn Snapshots>,
    /// Snapshots of live projections.
    pub(crate) folds: Arc<dyn FoldSnapshots>,
    pub(crate) dead_letters: Arc<dyn DeadLetters>,
    pub(crate) timers: Arc<dyn Timers>,
    pub(crate) replies: Arc<dyn Replies>,
    pub(crate) bindings: Arc<dyn KeyBindings>,
    pub(crate) heartbeats: Arc<dyn Heartbeats>,
    /// Where producers other than the platform are told what became of their records.
    pub(crate) announcing: Option<Announcing>,
    pub(crate) authority: Arc<dyn Authority>,
    /// Reads framed records, when a registry is configured.
    pub(crate) schemas: Option<Arc<dyn Schemas>>,
    /// Frames what the platform writes, when a registry is configured.
    pub(crate) framing: Option<Arc<RegistryFraming>>,
    /// Read models that projectors keep, each under its name.
    pub(crate) models: Vec<Model>,
    /// The chain that queries ask, fastest first.
    pub(crate) sources: Vec<Source>,
    pub(crate) history: History,
    /// Guards of look-ups by command id, and of callers' keys.
    pub(crate) inbox_guard: Arc<Dependency>,
    pub(crate) bindings_guard: Arc<Dependency>,
    pub(crate) checks: Arc<Checks>,
    pub(crate) as_stored: AsStored,
}

/// The same logs and store for who checks what stands in them: rows come as they are.
pub(crate) struct AsStored {
    pub(crate) command_log: Arc<dyn CommandLog>,
    pub(crate) event_log: Arc<dyn EventLog>,
    pub(crate) store: Arc<dyn EventStore>,
    pub(crate) reader: Arc<dyn EventReader>,
    pub(crate) snapshots: Arc<dyn Snapshots>,
    pub(crate) dead_letters: Arc<dyn DeadLetters>,
    pub(crate) scrub: Arc<dyn Scrub>,
}

/// What the ports are opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Nothing may be served that is not right.
    Serve,
    /// To look into what is there, damaged or not, and to mend it.
    Inspect,
}

/// A read model to project into.
#[derive(Clone)]
pub(crate) struct Model {
    pub(crate) name: &'static str,
    pub(crate) model: Arc<dyn ReadModel>,
    /// Whether it outlives everything: it also keeps the progress of reactions.
    pub(crate) durable: bool,
    /// Whether what is written waits, so that many events of a key become one row.
    pub(crate) lingers: bool,
}

/// The world, and what of it has to be looked at again.
pub(crate) struct Opened {
    pub(crate) ports: Ports,
    pub(crate) keys: LocalKeys,
    pub(crate) unseen: Option<Unseen>,
}

/// Opens what the configuration names, if it is the installation that this program and these keys
/// belong to.
pub(crate) async fn open(
    config: &Config,
    slices: &Slices,
    purpose: Purpose,
) -> anyhow::Result<Opened> {
    match config.storage.mode {
        Mode::Embedded => embedded::open(config, purpose).await,
        Mode::Production => production::open(config, slices).await,
    }
}

impl Ports {
    /// Where reactions keep their progress.
    pub(crate) fn progress(&self) -> anyhow::Result<Arc<dyn ReadModel>> {
        let durable = self.models.iter().find(|model| model.durable);
        let durable = durable.ok_or_else(|| anyhow::anyhow!("no durable read model is wired"))?;
        Ok(Arc::clone(&durable.model))
    }
}

fn contexts() -> Vec<&'static str> {
    crate::slices::all().names()
}
