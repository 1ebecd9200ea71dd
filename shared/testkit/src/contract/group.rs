//! A member of a group, for the suites of the logs.

use std::collections::BTreeMap;
use std::time::Duration;

use kernel::port::{Assignments, Change, ReadError, Reader, Record};
use tokio::time::timeout;

use super::PARTITIONS;

/// A record or partition that has not come by then never will; a broker's group needs some seconds
/// to settle.
const COMES_MAX: Duration = Duration::from_secs(60);

/// The only member of a group, with a reader for every partition.
pub(super) struct Member {
    readers: BTreeMap<u16, Box<dyn Reader>>,
    /// The readers live as long as the membership.
    _assignments: Box<dyn Assignments>,
}

impl Member {
    /// Waits for all partitions, and seeks to the beginning of each.
    pub(super) async fn of(mut assignments: Box<dyn Assignments>) -> Self {
        let mut readers = BTreeMap::new();
        while readers.len() < usize::from(PARTITIONS) {
            let change = timeout(COMES_MAX, assignments.next()).await;
            match change.expect("assigned in time").expect("a change") {
                Change::Assigned(mut reader) => {
                    reader.seek(0).await.expect("sought");
                    let partition = reader.partition();
                    assert!(
                        partition < PARTITIONS,
                        "partition {partition} does not exist"
                    );
                    let before = readers.insert(partition, reader);
                    assert!(before.is_none(), "partition {partition} came twice");
                }
                Change::Revoked(partition) | Change::Lost(partition) => {
                    readers.remove(&partition);
                }
            }
        }
        Self {
            readers,
            _assignments: assignments,
        }
    }

    pub(super) fn reader(&mut self, partition: u16) -> &mut dyn Reader {
        let reader = self.readers.get_mut(&partition);
        reader.expect("the member has every partition").as_mut()
    }

    /// Takes until `count` records of the partition have come.
    pub(super) async fn take(&mut self, partition: u16, count: usize) -> Vec<Record> {
        take(self.reader(partition), count).await
    }
}

pub(super) async fn take(reader: &mut dyn Reader, count: usize) -> Vec<Record> {
    let mut records = Vec::new();
    while records.len() < count {
        let max = count - records.len();
        let before = records.len();
        let taken = timeout(COMES_MAX, reader.take(max, &mut records)).await;
        taken.expect("taken in time").expect("taken");
        assert!(records.len() > before, "an empty take is no answer");
    }
    assert_eq!(records.len(), count, "take keeps within its bound");
    records
}

/// Where the log begins, when a seek, or at the latest the take after it, reports that the offset is
/// not in it.
pub(super) async fn gone(reader: &mut dyn Reader, offset: i64) -> Option<i64> {
    let mut records = Vec::new();
    let refused = match reader.seek(offset).await {
        Err(refused) => refused,
        Ok(()) => {
            let taken = timeout(COMES_MAX, reader.take(1, &mut records)).await;
            taken.expect("answered in time").err()?
        }
    };
    match refused {
        ReadError::Gone { first } => Some(first),
        ReadError::Fault(_) | ReadError::Unreadable { .. } => None,
    }
}
