//! Streams, outcomes and events.

use std::ops::{Bound, RangeInclusive};
use std::sync::Arc;

use async_trait::async_trait;
use kernel::Fault;
use kernel::batch::{EventRow, OutcomeRow};
use kernel::checksum::{Damaged, Row as _};
use kernel::id::CommandId;
use kernel::port::{EventReader, FOUND_MAX, KnownCommand, LoadedStream};
use kernel::topic::PartitionId;

use super::MemoryEventStore;

#[async_trait]
impl EventReader for MemoryEventStore {
    async fn load(
        &self,
        partition_id: PartitionId,
        keys: &[Arc<str>],
        upto: u64,
    ) -> Result<Vec<LoadedStream>, Fault> {
        let streams: Vec<_> = self.partition(partition_id, |partition| {
            keys.iter()
                .filter_map(|key| partition.stream(key, 0..=upto))
                .collect()
        });
        if let Some(LoadedStream { key, .. }) = streams.iter().find(|stream| has_hole(stream)) {
            let attempt = format!("load {key} of {partition_id}: the stream has a hole");
            return Err(Fault::bare("memory", attempt));
        }
        for stream in &streams {
            check(partition_id, &stream.events)?;
        }
        Ok(streams)
    }

    async fn outcomes(
        &self,
        partition_id: PartitionId,
        ids: &[CommandId],
    ) -> Result<Vec<OutcomeRow>, Fault> {
        Ok(self.partition(partition_id, |partition| {
            ids.iter()
                .filter_map(|id| partition.outcomes.get(id).cloned())
                .collect()
        }))
    }

    async fn find(
        &self,
        contexts: &[&'static str],
        ids: RangeInclusive<CommandId>,
    ) -> Result<Vec<KnownCommand>, Fault> {
        let state = self.state();
        let partitions = state.partitions.iter();
        let known = partitions
            .filter(|(partition_id, _)| contexts.contains(&partition_id.context))
            .flat_map(|(partition_id, partition)| {
                let rows = partition.outcomes.range(ids.clone());
                rows.map(|(_, row)| KnownCommand {
                    partition_id: *partition_id,
                    row: row.clone(),
                })
            });
        Ok(known.take(FOUND_MAX).collect())
    }

    async fn heads(&self, contexts: &[&'static str]) -> Result<Vec<(PartitionId, u64)>, Fault> {
        let state = self.state();
        let partitions = state.partitions.iter();
        let known = partitions.filter(|(partition_id, _)| contexts.contains(&partition_id.context));
        Ok(known
            .map(|(partition_id, partition)| {
                (*partition_id, partition.cursor.next_log_position - 1)
            })
            .collect())
    }

    async fn read(
        &self,
        partition_id: PartitionId,
        after: u64,
        max: usize,
    ) -> Result<Vec<EventRow>, Fault> {
        let from = (Bound::Excluded(after), Bound::Unbounded);
        let rows: Vec<_> = self.partition(partition_id, |partition| {
            let rows = partition.events.range(from).take(max);
            rows.map(|(_, row)| row.clone()).collect()
        });
        check(partition_id, &rows)?;
        Ok(rows)
    }

    async fn scan_outcomes(
        &self,
        partition_id: PartitionId,
        after: Option<CommandId>,
        max: usize,
    ) -> Result<Vec<OutcomeRow>, Fault> {
        let from = (
            after.map_or(Bound::Unbounded, Bound::Excluded),
            Bound::Unbounded,
        );
        Ok(self.partition(partition_id, |partition| {
            partition
                .outcomes
                .range(from)
                .take(max)
                .map(|(_, row)| row.clone())
                .collect()
        }))
    }
}

/// Refuses rows that are not what was written.
pub(super) fn check(partition_id: PartitionId, rows: &[EventRow]) -> Result<(), Fault> {
    let mut checked = rows.iter().map(|row| row.check(partition_id, row.checksum));
    let checked: Result<(), Damaged> = checked.try_for_each(|checked| checked);
    checked
        .map_err(|damaged| Fault::new("memory", format!("read events of {partition_id}"), damaged))
}

fn has_hole(stream: &LoadedStream) -> bool {
    !stream
        .events
        .iter()
        .map(|row| row.sequence)
        .eq((1..).take(stream.events.len()))
}
