//! One event partition into one view of one read model.

use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt};
use kernel::context::EventOf;
use kernel::port::{Applied, Checkpoint, READY_PERIOD, Reader, ViewBatch, ViewValue};
use kernel::record::EventMeta;
use kernel::topic::PartitionId;
use kernel::{Fault, Timestamp, View};
use lru::LruCache;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::{ProjectorPorts, ProjectorSettings, mend, projection_named, view_id};
use crate::backoff::Backoff;
use crate::consume::{Broken, Course, Events, Published};
use crate::metric;
use crate::movement::{Work, Worker};

/// What a body may take, so that the memory for all of them rarely has to move.
const BODY_BYTES: usize = 1_024;

pub(super) struct Partition<V> {
    events: Events,
    ports: ProjectorPorts,
    settings: ProjectorSettings,
    worker: Worker,
    view: PhantomData<fn() -> V>,
}

impl<V: View> Partition<V> {
    pub(super) fn new(
        reader: Box<dyn Reader>,
        ports: ProjectorPorts,
        settings: ProjectorSettings,
    ) -> Self {
        let partition_id = PartitionId {
            context: <V::Of as kernel::Context>::NAME,
            partition: reader.partition(),
        };
        let course = Course {
            partition_id,
            partitions: settings.partitions,
            role: "projector",
        };
        let name = projection_named(view_id::<V>(), ports.model_name, partition_id);
        Self {
            events: Events::new(course, reader, Arc::clone(&ports.streams)),
            worker: ports.movement.worker(Work::Projection, name),
            ports,
            settings,
            view: PhantomData,
        }
    }

    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut backoff = Backoff::new();
        while !stop.is_cancelled() {
            let followed = tokio::select! {
                // Stopping comes first: what fails because everything ends is no fault to report.
                biased;
                // Whatever is under way is repeated from the checkpoint, and harmless.
                () = stop.cancelled() => return,
                followed = self.follow() => followed,
            };
            if let Err(fault) = followed {
                self.worker.stands(&fault);
                warn!(
                    view = V::NAME,
                    model = self.ports.model_name,
                    partition_id = %self.events.partition_id(),
                    error = &fault as &dyn std::error::Error,
                    "projection pauses, will continue from its checkpoint"
                );
            }
            backoff.wait_unless(&stop).await;
            self.worker.tries();
        }
    }

    /// From the model's checkpoint on; ends when another process moved the model.
    async fn follow(&mut self) -> Result<(), Fault> {
        let partition_id = self.events.partition_id();
        let model = &self.ports.model;
        let checkpoint = model
            .checkpoint(view_id::<V>(), partition_id.partition)
            .await?;
        self.events.seek(checkpoint).await?;
        let caught_up_at = self.events.end().await?;
        debug!(
            view = V::NAME,
            model = self.ports.model_name,
            %partition_id,
            log_position = checkpoint.log_position,
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
    log_position: u64,
    as_of: Timestamp,
}

/// The state that is void once the model's checkpoint is elsewhere.
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
        let mut fresh = Vec::new();
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
                    self.partition.worker.moves();
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
                taken = self.partition.events.take(room, &mut fresh, read::<V>), if room > 0 => {
                    taken?;
                    self.partition.worker.begins();
                    self.fold(&mut fresh).await?;
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
        self.partition.worker.begins();
        let partition = self.partition.events.partition_id().partition;
        let model = Arc::clone(&self.partition.ports.model);
        let marked = model.mark_ready(view_id::<V>(), partition, self.written);
        let marked = marked.await?;
        self.partition.worker.moves();
        Ok(marked)
    }

    /// Folds what was taken, which may be nothing for this view.
    async fn fold(&mut self, fresh: &mut Vec<Fresh<V>>) -> Result<(), Fault> {
        self.load_missing(fresh).await?;
        self.seen = self.partition.events.seen();
        for Fresh { key, meta, event } in fresh.drain(..) {
            let key = std::str::from_utf8(&key).expect("checked when the event was read");
            let (key, cached) = self
                .values
                .get_key_value_mut(key)
                .expect("every key of these events was loaded or created before folding");
            cached.value.update(&meta, &event);
            cached.meta = Some(Meta {
                version: meta.sequence,
                log_position: meta.log_position,
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
        let (model, streams) = (&self.partition.ports.model, &self.partition.ports.streams);
        let partition_id = self.partition.events.partition_id();
        let upto = fresh.first().map_or(0, |first| first.meta.log_position - 1);
        let found = mend::values::<V>(
            model.as_ref(),
            streams.as_ref(),
            partition_id,
            &missing,
            upto,
        )
        .await?;
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
        let partition = self.partition.events.partition_id().partition;
        let puts = self.puts()?;
        let batch = ViewBatch {
            view: view_id::<V>(),
            partition,
            from: self.written,
            to: self.seen,
            puts,
        };
        let model = Arc::clone(&self.partition.ports.model);
        self.flight = Some(async move { model.apply(batch).await }.boxed());
        metric::projected(V::NAME, self.partition.ports.model_name, self.folded);
        self.written = self.seen;
        self.folded = 0;
        self.number += 1;
        self.not_before = Instant::now() + self.partition.settings.linger;
        Ok(())
    }

    /// What changed, all bodies in one piece of memory.
    fn puts(&mut self) -> Result<Vec<(Arc<str>, ViewValue)>, Fault> {
        let partition = self.partition.events.partition_id().partition;
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
                log_position: meta.log_position,
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

fn read<V: View>(published: Published) -> Result<Fresh<V>, Broken> {
    let (meta, event) = published.event(|_| true)?;
    let event = event.ok_or_else(|| published.unknown(None))?;
    let key = published.key;
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
