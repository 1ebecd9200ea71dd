//! One partition of a view: its events become values, and each value that changes is told to the hub.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use bytes::Bytes;
use kernel::context::EventOf;
use kernel::port::{Checkpoint, ViewValue};
use kernel::topic;
use kernel::{EventMeta, Fault, Parameters, View};
use lru::LruCache;
use tracing::{error, warn};

use super::feed::FeedPorts;
use super::interest::facets;
use super::lane::Change;
use crate::backoff::Backoff;
use crate::consume::{Broken, Events, Published};
use crate::movement::Worker;
use crate::project::{Until, fold, view_id};

/// Events folded between two looks at what is missing.
const BATCH_EVENTS_MAX: usize = 500;

pub(super) struct Follower<V: View> {
    ports: FeedPorts,
    events: Events,
    worker: Worker,
    /// Where it begins, and the offset of the log that is certainly behind no later event.
    from: u64,
    end: i64,
    /// Taken, and not folded yet.
    fresh: Vec<Fresh<V>>,
    values: LruCache<Arc<str>, Kept<V>>,
}

/// A value, and its bytes; none before its first event.
struct Kept<V> {
    value: V,
    body: Option<Bytes>,
}

struct Fresh<V: View> {
    key: Arc<str>,
    meta: EventMeta,
    event: EventOf<V>,
}

impl<V: View> Follower<V> {
    pub(super) fn new(
        ports: FeedPorts,
        events: Events,
        worker: Worker,
        (from, end): (u64, i64),
    ) -> Self {
        // A batch must fit, or its first values would be gone before they are folded.
        let kept = ports
            .hub
            .settings
            .cached_values_max
            .max(2 * BATCH_EVENTS_MAX);
        Self {
            values: LruCache::new(NonZeroUsize::new(kept).unwrap_or(NonZeroUsize::MIN)),
            ports,
            events,
            worker,
            from,
            end,
            fresh: Vec::new(),
        }
    }

    pub(super) async fn run(mut self) {
        let partition = self.events.partition_id().partition;
        self.ports.hub.begin(self.ports.view, partition, self.from);
        let (mut backoff, mut place) = (Backoff::new(), Place::Store(self.from));
        loop {
            if let Err(fault) = self.follow(&mut place).await {
                self.worker.stands(&fault);
                warn!(
                    view = V::NAME,
                    partition_id = %self.events.partition_id(),
                    error = &fault as &dyn std::error::Error,
                    "live streams wait, will continue where they are"
                );
            }
            backoff.wait().await;
            self.worker.tries();
        }
    }

    async fn follow(&mut self, place: &mut Place) -> Result<(), Fault> {
        if let Place::Store(from) = place {
            let reached = self.read_store(from).await?;
            let next_offset = self.end;
            *place = Place::Log(Checkpoint {
                log_position: reached,
                next_offset,
            });
        }
        if let Place::Log(seen) = place {
            self.events.seek(*seen).await?;
        }
        loop {
            self.fold().await?;
            let fresh = &mut self.fresh;
            self.events.take(BATCH_EVENTS_MAX, fresh, read::<V>).await?;
            *place = Place::Log(self.events.seen());
        }
    }

    /// To the end of the store, where the log takes over.
    async fn read_store(&mut self, from: &mut u64) -> Result<u64, Fault> {
        let partition_id = self.events.partition_id();
        loop {
            self.fold().await?;
            let streams = &self.ports.world.streams;
            let rows = streams.read(partition_id, *from, BATCH_EVENTS_MAX).await?;
            let is_last = rows.len() < BATCH_EVENTS_MAX;
            for row in rows {
                let log_position = row.record.log_position;
                let key = row.record.key.as_bytes();
                let partitions = self.ports.hub.partitions;
                // One of another partition's aggregate is passed, as it is in the log.
                if topic::partition_of(key, partitions) == partition_id.partition {
                    self.fresh.push(read::<V>(Published::from(row.record))?);
                }
                *from = log_position;
            }
            if is_last {
                self.fold().await?;
                return Ok(*from);
            }
        }
    }

