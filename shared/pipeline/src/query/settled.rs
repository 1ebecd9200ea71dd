//! What live streams ask: where they can begin, and what a read model has at hand.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use kernel::port::{ViewId, ViewValue};
use kernel::topic::PartitionId;
use resilience::Deadline;
use tokio::time::Instant;

use super::chain::guarded;
use super::{BEHIND_AFTER, Query};

/// Longest wait for a look at the ends of the events that is under way.
const LOOK_WAIT: Duration = Duration::from_millis(500);

impl Query {
    /// Where the events of each partition had ended, at a moment that no answer given from now on is older
    /// than, unless it is marked or not whole; none before the first look at them.
    pub(crate) async fn settled(&self) -> Option<HashMap<PartitionId, u64>> {
        let ends = tokio::time::timeout(LOOK_WAIT, self.ends.lock()).await;
        ends.ok()?.at(Instant::now() - BEHIND_AFTER).cloned()
    }

    /// What the fastest read model has of the keys, in their order; it may be old.
    pub(crate) async fn at_hand(&self, view: ViewId, keys: &[Arc<str>]) -> Vec<Option<ViewValue>> {
        let nothing = || vec![None; keys.len()];
        let Some((source, _)) = self.sources.first().filter(|_| !keys.is_empty()) else {
            return nothing();
        };
        let deadline = Deadline::within(self.settings.deadline);
        let found = guarded(source, deadline, || source.model.get(view, keys)).await;
        found
            .filter(|found| found.len() == keys.len())
            .unwrap_or_else(nothing)
    }
}
