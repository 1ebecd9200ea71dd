//! Snapshots on their way: noted when due, taken with a batch, saved once that is durable.
//!
//! Nothing waits for a save and nothing fails with one. What is saved is what the batch has made
//! durable, whatever happens to the aggregate meanwhile.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use kernel::Context;
use kernel::port::{Snapshot, Snapshots};
use kernel::topic::PartitionId;
use tokio::sync::mpsc;
use tokio::task;
use tracing::warn;

use super::cache::{Cache, Cached};
use super::snapshot;
use crate::metric;

/// Keys noted while a save is under way; others are noted with their next command.
const DUE_MAX: usize = 1_024;
/// States in one save …
const STATES_MAX: usize = 64;
/// … and events that they fold, at most, unless it is a single one: no state is larger than what
/// made it, so this bounds the memory that states in flight take.
const EVENTS_MAX: u64 = 65_536;
/// Bytes of JSON in one transaction, after which another one begins: a store's only writer is not
/// held for long.
const BYTES_MAX: usize = 1 << 20;
/// Part of a stream that must be new: the cost of all snapshots stays linear in the events, and
/// what is replayed on top of one is at most a third of it.
const GROWN_PART: u64 = 4;

/// A state that is worth saving once its batch is durable.
pub(crate) struct Taken<C> {
    key: Arc<str>,
    stream: i64,
    version: u64,
    state: C,
}

/// Decides what is saved, and when.
pub(crate) struct Saving<C> {
    /// Events that a stream must have grown by, at least.
    events_min: u64,
    due: HashSet<Arc<str>>,
    waiting: mpsc::Sender<Vec<Taken<C>>>,
}

/// Saves what it is handed, one save after the other.
pub(crate) struct Saver<C> {
    partition_id: PartitionId,
    store: Arc<dyn Snapshots>,
    waiting: mpsc::Receiver<Vec<Taken<C>>>,
}

pub(crate) fn saving<C: Context>(
    partition_id: PartitionId,
    store: Arc<dyn Snapshots>,
    events_min: u64,
) -> (Saving<C>, Saver<C>) {
    let (sender, waiting) = mpsc::channel(1);
    let saving = Saving {
        events_min,
        due: HashSet::new(),
        waiting: sender,
    };
    let saver = Saver {
        partition_id,
        store,
        waiting,
    };
    (saving, saver)
}

impl<C: Context> Saving<C> {
    /// Notes the aggregate if it has grown enough since its last snapshot.
    pub(crate) fn note(&mut self, key: &str, cached: &Cached<C>) {
        if self.is_due(cached) && self.due.len() < DUE_MAX {
            self.due.insert(key.into());
        }
    }

    fn is_due(&self, cached: &Cached<C>) -> bool {
        let grown = cached.version - cached.snapshot;
        grown >= self.events_min.max(cached.version / GROWN_PART)
    }

    /// The states of what is due, as they are at the end of the batch that now leaves; none while a
    /// save waits.
    pub(crate) fn take(&mut self, cache: &mut Cache<C>) -> Vec<Taken<C>> {
        let mut taken = Vec::new();
        if self.due.is_empty() || self.waiting.capacity() == 0 {
            return taken;
        }
        let mut events = 0;
        let mut left = HashSet::new();
        for key in self.due.drain() {
            if taken.len() == STATES_MAX || events > EVENTS_MAX {
                left.insert(key);
                continue;
            }
            // One that has left the cache is noted again when it comes back.
            let Some(cached) = cache.peek(&key) else {
                continue;
            };
            events += cached.version;
            cached.snapshot = cached.version;
            taken.push(Taken {
                key,
                stream: cached.stream,
                version: cached.version,
                state: cached.state.clone(),
            });
        }
        self.due = left;
        taken
    }

    /// Waits until something is due and could be saved; it may be dropped at any time.
    pub(crate) async fn room(&self) {
        if self.due.is_empty() || self.waiting.reserve().await.is_err() {
            std::future::pending().await
        }
    }

    /// What was taken with a batch that is durable now.
    pub(crate) fn durable(&self, taken: Vec<Taken<C>>) {
        // Refused when a save of the batch before waits: the streams grow on and are due again.
        if !taken.is_empty() && self.waiting.try_send(taken).is_err() {
            warn!("snapshots dropped, a save is under way");
        }
    }
}

impl<C: Context> Saver<C> {
    /// Runs until the other side is gone and what waits is saved.
    pub(crate) async fn run(mut self) {
        while let Some(taken) = self.waiting.recv().await {
            let mut taken = VecDeque::from(taken);
            while !taken.is_empty() {
                // Away from the threads that handle: a large state takes milliseconds.
                let encoding = task::spawn_blocking(move || encode(taken));
                let Ok((snapshots, left)) = encoding.await else {
                    warn!(partition_id = %self.partition_id, "encoding snapshots panicked");
                    metric::snapshots(self.partition_id.context, "save_failed", 1);
                    break;
                };
                self.save(&snapshots).await;
                taken = left;
            }
        }
    }

    async fn save(&self, snapshots: &[Snapshot]) {
        let (context, count) = (self.partition_id.context, snapshots.len());
        match self.store.save(self.partition_id, snapshots).await {
            Ok(()) => metric::snapshots(context, "saved", count),
            Err(fault) => {
                metric::snapshots(context, "save_failed", count);
                warn!(partition_id = %self.partition_id, error = &fault as &dyn std::error::Error, "snapshots not saved, their streams are replayed instead");
            }
        }
    }
}

/// As many as fit into one transaction, at least one; and those that are left.
fn encode<C: Context>(mut taken: VecDeque<Taken<C>>) -> (Vec<Snapshot>, VecDeque<Taken<C>>) {
    let (mut snapshots, mut bytes) = (Vec::new(), 0);
    while bytes < BYTES_MAX
        && let Some(next) = taken.pop_front()
    {
        match snapshot::take(&next.key, next.stream, next.version, &next.state) {
            Ok(snapshot) => {
                bytes += snapshot.state.len();
                snapshots.push(snapshot);
            }
            Err(error) => {
                warn!(
                    error = &error as &dyn std::error::Error,
                    "a state does not encode, no snapshot of it is kept"
                );
            }
        }
    }
    (snapshots, taken)
}
