//! Snapshots of live projections in the memory of one process.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::Bytes;
use kernel::Fault;
use kernel::port::{FoldSnapshot, FoldSnapshots};

use super::MemoryEventStore;

#[derive(Default)]
pub(super) struct Folds {
    /// By projection and shape.
    current: BTreeMap<(Box<str>, u16), FoldSnapshot>,
    parts: BTreeMap<PartKey, Bytes>,
}

/// Projection, shape, events, checksum, number.
type PartKey = (Box<str>, u16, u64, i64, u32);

fn key(snapshot: &FoldSnapshot) -> (Box<str>, u16) {
    (snapshot.projection.clone(), snapshot.shape)
}

fn part_key(snapshot: &FoldSnapshot, part: u32) -> PartKey {
    let (projection, shape) = key(snapshot);
    (projection, shape, snapshot.events, snapshot.checksum, part)
}

impl Folds {
    fn parts(&self, snapshot: &FoldSnapshot) -> Vec<Bytes> {
        let all = part_key(snapshot, 0)..=part_key(snapshot, u32::MAX);
        self.parts
            .range(all)
            .map(|(_, bytes)| bytes.clone())
            .collect()
    }

    fn publish(&mut self, snapshot: &FoldSnapshot) -> bool {
        let known = self.current.get(&key(snapshot));
        let is_newer = known.is_none_or(|known| known.events < snapshot.events);
        let parts = u32::try_from(self.parts(snapshot).len());
        if !is_newer || parts != Ok(snapshot.parts) {
            return false;
        }
        let (projection, shape) = key(snapshot);
        self.current
            .retain(|(name, other), _| *name != projection || *other >= shape);
        self.current.insert(key(snapshot), snapshot.clone());
        self.parts.retain(|(name, other, events, checksum, _), _| {
            let stays = *events > snapshot.events || *checksum == snapshot.checksum;
            *name != projection || *other > shape || *other == shape && stays
        });
        true
    }

    fn discard(&mut self, snapshot: &FoldSnapshot) {
        let key = key(snapshot);
        if self.current.get(&key) == Some(snapshot) {
            self.current.remove(&key);
        }
        if !self.current.contains_key(&key) {
            self.parts
                .retain(|(name, shape, ..), _| (name, shape) != (&key.0, &key.1));
        }
    }
}

#[async_trait]
impl FoldSnapshots for MemoryEventStore {
    async fn current(&self, projection: &str) -> Result<Vec<FoldSnapshot>, Fault> {
        let state = self.state();
        let current = state.folds.current.values();
        let current = current.filter(|snapshot| *snapshot.projection == *projection);
        Ok(current.cloned().collect())
    }

    async fn parts(&self, snapshot: &FoldSnapshot) -> Result<Vec<Bytes>, Fault> {
        Ok(self.state().folds.parts(snapshot))
    }

    async fn put(&self, snapshot: &FoldSnapshot, part: u32, bytes: &Bytes) -> Result<(), Fault> {
        let key = part_key(snapshot, part);
        self.state().folds.parts.insert(key, bytes.clone());
        Ok(())
    }

    async fn publish(&self, snapshot: &FoldSnapshot) -> Result<bool, Fault> {
        Ok(self.state().folds.publish(snapshot))
    }

    async fn discard(&self, snapshot: &FoldSnapshot) -> Result<(), Fault> {
        self.state().folds.discard(snapshot);
        Ok(())
    }
}
