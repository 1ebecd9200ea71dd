//! How far the floor has read.

use std::collections::BTreeMap;

use kernel::EventMeta;
use serde::{Deserialize, Serialize};

/// The last log position seen of each partition, by context.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct LogPositions(BTreeMap<Box<str>, Vec<u64>>);

impl LogPositions {
    pub(crate) fn see(&mut self, context: &str, partition: u16, meta: &EventMeta) {
        if !self.0.contains_key(context) {
            self.0.insert(context.into(), Vec::new());
        }
        let Some(log_positions) = self.0.get_mut(context) else {
            return;
        };
        let partition = usize::from(partition);
        if log_positions.len() <= partition {
            log_positions.resize(partition + 1, 0);
        }
        log_positions[partition] = log_positions[partition].max(meta.log_position);
    }

    pub(crate) fn all(&self) -> BTreeMap<Box<str>, Vec<u64>> {
        self.0.clone()
    }
}
