//! The aggregates of one partition, in memory and bounded.

use std::sync::Arc;

use kernel::Context;
use kernel::port::LoadedStream;
use lru::LruCache;

/// An aggregate with its place in the store.
pub(crate) struct Cached<C> {
    pub(crate) stream: i64,
    /// Events so far; 0 for an aggregate that does not exist yet.
    pub(crate) version: u64,
    pub(crate) state: C,
    /// Number of the last batch that changed it: not to be dropped before that is durable.
    pub(crate) changed_in: u64,
}

/// A stream that cannot be what the store's rules allow.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadStream {
    #[error("stream {key} has event {found} where {expected} belongs")]
    Hole {
        key: Arc<str>,
        expected: u64,
        found: u64,
    },
    #[error("stream {key} has an event that does not decode")]
    Undecodable {
        key: Arc<str>,
        source: serde_json::Error,
    },
}

pub(crate) struct Cache<C> {
    entries: LruCache<Arc<str>, Cached<C>>,
    max: usize,
}

impl<C: Context> Cache<C> {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            entries: LruCache::unbounded(),
            max,
        }
    }

    pub(crate) fn has(&self, key: &Arc<str>) -> bool {
        self.entries.contains(key)
    }

    pub(crate) fn get(&mut self, key: &Arc<str>) -> Option<&mut Cached<C>> {
        self.entries.get_mut(key)
    }

    /// Folds a stream as the store gave it.
    pub(crate) fn load(&mut self, loaded: LoadedStream) -> Result<(), BadStream> {
        let key = loaded.key;
        let mut state = C::default();
        let mut version = 0;
        for row in &loaded.events {
            version += 1;
            if row.sequence != version {
                return Err(BadStream::Hole {
                    key,
                    expected: version,
                    found: row.sequence,
                });
            }
            let event = serde_json::from_slice(&row.record.value).map_err(|source| {
                BadStream::Undecodable {
                    key: Arc::clone(&key),
                    source,
                }
            })?;
            state.apply(event);
        }
        self.entries.put(
            key,
            Cached {
                stream: loaded.stream,
                version,
                state,
                changed_in: 0,
            },
        );
        Ok(())
    }

    /// An aggregate that has no events yet; its stream number is given with its first event.
    pub(crate) fn create(&mut self, key: Arc<str>) {
        self.entries.put(
            key,
            Cached {
                stream: 0,
                version: 0,
                state: C::default(),
                changed_in: 0,
            },
        );
    }

    /// Drops the least recently used down to the bound, but nothing that a batch after `durable`
    /// changed.
    pub(crate) fn trim(&mut self, durable: u64) {
        while self.entries.len() > self.max {
            match self.entries.peek_lru() {
                Some((_, oldest)) if oldest.changed_in <= durable => {
                    self.entries.pop_lru();
                }
                _ => break,
            }
        }
    }
}
