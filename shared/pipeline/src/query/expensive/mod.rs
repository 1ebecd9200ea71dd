//! Expensive questions: folds of long streams, moments of the past, lists that few values fit.
//!
//! They run on threads of their own, so that a request for a value never waits behind one. Few run at
//! once, few more may wait, and no tenant gets more than its share of their time.

mod budget;

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::{Query, Unanswered};
use budget::Budgets;

/// Questions that may wait, for each that may run.
const WAITING_MAX: usize = 8;
/// How long: a question that waited longer for a place would miss its request's deadline.
const WAIT_MAX: Duration = Duration::from_secs(2);

/// What expensive questions may take of this process.
#[derive(Clone, Copy, Debug)]
pub struct ExpensiveSettings {
    /// Questions under way at once: no more than there are threads to run them.
    pub in_flight_max: NonZeroU32,
    /// Time that a tenant's questions may take one after another; half of what passes comes back.
    pub allowance: Duration,
}

/// The threads, and the time each tenant has used.
pub struct Expensive {
    /// Taken when this is dropped, which may be where a runtime must not wait for its threads.
    runtime: Option<Runtime>,
    places: Arc<Semaphore>,
    waiting: Semaphore,
    budgets: Mutex<Budgets>,
}

impl Expensive {
    /// On the threads of a runtime that has nothing else to do.
    #[must_use]
    pub fn on(runtime: Runtime, settings: ExpensiveSettings) -> Self {
        let places = settings.in_flight_max.get() as usize;
        Self {
            runtime: Some(runtime),
            places: Arc::new(Semaphore::new(places)),
            waiting: Semaphore::new(places * WAITING_MAX),
            budgets: Mutex::new(Budgets::new(settings.allowance)),
        }
    }

    async fn run<T, F>(self: Arc<Self>, tenant: &str, question: F) -> Result<T, Unanswered>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Unanswered>> + Send + 'static,
    {
        let runtime = self.runtime.as_ref().ok_or(Unanswered::Crowded)?.handle();
        self.with_budgets(|budgets| budgets.admit(tenant))
            .map_err(|retry_after| Unanswered::Overspent { retry_after })?;
        let place = self.enter().await?;
        let turn = Turn {
            expensive: Arc::clone(&self),
            tenant: tenant.into(),
            began: Instant::now(),
            _place: place,
        };
        // A caller that goes away takes the question along, as far as it can be stopped.
        let answer = AbortOnDropHandle::new(runtime.spawn(async move {
            let answer = question.await;
            drop(turn);
            answer
        }));
        answer.await.unwrap_or(Err(Unanswered::Crowded))
    }

    async fn enter(&self) -> Result<OwnedSemaphorePermit, Unanswered> {
        let places = || Arc::clone(&self.places);
        match places().try_acquire_owned() {
            Ok(place) => return Ok(place),
            Err(TryAcquireError::Closed) => return Err(Unanswered::Crowded),
            Err(TryAcquireError::NoPermits) => {}
        }
        let _seat = self
            .waiting
            .try_acquire()
            .map_err(|_| Unanswered::Crowded)?;
        let place = tokio::time::timeout(WAIT_MAX, places().acquire_owned()).await;
        place.ok().and_then(Result::ok).ok_or(Unanswered::Crowded)
    }

    fn with_budgets<T>(&self, with: impl FnOnce(&mut Budgets) -> T) -> T {
        with(&mut self.budgets.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Expensive {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A question under way; its time is paid for however it ends.
struct Turn {
    expensive: Arc<Expensive>,
    tenant: Box<str>,
    began: Instant,
    _place: OwnedSemaphorePermit,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let took = self.began.elapsed();
        self.expensive
            .with_budgets(|budgets| budgets.spend(&self.tenant, took));
    }
}

impl Query {
    /// Asks an expensive question for a tenant, away from the threads that serve.
    ///
    /// # Errors
    /// Its own, or [`Unanswered::Overspent`] or [`Unanswered::Crowded`].
    pub async fn run_expensive<T, F>(
        &self,
        tenant: &str,
        question: impl FnOnce(Self) -> F,
    ) -> Result<T, Unanswered>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Unanswered>> + Send + 'static,
    {
        let question = question(self.clone());
        Arc::clone(&self.expensive).run(tenant, question).await
    }
}