    /// Folds what was taken, and tells what has changed.
    async fn fold(&mut self) -> Result<(), Fault> {
        self.load_missing().await?;
        let partition = self.events.partition_id().partition;
        for Fresh { key, meta, event } in std::mem::take(&mut self.fresh) {
            let Some(kept) = self.values.get_mut(&key) else {
                continue;
            };
            let mut found = Vec::new();
            if kept.body.is_some() {
                facets(&kept.value, &mut found);
            }
            kept.value.update(&meta, &event);
            facets(&kept.value, &mut found);
            let body = match serde_json::to_vec(&kept.value) {
                Ok(body) => Bytes::from(body),
                Err(error) => {
                    error!(view = V::NAME, %key, error = &error as &dyn std::error::Error, "value of a view cannot be written");
                    continue;
                }
            };
            let before = kept.body.replace(Bytes::clone(&body));
            let change = Change {
                key,
                log_position: meta.log_position,
                body,
                before,
                facets: found.into(),
            };
            let hub = &self.ports.hub;
            hub.tell(self.ports.view, partition, change, &kept.value);
        }
        let seen = self.events.seen().log_position;
        self.ports.hub.reach(self.ports.view, partition, seen);
        self.worker.moves();
        Ok(())
    }

    async fn load_missing(&mut self) -> Result<(), Fault> {
        let mut missing: HashMap<Arc<str>, u64> = HashMap::new();
        for fresh in &self.fresh {
            if !self.values.contains(&fresh.key) {
                let key = Arc::clone(&fresh.key);
                missing.entry(key).or_insert(fresh.meta.sequence - 1);
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        self.worker.begins();
        let keys: Vec<_> = missing
            .iter()
            .filter(|(_, version)| **version > 0)
            .map(|(key, _)| Arc::clone(key))
            .collect();
        let query = &self.ports.world.query;
        let at_hand = query.at_hand(view_id::<V>(), &keys).await;
        let mut at_hand: HashMap<_, _> = keys.into_iter().zip(at_hand).collect();
        for (key, version) in missing {
            let at_hand = at_hand.remove(&key).flatten();
            let kept = self.load(&key, version, at_hand).await?;
            self.values.put(key, kept);
        }
        Ok(())
    }

    /// The value of that version: a read model's, if it is just that one, else a fold of the stream.
    async fn load(
        &mut self,
        key: &Arc<str>,
        version: u64,
        at_hand: Option<ViewValue>,
    ) -> Result<Kept<V>, Fault> {
        let found = match at_hand.filter(|value| value.version == version) {
            _ if version == 0 => None,
            Some(value) => Some(value),
            None => self.folded(key, version).await?,
        };
        let Some(found) = found else {
            return Ok(Kept {
                value: V::default(),
                body: None,
            });
        };
        let value = serde_json::from_slice(&found.body).map_err(|error| {
            Fault::new("read model", format!("decode {}", view_id::<V>()), error)
        })?;
        Ok(Kept {
            value,
            body: Some(found.body),
        })
    }

    async fn folded(&mut self, key: &Arc<str>, version: u64) -> Result<Option<ViewValue>, Fault> {
        let partition_id = self.events.partition_id();
        let keys = std::slice::from_ref(key);
        let streams = &self.ports.world.streams;
        let loaded = streams.load(partition_id, keys, version).await?;
        let Some(stream) = loaded.first() else {
            return Ok(None);
        };
        let partition = partition_id.partition;
        fold::<V>(stream, partition, Until::Now, &Parameters::default())
            .map_err(|error| Fault::new("event store", format!("fold {}", view_id::<V>()), error))
    }
}

/// Where a follower continues.
enum Place {
    /// In the store, behind that log position.
    Store(u64),
    Log(Checkpoint),
}

fn read<V: View>(published: Published) -> Result<Fresh<V>, Broken> {
    let (meta, event) = published.event(|_| true)?;
    let event = event.ok_or_else(|| published.unknown(None))?;
    let key = std::str::from_utf8(&published.key).unwrap_or_default();
    Ok(Fresh {
        key: key.into(),
        meta,
        event,
    })
}
