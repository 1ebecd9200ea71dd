//! What of one view waits to be saved.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use kernel::port::{Applied, Checkpoint, Listed, ViewBatch, ViewId, ViewValue};

#[derive(Default)]
pub(super) struct Front {
    /// In the order of `list`: by the bytes of the key.
    waiting: BTreeMap<Arc<str>, ViewValue>,
    partitions: HashMap<u16, Progress>,
    /// Grows with everything that is taken: a reader that has read before and keeps after may be too late.
    changes: u64,
    /// Whether a save is about to begin.
    pub(super) saving: bool,
}

#[derive(Clone, Copy)]
struct Progress {
    saved: Checkpoint,
    seen: Checkpoint,
}

impl Front {
    pub(super) fn seen(&self, partition: u16) -> Option<Checkpoint> {
        let progress = self.partitions.get(&partition)?;
        Some(progress.seen)
    }

    /// The partition has been saved up to there, as far as is known; returns what it has seen.
    pub(super) fn begin(&mut self, partition: u16, saved: Checkpoint) -> Checkpoint {
        let progress = self.partitions.entry(partition);
        progress.or_insert(Progress { saved, seen: saved }).seen
    }

    pub(super) fn unsaved(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn changes(&self) -> u64 {
        self.changes
    }

    pub(super) fn get(&self, key: &str) -> Option<ViewValue> {
        self.waiting.get(key).cloned()
    }

    pub(super) fn take(&mut self, batch: &ViewBatch, puts: Vec<(Arc<str>, ViewValue)>) -> Applied {
        let Some(progress) = self.partitions.get_mut(&batch.partition) else {
            return Applied::Refused;
        };
        if progress.seen != batch.from {
            return Applied::Refused;
        }
        progress.seen = batch.to;
        self.changes += 1;
        self.waiting.extend(puts);
        Applied::Written
    }

    pub(super) fn list(&self, prefix: &str, after: Option<&str>, max: usize) -> Listed {
        let first = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        self.waiting
            .range::<str, _>((first, Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(prefix))
            .take(max)
            .map(|(key, value)| (Arc::clone(key), value.clone()))
            .collect()
    }

    /// Everything that waits, by partitions.
    pub(super) fn batches(&self, view: ViewId) -> Vec<ViewBatch> {
        let mut puts: HashMap<u16, Vec<(Arc<str>, ViewValue)>> = HashMap::new();
        for (key, value) in &self.waiting {
            let put = (Arc::clone(key), value.clone());
            puts.entry(value.partition).or_default().push(put);
        }
        let moved = self.partitions.iter();
        let moved = moved.filter(|(_, progress)| progress.saved != progress.seen);
        let batch = |(partition, progress): (&u16, &Progress)| ViewBatch {
            view,
            partition: *partition,
            from: progress.saved,
            to: progress.seen,
            puts: puts.remove(partition).unwrap_or_default(),
        };
        moved.map(batch).collect()
    }

    /// Forgets what was saved and has not changed since; returns those values.
    pub(super) fn saved(&mut self, batch: &ViewBatch) -> Vec<(Arc<str>, ViewValue)> {
        if let Some(progress) = self.partitions.get_mut(&batch.partition) {
            progress.saved = batch.to;
        }
        let mut let_go = Vec::with_capacity(batch.puts.len());
        for (key, saved) in &batch.puts {
            let waits = self.waiting.get(key);
            if waits.is_some_and(|value| value.log_position == saved.log_position) {
                let_go.extend(self.waiting.remove_entry(key));
            }
        }
        let_go
    }

    pub(super) fn is_saved(&self) -> bool {
        let mut partitions = self.partitions.values();
        partitions.all(|progress| progress.saved == progress.seen)
    }
}

/// Both in key order; of a key that is in both, the later value.
pub(super) fn merged(one: Listed, other: Listed, max: usize) -> Listed {
    let mut merged: BTreeMap<Arc<str>, ViewValue> = one.into_iter().collect();
    for (key, value) in other {
        let known = merged.get(&key);
        if known.is_none_or(|known| known.log_position < value.log_position) {
            merged.insert(key, value);
        }
    }
    merged.into_iter().take(max).collect()
}
