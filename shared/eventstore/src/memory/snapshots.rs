//! Snapshots, as the newest of each stream.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::Fault;
use kernel::port::{Resumed, Snapshot, Snapshots};
use kernel::topic::PartitionId;

use super::MemoryEventStore;
use super::read::check;

#[async_trait]
impl Snapshots for MemoryEventStore {
    async fn save(&self, partition_id: PartitionId, snapshots: &[Snapshot]) -> Result<(), Fault> {
        let mut state = self.state();
        let Some(partition) = state.partitions.get_mut(&partition_id) else {
            return Err(Fault::bare(
                "memory",
                format!("{partition_id} has no streams"),
            ));
        };
        for snapshot in snapshots {
            partition
                .snapshots
                .insert(snapshot.stream, snapshot.clone());
        }
        Ok(())
    }

    async fn resume(
        &self,
        partition_id: PartitionId,
        keys: &[Arc<str>],
        shape: u16,
    ) -> Result<Vec<Resumed>, Fault> {
        let streams: Vec<_> = self.partition(partition_id, |partition| {
            keys.iter()
                .filter_map(|key| partition.resumed(key, shape))
                .collect()
        });
        let streams = streams.into_iter().map(Resumed::without_holes);
        let streams: Result<Vec<_>, _> = streams.collect();
        let attempt = || format!("resume streams of {partition_id}");
        let streams = streams.map_err(|hole| Fault::new("memory", attempt(), hole))?;
        for stream in &streams {
            check(partition_id, &stream.tail.events)?;
        }
        Ok(streams)
    }

    async fn stored(
        &self,
        partition_id: PartitionId,
        streams: &[i64],
    ) -> Result<Vec<Snapshot>, Fault> {
        Ok(self.partition(partition_id, |partition| {
            streams
                .iter()
                .filter_map(|stream| partition.snapshots.get(stream).cloned())
                .collect()
        }))
    }
}
