//! Query: memory → Redis → Postgres → fold from the event store → last good value, marked → 503.
//!
//! Whichever source answers, the answer reports what it is: version, log position, age, and what was away.

mod chain;
mod expensive;
mod history;
mod last_good;
mod log_position;
mod marks;
mod missed;
mod page;
mod recall;
mod settled;
mod through;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use kernel::BadParameter;
use kernel::port::{Clock, EventReader, EventStore, Listed, ReadModel, ViewValue};
use resilience::Dependency;
use tokio::sync::{Mutex, Semaphore};

use crate::metric::QueryMeters;
use crate::slices::{ReactionSlice, ViewSlice};
pub use expensive::{Expensive, ExpensiveSettings};
use last_good::LastGood;
use marks::{Ends, Marked, Marks};

/// Marks an answer that may be older than a moment: the process that keeps the views is away, or does
/// not keep up.
pub const BEHIND: &str = "views-behind";
/// That moment.
const BEHIND_AFTER: Duration = Duration::from_secs(2);

/// Live projections of the past that are folded at once.
const RECALLS_MAX: usize = 2;

/// A read model in the chain, fastest first.
#[derive(Clone)]
pub struct Source {
    /// Metric label and part of a degraded answer's reason: `memory`, `redis`, `postgres` …
    pub name: &'static str,
    /// Where it asks.
    pub model: Arc<dyn ReadModel>,
    /// `None` for a model in this process, which has nothing to be guarded from.
    pub guard: Option<Arc<Dependency>>,
    /// Whether it can list in key order.
    pub lists: bool,
}

/// The event store as the chain's last resort, and as the answer to "as of".
#[derive(Clone)]
pub struct History {
    /// Metric label and part of a degraded answer's reason.
    pub name: &'static str,
    /// Where streams are loaded from.
    pub reader: Arc<dyn EventReader>,
    /// Where cursors are read from.
    pub store: Arc<dyn EventStore>,
    /// Of folds for a current value.
    pub guard: Arc<Dependency>,
    /// Guards the expensive questions to it: slow by nature, they prove nothing about the others.
    pub expensive_guard: Arc<Dependency>,
}

/// The world as queries see it.
pub struct QueryPorts {
    /// The chain of read models, fastest first.
    pub sources: Vec<Source>,
    /// When no source has the value.
    pub history: History,
    /// For questions that take long.
    pub expensive: Expensive,
    /// For the age of answers.
    pub clock: Arc<dyn Clock>,
}

/// Bounds of queries.
#[derive(Clone, Copy, Debug)]
pub struct QuerySettings {
    /// Per topic.
    pub partitions: u16,
    /// Longest time one question may take in all, waiting for a log position not included.
    pub deadline: Duration,
    /// Longest wait for a demanded log position.
    pub log_position_wait: Duration,
    /// Events folded for a current value when a store that should have given it is away: many ask
    /// then, and a longer stream is refused.
    pub fold_events_max: u64,
    /// Events folded for a moment of the past, for other rules, or for a value that no view has
    /// seen yet: a question that costs work.
    pub history_events_max: u64,
    /// Events folded for a whole live projection of the past, over all its streams.
    pub recall_events_max: u64,
    /// Values kept for the time when every store is away.
    pub last_good_max: u64,
}

