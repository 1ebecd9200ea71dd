//! Answers from the event store: the last resort, any moment of the past, and other folds.

use std::sync::Arc;
use std::time::Duration;

use kernel::port::ViewValue;
use kernel::topic::{self, Shard};
use kernel::{BadParameter, Fault, Parameters};
use resilience::Deadline;
use tracing::debug;

use super::chain::tell;
use super::{Answer, Query, Unanswered};
use crate::project::{FoldError, Until};
use crate::slices::ViewSlice;

/// Why the event store gave no value.
pub(super) enum NoFold {
    Unavailable(String),
    /// The stream is longer than the bound, and what is asked for lies beyond it.
    TooLong(u64),
    Bad(BadParameter),
}

/// What a fold is about, and how many events it may take.
pub(super) struct Asked<'a> {
    pub(super) until: Until,
    pub(super) parameters: &'a Parameters,
    pub(super) events_max: u64,
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
        let asked = Asked {
            until,
            parameters,
            events_max: self.settings.history_events_max,
        };
        match self.fold(view, key, asked, deadline).await {
            Ok(value) => Ok(Answer {
                value,
                source,
                degraded: Vec::new(),
                age: Duration::ZERO,
            }),
            Err(NoFold::Bad(bad)) => Err(Unanswered::Unanswerable(bad)),
            Err(NoFold::TooLong(max)) => Err(Unanswered::Unanswerable(too_long(max))),
            Err(NoFold::Unavailable(error)) => {
                debug!(error, "event store cannot answer");
                Err(Unanswered::Unavailable {
                    degraded: vec![source],
                })
            }
        }
    }

    /// The view folded from the key's own stream; of a longer one than may be, what is asked for
    /// must lie within the bound.
    pub(super) async fn fold(
        &self,
        view: &ViewSlice,
        key: &Arc<str>,
        asked: Asked<'_>,
        deadline: Deadline,
    ) -> Result<Option<ViewValue>, NoFold> {
        let partition = topic::partition_of(key.as_bytes(), self.settings.partitions);
        let shard = Shard {
            context: view.of,
            partition,
        };
        let keys = std::slice::from_ref(key);
        let Asked {
            until,
            parameters,
            events_max,
        } = asked;
        // One more than may be folded tells whether there are more, and when they begin.
        let upto = events_max.saturating_add(1);
        let load = || self.history.reader.load(shard, keys, upto);
        let streams = self.history.guard.call(deadline, load).await;
        let streams = streams.map_err(Fault::from);
        let streams = streams.inspect_err(|fault| tell(self.history.name, fault));
        let streams = streams.map_err(|fault| NoFold::Unavailable(fault.to_string()))?;
        let Some(stream) = streams.first() else {
            return Ok(None);
        };
        let unanswered = |error| match error {
            FoldError::Parameter(bad) => NoFold::Bad(bad),
            FoldError::Undecodable(error) => NoFold::Unavailable(error.to_string()),
        };
        if let Some(last) = stream.events.last()
            && last.sequence > events_max
        {
            let meta = last.record.meta();
            let meta = meta.map_err(|error| unanswered(error.into()))?;
            if !until.is_before(&meta) {
                return Err(NoFold::TooLong(events_max));
            }
        }
        (view.fold)(stream, partition, until, parameters).map_err(unanswered)
    }
}

pub(super) fn too_long(events_max: u64) -> BadParameter {
    BadParameter {
        name: "as_of",
        reason: format!(
            "the answer is a fold of more than {events_max} events; an earlier moment may do"
        ),
    }
}
