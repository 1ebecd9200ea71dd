//! Project: events become values of a view, written with the checkpoint they belong to.

mod fold;
mod mend;
mod partition;

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use kernel::View;
use kernel::port::{EventLog, EventReader, Pace, ReadModel, ViewId};
use kernel::topic::PartitionId;
use tokio_util::sync::CancellationToken;

use crate::membership;
use crate::movement::Movement;
use partition::Partition;

pub use fold::{BodyFilter, FoldError, Until, fold};
pub(crate) use fold::{asks_refold, beside, filter};

/// What the worker is called that keeps a partition of a view in a read model.
#[must_use]
pub fn projection_named(view: ViewId, model: &str, partition_id: PartitionId) -> String {
    format!("{view} in {model}, {partition_id}")
}

/// Bounds of a projector.
#[derive(Clone, Copy, Debug)]
pub struct ProjectorSettings {
    /// Partitions per topic.
    pub partitions: u16,
    /// Events folded between two writes.
    pub batch_events_max: usize,
    /// Shortest time between two writes of a partition: many events of a key become one value.
    pub linger: Duration,
    /// Values kept in memory, per partition.
    pub cached_values_max: usize,
}

/// The world as a projector sees it.
#[derive(Clone)]
pub struct ProjectorPorts {
    /// Where events come from.
    pub event_log: Arc<dyn EventLog>,
    /// Where events are read that the log lacks, and a value is folded from that the model has lost.
    pub streams: Arc<dyn EventReader>,
    /// Where values and checkpoint are kept.
    pub model: Arc<dyn ReadModel>,
    /// Which model it is: a metric label, and part of the group's name.
    pub model_name: &'static str,
    /// Where its workers report.
    pub movement: Movement,
}

/// Keeps one view up to date in one read model.
pub struct Projector<V> {
    ports: ProjectorPorts,
    settings: ProjectorSettings,
    view: PhantomData<fn() -> V>,
}

/// A write that waits this long waits for its events, too.
const LEISURE: Duration = Duration::from_millis(100);

/// The view's name in every store.
#[must_use]
pub fn view_id<V: View>() -> ViewId {
    ViewId {
        name: V::NAME,
        version: V::VERSION,
    }
}

impl<V: View> Projector<V> {
    /// Nothing runs yet.
    #[must_use]
    pub fn new(ports: ProjectorPorts, settings: ProjectorSettings) -> Self {
        Self {
            ports,
            settings,
            view: PhantomData,
        }
    }

    /// Joins the group of its kind and projects what it is assigned, until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let context = <V::Of as kernel::Context>::NAME;
        let group = format!("projector.{}.{}", self.ports.model_name, view_id::<V>());
        // What lingers before it is written need not be there sooner.
        let pace = if self.settings.linger < LEISURE {
            Pace::Prompt
        } else {
            Pace::Leisurely
        };
        let join = || {
            let (log, group) = (Arc::clone(&self.ports.event_log), group.clone());
            async move { log.consume(context, &group, pace).await }.boxed()
        };
        let task =
            |reader, stop| Partition::<V>::new(reader, self.ports.clone(), self.settings).run(stop);
        membership::hold(&group, join, task, &stop).await;
    }
}
