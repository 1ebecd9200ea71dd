//! The bulkhead: one slow dependency may not take every thread, connection and byte of the rest.

use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit, TryAcquireError};
use tokio::time::{Instant, timeout_at};

use crate::config::{self, InvalidConfig, WAIT};
use crate::dependency::Name;
use crate::metric::BulkheadMeters;

/// How many calls may be under way at once, and how many may wait for a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BulkheadConfig {
    /// Calls at the dependency at once; 1 to 10,000, and no more than its connection pool holds.
    pub in_flight_max: u32,
    /// Calls that may wait; 0 to 10,000, where 0 refuses whatever gets no place at once.
    pub waiting_max: u32,
    /// How long a call may wait, 1 ms to 1 h; longer than a few calls take, it only hides that it is too many.
    pub wait_max: Duration,
}

/// A fair queue before a fixed number of places.
#[derive(Debug)]
pub struct Bulkhead {
    name: Name,
    places: Semaphore,
    waiting: Semaphore,
    wait_max: Duration,
    meters: BulkheadMeters,
}

/// All places are taken, and the queue is full or moved too slowly; the dependency was not touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} is not called: its bulkhead is full")]
pub struct Full {
    /// Whose bulkhead.
    pub name: Name,
}

/// A place in the bulkhead, free again when dropped.
#[derive(Debug)]
#[must_use = "an unused place is given up at once"]
pub struct Place<'bulkhead> {
    _permit: SemaphorePermit<'bulkhead>,
    meters: &'bulkhead BulkheadMeters,
}

/// What one process can hold open; more is a mistake of units.
const CALLS_MAX: u32 = 10_000;

impl BulkheadConfig {
    pub(crate) fn faults(&self) -> Vec<&'static str> {
        let places = 1..=CALLS_MAX;
        config::broken([
            (
                places.contains(&self.in_flight_max),
                "in_flight_max is not 1 to 10000",
            ),
            (
                self.waiting_max <= CALLS_MAX,
                "waiting_max is not 0 to 10000",
            ),
            (WAIT.contains(&self.wait_max), "wait_max is not 1 ms to 1 h"),
        ])
    }
}

impl Bulkhead {
    /// The metrics recorder must be installed before.
    ///
    /// # Errors
    /// [`InvalidConfig`], with every fault found.
    pub fn new(name: Name, config: BulkheadConfig) -> Result<Self, InvalidConfig> {
        InvalidConfig::unless_empty(config.faults())?;
        Ok(Self {
            name,
            places: Semaphore::new(config.in_flight_max as usize),
            waiting: Semaphore::new(config.waiting_max as usize),
            wait_max: config.wait_max,
            meters: BulkheadMeters::new(name),
        })
    }

    /// A place, first come first served. Cancel-safe: a caller that goes away leaves the queue.
    ///
    /// # Errors
    /// [`Full`] when the queue is full, or no place came free within the wait or before `until`.
    pub async fn enter(&self, until: Instant) -> Result<Place<'_>, Full> {
        let permit = match self.places.try_acquire() {
            Ok(permit) => Some(permit),
            Err(TryAcquireError::NoPermits) => self.queue(until).await,
            Err(TryAcquireError::Closed) => None,
        };
        let Some(permit) = permit else {
            self.meters.refused();
            return Err(Full { name: self.name });
        };
        self.meters.entered();
        Ok(Place {
            _permit: permit,
            meters: &self.meters,
        })
    }

    async fn queue(&self, until: Instant) -> Option<SemaphorePermit<'_>> {
        let _seat = self.waiting.try_acquire().ok()?;
        let until = until.min(Instant::now() + self.wait_max);
        timeout_at(until, self.places.acquire()).await.ok()?.ok()
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.meters.left();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Bulkhead, BulkheadConfig, Full};
    use crate::dependency::Name;

    const NAME: Name = Name {
        dependency: "redis",
        class: "read",
    };

    fn bulkhead(in_flight_max: u32, waiting_max: u32) -> Bulkhead {
        let wait_max = Duration::from_millis(50);
        let config = BulkheadConfig {
            in_flight_max,
            waiting_max,
            wait_max,
        };
        Bulkhead::new(NAME, config).unwrap()
    }

    fn far() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    #[tokio::test(start_paused = true)]
    async fn bulkhead_refuses_after_the_wait_when_no_place_comes_free() {
        let bulkhead = bulkhead(1, 1);
        let _place = bulkhead.enter(far()).await.unwrap();
        let asked = Instant::now();
        assert_eq!(
            bulkhead.enter(far()).await.unwrap_err(),
            Full { name: NAME }
        );
        assert_eq!(asked.elapsed(), Duration::from_millis(50));
    }

    #[tokio::test(start_paused = true)]
    async fn bulkhead_refuses_at_once_when_the_queue_is_full() {
        let bulkhead = bulkhead(1, 1);
        let _place = bulkhead.enter(far()).await.unwrap();
        let asked = Instant::now();
        let (first, second) = tokio::join!(bulkhead.enter(far()), async {
            let refused = bulkhead.enter(far()).await.map(|_| ());
            (refused, asked.elapsed())
        });
        assert!(first.is_err());
        assert_eq!(second, (Err(Full { name: NAME }), Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn bulkhead_refuses_before_the_wait_is_over_when_the_caller_has_less_time() {
        let bulkhead = bulkhead(1, 1);
        let _place = bulkhead.enter(far()).await.unwrap();
        let asked = Instant::now();
        let until = asked + Duration::from_millis(7);
        assert!(bulkhead.enter(until).await.is_err());
        assert_eq!(asked.elapsed(), Duration::from_millis(7));
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_call_gets_the_place_when_it_comes_free() {
        let bulkhead = bulkhead(1, 1);
        let place = bulkhead.enter(far()).await.unwrap();
        let (next, ()) = tokio::join!(bulkhead.enter(far()), async { drop(place) });
        assert!(next.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn cancelled_waiter_leaves_its_seat_to_the_next() {
        let bulkhead = bulkhead(1, 1);
        let place = bulkhead.enter(far()).await.unwrap();
        let waiter = tokio::time::timeout(Duration::from_millis(1), bulkhead.enter(far()));
        assert!(waiter.await.is_err());
        let (next, ()) = tokio::join!(bulkhead.enter(far()), async { drop(place) });
        assert!(next.is_ok());
    }
}
