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
use tokio_util::sync::CancellationToken;

use crate::membership;
use partition::Partition;

pub use fold::{BodyFilter, FoldError, Until, fold};
pub(crate) use fold::{asks_refold, beside, filter};

/// Bounds of a projector.
#[derive(Clone, Copy, Debug)]
pub struct ProjectorSettings {
    /// Events folded between two writes.
    pub batch_events_max: usize,
    /// Shortest time between two writes of a partition: many events of a key become one value.
    pub linger: Duration,
    /// Values kept in memory, per partition.
    pub cached_values_max: usize,
}

/// Keeps one view up to date in one read model.
pub struct Projector<V> {
    log: Arc<dyn EventLog>,
    /// Where a value that the model has lost to damage is folded from.
    streams: Arc<dyn EventReader>,
    model: Arc<dyn ReadModel>,
    /// Which model it is: a metric label, and part of the group's name.
    model_name: &'static str,
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
    #[must_use]
    pub fn new(
        log: Arc<dyn EventLog>,
        streams: Arc<dyn EventReader>,
        model: Arc<dyn ReadModel>,
        model_name: &'static str,
        settings: ProjectorSettings,
    ) -> Self {
        Self {
            log,
            streams,
            model,
            model_name,
            settings,
            view: PhantomData,
        }
    }

    /// Joins the group of its kind and projects what it is assigned, until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let context = <V::Of as kernel::Context>::NAME;
        let group = format!("projector.{}.{}", self.model_name, view_id::<V>());
        // What lingers before it is written need not be there sooner.
        let pace = if self.settings.linger < LEISURE {
            Pace::Prompt
        } else {
            Pace::Leisurely
        };
        let join = || {
            let (log, group) = (Arc::clone(&self.log), group.clone());
            async move { log.consume(context, &group, pace).await }.boxed()
        };
        let task = |reader, stop| {
            let (model, streams) = (Arc::clone(&self.model), Arc::clone(&self.streams));
            Partition::<V>::new(reader, streams, model, self.model_name, self.settings).run(stop)
        };
        membership::hold(&group, join, task, &stop).await;
    }
}
