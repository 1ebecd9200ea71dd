//! One event partition into one view of one read model.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt};
use kernel::port::{
    Applied, Checkpoint, READY_PERIOD, ReadModel, Reader, Record, ViewBatch, ViewValue,
};
use kernel::record::EventMeta;
use kernel::{Fault, Timestamp, View, topic};
use lru::LruCache;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::{ProjectorSettings, view_id};
use crate::backoff::Backoff;
use crate::consume::{self, Broken};
use crate::metric;

pub(super) struct Partition<V> {
    reader: Box<dyn Reader>,
    model: Arc<dyn ReadModel>,
    model_name: &'static str,
    settings: ProjectorSettings,
    view: std::marker::PhantomData<fn() -> V>,
}

impl<V: View> Partition<V> {
    pub(super) fn new(
        reader: Box<dyn Reader>,
        model: Arc<dyn ReadModel>,
        model_name: &'static str,
        settings: ProjectorSettings,
    ) -> Self {
        Self {
            reader,
            model,
            model_name,
            settings,
            view: std::marker::PhantomData,
        }
    }

    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut backoff = Backoff::new();
        while !stop.is_cancelled() {
            let followed = tokio::select! {
                // Whatever is under way is repeated from the checkpoint, and harmless.
                () = stop.cancelled() => return,
                followed = self.follow() => followed,
            };
            if let Err(fault) = followed {
                warn!(
                    view = V::NAME,
                    model = self.model_name,
                    partition = self.reader.partition(),
                    error = &fault as &dyn std::error::Error,
                    "projection pauses, will continue from its checkpoint"
                );
            }
            backoff.wait_unless(&stop).await;
        }
    }

    /// From the model's checkpoint on; ends when the model was moved by somebody else.
    async fn follow(&mut self) -> Result<(), Fault> {
        let checkpoint = self
            .model
            .checkpoint(view_id::<V>(), self.reader.partition())
            .await?;
        self.reader.seek(checkpoint.next_offset).await?;
        let caught_up_at = self.reader.end().await?;
        info!(
            view = V::NAME,
            model = self.model_name,
            partition = self.reader.partition(),
            position = checkpoint.position,
            "projection starts"
        );
        let projection = Projection::<V> {
            partition: self,
            values: LruCache::unbounded(),
            dirty: HashSet::new(),
            folded: 0,
            seen: checkpoint,
            written: checkpoint,
            number: 1,
            durable: 0,
            flight: None,
            not_before: Instant::now(),
            caught_up_at,
            vouch_at: Instant::now(),
        };
        projection.run().await
    }
}

/// A value in memory and the write that will carry it.
struct Cached<V> {
    value: V,
    meta: Option<Meta>,
    changed_in: u64,
}

#[derive(Clone, Copy)]
struct Meta {
    version: u64,
    position: u64,
    as_of: Timestamp,
}

/// What is worth nothing once the model's checkpoint is elsewhere.
struct Projection<'p, V> {
    partition: &'p mut Partition<V>,
    values: LruCache<Arc<str>, Cached<V>>,
    dirty: HashSet<Arc<str>>,
    /// Events folded since the last write left.
    folded: usize,
    seen: Checkpoint,
    /// What the model holds, or will when the write in flight is done.
    written: Checkpoint,
    /// Number of the write that grows, and of the last one done.
    number: u64,
    durable: u64,
    flight: Option<BoxFuture<'static, Result<Applied, Fault>>>,
    not_before: Instant,
    /// End of the log when this began: from there on the values are as current as the log.
    caught_up_at: i64,
    /// When the values are next vouched for.
    vouch_at: Instant,
}

