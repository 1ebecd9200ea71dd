//! One call, tried until it is answered or given up.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use kernel::effect::{Answer, Call, IdempotencyKey};
use kernel::port::{CallReason, NoAnswer, Outside};
use resilience::{CallError, Classified, Deadline, Dependency, Verdict, Waits};
use tokio::time::Instant;

use super::{ActSettings, detail};
use crate::movement::Worker;
use crate::{crash, metric};

/// Makes the calls of one partition.
pub(super) struct Caller {
    pub(super) effect: &'static str,
    pub(super) outside: Arc<dyn Outside>,
    pub(super) guard: Arc<Dependency>,
    pub(super) settings: ActSettings,
    pub(super) worker: Arc<Worker>,
}

/// A call that is not tried any more.
#[derive(Clone, Debug)]
pub(super) struct GivenUp {
    pub(super) reason: CallReason,
    pub(super) detail: String,
    pub(super) tries: u32,
}

impl GivenUp {
    pub(super) fn panicked(detail: impl Into<String>) -> Self {
        Self {
            reason: CallReason::Panicked,
            detail: detail.into(),
            tries: 0,
        }
    }
}

/// Why a try has no answer.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    #[error("the adapter panicked")]
    Panicked,
    /// Nothing was tried.
    #[error("it has been tried as often as it may be")]
    Spent,
}

/// The tries of a call so far.
#[derive(Clone, Default)]
struct Tried {
    times: u32,
    /// What became of the last one.
    last: String,
}

impl Tried {
    /// Whether there may be another try; it is counted.
    fn begins(&mut self, max: u32) -> bool {
        let may = self.times < max;
        if may {
            self.times += 1;
            // Unless something else is said of it.
            "it did not answer in time".clone_into(&mut self.last);
        }
        may
    }
}

impl Classified for Failed {
    fn verdict(&self) -> Verdict {
        match self {
            Self::NoAnswer(NoAnswer::Fault(_)) => Verdict::Failure,
            Self::NoAnswer(NoAnswer::Unusable(_)) => Verdict::Success,
            Self::Panicked | Self::Spent => Verdict::Ignored,
        }
    }
}

impl Caller {
    /// Tries until there is an answer, the tries are spent or the deadline has passed. While the guard
    /// refuses, the call waits without being tried.
    pub(super) async fn make(&self, call: &Call, key: IdempotencyKey) -> Result<Answer, GivenUp> {
        let begun = Instant::now();
        let made = self.tries(call, key, begun + self.settings.deadline).await;
        metric::called(self.effect, outcome(&made), begun.elapsed());
        made
    }

    async fn tries(
        &self,
        call: &Call,
        key: IdempotencyKey,
        deadline: Instant,
    ) -> Result<Answer, GivenUp> {
        self.fits("call", call.body.len(), 0)?;
        let tried = Mutex::default();
        // No two calls wait in step: the seed is the key's own.
        let (_, seed) = key.0.0.as_u64_pair();
        let ActSettings {
            wait_first,
            wait_longest,
            ..
        } = self.settings;
        let mut waits = Waits::endless(wait_first, wait_longest, seed);
        loop {
            let attempt = || self.attempt(call, key, deadline, &tried);
            let error = match self.guard.call(Deadline::at(deadline), attempt).await {
                Ok(answer) => return self.checked(answer, lock(&tried).times),
                Err(error) => error,
            };
            let Tried { times, last } = lock(&tried).clone();
            let wait = waits.next().unwrap_or(wait_longest);
            let wait = error.retry_after().unwrap_or_default() + wait;
            let is_late = Instant::now() + wait >= deadline;
            if let Some(reason) = self.is_final(&error, times, is_late) {
                return Err(GivenUp {
                    reason,
                    detail: if is_spent(&error) {
                        last
                    } else {
                        detail(&error)
                    },
                    tries: times,
                });
            }
            if matches!(error, CallError::Refused(_)) {
                self.worker.stands(&error);
            }
            tokio::time::sleep(wait).await;
        }
    }

    async fn attempt(
        &self,
        call: &Call,
        key: IdempotencyKey,
        deadline: Instant,
        tried: &Mutex<Tried>,
    ) -> Result<Answer, Failed> {
        if !lock(tried).begins(self.settings.tries_max) {
            return Err(Failed::Spent);
        }
        crash::point("before-call");
        let within = deadline.saturating_duration_since(Instant::now());
        let performed = self.outside.perform(call, key, within);
        let answer = AssertUnwindSafe(performed).catch_unwind().await;
        let answer = answer.map_err(|_| Failed::Panicked)?;
        crash::point("called-not-settled");
        answer.map_err(|error| {
            lock(tried).last = detail(&error);
            Failed::from(error)
        })
    }

    fn is_final(&self, error: &CallError<Failed>, tries: u32, is_late: bool) -> Option<CallReason> {
        match error {
            CallError::Failed { source, .. } => match source {
                Failed::NoAnswer(NoAnswer::Unusable(_)) => return Some(CallReason::Unusable),
                Failed::Panicked => return Some(CallReason::Panicked),
                Failed::NoAnswer(NoAnswer::Fault(_)) | Failed::Spent => {}
            },
            CallError::DeadlinePassed { .. } => return Some(CallReason::Deadline),
            CallError::Refused(_) | CallError::Full(_) | CallError::TimedOut { .. } => {}
        }
        if tries >= self.settings.tries_max {
            return Some(CallReason::LastTry);
        }
        is_late.then_some(CallReason::Deadline)
    }

    /// An answer becomes a command, whose size has a bound.
    fn checked(&self, answer: Answer, tries: u32) -> Result<Answer, GivenUp> {
        if let Answer::Done(body) = &answer {
            let fits = self.fits("answer", body.len(), tries);
            fits.map_err(|given_up| GivenUp {
                reason: CallReason::Unusable,
                ..given_up
            })?;
        }
        Ok(answer)
    }

    fn fits(&self, what: &str, bytes: usize, tries: u32) -> Result<(), GivenUp> {
        let max = self.settings.payload_bytes_max;
        if bytes <= max {
            return Ok(());
        }
        Err(GivenUp {
            reason: CallReason::TooLarge,
            detail: format!("the {what} has {bytes} bytes, and may have {max}"),
            tries,
        })
    }
}

fn outcome(made: &Result<Answer, GivenUp>) -> &'static str {
    match made {
        Ok(Answer::Done(_)) => "done",
        Ok(Answer::Refused { .. }) => "refused",
        Err(_) => "given_up",
    }
}

fn is_spent(error: &CallError<Failed>) -> bool {
    matches!(
        error,
        CallError::Failed {
            source: Failed::Spent,
            ..
        }
    )
}

fn lock(tried: &Mutex<Tried>) -> MutexGuard<'_, Tried> {
    tried.lock().unwrap_or_else(PoisonError::into_inner)
}
