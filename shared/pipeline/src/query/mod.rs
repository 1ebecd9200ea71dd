//! Query: memory → Redis → Postgres → fold from the event store → last good value, marked → 503.
//!
//! Whatever answers, the answer says what it is: version, position, age, and what was away.

mod chain;
mod history;
mod last_good;
mod position;
mod recall;
mod through;

use std::sync::Arc;
use std::time::Duration;

use kernel::BadParameter;
use kernel::port::{EventReader, EventStore, ReadModel, ViewValue};
use resilience::Dependency;
use tokio::sync::Semaphore;

use crate::metric::QueryMeters;
use crate::slices::ReactionSlice;
use last_good::LastGood;

/// Readings of the past that are folded at once.
const RECALLS_MAX: usize = 2;

/// A read model in the chain, fastest first.
#[derive(Clone)]
pub struct Source {
    /// Metric label and part of a degraded answer's reason: `memory`, `redis`, `postgres` …
    pub name: &'static str,
    pub model: Arc<dyn ReadModel>,
    /// `None` for a model in this process, which has nothing to be guarded from.
    pub guard: Option<Arc<Dependency>>,
    /// Whether it can list in key order.
    pub lists: bool,
}

/// The event store as the chain's last resort, and as the answer to "as of".
#[derive(Clone)]
pub struct History {
    pub name: &'static str,
    pub reader: Arc<dyn EventReader>,
    pub store: Arc<dyn EventStore>,
    pub guard: Arc<Dependency>,
}

/// Bounds of queries.
#[derive(Clone, Copy, Debug)]
pub struct QuerySettings {
    pub partitions: u16,
    /// Longest time one question may take in all, waiting for a position not included.
    pub deadline: Duration,
    /// Longest wait for a demanded position.
    pub position_wait: Duration,
    /// Events folded for a current value when a store that should have given it is away: many ask
    /// then, and a longer stream is refused.
    pub fold_events_max: u64,
    /// Events folded for a moment of the past, for other rules, or for a value that no view has
    /// seen yet: who asks for these asks for work.
    pub history_events_max: u64,
    /// Events folded for a whole reading of the past, over all its streams.
    pub recall_events_max: u64,
    /// Values kept for the time when every store is away.
    pub last_good_max: u64,
}

/// Answers questions about views.
#[derive(Clone)]
pub struct Query {
    sources: Arc<[Source]>,
    history: History,
    settings: QuerySettings,
    last_good: LastGood,
    /// Turns for readings of the past: each is a whole floor, or all figures, in memory.
    recalls: Arc<Semaphore>,
    meters: QueryMeters,
}

/// What a caller demands of an answer beyond being right.
#[derive(Clone, Default)]
pub struct Demand {
    /// The view must have seen this.
    pub min_position: Option<MinPosition>,
    /// Longest time since a last good value was known to be current.
    pub max_age: Option<Duration>,
}

/// A place that a view must have seen.
#[derive(Clone)]
pub enum MinPosition {
    /// A position of the very partition that the asked key lives in.
    Own(u64),
    /// A place in another context's events, which reach the view by a reaction.
    Through(Through),
}

/// A position of a partition whose events a reaction follows.
#[derive(Clone)]
pub struct Through {
    pub reaction: ReactionSlice,
    pub partition: u16,
    pub position: u64,
}

/// An answer and what is known about it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// `None`: there is no such thing.
    pub value: Option<ViewValue>,
    /// The store that answered.
    pub source: &'static str,
    /// Names of the stores that should have answered before and did not.
    pub degraded: Vec<&'static str>,
    /// Time since the value was known to be current; zero unless it is a last good one.
    pub age: Duration,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    #[error("no store can answer now")]
    Unavailable { degraded: Vec<&'static str> },
    /// The demanded position was not reached in time; the view has seen `seen`.
    #[error("view has seen position {seen}, not yet {wanted}")]
    Behind { seen: u64, wanted: u64 },
    #[error(transparent)]
    Unanswerable(BadParameter),
}

impl Query {
    #[must_use]
    pub fn new(sources: Vec<Source>, history: History, settings: QuerySettings) -> Self {
        let last_good = LastGood::new(settings.last_good_max);
        Self {
            sources: sources.into(),
            history,
            settings,
            last_good,
            recalls: Arc::new(Semaphore::new(RECALLS_MAX)),
            meters: QueryMeters::default(),
        }
    }

    /// State of each guarded dependency, for readiness.
    pub fn guards(&self) -> impl Iterator<Item = (&'static str, &Arc<Dependency>)> {
        let sources = self.sources.iter();
        sources
            .filter_map(|source| source.guard.as_ref().map(|guard| (source.name, guard)))
            .chain(std::iter::once((self.history.name, &self.history.guard)))
    }
}
