//! Single flight: callers that want the same thing at the same time share one call.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;

/// Shares calls under way by key. Holds one entry per key that a caller waits for, and no value a
/// moment longer.
///
/// A cache that coalesces its loads (moka's `get_with`) does not fit: it keeps the value after the
/// flight, and a later caller could read what was true before its own write.
#[derive(Debug)]
pub struct SingleFlight<K, V> {
    flights: Mutex<Flights<K, V>>,
}

type Flights<K, V> = HashMap<K, Arc<OnceCell<V>>>;

/// One caller's seat; the last to leave removes the entry, however it leaves.
struct Seat<'flights, K: Hash + Eq, V> {
    owner: &'flights SingleFlight<K, V>,
    key: K,
    flight: Arc<OnceCell<V>>,
}

impl<K: Hash + Eq + Clone, V: Clone> SingleFlight<K, V> {
    /// Nothing is under way.
    #[must_use]
    pub fn new() -> Self {
        Self {
            flights: Mutex::new(HashMap::new()),
        }
    }

    /// The value of the call under way for `key`, or of `op` when there is none. Every caller gets a
    /// clone, errors included: put them in an `Arc`. When the caller whose `op` runs goes away, a
    /// waiting one runs its own instead.
    pub async fn run<F>(&self, key: K, op: impl FnOnce() -> F) -> V
    where
        F: Future<Output = V>,
    {
        let seat = self.board(key);
        seat.flight.get_or_init(op).await.clone()
    }

    fn board(&self, key: K) -> Seat<'_, K, V> {
        let mut flights = self.lock();
        let flight = match flights.get(&key) {
            // A flight that has landed is not joined: its value is an older one.
            Some(flight) if !flight.initialized() => Arc::clone(flight),
            _ => {
                let flight = Arc::new(OnceCell::new());
                flights.insert(key.clone(), Arc::clone(&flight));
                flight
            }
        };
        Seat {
            owner: self,
            key,
            flight,
        }
    }
}

impl<K: Hash + Eq, V> SingleFlight<K, V> {
    /// No step under the lock can leave the map half changed, so a poisoned lock is taken as it is.
    fn lock(&self) -> MutexGuard<'_, Flights<K, V>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Default for SingleFlight<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Hash + Eq, V> Drop for Seat<'_, K, V> {
    fn drop(&mut self) {
        let mut flights = self.owner.lock();
        let is_listed = flights
            .get(&self.key)
            .is_some_and(|listed| Arc::ptr_eq(listed, &self.flight));
        // Clones are made under the lock only, so the count is exact: the map's and this seat's.
        if is_listed && Arc::strong_count(&self.flight) == 2 {
            flights.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use tokio::time::{sleep, timeout};

    use super::SingleFlight;

    const FLIGHT: Duration = Duration::from_millis(10);

    #[tokio::test(start_paused = true)]
    async fn callers_at_the_same_time_share_one_call() {
        let (flights, calls) = (SingleFlight::new(), AtomicU32::new(0));
        let fetch = || async {
            sleep(FLIGHT).await;
            calls.fetch_add(1, Ordering::Relaxed)
        };
        let answers = tokio::join!(
            flights.run("key", fetch),
            flights.run("key", fetch),
            flights.run("key", fetch),
        );
        assert_eq!((answers, calls.into_inner()), ((0, 0, 0), 1));
        assert!(flights.lock().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn later_caller_makes_a_call_of_his_own() {
        let (flights, calls) = (SingleFlight::new(), AtomicU32::new(0));
        let fetch = || async { calls.fetch_add(1, Ordering::Relaxed) };
        assert_eq!(flights.run("key", fetch).await, 0);
        assert_eq!(flights.run("key", fetch).await, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn landed_flight_is_not_joined_while_its_passengers_leave() {
        let flights = SingleFlight::new();
        let seat = flights.board("key");
        seat.flight.set("before").unwrap();
        assert_eq!(flights.run("key", || async { "after" }).await, "after");
        drop(seat);
        assert!(flights.lock().is_empty());
    }

    #[test]
    fn passengers_of_an_older_flight_leave_the_newer_one_listed() {
        let flights = SingleFlight::<_, ()>::new();
        let older = [flights.board("key"), flights.board("key")];
        older[0].flight.set(()).unwrap();
        let newer = flights.board("key");
        for seat in older {
            drop(seat);
            assert!(flights.lock().contains_key("key"));
        }
        drop(newer);
        assert!(flights.lock().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn different_keys_do_not_wait_for_each_other() {
        let flights = SingleFlight::new();
        let slow = flights.run("slow", || async {
            sleep(FLIGHT).await;
            "slow"
        });
        let quick = timeout(FLIGHT / 2, flights.run("quick", || async { "quick" }));
        let (slow, quick) = tokio::join!(slow, quick);
        assert_eq!((slow, quick), ("slow", Ok("quick")));
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_caller_takes_over_when_the_one_who_calls_goes_away() {
        let flights = SingleFlight::new();
        let leader = timeout(FLIGHT, flights.run("key", std::future::pending::<u32>));
        let follower = flights.run("key", || async { 7 });
        let (leader, follower) = tokio::join!(leader, follower);
        assert!(leader.is_err());
        assert_eq!(follower, 7);
        assert!(flights.lock().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn flight_goes_on_and_can_be_joined_when_one_of_its_passengers_leaves() {
        let (flights, calls) = (SingleFlight::new(), AtomicU32::new(0));
        let fetch = || async {
            sleep(FLIGHT).await;
            calls.fetch_add(1, Ordering::Relaxed)
        };
        let (_, leaver, joiner) = tokio::join!(
            flights.run("key", fetch),
            timeout(FLIGHT / 4, flights.run("key", fetch)),
            async {
                sleep(FLIGHT / 2).await;
                flights.run("key", fetch).await
            },
        );
        assert!(leaver.is_err());
        assert_eq!((joiner, calls.into_inner()), (0, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_kept_when_every_caller_goes_away() {
        let flights = SingleFlight::new();
        let gone = timeout(FLIGHT, flights.run("key", std::future::pending::<u32>));
        assert!(gone.await.is_err());
        assert!(flights.lock().is_empty());
    }
}
