//! A check of what is held. Only the commits write into this memory, so there is little to find.

use async_trait::async_trait;
use kernel::Fault;
use kernel::checksum::{Damaged, Mark};
use kernel::port::{Scrub, Scrubbed};
use kernel::topic::PartitionId;

use super::MemoryEventStore;

#[async_trait]
impl Scrub for MemoryEventStore {
    async fn structure(&self) -> Result<Vec<Damaged>, Fault> {
        Ok(Vec::new())
    }

    async fn rows(&self, contexts: &[&'static str], _: u16) -> Result<Scrubbed, Fault> {
        let state = self.state();
        let partitions = state.partitions.iter();
        let rows = partitions
            .filter(|(partition_id, _)| contexts.contains(&partition_id.context))
            .map(|(_, partition)| partition.outcomes.len() + partition.letters.len());
        let timers = contexts
            .iter()
            .filter_map(|context| state.timers.get(context))
            .map(|timers| timers.len());
        Ok(Scrubbed {
            proven: rows.chain(timers).sum::<usize>() as u64,
            ..Scrubbed::default()
        })
    }

    async fn marks(
        &self,
        partition_id: PartitionId,
        after: u64,
        max: usize,
    ) -> Result<Vec<Mark>, Fault> {
        Ok(self.partition(partition_id, |partition| {
            let marks = partition.marks.iter().copied();
            marks
                .filter(|mark| mark.log_position > after)
                .take(max)
                .collect()
        }))
    }
}
