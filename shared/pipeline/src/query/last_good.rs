//! Values that were current once, for the time when every store is away.

use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kernel::port::{ViewId, ViewValue};
use lru::LruCache;
use tokio::time::Instant;

/// Longest time a value is worth showing, however clearly it is marked.
const KEPT_FOR: Duration = Duration::from_secs(15 * 60);

/// Locks, so that the readers rarely wait for each other.
const SHARDS: usize = 64;

type Shard = LruCache<(ViewId, Arc<str>), (ViewValue, Instant)>;

/// Every read through a store writes here, so a write is a look-up, a lock and an assignment.
#[derive(Clone)]
pub(super) struct LastGood(Arc<Kept>);

struct Kept {
    place: RandomState,
    shards: Vec<Mutex<Shard>>,
}

impl LastGood {
    pub(super) fn new(values_max: u64) -> Self {
        let each = usize::try_from(values_max).unwrap_or(usize::MAX) / SHARDS;
        let each = NonZeroUsize::new(each).unwrap_or(NonZeroUsize::MIN);
        let shard = || Mutex::new(LruCache::sparse(each));
        Self(Arc::new(Kept {
            place: RandomState::new(),
            shards: std::iter::repeat_with(shard).take(SHARDS).collect(),
        }))
    }

    pub(super) fn keep(&self, view: ViewId, key: &Arc<str>, value: &ViewValue) {
        let kept = (value.clone(), Instant::now());
        let replaced = self.shard(key).put((view, Arc::clone(key)), kept);
        // Not before the lock is free: the body may have no other owner.
        drop(replaced);
    }

    /// The value and its age.
    pub(super) fn get(&self, view: ViewId, key: &Arc<str>) -> Option<(ViewValue, Duration)> {
        let mut shard = self.shard(key);
        let (value, at) = shard.get(&(view, Arc::clone(key)))?;
        let age = at.elapsed();
        (age <= KEPT_FOR).then(|| (value.clone(), age))
    }

    fn shard(&self, key: &Arc<str>) -> MutexGuard<'_, Shard> {
        let place = self.0.place.hash_one(key);
        let place = usize::try_from(place % SHARDS as u64).unwrap_or_default();
        // A panic under the lock cannot leave a wrong value: values are put in whole.
        self.0.shards[place]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Arc, Duration, KEPT_FOR, LastGood, ViewId, ViewValue};

    const VIEW: ViewId = ViewId {
        name: "position",
        version: 1,
    };

    fn value(version: u64) -> ViewValue {
        ViewValue {
            version,
            partition: 0,
            position: version,
            as_of: kernel::Timestamp::default(),
            body: "{}".into(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn value_ages_from_the_last_time_it_was_kept() {
        let (kept, key) = (LastGood::new(100), "demo/A".into());
        kept.keep(VIEW, &key, &value(1));
        tokio::time::advance(Duration::from_secs(7)).await;
        assert_eq!(
            kept.get(VIEW, &key),
            Some((value(1), Duration::from_secs(7)))
        );
        kept.keep(VIEW, &key, &value(2));
        assert_eq!(kept.get(VIEW, &key), Some((value(2), Duration::ZERO)));
        tokio::time::advance(KEPT_FOR + Duration::from_secs(1)).await;
        assert_eq!(kept.get(VIEW, &key), None);
    }

    #[test]
    fn values_stay_within_their_bound() {
        let kept = LastGood::new(640);
        for n in 0..6_400 {
            kept.keep(VIEW, &Arc::from(n.to_string()), &value(n));
        }
        let held: usize = kept.0.shards.iter().map(|s| s.lock().unwrap().len()).sum();
        assert!(held <= 640);
        let newest = "6399".into();
        assert!(kept.get(VIEW, &newest).is_some());
    }
}
