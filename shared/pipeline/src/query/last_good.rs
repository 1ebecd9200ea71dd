//! Values that were current once, for the time when every store is away.

use std::sync::Arc;
use std::time::Duration;

use kernel::port::{ViewId, ViewValue};
use moka::sync::Cache;
use tokio::time::Instant;

use super::ViewKey;

/// Longest time a value is worth showing, however clearly it is marked.
const KEPT_FOR: Duration = Duration::from_secs(15 * 60);

#[derive(Clone)]
pub(super) struct LastGood(Cache<ViewKey, (ViewValue, Instant)>);

impl LastGood {
    pub(super) fn new(values_max: u64) -> Self {
        Self(
            Cache::builder()
                .max_capacity(values_max)
                .time_to_live(KEPT_FOR)
                .build(),
        )
    }

    pub(super) fn keep(&self, view: ViewId, key: &Arc<str>, value: &ViewValue) {
        self.0
            .insert((view, Arc::clone(key)), (value.clone(), Instant::now()));
    }

    /// The value and its age.
    pub(super) fn get(&self, view: ViewId, key: &Arc<str>) -> Option<(ViewValue, Duration)> {
        let (value, at) = self.0.get(&(view, Arc::clone(key)))?;
        Some((value, at.elapsed()))
    }
}
