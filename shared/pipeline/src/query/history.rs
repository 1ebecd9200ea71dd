//! Answers from the event store: the last resort, and any moment of the past.

use std::sync::Arc;
use std::time::Duration;

use kernel::port::ViewValue;
use kernel::topic::{self, Shard};
use resilience::Deadline;

use super::{Answer, Query, Unanswered};
use crate::project::Until;
use crate::slices::ViewSlice;

impl Query {
    /// The value as it was at an instant or position.
    ///
    /// # Errors
    /// [`Unanswered::Unavailable`].
    pub async fn as_of(
        &self,
        view: &ViewSlice,
        key: &Arc<str>,
        until: Until,
    ) -> Result<Answer, Unanswered> {
        let source = self.history.name;
        let deadline = Deadline::within(self.settings.deadline);
        match self.fold(view, key, until, deadline).await {
            Ok(value) => Ok(Answer {
                value,
                source,
                degraded: Vec::new(),
                age: Duration::ZERO,
            }),
            Err(_) => Err(Unanswered::Unavailable {
                degraded: vec![source],
            }),
        }
    }

    /// The view folded from the key's own stream.
    pub(super) async fn fold(
        &self,
        view: &ViewSlice,
        key: &Arc<str>,
        until: Until,
        deadline: Deadline,
    ) -> Result<Option<ViewValue>, String> {
        let partition = topic::partition_of(key.as_bytes(), self.settings.partitions);
        let shard = Shard {
            context: view.of,
            partition,
        };
        let keys = std::slice::from_ref(key);
        let load = || self.history.reader.load(shard, keys);
        let streams = self
            .history
            .guard
            .call(deadline, load)
            .await
            .map_err(|error| error.to_string())?;
        match streams.first() {
            None => Ok(None),
            Some(stream) => {
                (view.fold)(stream, partition, until).map_err(|error| error.to_string())
            }
        }
    }
}
