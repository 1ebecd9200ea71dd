//! A durable model behind memory: what is written is seen at once, and saved a little later.

mod front;
mod save;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use kernel::code::Fault;
use kernel::port::{Applied, Checkpoint, Listed, ReadModel, ViewBatch, ViewId, ViewValue};
use moka::sync::Cache;
use tokio::sync::Notify;

use front::Front;

/// Values of a view that may wait to be saved; a further writer waits with them.
const UNSAVED_MAX: usize = 10_000;
/// What the smallest value counts, and what is added for the place it takes: bytes.
const VALUE_MIN: usize = 256;

/// A model of one process in front of a durable one that has no other writer.
///
/// A batch is there for readers as soon as it is applied. Some time later it is saved with its
/// checkpoint, together with those that followed it, so that many changes of a key are saved as one. A
/// process that ends before has its last batches folded again from the events: the saved checkpoint
/// is where that starts. Values that were read or written lately are kept, up to a bound.
#[derive(Clone)]
pub struct WriteBehind {
    shared: Arc<Shared>,
    reach: Reach,
}

/// How far a reader looks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Not beyond memory: a value that is not there counts as absent.
    Memory,
    Durable,
}

struct Shared {
    durable: Arc<dyn ReadModel>,
    linger: Duration,
    fronts: RwLock<HashMap<ViewId, Front>>,
    kept: Cache<(ViewId, Arc<str>), ViewValue>,
    /// Something was saved, or given up: there is room again.
    saved: Notify,
}

impl WriteBehind {
    /// Saves after `linger`, and keeps values of up to so many bytes in memory.
    #[must_use]
    pub fn new(durable: Arc<dyn ReadModel>, linger: Duration, kept_bytes_max: u64) -> Self {
        let kept = Cache::builder()
            .max_capacity(kept_bytes_max)
            .weigher(|_: &(ViewId, Arc<str>), value: &ViewValue| weight(value))
            .build();
        let shared = Shared {
            durable,
            linger,
            fronts: RwLock::default(),
            kept,
            saved: Notify::new(),
        };
        Self {
            shared: Arc::new(shared),
            reach: Reach::Durable,
        }
    }

    /// The same for readers that have the whole model to ask next: it never waits for the durable one,
    /// and cannot list.
    #[must_use]
    pub fn in_memory(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            reach: Reach::Memory,
        }
    }
}

fn weight(value: &ViewValue) -> u32 {
    u32::try_from(value.body.len().saturating_add(VALUE_MIN)).unwrap_or(u32::MAX)
}

impl Shared {
    fn read<T>(&self, view: ViewId, read: impl FnOnce(&Front) -> T) -> Option<T> {
        let fronts = self.fronts.read().unwrap_or_else(PoisonError::into_inner);
        fronts.get(&view).map(read)
    }

    fn write<T>(&self, view: ViewId, write: impl FnOnce(&mut Front) -> T) -> T {
        let mut fronts = self.fronts.write().unwrap_or_else(PoisonError::into_inner);
        write(fronts.entry(view).or_default())
    }

    /// What a partition has seen, asked of the durable model the first time.
    async fn seen(&self, view: ViewId, partition: u16) -> Result<Checkpoint, Fault> {
        let known = self.read(view, |front| front.seen(partition)).flatten();
        if let Some(seen) = known {
            return Ok(seen);
        }
        let saved = self.durable.checkpoint(view, partition).await?;
        Ok(self.write(view, |front| front.begin(partition, saved)))
    }

    /// Waits while too many values wait to be saved.
    async fn room(&self, view: ViewId) {
        loop {
            let saved = self.saved.notified();
            let unsaved = self.read(view, Front::unsaved).unwrap_or_default();
            if unsaved < UNSAVED_MAX {
                return;
            }
            saved.await;
        }
    }

    fn forget(&self, view: ViewId) {
        let mut fronts = self.fronts.write().unwrap_or_else(PoisonError::into_inner);
        fronts.remove(&view);
        drop(fronts);
        self.kept.invalidate_all();
        self.saved.notify_waiters();
    }
}

#[async_trait]
impl ReadModel for WriteBehind {
    async fn checkpoint(&self, view: ViewId, partition: u16) -> Result<Checkpoint, Fault> {
        self.shared.seen(view, partition).await
    }

    async fn apply(&self, batch: ViewBatch) -> Result<Applied, Fault> {
        let view = batch.view;
        self.shared.seen(view, batch.partition).await?;
        self.shared.room(view).await;
        let kept = |(key, value): &(Arc<str>, ViewValue)| {
            // A copy of its own: bodies share the memory of their batch, and one that stays would keep
            // all of it.
            let body = Bytes::copy_from_slice(&value.body);
            let value = ViewValue {
                body,
                ..value.clone()
            };
            (Arc::clone(key), value)
        };
        let puts: Vec<_> = batch.puts.iter().map(kept).collect();
        let taken = self.shared.write(view, |front| front.take(&batch, puts));
        if taken == Applied::Written {
            save::later(&self.shared, view);
        }
        Ok(taken)
    }

    async fn get(&self, view: ViewId, keys: &[Arc<str>]) -> Result<Vec<Option<ViewValue>>, Fault> {
        let mut found: Vec<_> = self
            .shared
            .read(view, |front| {
                keys.iter().map(|key| front.get(key)).collect()
            })
            .unwrap_or_else(|| vec![None; keys.len()]);
        let mut missing = Vec::new();
        for (place, key) in keys.iter().enumerate() {
            if found[place].is_none() {
                found[place] = self.shared.kept.get(&(view, Arc::clone(key)));
            }
            if found[place].is_none() {
                missing.push(place);
            }
        }
        if missing.is_empty() || self.reach == Reach::Memory {
            return Ok(found);
        }
        let changes = self.shared.read(view, Front::changes);
        let asked: Vec<_> = missing
            .iter()
            .map(|place| Arc::clone(&keys[*place]))
            .collect();
        let saved = self.shared.durable.get(view, &asked).await?;
        for ((place, key), value) in missing.into_iter().zip(asked).zip(saved) {
            if let Some(value) = &value {
                self.keep(view, key, value, changes);
            }
            found[place] = value;
        }
        Ok(found)
    }

    async fn list(
        &self,
        view: ViewId,
        prefix: &str,
        after: Option<&str>,
        max: usize,
    ) -> Result<Listed, Fault> {
        if self.reach == Reach::Memory {
            return Err(Fault::bare("memory", format!("cannot list view {view}")));
        }
        // First what waits: what is saved meanwhile is found in both, and not in neither.
        let unsaved = self
            .shared
            .read(view, |front| front.list(prefix, after, max));
        let saved = self.shared.durable.list(view, prefix, after, max).await?;
        Ok(front::merged(unsaved.unwrap_or_default(), saved, max))
    }

    async fn clear(&self, view: ViewId) -> Result<(), Fault> {
        self.shared.forget(view);
        let cleared = self.shared.durable.clear(view).await;
        // What was applied meanwhile is based on what is no more.
        self.shared.forget(view);
        cleared
    }
}

impl WriteBehind {
    /// Keeps a value that was read from the durable model, unless something was written meanwhile: it
    /// could be older than what has been saved since.
    fn keep(&self, view: ViewId, key: Arc<str>, value: &ViewValue, changes: Option<u64>) {
        self.shared.read(view, |front| {
            if Some(front.changes()) == changes {
                self.shared.kept.insert((view, key), value.clone());
            }
        });
    }
}
