//! Follow: live projections of whole event topics in the memory of this process.
//!
//! Unlike a projection of one stream a live projection sees every partition and can join what different
//! contexts report. A start reads its snapshot and the events after it, or all events where there is no
//! snapshot that holds. Readers learn whether it has caught up, and how old it may be.

mod following;
mod resuming;
mod saving;
pub(crate) mod snapshot;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use kernel::LiveProjection;
use kernel::port::{Checkpoint, EventLog, EventReader, Pace};
use kernel::topic::PartitionId;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::movement::Movement;
use following::Following;
use saving::Saver;
use snapshot::{LastEvent, Place};

pub use saving::FoldSaving;

/// How often those that wait for a live projection look at it.
const CAUGHT_UP_PERIOD: Duration = Duration::from_millis(5);

/// A live projection as its readers see it; cheap to clone.
pub struct Followed<R>(Arc<Shared<R>>);

impl<R> Clone for Followed<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct Shared<R> {
    value: Mutex<R>,
    progress: Mutex<HashMap<PartitionId, Progress>>,
    /// Partitions per context.
    partitions: u16,
    changed: Notify,
    version: AtomicU64,
}

/// How far one partition_id is.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    /// What of it has been folded.
    done: Checkpoint,
    /// The last event of that.
    last: Option<LastEvent>,
    /// When everything that was in the log had been folded, last.
    current_at: Option<Instant>,
}

impl<R: LiveProjection> Followed<R> {
    /// Nothing is folded yet; there are so many partitions per context.
    #[must_use]
    pub fn new(partitions: u16) -> Self {
        Self(Arc::new(Shared {
            value: Mutex::default(),
            progress: Mutex::default(),
            partitions,
            changed: Notify::new(),
            version: AtomicU64::new(0),
        }))
    }

    /// Asks the value something; nothing is folded meanwhile, so it should be quick.
    pub fn ask<T>(&self, question: impl FnOnce(&mut R) -> T) -> T {
        question(&mut lock(&self.0.value))
    }

    /// Raised whenever something was folded; 0 before. Told without a lock: what was worked out of the value
    /// at this version still holds.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.0.version.load(Ordering::Acquire)
    }

    /// How old it may be at most; none before every partition_id has caught up once.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        let progress = lock(&self.0.progress);
        if progress.len() < self.partition_ids() {
            return None;
        }
        let mut oldest = Duration::ZERO;
        for partition_id in progress.values() {
            oldest = oldest.max(partition_id.current_at?.elapsed());
        }
        Some(oldest)
    }

    /// Events folded so far, of all partition_ids.
    #[must_use]
    pub fn seen(&self) -> u64 {
        let progress = lock(&self.0.progress);
        progress
            .values()
            .map(|partition_id| partition_id.done.log_position)
            .sum()
    }

    /// Waits until everything has been read once: after a start, as long as the log takes.
    pub async fn caught_up(&self) {
        while self.age().is_none() {
            tokio::time::sleep(CAUGHT_UP_PERIOD).await;
        }
    }

    /// Waits until something was folded that had not been when this was last waited for. For one
    /// task only.
    pub async fn changed(&self) {
        self.0.changed.notified().await;
    }

    fn partitions(&self) -> u16 {
        self.0.partitions
    }

    fn progress(&self, partition_id: PartitionId) -> Checkpoint {
        lock(&self.0.progress).entry(partition_id).or_default().done
    }

    fn moved(&self, partition_id: PartitionId, done: Checkpoint, last: Option<LastEvent>) {
        let mut progress = lock(&self.0.progress);
        let progress = progress.entry(partition_id).or_default();
        progress.done = done;
        progress.last = last.or(progress.last);
    }

    fn partition_ids(&self) -> usize {
        usize::from(self.0.partitions) * R::ON.len()
    }

    /// What has been folded, and of which events; none before every partition has a reader.
    fn copy(&self) -> Option<(Vec<Place>, R::Kept)> {
        let value = lock(&self.0.value);
        // Progress moves while the value is locked: both are of one moment.
        let mut places: Vec<_> = {
            let progress = lock(&self.0.progress);
            let places = progress.iter();
            places
                .map(|(partition_id, progress)| {
                    Place::new(*partition_id, progress.done, progress.last)
                })
                .collect()
        };
        if places.len() < self.partition_ids() {
            return None;
        }
        let kept = value.keep();
        drop(value);
        places.sort_unstable();
        Some((places, kept))
    }

    /// Takes over what a snapshot says, unless something has been folded.
    fn begin_from(&self, restored: R, places: &[(PartitionId, Place)]) {
        let mut value = lock(&self.0.value);
        let mut progress = lock(&self.0.progress);
        if !progress.is_empty() {
            return;
        }
        *value = restored;
        self.0.version.fetch_add(1, Ordering::Release);
        for (partition_id, place) in places {
            let at = Progress {
                done: place.checkpoint(),
                last: place.last,
                current_at: None,
            };
            progress.insert(*partition_id, at);
        }
    }

    /// The log ended there at that time; whatever has been folded so far was current then.
    fn vouch(&self, context: &'static str, ends: &[i64], asked_at: Instant) {
        let mut progress = lock(&self.0.progress);
        for (partition, end) in (0..).zip(ends) {
            let partition_id = PartitionId { context, partition };
            if let Some(progress) = progress.get_mut(&partition_id)
                && progress.done.next_offset >= *end
            {
                progress.current_at = Some(asked_at);
            }
        }
    }

    /// Follows the topics until `stop`, from the snapshot on if there is one that holds.
    pub async fn follow(self, ports: FollowPorts, pace: Pace, stop: CancellationToken) {
        let saved = self.resume(&ports, &stop).await;
        let contexts = R::ON.iter().map(|context| {
            let following = Following::new(context, self.clone(), ports.clone(), pace);
            following.run(&stop)
        });
        let contexts: Vec<_> = contexts.collect();
        let saving = async {
            if let Some(saving) = &ports.snapshots {
                let saver = Saver::new(self.clone(), saving.clone(), saved);
                saver.run(&stop).await;
            }
        };
        tokio::join!(join_all(contexts), saving);
    }
}

/// The world as a live projection sees it.
#[derive(Clone)]
pub struct FollowPorts {
    /// Where events come from.
    pub event_log: Arc<dyn EventLog>,
    /// Where events are read that the log lacks.
    pub streams: Arc<dyn EventReader>,
    /// Where snapshots are kept, and how often; without it a start reads all events.
    pub snapshots: Option<FoldSaving>,
    /// Where its workers report.
    pub movement: Movement,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
