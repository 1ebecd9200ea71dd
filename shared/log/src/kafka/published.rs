//! Publishing to a topic that is no longer the one it was.
//!
//! Offsets of a partition only rise. When what was published just now has a lower offset than what was
//! published earlier, the topic has been recreated, and the earlier events are not in it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kernel::Fault;
use kernel::topic::PartitionId;

use super::KafkaSettings;
use super::fetch::Place;
use super::look::Looks;
use super::producer::Placed;
use super::topics::Admin;

/// Offset of the last event that this process has put into each partition.
#[derive(Default)]
pub(super) struct Published(Mutex<HashMap<PartitionId, i64>>);

impl Published {
    /// A new owner looks at what the partition holds, whatever it held before.
    pub(super) fn forget(&self, partition_id: PartitionId) {
        self.lock().remove(&partition_id);
    }

    /// Notes where events were put; answers the last offset before when they went back behind it.
    pub(super) fn went_back(&self, partition_id: PartitionId, placed: &[Placed]) -> Option<i64> {
        let first = placed.iter().map(|placed| placed.offset).min()?;
        let last = placed.iter().map(|placed| placed.offset).max()?;
        let before = self.lock().insert(partition_id, last);
        before.filter(|before| first <= *before)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PartitionId, i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The fault of having published into the middle of a new topic. What was put there is deleted again if
/// there is nothing else, so that all can be published from the store.
pub(super) async fn recreated(
    settings: &KafkaSettings,
    looks: &Looks,
    place: &Place,
    placed: &[Placed],
    before: i64,
) -> Fault {
    let name = format!("{}/{}", place.topic, place.partition);
    let what = format!("publish to {name}: it was recreated, offsets went back behind {before}");
    match take_back(settings, looks, place, placed).await {
        Ok(true) => Fault::bare("kafka", format!("{what}; it is filled from the store")),
        Ok(false) => Fault::bare("kafka", what),
        Err(fault) => Fault::new("kafka", what, fault),
    }
}

async fn take_back(
    settings: &KafkaSettings,
    looks: &Looks,
    place: &Place,
    placed: &[Placed],
) -> Result<bool, Fault> {
    let (first, end) = looks.range(place).await?;
    let ours = i64::try_from(placed.len()).unwrap_or(i64::MAX);
    let is_all = first == 0 && end == ours && placed.iter().all(|placed| placed.offset < ours);
    if is_all {
        let admin = Admin::connect(settings)?;
        admin.empty(&place.topic, place.partition).await?;
    }
    Ok(is_all)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARTITION: PartitionId = PartitionId {
        context: "trades",
        partition: 2,
    };

    fn placed(offsets: &[i64]) -> Vec<Placed> {
        let placed = offsets.iter().map(|offset| Placed {
            partition: 2,
            offset: *offset,
        });
        placed.collect()
    }

    #[test]
    fn offsets_that_go_back_are_noticed_once() {
        let published = Published::default();
        assert_eq!(published.went_back(PARTITION, &placed(&[7, 8, 9])), None);
        assert_eq!(published.went_back(PARTITION, &placed(&[])), None);
        assert_eq!(published.went_back(PARTITION, &placed(&[10, 12])), None);
        assert_eq!(published.went_back(PARTITION, &placed(&[0, 1])), Some(12));
        assert_eq!(published.went_back(PARTITION, &placed(&[2])), None);
        published.forget(PARTITION);
        assert_eq!(published.went_back(PARTITION, &placed(&[0])), None);
    }
}
