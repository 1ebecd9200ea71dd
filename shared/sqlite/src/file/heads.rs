//! Where the logs end, so that a reader sleeps until there is something to read.

use std::collections::HashMap;
use std::sync::Mutex;

use kernel::topic::PartitionId;
use tokio::sync::watch;

const LOCK: &str = "nothing panics while it holds the lock";

/// The two logs of a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Log {
    Commands,
    Events,
}

/// The offset that the next record of each log's partition gets, as far as this process knows.
/// Contexts are constants of the program, so the map is as small as they are few.
#[derive(Default)]
pub(crate) struct Heads(Mutex<HashMap<(Log, PartitionId), watch::Sender<i64>>>);

impl Heads {
    pub(crate) fn watch(&self, log: Log, partition_id: PartitionId) -> watch::Receiver<i64> {
        self.of(log, partition_id, watch::Sender::subscribe)
    }

    /// Wakes the readers that wait for records below `to`; never lowers the head.
    pub(crate) fn raise(&self, log: Log, partition_id: PartitionId, to: i64) {
        self.of(log, partition_id, |head| {
            head.send_if_modified(|head| {
                let higher = to > *head;
                *head = to.max(*head);
                higher
            })
        });
    }

    fn of<T>(
        &self,
        log: Log,
        partition_id: PartitionId,
        with: impl FnOnce(&watch::Sender<i64>) -> T,
    ) -> T {
        let mut heads = self.0.lock().expect(LOCK);
        with(
            heads
                .entry((log, partition_id))
                .or_insert_with(|| watch::Sender::new(0)),
        )
    }
}