impl<V: View> Projection<'_, V> {
    async fn run(mut self) -> Result<(), Fault> {
        let mut records = Vec::new();
        loop {
            let waiting = self.seen != self.written;
            let room = self
                .partition
                .settings
                .batch_events_max
                .saturating_sub(self.folded);
            tokio::select! {
                biased;
                applied = landed(&mut self.flight) => {
                    self.flight = None;
                    match applied? {
                        Applied::Written => self.durable = self.number - 1,
                        Applied::Refused => return Ok(()),
                    }
                    self.trim();
                }
                () = tokio::time::sleep_until(self.not_before), if waiting && self.flight.is_none() => {
                    self.write()?;
                }
                () = tokio::time::sleep_until(self.vouch_at), if self.is_current() => {
                    if self.vouch().await? == Applied::Refused {
                        return Ok(());
                    }
                }
                taken = self.partition.reader.take(room, &mut records), if room > 0 => {
                    taken?;
                    self.fold(&mut records).await?;
                }
            }
        }
    }

    /// Whether the model holds all that was in the log when this began.
    fn is_current(&self) -> bool {
        self.flight.is_none() && self.written.next_offset >= self.caught_up_at
    }

    async fn vouch(&mut self) -> Result<Applied, Fault> {
        self.vouch_at = Instant::now() + READY_PERIOD;
        let partition = self.partition.reader.partition();
        self.partition
            .model
            .mark_ready(view_id::<V>(), partition, self.written)
            .await
    }

    async fn fold(&mut self, records: &mut Vec<Record>) -> Result<(), Fault> {
        let fresh = self.fresh(records)?;
        self.load_missing(&fresh).await?;
        for (record, meta, key) in fresh {
            let event = record
                .value
                .as_deref()
                .and_then(|value| serde_json::from_slice(value).ok())
                .ok_or_else(|| undecodable::<V>(&meta))?;
            let cached = self
                .values
                .get_mut(&key)
                .expect("every key of these records was loaded or created before folding");
            cached.value.update(&meta, &event);
            cached.changed_in = self.number;
            cached.meta = Some(Meta {
                version: meta.sequence,
                position: meta.position,
                as_of: meta.at,
            });
            self.dirty.insert(key);
            self.folded += 1;
        }
        Ok(())
    }

    /// Those records that come next, with what they say of themselves; `seen` moves past them.
    fn fresh(
        &mut self,
        records: &mut Vec<Record>,
    ) -> Result<Vec<(Record, EventMeta, Arc<str>)>, Fault> {
        let mut fresh = Vec::with_capacity(records.len());
        for record in records.drain(..) {
            let next = consume::next_position(&record, self.seen.position)
                .inspect_err(|broken| self.alarm(broken))?;
            if let Some(position) = next {
                let meta = consume::meta(&record, position)?;
                let key = topic::key(&meta.tenant, &meta.aggregate);
                self.seen = Checkpoint {
                    position,
                    next_offset: record.offset + 1,
                };
                fresh.push((record, meta, key));
            }
        }
        Ok(fresh)
    }

    fn alarm(&self, broken: &Broken) {
        metric::gap(<V::Of as kernel::Context>::NAME, "projector");
        error!(
            view = V::NAME,
            partition = self.partition.reader.partition(),
            error = broken as &dyn std::error::Error,
            "event log is broken, projection stops before it"
        );
    }

    async fn load_missing(&mut self, fresh: &[(Record, EventMeta, Arc<str>)]) -> Result<(), Fault> {
        let mut missing: Vec<Arc<str>> = fresh
            .iter()
            .filter(|(_, _, key)| !self.values.contains(key))
            .map(|(_, _, key)| Arc::clone(key))
            .collect();
        missing.sort_unstable();
        missing.dedup();
        if missing.is_empty() {
            return Ok(());
        }
        let found = self.partition.model.get(view_id::<V>(), &missing).await?;
        for (key, stored) in missing.into_iter().zip(found) {
            let value = match stored {
                None => V::default(),
                Some(stored) => serde_json::from_slice(&stored.body).map_err(|error| {
                    Fault::new("read model", format!("decode {}", view_id::<V>()), error)
                })?,
            };
            self.values.put(
                key,
                Cached {
                    value,
                    meta: None,
                    changed_in: 0,
                },
            );
        }
        Ok(())
    }

    /// Encodes what changed and sends it off; the next events fold meanwhile.
    fn write(&mut self) -> Result<(), Fault> {
        let partition = self.partition.reader.partition();
        let mut puts = Vec::with_capacity(self.dirty.len());
        for key in self.dirty.drain() {
            let Some(cached) = self.values.peek(&key) else {
                continue;
            };
            let Some(meta) = cached.meta else { continue };
            let body = serde_json::to_vec(&cached.value)
                .map_err(|error| Fault::new("read model", "encode a view", error))?;
            let Meta {
                version,
                position,
                as_of,
            } = meta;
            let body = Bytes::from(body);
            puts.push((
                key,
                ViewValue {
                    version,
                    partition,
                    position,
                    as_of,
                    body,
                },
            ));
        }
        let batch = ViewBatch {
            view: view_id::<V>(),
            partition,
            from: self.written,
            to: self.seen,
            puts,
        };
        let model = Arc::clone(&self.partition.model);
        self.flight = Some(async move { model.apply(batch).await }.boxed());
        metric::projected(V::NAME, self.partition.model_name, self.folded);
        self.written = self.seen;
        self.folded = 0;
        self.number += 1;
        self.not_before = Instant::now() + self.partition.settings.linger;
        Ok(())
    }

    fn trim(&mut self) {
        while self.values.len() > self.partition.settings.cached_values_max {
            match self.values.peek_lru() {
                Some((_, oldest)) if oldest.changed_in <= self.durable => {
                    self.values.pop_lru();
                }
                _ => break,
            }
        }
    }
}

fn undecodable<V: View>(meta: &EventMeta) -> Fault {
    // An event that this version does not know stops the projection: skipping it would be a lie.
    Fault::bare(
        "event log",
        format!("decode {} v{} for view {}", meta.kind, meta.v, V::NAME),
    )
}

async fn landed(
    flight: &mut Option<BoxFuture<'static, Result<Applied, Fault>>>,
) -> Result<Applied, Fault> {
    match flight {
        Some(flight) => flight.await,
        None => std::future::pending().await,
    }
}
