//! Streams, outcomes and events.

use std::ops::{Bound, RangeInclusive};
use std::sync::Arc;

use async_trait::async_trait;
use kernel::Fault;
use kernel::batch::{EventRow, OutcomeRow};
use kernel::checksum::{Damaged, Row as _};
use kernel::id::CommandId;
use kernel::port::{EventReader, FOUND_MAX, KnownCommand, LoadedStream};
use kernel::topic::Shard;

use super::MemoryEventStore;

#[async_trait]
impl EventReader for MemoryEventStore {
    async fn load(
        &self,
        shard: Shard,
        keys: &[Arc<str>],
        upto: u64,
    ) -> Result<Vec<LoadedStream>, Fault> {
        let streams: Vec<_> = self.partition(shard, |partition| {
            keys.iter()
                .filter_map(|key| partition.stream(key, 0..=upto))
                .collect()
        });
        if let Some(LoadedStream { key, .. }) = streams.iter().find(|stream| has_hole(stream)) {
            let attempt = format!("load {key} of {shard}: the stream has a hole");
            return Err(Fault::bare("memory", attempt));
        }
        for stream in &streams {
            check(shard, &stream.events)?;
        }
        Ok(streams)
    }

    async fn outcomes(&self, shard: Shard, ids: &[CommandId]) -> Result<Vec<OutcomeRow>, Fault> {
        Ok(self.partition(shard, |partition| {
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
            .filter(|(shard, _)| contexts.contains(&shard.context))
            .flat_map(|(shard, partition)| {
                let rows = partition.outcomes.range(ids.clone());
                rows.map(|(_, row)| KnownCommand {
                    shard: *shard,
                    row: row.clone(),
                })
            });
        Ok(known.take(FOUND_MAX).collect())
    }

    async fn heads(&self, contexts: &[&'static str]) -> Result<Vec<(Shard, u64)>, Fault> {
        let state = self.state();
        let partitions = state.partitions.iter();
        let known = partitions.filter(|(shard, _)| contexts.contains(&shard.context));
        Ok(known
            .map(|(shard, partition)| (*shard, partition.cursor.next_log_position - 1))
            .collect())
    }

    async fn read(&self, shard: Shard, after: u64, max: usize) -> Result<Vec<EventRow>, Fault> {
        let from = (Bound::Excluded(after), Bound::Unbounded);
        let rows: Vec<_> = self.partition(shard, |partition| {
            let rows = partition.events.range(from).take(max);
            rows.map(|(_, row)| row.clone()).collect()
        });
        check(shard, &rows)?;
        Ok(rows)
    }

    async fn scan_outcomes(
        &self,
        shard: Shard,
        after: Option<CommandId>,
        max: usize,
    ) -> Result<Vec<OutcomeRow>, Fault> {
        let from = (
            after.map_or(Bound::Unbounded, Bound::Excluded),
            Bound::Unbounded,
        );
        Ok(self.partition(shard, |partition| {
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
pub(super) fn check(shard: Shard, rows: &[EventRow]) -> Result<(), Fault> {
    let mut checked = rows.iter().map(|row| row.check(shard, row.checksum));
    let checked: Result<(), Damaged> = checked.try_for_each(|checked| checked);
    checked.map_err(|damaged| Fault::new("memory", format!("read events of {shard}"), damaged))
}

fn has_hole(stream: &LoadedStream) -> bool {
    !stream
        .events
        .iter()
        .map(|row| row.sequence)
        .eq((1..).take(stream.events.len()))
}
