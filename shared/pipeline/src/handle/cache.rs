//! The aggregates of one partition, in memory and bounded.

use std::sync::Arc;

use kernel::Context;
use kernel::batch::EventRow;
use kernel::port::Resumed;
use lru::LruCache;

use super::snapshot::{Unusable, restore};

/// An aggregate with its place in the store.
pub(crate) struct Cached<C> {
    pub(crate) stream: i64,
    /// Events so far; 0 for an aggregate that does not exist yet.
    pub(crate) version: u64,
    /// The version of its last snapshot; 0 when there is none.
    pub(crate) snapshot: u64,
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

/// Why what the store gave is no aggregate.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotLoaded {
    /// The whole stream will do.
    #[error("the snapshot of {key} cannot be used")]
    Snapshot { key: Arc<str>, source: Unusable },
    #[error(transparent)]
    Stream(#[from] BadStream),
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

    /// As [`Self::get`], but it counts as no use.
    pub(crate) fn peek(&mut self, key: &Arc<str>) -> Option<&mut Cached<C>> {
        self.entries.peek_mut(key)
    }

    /// Folds what the store gave: a snapshot and the events after it, or a whole stream.
    pub(crate) fn load(&mut self, resumed: Resumed) -> Result<(), NotLoaded> {
        let Resumed { snapshot, tail } = resumed;
        let key = tail.key;
        let (mut state, known, new) = match &snapshot {
            None => (C::default(), 0, &tail.events[..]),
            Some(snapshot) => {
                // It was taken at the first event that came with it.
                let on = tail.events.split_first();
                let new = on.filter(|(on, _)| on.sequence == snapshot.version);
                let state = restore(&key, snapshot, new.is_some());
                let state = state.map_err(|source| NotLoaded::Snapshot {
                    key: Arc::clone(&key),
                    source,
                })?;
                let new = new.map_or(&[][..], |(_, new)| new);
                (state, snapshot.version, new)
            }
        };
        let version = fold(&key, &mut state, known, new)?;
        self.entries.put(
            key,
            Cached {
                stream: tail.stream,
                version,
                snapshot: known,
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
                snapshot: 0,
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

/// Applies events to a state of that version, and returns the version it then has.
pub(super) fn fold<C: Context>(
    key: &Arc<str>,
    state: &mut C,
    mut version: u64,
    events: &[EventRow],
) -> Result<u64, BadStream> {
    for row in events {
        version += 1;
        if row.sequence != version {
            return Err(BadStream::Hole {
                key: Arc::clone(key),
                expected: version,
                found: row.sequence,
            });
        }
        let event =
            serde_json::from_slice(&row.record.value).map_err(|source| BadStream::Undecodable {
                key: Arc::clone(key),
                source,
            })?;
        state.apply(event);
    }
    Ok(version)
}
