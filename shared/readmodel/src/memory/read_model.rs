use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::{Arc, RwLock};

use async_trait::async_trait;
use bytes::Bytes;
use kernel::code::Fault;
use kernel::port::{Applied, Checkpoint, Listed, ReadModel, ViewBatch, ViewId, ViewValue};

/// Values a view may hold by default: about 1 GB when a body has 800 bytes.
const VALUES_MAX: usize = 1_000_000;

const LOCK: &str = "nothing panics while it holds the lock";

/// A read model that ends with its process. Clones share what they hold.
#[derive(Clone, Debug)]
pub struct MemoryReadModel {
    values_max: usize,
    views: Arc<RwLock<HashMap<ViewId, Held>>>,
}

/// What is held of one view. The map's order is the order of `list`: by the bytes of the key.
#[derive(Debug, Default)]
struct Held {
    values: BTreeMap<Arc<str>, ViewValue>,
    checkpoints: HashMap<u16, Checkpoint>,
}

impl Default for MemoryReadModel {
    fn default() -> Self {
        Self::bounded(VALUES_MAX)
    }
}

impl MemoryReadModel {
    /// A model in which no view holds more than `values_max` values; a batch that would exceed it is
    /// a [`Fault`] and writes nothing.
    #[must_use]
    pub fn bounded(values_max: usize) -> Self {
        Self {
            values_max,
            views: Arc::default(),
        }
    }

    fn read<T>(&self, view: ViewId, read: impl FnOnce(&Held) -> T) -> Option<T> {
        self.views.read().expect(LOCK).get(&view).map(read)
    }
}

#[async_trait]
impl ReadModel for MemoryReadModel {
    async fn checkpoint(&self, view: ViewId, partition: u16) -> Result<Checkpoint, Fault> {
        let held = self.read(view, |held| held.checkpoint(partition));
        Ok(held.unwrap_or_default())
    }

    async fn apply(&self, batch: ViewBatch) -> Result<Applied, Fault> {
        let mut views = self.views.write().expect(LOCK);
        let held = views.entry(batch.view).or_default();
        if held.checkpoint(batch.partition) != batch.from {
            return Ok(Applied::Refused);
        }
        if held.values.len() + batch.puts.len() > self.values_max
            && held.values.len() + held.count_new(&batch) > self.values_max
        {
            let attempt = format!("view {} is full at {} values", batch.view, self.values_max);
            return Err(Fault::bare("memory", attempt));
        }
        held.values
            .extend(batch.puts.into_iter().map(|(key, value)| {
                // A copy of its own: bodies share the memory of their batch, and one that stays would keep
                // all of it.
                let body = Bytes::copy_from_slice(&value.body);
                (key, ViewValue { body, ..value })
            }));
        held.checkpoints.insert(batch.partition, batch.to);
        Ok(Applied::Written)
    }

    async fn get(&self, view: ViewId, keys: &[Arc<str>]) -> Result<Vec<Option<ViewValue>>, Fault> {
        let found = self.read(view, |held| {
            keys.iter()
                .map(|key| held.values.get(key).cloned())
                .collect()
        });
        Ok(found.unwrap_or_else(|| vec![None; keys.len()]))
    }

    async fn list(
        &self,
        view: ViewId,
        prefix: &str,
        after: Option<&str>,
        max: usize,
    ) -> Result<Listed, Fault> {
        let listed = self.read(view, |held| held.list(prefix, after, max));
        Ok(listed.unwrap_or_default())
    }

    async fn clear(&self, view: ViewId) -> Result<(), Fault> {
        self.views.write().expect(LOCK).remove(&view);
        Ok(())
    }
}

impl Held {
    fn checkpoint(&self, partition: u16) -> Checkpoint {
        self.checkpoints
            .get(&partition)
            .copied()
            .unwrap_or_default()
    }

    fn count_new(&self, batch: &ViewBatch) -> usize {
        let keys = batch.puts.iter().map(|(key, _)| key);
        let mut new: Vec<_> = keys.filter(|key| !self.values.contains_key(*key)).collect();
        new.sort_unstable();
        new.dedup();
        new.len()
    }

    fn list(&self, prefix: &str, after: Option<&str>, max: usize) -> Listed {
        let first = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        self.values
            .range::<str, _>((first, Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(prefix))
            .take(max)
            .map(|(key, value)| (Arc::clone(key), value.clone()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::time::Timestamp;

    const VIEW: ViewId = ViewId {
        name: "position",
        version: 1,
    };

    fn batch(from: u64, keys: &[&str]) -> ViewBatch {
        let at = |log_position| Checkpoint {
            log_position,
            next_offset: 0,
        };
        let value = ViewValue {
            version: from + 1,
            partition: 0,
            log_position: from + 1,
            as_of: Timestamp::default(),
            body: "{}".into(),
        };
        ViewBatch {
            view: VIEW,
            partition: 0,
            from: at(from),
            to: at(from + 1),
            puts: keys
                .iter()
                .map(|&key| (key.into(), value.clone()))
                .collect(),
        }
    }

    #[tokio::test]
    async fn full_view_takes_values_for_keys_it_has_only() {
        let model = MemoryReadModel::bounded(2);
        model.apply(batch(0, &["t/a", "t/b"])).await.unwrap();
        assert!(model.apply(batch(1, &["t/a", "t/c"])).await.is_err());
        assert_eq!(model.checkpoint(VIEW, 0).await.unwrap().log_position, 1);
        let found = model
            .get(VIEW, &["t/a".into(), "t/c".into()])
            .await
            .unwrap();
        assert_eq!(found[0].as_ref().unwrap().version, 1);
        assert_eq!(found[1], None);
        let again = model.apply(batch(1, &["t/a", "t/b", "t/a"])).await;
        assert_eq!(again.unwrap(), Applied::Written);
    }
}
