//! One value, from the first store that can give it.

use std::sync::Arc;
use std::time::Duration;

use kernel::port::ViewValue;
use kernel::{Fault, Parameters};
use resilience::Deadline;
use tokio::time::Instant;
use tracing::{debug, error};

use super::history::{Asked, Bound, NoFold};
use super::missed::Missed;
use super::{Answer, BEHIND, BEHIND_AFTER, Demand, Query, Source, Unanswered};
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
        let least = match &demand.min_log_position {
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
        let mut missed = Missed::new(least, max_age);
        for (source, marks) in self.sources.iter() {
            match read(source, view, key, deadline).await {
                Some(Some(value)) => match marks.age(view.id, value.partition) {
                    Some(age) if missed.allows(age) => {
                        if source.guard.is_some() {
                            self.last_good.keep(view.id, key, &value, age);
                        }
                        return Ok(answer(value, source.name, missed.degraded, age));
                    }
                    age => missed.value(value, source.name, age),
                },
                // A missing value is no proof: the model may lag or have lost it. The store decides.
                Some(None) => {}
                None => missed.degraded.push(source.name),
            }
        }
        // Rare and large: on the heap, it does not make every answer's future as large.
        Box::pin(self.fold_instead(view, key, missed, deadline)).await
    }

    /// The value folded from the events, or the best of those that were not good enough.
    async fn fold_instead(
        &self,
        view: &ViewSlice,
        key: &Arc<str>,
        mut missed: Missed,
        deadline: Deadline,
    ) -> Result<Answer, Unanswered> {
        let began = Instant::now();
        match self.folded_now(view, key, &missed, deadline).await {
            Ok(value) => {
                return Ok(Answer {
                    value,
                    source: self.history.name,
                    degraded: missed.degraded,
                    age: began.elapsed(),
                });
            }
            Err(NoFold::Bad(bad)) => return Err(Unanswered::Unanswerable(bad)),
            Err(NoFold::Refused(refused)) => return Err(refused),
            Err(NoFold::TooLong(max)) => debug!(max, "the stream is too long to be folded now"),
            Err(NoFold::Unavailable(error)) => debug!(error, "event store cannot answer"),
        }
        missed.degraded.push(self.history.name);
        self.last_resort(view, key, missed)
    }

    async fn folded_now(
        &self,
        view: &ViewSlice,
        key: &Arc<str>,
        missed: &Missed,
        deadline: Deadline,
    ) -> Result<Option<ViewValue>, NoFold> {
        let short = Bound::short(&self.settings);
        match self.fold_upto(view, key, short, deadline).await {
            // All of them answered and none has it: it is so new that no view has seen it, or the view is
            // being rebuilt. The events are the answer then, however many, and not a way around
            // a store that is away.
            Err(NoFold::TooLong(_)) if missed.degraded.is_empty() => {
                let (view, key) = (*view, Arc::clone(key));
                let long = Bound::long(&self.settings);
                let tenant = key.split('/').next().unwrap_or_default().to_owned();
                let folded = self.run_expensive(&tenant, |query| async move {
                    Ok(query.fold_upto(&view, &key, long, deadline).await)
                });
                folded.await.map_err(NoFold::Refused)?
            }
            folded => folded,
        }
    }

    async fn fold_upto(
        &self,
        view: &ViewSlice,
        key: &Arc<str>,
        bound: Bound,
        deadline: Deadline,
    ) -> Result<Option<ViewValue>, NoFold> {
        let parameters = Parameters::default();
        let asked = Asked {
            until: Until::Now,
            parameters: &parameters,
            bound,
        };
        self.fold(view, key, asked, deadline).await
    }

    fn last_resort(
        &self,
        view: &ViewSlice,
        key: &Arc<str>,
        missed: Missed,
    ) -> Result<Answer, Unanswered> {
        let kept = self.last_good.get(view.id, key);
        let kept = kept.map(|(value, age)| (value, "last_good", age));
        let old = missed.value.as_ref().map(|(value, source, age)| {
            // A value without a known age was current when its last event came, at least.
            let age = age.unwrap_or_else(|| {
                Duration::from_millis(self.clock.now().millis_since(value.as_of))
            });
            (value.clone(), *source, age)
        });
        let best = [old, kept].into_iter().flatten();
        let best = best.max_by_key(|(value, ..)| value.version);
        let Missed {
            least,
            max_age,
            mut degraded,
            ..
        } = missed;
        match best {
            // A caller that shows a log position has seen that state: nothing older will do.
            Some((value, source, age))
                if max_age.is_none_or(|most| age <= most) && value.log_position >= least =>
            {
                if source != "last_good" {
                    degraded.push(BEHIND);
                }
                Ok(Answer {
                    value: Some(value),
                    source,
                    degraded,
                    age,
                })
            }
            _ => Err(Unanswered::Unavailable { degraded }),
        }
    }
}

fn answer(
    value: ViewValue,
    source: &'static str,
    mut degraded: Vec<&'static str>,
    age: Duration,
) -> Answer {
    if age > BEHIND_AFTER {
        degraded.push(BEHIND);
    }
    Answer {
        value: Some(value),
        source,
        degraded,
        age,
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

/// `None` when the source's guard or the source itself refuses.
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

/// A store that is away is logged by its breaker; a damaged row is logged only here.
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
