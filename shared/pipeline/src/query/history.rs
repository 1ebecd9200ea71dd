//! Answers from the event store: the last resort, any moment of the past, and other folds.

use std::sync::Arc;
use std::time::Duration;

use kernel::port::ViewValue;
use kernel::topic::{self, Shard};
use kernel::{BadParameter, Parameters};
use resilience::Deadline;
use tracing::debug;

use super::{Answer, Query, Unanswered};
use crate::project::{FoldError, Until};
use crate::slices::ViewSlice;

/// Why the event store gave no value.
pub(super) enum NoFold {
    Unavailable(String),
    Bad(BadParameter),
}

impl Query {
    /// The value as it was at an instant or position, folded as the parameters ask.
    ///
    /// # Errors
    /// [`Unanswered::Unavailable`] or [`Unanswered::Unanswerable`].
    pub async fn folded(
        &self,
        view: &ViewSlice,
        key: &Arc<str>,
        until: Until,
        parameters: &Parameters,
    ) -> Result<Answer, Unanswered> {
        let source = self.history.name;
        let deadline = Deadline::within(self.settings.deadline);
        match self.fold(view, key, until, parameters, deadline).await {
            Ok(value) => Ok(Answer {
                value,
                source,
                degraded: Vec::new(),
                age: Duration::ZERO,
            }),
            Err(NoFold::Bad(bad)) => Err(Unanswered::Unanswerable(bad)),
            Err(NoFold::Unavailable(error)) => {
                debug!(error, "event store cannot answer");
                Err(Unanswered::Unavailable {
                    degraded: vec![source],
                })
            }
        }
    }

    /// The view folded from the key's own stream.
    pub(super) async fn fold(
        &self,
        view: &ViewSlice,
        key: &Arc<str>,
        until: Until,
        parameters: &Parameters,
        deadline: Deadline,
    ) -> Result<Option<ViewValue>, NoFold> {
        let partition = topic::partition_of(key.as_bytes(), self.settings.partitions);
        let shard = Shard {
            context: view.of,
            partition,
        };
        let keys = std::slice::from_ref(key);
        let load = || self.history.reader.load(shard, keys);
        let streams = self.history.guard.call(deadline, load).await;
        let streams = streams.map_err(|error| NoFold::Unavailable(error.to_string()))?;
        let Some(stream) = streams.first() else {
            return Ok(None);
        };
        (view.fold)(stream, partition, until, parameters).map_err(|error| match error {
            FoldError::Parameter(bad) => NoFold::Bad(bad),
            FoldError::Undecodable(error) => NoFold::Unavailable(error.to_string()),
        })
    }
}