/// Answers questions about views.
#[derive(Clone)]
pub struct Query {
    sources: Arc<[(Source, Marks)]>,
    /// The contexts of all views.
    contexts: Arc<[&'static str]>,
    /// Where their events ended, for the marks.
    ends: Arc<Mutex<Ends>>,
    clock: Arc<dyn Clock>,
    history: History,
    expensive: Arc<Expensive>,
    settings: QuerySettings,
    last_good: LastGood,
    /// Turns for live projections of the past: each is a whole floor, or all figures, in memory.
    recalls: Arc<Semaphore>,
    meters: QueryMeters,
}

/// What a caller demands of an answer beyond being right.
#[derive(Clone, Default)]
pub struct Demand {
    /// The view must have seen this.
    pub min_log_position: Option<MinLogPosition>,
    /// Longest time since the value was known to be current. Less than a moment is not to be had
    /// without a fold of all its events, so a value of that moment will do.
    pub max_age: Option<Duration>,
}

/// A place that a view must have seen.
#[derive(Clone)]
pub enum MinLogPosition {
    /// A log position of the very partition that the asked key lives in.
    Own(u64),
    /// A place in another context's events, which reach the view by a reaction.
    Through(Through),
}

/// A log position of a partition whose events a reaction follows.
#[derive(Clone)]
pub struct Through {
    /// The reaction that carries it to the context of the view.
    pub reaction: ReactionSlice,
    /// Of the context that the reaction listens to.
    pub partition: u16,
    /// In that partition.
    pub log_position: u64,
}

/// An answer and what is known about it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// `None`: there is no such thing.
    pub value: Option<ViewValue>,
    /// The store that answered.
    pub source: &'static str,
    /// Names of the stores that should have answered before and did not, or [`BEHIND`].
    pub degraded: Vec<&'static str>,
    /// Longest time since the value was known to be current.
    pub age: Duration,
}

/// A page of a list and what is known about it.
#[derive(Clone, Debug)]
pub struct Page {
    /// In key order.
    pub values: Listed,
    /// As in an [`Answer`].
    pub degraded: Vec<&'static str>,
    /// Longest time since everything was known to be there, and current; none if it never was.
    pub age: Option<Duration>,
}

/// Whether a list of that age is called whole: all is there that there was so long ago, and that was
/// but a moment.
#[must_use]
pub fn is_whole(age: Option<Duration>) -> bool {
    age.is_some_and(|age| age <= BEHIND_AFTER)
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// Every store that has it is away.
    #[error("no store can answer now")]
    Unavailable {
        /// The stores that did not.
        degraded: Vec<&'static str>,
    },
    /// The demanded log position was not reached in time; the view has seen `seen`.
    #[error("view has seen position {seen}, not yet {wanted}")]
    Behind {
        /// What the view has.
        seen: u64,
        /// What was demanded.
        wanted: u64,
    },
    /// The tenant's expensive questions have taken more time than they may.
    #[error("the tenant's expensive questions have used up their time")]
    Overspent {
        /// When enough of it will have come back.
        retry_after: Duration,
    },
    /// More expensive questions are under way than may be, or this process is about to end.
    #[error("too many expensive questions are asked at once")]
    Crowded,
    /// A stored value or event is not what this program can read.
    #[error("stored value of {key} does not decode")]
    Undecodable {
        /// Whose.
        key: Box<str>,
        /// What was wrong.
        source: serde_json::Error,
    },
    /// The question has no exact answer under its parameters.
    #[error(transparent)]
    Unanswerable(BadParameter),
}

impl Query {
    /// Nothing is read yet: what was never seen to be whole is not believed.
    #[must_use]
    pub fn new(ports: QueryPorts, views: &[ViewSlice], settings: QuerySettings) -> Self {
        let last_good = LastGood::new(settings.last_good_max);
        let marked = views.iter().map(|view| Marked {
            view: view.id,
            of: view.of,
        });
        let marked: Vec<_> = marked.collect();
        let mut contexts: Vec<_> = marked.iter().map(|marked| marked.of).collect();
        contexts.sort_unstable();
        contexts.dedup();
        let marks = || Marks::new(marked.clone(), settings.partitions);
        let sources = ports.sources.into_iter().map(|source| (source, marks()));
        Self {
            sources: sources.collect(),
            contexts: contexts.into(),
            ends: Arc::default(),
            clock: ports.clock,
            history: ports.history,
            expensive: Arc::new(ports.expensive),
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
            .filter_map(|(source, _)| source.guard.as_ref().map(|guard| (source.name, guard)))
            .chain(std::iter::once((self.history.name, &self.history.guard)))
    }
}
