//! The world behind the ports: one SQLite file, or Kafka, Postgres and Redis. The only place that
//! knows which.

mod embedded;
mod guards;
mod issuers;
mod policies;
#[cfg(feature = "production")]
mod production;
mod tokens;

use std::sync::Arc;

use futures::future::BoxFuture;
use identity::Issuers;
use kernel::Fault;
use kernel::port::{
    Authority, CommandLog, DeadLetters, EventLog, EventReader, EventStore, FoldSnapshots, Framing,
    Heartbeats, KeyBindings, ParkedCalls, Rates, ReadModel, Replies, Schemas, Scrub, Sessions,
    Snapshots, Timers,
};
use pipeline::{Announcing, History, Slices, Source};
use resilience::Dependency;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Mode};
use health::Checks;

pub use identity::LocalKeys;
pub use policies::{ROLES, SHIPPED as SHIPPED_POLICIES, policies};
#[cfg(feature = "production")]
pub use production::migrate;
pub(crate) use tokens::keys_for_tokens;

/// Everything a role can be given.
pub struct Ports {
    pub command_log: Arc<dyn CommandLog>,
    pub event_log: Arc<dyn EventLog>,
    pub store: Arc<dyn EventStore>,
    pub reader: Arc<dyn EventReader>,
    pub snapshots: Arc<dyn Snapshots>,
    /// Snapshots of live projections.
    pub folds: Arc<dyn FoldSnapshots>,
    pub dead_letters: Arc<dyn DeadLetters>,
    /// Guards of what operators ask of letters and logs, and of the steps of their operations.
    pub letters_guard: Arc<Dependency>,
    pub steps_guard: Arc<Dependency>,
    /// Calls of effects that were given up.
    pub parked_calls: Arc<dyn ParkedCalls>,
    pub timers: Arc<dyn Timers>,
    pub replies: Arc<dyn Replies>,
    pub bindings: Arc<dyn KeyBindings>,
    pub heartbeats: Arc<dyn Heartbeats>,
    /// What all gateways count requests by, and its guard.
    pub rates: Arc<dyn Rates>,
    pub rates_guard: Arc<Dependency>,
    /// Of browsers, and their guard.
    pub sessions: Arc<dyn Sessions>,
    pub sessions_guard: Arc<Dependency>,
    /// How producers other than the platform get the outcomes of their records.
    pub announcing: Option<Announcing>,
    pub authority: Arc<dyn Authority>,
    /// Whose tokens are taken.
    pub issuers: Issuers,
    /// Reads framed records, when a registry is configured.
    pub schemas: Option<Arc<dyn Schemas>>,
    /// Frames what the platform writes, when a registry is configured.
    pub framing: Option<Arc<dyn Framing>>,
    /// Read models that projectors keep, each under its name.
    pub models: Vec<Model>,
    /// The chain that queries ask, fastest first.
    pub sources: Vec<Source>,
    pub history: History,
    /// Guards of look-ups by command id, and of callers' keys.
    pub inbox_guard: Arc<Dependency>,
    pub bindings_guard: Arc<Dependency>,
    pub(crate) checks: Arc<Checks>,
    pub as_stored: AsStored,
}

/// The same logs and store for `verify`: rows come as they are.
pub struct AsStored {
    pub command_log: Arc<dyn CommandLog>,
    pub event_log: Arc<dyn EventLog>,
    pub store: Arc<dyn EventStore>,
    pub reader: Arc<dyn EventReader>,
    pub snapshots: Arc<dyn Snapshots>,
    pub dead_letters: Arc<dyn DeadLetters>,
    pub scrub: Arc<dyn Scrub>,
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
pub struct Model {
    pub name: &'static str,
    pub model: Arc<dyn ReadModel>,
    /// Whether it outlives everything: it also keeps the progress of reactions.
    pub durable: bool,
    /// Whether what is written waits, so that many events of a key become one row.
    pub lingers: bool,
}

/// A task of the process.
pub(crate) type Task = BoxFuture<'static, anyhow::Result<()>>;

/// Work that ports need until the process stops.
pub(crate) type Background = Box<dyn Fn(CancellationToken) -> Task + Send + Sync>;

/// The keys are where only the database can give them, and it cannot be asked.
#[derive(Debug, thiserror::Error)]
#[error("the database keeps the installation's keys, and cannot be asked for them")]
pub(crate) struct KeysAway(#[source] pub(crate) Fault);

/// The program was built for the embedded file only.
#[cfg(not(feature = "production"))]
#[derive(Debug, thiserror::Error)]
#[error("this build has no Kafka, Postgres and Redis: build it with `--features production`")]
pub(crate) struct NotBuiltIn;

/// The world, and what it needs while the process runs.
pub(crate) struct Opened {
    pub ports: Ports,
    pub keys: LocalKeys,
    /// What they need while the process runs, by name.
    pub(crate) background: Vec<(&'static str, Background)>,
}

/// Opens what the configuration names, if it is the installation that this program and these keys
/// belong to.
pub(crate) async fn open(
    config: &Config,
    #[cfg_attr(
        not(feature = "production"),
        expect(unused_variables, reason = "of production")
    )]
    slices: &Slices,
    purpose: Purpose,
) -> anyhow::Result<Opened> {
    match config.storage.mode {
        Mode::Embedded => embedded::open(config, purpose).await,
        #[cfg(feature = "production")]
        Mode::Production => production::open(config, slices).await,
        #[cfg(not(feature = "production"))]
        Mode::Production => Err(NotBuiltIn.into()),
    }
}

impl Ports {
    /// Every guard there is, each once.
    pub(crate) fn guards(&self) -> Vec<Arc<Dependency>> {
        let of_sources = self
            .sources
            .iter()
            .filter_map(|source| source.guard.as_ref());
        let others = [
            &self.history.guard,
            &self.history.expensive_guard,
            &self.inbox_guard,
            &self.bindings_guard,
            &self.rates_guard,
            &self.sessions_guard,
            &self.letters_guard,
            &self.steps_guard,
        ];
        let others = others.into_iter().chain(self.issuers.guards());
        of_sources.chain(others).map(Arc::clone).collect()
    }

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
