//! Answers from the event store: the last resort, any moment of the past, and other folds.

use std::sync::Arc;

use kernel::port::ViewValue;
use kernel::topic::{self, PartitionId};
use kernel::{BadParameter, Fault, Parameters};
use resilience::Deadline;
use tokio::time::Instant;
use tracing::debug;

use super::chain::tell;
use super::{Answer, Demand, Query, QuerySettings, Unanswered};
use crate::project::{FoldError, Until};
use crate::slices::ViewSlice;

/// Why the event store gave no value.
pub(super) enum NoFold {
    Unavailable(String),
    /// The stream is longer than the bound, and what is asked for lies beyond it.
    TooLong(u64),
    Bad(BadParameter),
    /// It was too long to be folded on the spot, and not admitted among the expensive questions.
    Refused(Unanswered),
}

/// The subject of a fold, and how far it may go.
pub(super) struct Asked<'a> {
    pub(super) until: Until,
    pub(super) parameters: &'a Parameters,
    pub(super) bound: Bound,
}

/// How many events a fold may take, and whether it is an expensive question.
#[derive(Clone, Copy)]
pub(super) struct Bound {
    events_max: u64,
    expensive: bool,
}

impl Bound {
    pub(super) fn short(settings: &QuerySettings) -> Self {
        Self {
            events_max: settings.fold_events_max,
            expensive: false,
        }
    }

    pub(super) fn long(settings: &QuerySettings) -> Self {
        Self {
            events_max: settings.history_events_max,
            expensive: true,
        }
    }
}

impl Query {
    /// The value as it was at an instant or log position, folded as the parameters ask: an expensive
    /// question.
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
            bound: Bound::long(&self.settings),
        };
        let began = Instant::now();
        match self.fold(view, key, asked, deadline).await {
            Ok(value) => Ok(Answer {
                value,
                source,
                degraded: Vec::new(),
                age: began.elapsed(),
            }),
            Err(NoFold::Bad(bad)) => Err(Unanswered::Unanswerable(bad)),
            Err(NoFold::Refused(refused)) => Err(refused),
            Err(NoFold::TooLong(max)) => Err(Unanswered::Unanswerable(too_long(max))),
            Err(NoFold::Unavailable(error)) => {
                debug!(error, "event store cannot answer");
                Err(Unanswered::Unavailable {
                    degraded: vec![source],
                })
            }
        }
    }

    /// The value that the events make now, whatever the views have: of a stream that is short enough to be
    /// folded while a caller waits; of a longer one what the views have.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub async fn now(&self, view: &ViewSlice, key: &Arc<str>) -> Result<Answer, Unanswered> {
        let deadline = Deadline::within(self.settings.deadline);
        let asked = Asked {
            until: Until::Now,
            parameters: &Parameters::default(),
            bound: Bound::short(&self.settings),
        };
        let began = Instant::now();
        match self.fold(view, key, asked, deadline).await {
            Ok(value) => Ok(Answer {
                value,
                source: self.history.name,
                degraded: Vec::new(),
                age: began.elapsed(),
            }),
            Err(_) => self.get(view, key, Demand::default()).await,
        }
    }

    /// The view folded from the key's own stream; if that is longer than allowed, the requested moment
    /// must lie within the bound.
    pub(super) async fn fold(
        &self,
        view: &ViewSlice,
        key: &Arc<str>,
        asked: Asked<'_>,
        deadline: Deadline,
    ) -> Result<Option<ViewValue>, NoFold> {
        let partition = topic::partition_of(key.as_bytes(), self.settings.partitions);
        let partition_id = PartitionId {
            context: view.of,
            partition,
        };
        let keys = std::slice::from_ref(key);
        let Asked {
            until,
            parameters,
            bound: Bound {
                events_max,
                expensive,
            },
        } = asked;
        // One more than may be folded shows whether there are more, and when they begin.
        let upto = events_max.saturating_add(1);
        let load = || self.history.reader.load(partition_id, keys, upto);
        let guard = if expensive {
            &self.history.expensive_guard
        } else {
            &self.history.guard
        };
        let streams = guard.call(deadline, load).await;
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
