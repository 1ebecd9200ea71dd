//! One event partition into one view of one read model.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt};
use kernel::context::EventOf;
use kernel::port::{
    Applied, Checkpoint, EventReader, READY_PERIOD, ReadModel, Reader, Record, ViewBatch, ViewValue,
};
use kernel::record::EventMeta;
use kernel::topic::Shard;
use kernel::{Fault, Timestamp, View};
use lru::LruCache;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use super::{ProjectorSettings, mend, view_id};
use crate::backoff::Backoff;
use crate::consume::{self, Broken};
use crate::metric;

/// What a body may take, so that the memory for all of them rarely has to move.
const BODY_BYTES: usize = 1_024;

pub(super) struct Partition<V> {
    reader: Box<dyn Reader>,
    streams: Arc<dyn EventReader>,
    model: Arc<dyn ReadModel>,
    model_name: &'static str,
    settings: ProjectorSettings,
    view: std::marker::PhantomData<fn() -> V>,
}

impl<V: View> Partition<V> {
    pub(super) fn new(
        reader: Box<dyn Reader>,
        streams: Arc<dyn EventReader>,
        model: Arc<dyn ReadModel>,
        model_name: &'static str,
        settings: ProjectorSettings,
    ) -> Self {
        Self {
            reader,
            streams,
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
        debug!(
            view = V::NAME,
            model = self.model_name,
            partition = self.reader.partition(),
            position = checkpoint.position,
            "projection starts"
        );
        let projection = Projection::<V> {
            partition: self,
            values: LruCache::unbounded(),
            dirty: Vec::new(),
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
    /// Number of the last write that carries it; 0 for none.
    changed_in: u64,
}

/// An event that comes next, and the key of its value.
struct Fresh<V: View> {
    key: Bytes,
    meta: EventMeta,
    event: EventOf<V>,
}

impl<V: View> Fresh<V> {
    fn key(&self) -> &str {
        std::str::from_utf8(&self.key).expect("checked when the record was read")
    }
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
    /// Keys that the growing write carries, each once.
    dirty: Vec<Arc<str>>,
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
        for fresh in &fresh {
            let (key, cached) = self
                .values
                .get_key_value_mut(fresh.key())
                .expect("every key of these records was loaded or created before folding");
            let Fresh { meta, event, .. } = fresh;
            cached.value.update(meta, event);
            cached.meta = Some(Meta {
                version: meta.sequence,
                position: meta.position,
                as_of: meta.at,
            });
            if cached.changed_in != self.number {
                cached.changed_in = self.number;
                self.dirty.push(Arc::clone(key));
            }
            self.folded += 1;
        }
        Ok(())
    }

    /// Those records that come next, with what they say of themselves; `seen` moves past them.
    fn fresh(&mut self, records: &mut Vec<Record>) -> Result<Vec<Fresh<V>>, Fault> {
        let mut fresh = Vec::with_capacity(records.len());
        for record in records.drain(..) {
            let next_offset = record.offset + 1;
            let next = consume::next_position(&record, self.seen.position)
                .inspect_err(|broken| self.alarm(broken))?;
            if let Some(position) = next {
                fresh.push(read(record, position).inspect_err(|broken| self.alarm(broken))?);
                self.seen = Checkpoint {
                    position,
                    next_offset,
                };
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

    async fn load_missing(&mut self, fresh: &[Fresh<V>]) -> Result<(), Fault> {
        let mut missing: Vec<Arc<str>> = fresh
            .iter()
            .map(Fresh::key)
            .filter(|key| !self.values.contains(*key))
            .map(Arc::from)
            .collect();
        missing.sort_unstable();
        missing.dedup();
        if missing.is_empty() {
            return Ok(());
        }
        let (model, streams) = (&self.partition.model, &self.partition.streams);
        let shard = Shard {
            context: <V::Of as kernel::Context>::NAME,
            partition: self.partition.reader.partition(),
        };
        let upto = fresh.first().map_or(0, |first| first.meta.position - 1);
        let found =
            mend::values::<V>(model.as_ref(), streams.as_ref(), shard, &missing, upto).await?;
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
        let puts = self.puts()?;
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

    /// What changed, all bodies in one piece of memory.
    fn puts(&mut self) -> Result<Vec<(Arc<str>, ViewValue)>, Fault> {
        let partition = self.partition.reader.partition();
        let mut bodies = Vec::with_capacity(self.dirty.len() * BODY_BYTES);
        let mut changed = Vec::with_capacity(self.dirty.len());
        for key in self.dirty.drain(..) {
            let cached = self.values.peek(&key);
            let Some((value, meta)) = cached.and_then(|cached| Some((&cached.value, cached.meta?)))
            else {
                continue;
            };
            let start = bodies.len();
            serde_json::to_writer(&mut bodies, value)
                .map_err(|error| Fault::new("read model", "encode a view", error))?;
            changed.push((key, meta, start..bodies.len()));
        }
        let bodies = Bytes::from(bodies);
        let puts = changed.into_iter().map(|(key, meta, body)| {
            let value = ViewValue {
                version: meta.version,
                partition,
                position: meta.position,
                as_of: meta.as_of,
                body: bodies.slice(body),
            };
            (key, value)
        });
        Ok(puts.collect())
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

fn read<V: View>(record: Record, position: u64) -> Result<Fresh<V>, Broken> {
    let offset = record.offset;
    let (meta, event) = consume::event(&record, position, |_| true)?;
    consume::key(&record, &meta)?;
    let (Some(key), Some(event)) = (record.key, event) else {
        let source = None;
        return Err(Broken::NotAnEvent { offset, source });
    };
    Ok(Fresh { key, meta, event })
}

async fn landed(
    flight: &mut Option<BoxFuture<'static, Result<Applied, Fault>>>,
) -> Result<Applied, Fault> {
    match flight {
        Some(flight) => flight.await,
        None => std::future::pending().await,
    }
}
