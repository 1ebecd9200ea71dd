//! The event store in the memory of one process, with the troubles of a database: for tests.

mod fold_snapshots;
mod parked_calls;
mod partition;
mod read;
mod scrub;
mod snapshots;
mod timers;
mod write;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use kernel::batch::Timer;
use kernel::port::{CallPlace, EffectPartition, ParkedCall};
use kernel::topic::PartitionId;

use fold_snapshots::Folds;
use partition::Partition;

const LOCK: &str = "nothing panics while it holds the lock";

/// A store that ends with its process. Clones share what they hold.
#[derive(Clone, Default)]
pub struct MemoryEventStore(Arc<Mutex<State>>);

/// How a commit fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing is written, and the caller gets that error.
    NotMade,
    /// Everything is written, but the answer is lost.
    UnknownWritten,
    /// Nothing is written, but the caller cannot know.
    UnknownNotWritten,
}

#[derive(Default)]
struct State {
    partitions: HashMap<PartitionId, Partition>,
    /// By context, then key and name.
    timers: HashMap<&'static str, TimersByName>,
    parked_calls: HashMap<EffectPartition, BTreeMap<CallPlace, ParkedCall>>,
    troubles: VecDeque<Trouble>,
    folds: Folds,
}

type TimersByName = BTreeMap<(Arc<str>, Arc<str>), (PartitionId, Timer)>;

impl MemoryEventStore {
    /// The next commit fails in this way; called again, the one after it.
    pub fn trouble(&self, trouble: Trouble) {
        self.state().troubles.push_back(trouble);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect(LOCK)
    }

    /// What the partition holds; nothing if it never had an owner.
    fn partition<T: Default>(
        &self,
        partition_id: PartitionId,
        read: impl FnOnce(&Partition) -> T,
    ) -> T {
        self.state()
            .partitions
            .get(&partition_id)
            .map(read)
            .unwrap_or_default()
    }
}
