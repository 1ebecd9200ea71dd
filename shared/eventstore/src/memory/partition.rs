//! The rows of one partition, and the rules of a table: a key that is taken cannot be taken again.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::Hash;
use std::ops::RangeInclusive;
use std::sync::Arc;

use kernel::batch::{Batch, Cursor, EventRow, OutcomeRow};
use kernel::checksum::Mark;
use kernel::id::CommandId;
use kernel::port::{
    DeadLetterState, LoadedStream, OutcomeNotice, Resumed, Snapshot, StoredDeadLetter,
};

pub(super) struct Partition {
    pub(super) cursor: Cursor,
    pub(super) streams: HashMap<Arc<str>, i64>,
    pub(super) keys: BTreeMap<i64, Arc<str>>,
    /// By log position.
    pub(super) events: BTreeMap<u64, EventRow>,
    /// Position by stream and sequence.
    pub(super) sequences: BTreeMap<(i64, u64), u64>,
    pub(super) outcomes: BTreeMap<CommandId, OutcomeRow>,
    pub(super) marks: Vec<Mark>,
    /// By offset.
    pub(super) letters: BTreeMap<i64, StoredDeadLetter>,
    /// By offset.
    pub(super) notices: BTreeMap<i64, OutcomeNotice>,
    /// By stream.
    pub(super) snapshots: BTreeMap<i64, Snapshot>,
}

impl Partition {
    pub(super) fn new(cursor: Cursor) -> Self {
        Self {
            cursor,
            streams: HashMap::new(),
            keys: BTreeMap::new(),
            events: BTreeMap::new(),
            sequences: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            marks: Vec::new(),
            letters: BTreeMap::new(),
            notices: BTreeMap::new(),
            snapshots: BTreeMap::new(),
        }
    }

    /// Whether the batch is its owner's, begins at the cursor and takes no taken key.
    pub(super) fn admits(&self, batch: &Batch) -> bool {
        self.cursor.owner == batch.from.owner
            && self.cursor.next_offset == batch.from.next_offset
            && self.cursor.next_log_position == batch.from.next_log_position
            && free(
                &batch.streams,
                |new| new.stream,
                |stream| self.keys.contains_key(stream),
            )
            && free(
                &batch.streams,
                |new| Arc::clone(&new.key),
                |key| self.streams.contains_key(key),
            )
            && free(&batch.events, log_position, |log_position| {
                self.events.contains_key(log_position)
            })
            && free(&batch.events, sequence, |sequence| {
                self.sequences.contains_key(sequence)
            })
            && free(
                &batch.outcomes,
                |row| row.command,
                |id| self.outcomes.contains_key(id),
            )
            && free(
                &batch.dead_letters,
                |row| row.offset,
                |offset| self.letters.contains_key(offset),
            )
    }

    /// Writes the rows of a batch that was admitted; its timers belong to the context.
    pub(super) fn write(&mut self, batch: &Batch) {
        self.cursor = batch.to;
        for new in &batch.streams {
            self.streams.insert(Arc::clone(&new.key), new.stream);
            self.keys.insert(new.stream, Arc::clone(&new.key));
        }
        for row in &batch.events {
            self.sequences.insert(sequence(row), log_position(row));
            self.events.insert(log_position(row), row.clone());
        }
        let outcomes = batch.outcomes.iter().map(|row| (row.command, row.clone()));
        self.outcomes.extend(outcomes);
        self.marks.extend(&batch.marks);
        self.letters.extend(batch.dead_letters.iter().map(|letter| {
            let state = DeadLetterState::Parked;
            let stored = StoredDeadLetter {
                partition_id: batch.partition_id,
                state,
                letter: letter.clone(),
            };
            (letter.offset, stored)
        }));
        let notices = batch.notices.iter();
        self.notices
            .extend(notices.map(|notice| (notice.offset, notice.clone())));
    }

    pub(super) fn resumed(&self, key: &Arc<str>, shape: u16) -> Option<Resumed> {
        let snapshot = self.snapshots.get(self.streams.get(key)?).cloned();
        let snapshot = snapshot.filter(|snapshot| snapshot.shape == shape);
        let from = snapshot.as_ref().map_or(0, |snapshot| snapshot.version);
        Some(Resumed {
            snapshot,
            tail: self.stream(key, from..=u64::MAX)?,
        })
    }

    pub(super) fn stream(
        &self,
        key: &Arc<str>,
        sequences: RangeInclusive<u64>,
    ) -> Option<LoadedStream> {
        let stream = *self.streams.get(key)?;
        let (first, last) = sequences.into_inner();
        let log_positions = self.sequences.range((stream, first)..=(stream, last));
        let events = log_positions
            .map(|(_, log_position)| self.events[log_position].clone())
            .collect();
        Some(LoadedStream {
            key: Arc::clone(key),
            stream,
            events,
        })
    }
}

/// Whether no row's key is taken, in the store or by another row.
fn free<R, K: Eq + Hash>(rows: &[R], key: impl Fn(&R) -> K, taken: impl Fn(&K) -> bool) -> bool {
    let mut seen = HashSet::with_capacity(rows.len());
    rows.iter()
        .map(key)
        .all(|key| !taken(&key) && seen.insert(key))
}

fn log_position(row: &EventRow) -> u64 {
    row.record.log_position
}

fn sequence(row: &EventRow) -> (i64, u64) {
    (row.stream, row.sequence)
}
