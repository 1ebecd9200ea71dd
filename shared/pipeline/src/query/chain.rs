//! One value or one page, from the first store that can give it.

use std::sync::Arc;
use std::time::Duration;

use kernel::port::{Listed, ViewValue};
use kernel::{Fault, Parameters};
use resilience::Deadline;
use tracing::{debug, error};

use super::history::{Asked, NoFold};
use super::{Answer, Demand, Query, Source, Unanswered};
use crate::metric;
use crate::project::Until;
use crate::slices::ViewSlice;

impl Query {
    /// The value of a key, as current as the demand asks.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub async fn get(
        &self,
        view: &ViewSlice,
        key: &Arc<str>,
        demand: Demand,
    ) -> Result<Answer, Unanswered> {
        let least = match &demand.min_position {
            Some(place) => Box::pin(self.wait_for(view, key, place)).await?,
            None => 0,
        };
        let answer = self.first_answer(view, key, least, demand.max_age).await?;
        self.meters.count(view.id.name, answer.source);
        Ok(answer)
    }

    async fn first_answer(
        &self,
        view: &ViewSlice,
        key: &Arc<str>,
        least: u64,
        max_age: Option<Duration>,
    ) -> Result<Answer, Unanswered> {
        let deadline = Deadline::within(self.settings.deadline);
        let mut degraded = Vec::new();
        for source in self.sources.iter() {
            match read(source, view, key, deadline).await {
                Some(Some(value)) => {
                    if source.guard.is_some() {
                        self.last_good.keep(view.id, key, &value);
                    }
                    let (value, source) = (Some(value), source.name);
                    return Ok(Answer {
                        value,
                        source,
                        degraded,
                        age: Duration::ZERO,
                    });
                }
                // Not there is no proof: the model may lag or have lost it. The store knows.
                Some(None) => {}
                None => degraded.push(source.name),
            }
        }
        let parameters = Parameters::default();
        let asked = Asked {
            until: Until::Now,
            parameters: &parameters,
            // Everything answered and nothing has it: there is no such thing, or it is so new that no
            // view has seen it, or the view is being made anew. The events are the answer then, and
            // not a way around a store that is away.
            events_max: if degraded.is_empty() {
                self.settings.history_events_max
            } else {
                self.settings.fold_events_max
            },
        };
        // Rare and large: on the heap, it does not make every answer's future as large.
        match Box::pin(self.fold(view, key, asked, deadline)).await {
            Ok(value) => {
                let source = self.history.name;
                Ok(Answer {
                    value,
                    source,
                    degraded,
                    age: Duration::ZERO,
                })
            }
            Err(NoFold::Bad(bad)) => Err(Unanswered::Unanswerable(bad)),
            Err(NoFold::TooLong(max)) => {
                debug!(max, "the stream is too long to be folded now");
                degraded.push(self.history.name);
                self.last_resort(view, key, (least, max_age), degraded)
            }
            Err(NoFold::Unavailable(error)) => {
                debug!(error, "event store cannot answer");
                degraded.push(self.history.name);
                self.last_resort(view, key, (least, max_age), degraded)
            }
        }
    }

    fn last_resort(
        &self,
        view: &ViewSlice,
        key: &Arc<str>,
        (least, max_age): (u64, Option<Duration>),
        degraded: Vec<&'static str>,
    ) -> Result<Answer, Unanswered> {
        match self.last_good.get(view.id, key) {
            // A caller who shows a position has seen what it stands for: nothing older will do.
            Some((value, age))
                if max_age.is_none_or(|most| age <= most) && value.position >= least =>
            {
                Ok(Answer {
                    value: Some(value),
                    source: "last_good",
                    degraded,
                    age,
                })
            }
            _ => Err(Unanswered::Unavailable { degraded }),
        }
    }

    /// Up to `max` values under `prefix` after a key, in key order.
    ///
    /// # Errors
    /// [`Unanswered`]: no store that lists is there.
    pub async fn list(
        &self,
        view: &ViewSlice,
        prefix: &str,
        after: Option<&str>,
        max: usize,
    ) -> Result<(Listed, Vec<&'static str>), Unanswered> {
        let deadline = Deadline::within(self.settings.deadline);
        let mut degraded = Vec::new();
        for source in self.sources.iter().filter(|source| source.lists) {
            let page = || source.model.list(view.id, prefix, after, max);
            match guarded(source, deadline, page).await {
                Some(page) => return Ok((page, degraded)),
                None => degraded.push(source.name),
            }
        }
        Err(Unanswered::Unavailable { degraded })
    }
}

/// `None`: the source cannot answer. `Some(None)`: it has no such key.
async fn read(
    source: &Source,
    view: &ViewSlice,
    key: &Arc<str>,
    deadline: Deadline,
) -> Option<Option<ViewValue>> {
    let keys = std::slice::from_ref(key);
    let mut values = guarded(source, deadline, || source.model.get(view.id, keys)).await?;
    Some(values.pop().flatten())
}

/// `None` when the source's guard or the source itself says no.
pub(super) async fn guarded<T, F>(
    source: &Source,
    deadline: Deadline,
    op: impl FnMut() -> F,
) -> Option<T>
where
    F: Future<Output = Result<T, Fault>>,
{
    let mut op = op;
    let answered = match &source.guard {
        None => op().await,
        // On the heap, so that an answer from memory does not carry it along.
        Some(guard) => Box::pin(guard.call(deadline, op))
            .await
            .map_err(Fault::from),
    };
    answered.inspect_err(|fault| tell(source.name, fault)).ok()
}

/// A store that is away is told of by its breaker; of a damaged row nobody else says anything.
pub(super) fn tell(source: &'static str, fault: &Fault) {
    match fault.damage() {
        Some(damaged) => {
            metric::damaged(source);
            error!(
                source,
                error = damaged as &dyn std::error::Error,
                "stored row is refused"
            );
        }
        None => debug!(
            source,
            error = fault as &dyn std::error::Error,
            "source cannot answer"
        ),
    }
}
