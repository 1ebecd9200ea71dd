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
const PARTITIONS_OF: usize = 64;

type PartitionId = LruCache<(ViewId, Arc<str>), (ViewValue, Instant)>;

/// Every read through a store writes here, so a write is a look-up, a lock and an assignment.
#[derive(Clone)]
pub(super) struct LastGood(Arc<Kept>);

struct Kept {
    place: RandomState,
    partition_ids: Vec<Mutex<PartitionId>>,
}

impl LastGood {
    pub(super) fn new(values_max: u64) -> Self {
        let values = usize::try_from(values_max).unwrap_or(usize::MAX);
        let partition_ids = values.min(PARTITIONS_OF);
        // None when there are no partition_ids.
        let each = values
            .checked_div(partition_ids)
            .and_then(NonZeroUsize::new);
        let partition_ids = each.into_iter().cycle().take(partition_ids);
        Self(Arc::new(Kept {
            place: RandomState::new(),
            partition_ids: partition_ids
                .map(|each| Mutex::new(LruCache::sparse(each)))
                .collect(),
        }))
    }

    /// Keeps a value that was known to be current so long ago.
    pub(super) fn keep(&self, view: ViewId, key: &Arc<str>, value: &ViewValue, age: Duration) {
        let now = Instant::now();
        let kept = (value.clone(), now.checked_sub(age).unwrap_or(now));
        let Some(mut partition_id) = self.partition_id(key) else {
            return;
        };
        let gone = partition_id.push((view, Arc::clone(key)), kept);
        // Only then what it gave up: its body may have no other owner.
        drop(partition_id);
        drop(gone);
    }

    /// The value and its age.
    pub(super) fn get(&self, view: ViewId, key: &Arc<str>) -> Option<(ViewValue, Duration)> {
        let mut partition_id = self.partition_id(key)?;
        let (value, at) = partition_id.get(&(view, Arc::clone(key)))?;
        let age = at.elapsed();
        (age <= KEPT_FOR).then(|| (value.clone(), age))
    }

    /// `None` when nothing is to be kept.
    fn partition_id(&self, key: &Arc<str>) -> Option<MutexGuard<'_, PartitionId>> {
        let partition_ids = self.0.partition_ids.len() as u64;
        let place = self.0.place.hash_one(key).checked_rem(partition_ids)?;
        let partition_id = self.0.partition_ids.get(usize::try_from(place).ok()?)?;
        // A panic under the lock cannot leave a wrong value: values are put in whole.
        Some(partition_id.lock().unwrap_or_else(PoisonError::into_inner))
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
            log_position: version,
            as_of: kernel::Timestamp::default(),
            body: "{}".into(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn value_ages_from_the_last_time_it_was_kept() {
        let (kept, key) = (LastGood::new(100), "demo/A".into());
        kept.keep(VIEW, &key, &value(1), Duration::ZERO);
        tokio::time::advance(Duration::from_secs(7)).await;
        assert_eq!(
            kept.get(VIEW, &key),
            Some((value(1), Duration::from_secs(7)))
        );
        kept.keep(VIEW, &key, &value(2), Duration::ZERO);
        assert_eq!(kept.get(VIEW, &key), Some((value(2), Duration::ZERO)));
        tokio::time::advance(KEPT_FOR + Duration::from_secs(1)).await;
        assert_eq!(kept.get(VIEW, &key), None);
    }

    #[test]
    fn values_stay_within_their_bound() {
        for bound in [0, 1, 63, 64, 640] {
            let kept = LastGood::new(bound);
            for n in 0..6_400 {
                kept.keep(VIEW, &Arc::from(n.to_string()), &value(n), Duration::ZERO);
            }
            let held: usize = kept
                .0
                .partition_ids
                .iter()
                .map(|s| s.lock().unwrap().len())
                .sum();
            assert!(held as u64 <= bound);
            let newest = "6399".into();
            assert_eq!(kept.get(VIEW, &newest).is_some(), bound > 0);
        }
    }
}
