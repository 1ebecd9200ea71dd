//! Takeovers, commits and marks.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use async_trait::async_trait;
use kernel::Fault;
use kernel::batch::{Batch, Cursor, TimerChange};
use kernel::id::{CommandId, Owner};
use kernel::port::{
    CommitError, DeadLetterState, DeadLetters, EventStore, FOUND_MAX, OutcomeNotice, OutcomeOutbox,
    StoredDeadLetter,
};
use kernel::topic::PartitionId;

use super::partition::Partition;
use super::{MemoryEventStore, State, Trouble};

/// Events a partition may hold: about 1 GB when one has 1,000 bytes.
const EVENTS_MAX: usize = 1_000_000;

#[async_trait]
impl EventStore for MemoryEventStore {
    async fn take_over(&self, partition_id: PartitionId, owner: Owner) -> Result<Cursor, Fault> {
        let mut state = self.state();
        let partition = state
            .partitions
            .entry(partition_id)
            .or_insert_with(|| Partition::new(Cursor::start(owner)));
        partition.cursor.owner = owner;
        Ok(partition.cursor)
    }

    async fn cursor(&self, partition_id: PartitionId) -> Result<Option<Cursor>, Fault> {
        Ok(self.partition(partition_id, |partition| Some(partition.cursor)))
    }

    async fn commit(&self, batches: &[Arc<Batch>]) -> Result<Vec<PartitionId>, CommitError> {
        let mut state = self.state();
        let trouble = state.troubles.pop_front();
        let fault = || Fault::bare("memory", "commit, in trouble as the test wants it");
        match trouble {
            None => state.commit(batches),
            Some(Trouble::NotMade) => Err(CommitError::NotMade(fault())),
            Some(Trouble::UnknownNotWritten) => Err(CommitError::Unknown(fault())),
            Some(Trouble::UnknownWritten) => {
                state.commit(batches)?;
                Err(CommitError::Unknown(fault()))
            }
        }
    }
}

impl State {
    fn commit(&mut self, batches: &[Arc<Batch>]) -> Result<Vec<PartitionId>, CommitError> {
        if let Some(full) = batches.iter().find(|batch| !self.has_room(batch)) {
            let attempt = format!("{} is full at {EVENTS_MAX} events", full.partition_id);
            return Err(CommitError::NotMade(Fault::bare("memory", attempt)));
        }
        let refused = batches.iter().filter(|batch| !self.write(batch));
        Ok(refused.map(|batch| batch.partition_id).collect())
    }

    fn has_room(&self, batch: &Batch) -> bool {
        let held = self
            .partitions
            .get(&batch.partition_id)
            .map_or(0, |partition| partition.events.len());
        held + batch.events.len() <= EVENTS_MAX
    }

    /// False when the batch is refused; nothing of it is then written.
    fn write(&mut self, batch: &Batch) -> bool {
        let Some(partition) = self.partitions.get_mut(&batch.partition_id) else {
            return false;
        };
        if !partition.admits(batch) {
            return false;
        }
        partition.write(batch);
        let timers = self.timers.entry(batch.partition_id.context).or_default();
        for change in &batch.timers {
            match change {
                TimerChange::Set(timer) => {
                    let name = (Arc::clone(&timer.key), Arc::clone(&timer.name));
                    timers.insert(name, (batch.partition_id, timer.clone()));
                }
                TimerChange::Cancel { key, name } => {
                    timers.remove(&(Arc::clone(key), Arc::clone(name)));
                }
            }
        }
        true
    }
}

#[async_trait]
impl DeadLetters for MemoryEventStore {
    async fn list(
        &self,
        partition_id: PartitionId,
        after: Option<i64>,
        max: usize,
    ) -> Result<Vec<StoredDeadLetter>, Fault> {
        let from = after.map_or(i64::MIN, |after| after.saturating_add(1));
        Ok(self.partition(partition_id, |partition| {
            partition
                .letters
                .range(from..)
                .take(max)
                .map(|(_, stored)| stored.clone())
                .collect()
        }))
    }

    async fn parked_keys(&self, partition_id: PartitionId) -> Result<Vec<bytes::Bytes>, Fault> {
        let keys: BTreeSet<_> = self.partition(partition_id, |partition| {
            let parked = |stored: &&StoredDeadLetter| {
                stored.state == DeadLetterState::Parked && stored.letter.reason.blocks_key()
            };
            let parked = partition.letters.values().filter(parked);
            parked
                .filter_map(|stored| stored.letter.key.clone())
                .collect()
        });
        Ok(keys.into_iter().collect())
    }

    async fn find(
        &self,
        contexts: &[&'static str],
        ids: RangeInclusive<CommandId>,
    ) -> Result<Vec<StoredDeadLetter>, Fault> {
        let state = self.state();
        let partitions = state.partitions.iter();
        let letters = partitions
            .filter(|(partition_id, _)| contexts.contains(&partition_id.context))
            .flat_map(|(_, partition)| partition.letters.values().rev());
        let found = letters.filter(|stored| {
            let command = stored.letter.command;
            command.is_some_and(|command| ids.contains(&command))
        });
        Ok(found.take(FOUND_MAX).cloned().collect())
    }

    async fn mark(
        &self,
        partition_id: PartitionId,
        offset: i64,
        from: DeadLetterState,
        to: DeadLetterState,
    ) -> Result<bool, Fault> {
        let mut state = self.state();
        let partition = state.partitions.get_mut(&partition_id);
        let stored = partition.and_then(|partition| partition.letters.get_mut(&offset));
        let marked = stored.filter(|stored| stored.state == from);
        Ok(marked.map(|stored| stored.state = to).is_some())
    }

    async fn set_aside(&self, partition_id: PartitionId, by: i64) -> Result<(), Fault> {
        if let Some(partition) = self.state().partitions.get_mut(&partition_id) {
            let letters = std::mem::take(&mut partition.letters).into_iter();
            partition.letters = letters
                .map(|(offset, mut stored)| {
                    stored.letter.offset = offset - by;
                    (stored.letter.offset, stored)
                })
                .collect();
        }
        Ok(())
    }
}

#[async_trait]
impl OutcomeOutbox for MemoryEventStore {
    async fn unpublished(
        &self,
        partition_id: PartitionId,
        max: usize,
    ) -> Result<Vec<OutcomeNotice>, Fault> {
        Ok(self.partition(partition_id, |partition| {
            partition.notices.values().take(max).cloned().collect()
        }))
    }

    async fn published(&self, partition_id: PartitionId, upto: i64) -> Result<(), Fault> {
        if let Some(partition) = self.state().partitions.get_mut(&partition_id) {
            partition.notices.retain(|offset, _| *offset > upto);
        }
        Ok(())
    }
}
