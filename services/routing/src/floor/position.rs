//! How far the floor has read.

use std::collections::BTreeMap;

use kernel::EventMeta;

/// The last position seen of each partition, by context.
#[derive(Debug, Default)]
pub(crate) struct Positions(BTreeMap<Box<str>, Vec<u64>>);

impl Positions {
    pub(crate) fn see(&mut self, context: &str, partition: u16, meta: &EventMeta) {
        if !self.0.contains_key(context) {
            self.0.insert(context.into(), Vec::new());
        }
        let Some(positions) = self.0.get_mut(context) else {
            return;
        };
        let partition = usize::from(partition);
        if positions.len() <= partition {
            positions.resize(partition + 1, 0);
        }
        positions[partition] = positions[partition].max(meta.position);
    }

    pub(crate) fn all(&self) -> BTreeMap<Box<str>, Vec<u64>> {
        self.0.clone()
    }
}
