//! Follow: a reading of whole event topics in the memory of this process.
//!
//! Unlike a projection it sees every partition and can join what different contexts say; it keeps
//! nothing, and is folded anew from the first events after a start. Whoever reads it is told whether
//! it has caught up, and how old it may be.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::join_all;
use kernel::context::Folded;
use kernel::port::{EventLog, Pace, Reader, Record};
use kernel::topic::Shard;
use kernel::{EventMeta, Fault, Reading};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use crate::backoff::Backoff;
use crate::consume::{self, Broken};
use crate::{membership, metric};

/// Events folded under one lock: more would keep those who ask waiting.
const BATCH_EVENTS_MAX: usize = 500;
/// How often those who wait for a reading look at it.
const CAUGHT_UP_PERIOD: Duration = Duration::from_millis(5);
/// How often a quiet partition is compared with its end: the age a reading may claim to have.
const VOUCH_PERIOD: Duration = Duration::from_millis(800);
/// The periods of a reading's partitions differ by this, lest they all ask the log at once.
const VOUCH_STEP: Duration = Duration::from_millis(7);
/// So many partitions ask at different periods.
const VOUCH_STEPS: u16 = 32;

/// A reading as those who ask see it; cheap to clone.
pub struct Followed<R>(Arc<Shared<R>>);

impl<R> Clone for Followed<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct Shared<R> {
    reading: Mutex<R>,
    progress: Mutex<HashMap<Shard, Progress>>,
    /// Shards that there are.
    shards: usize,
    changed: Notify,
}

/// How far one shard is.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    position: u64,
    next_offset: i64,
    /// When everything that was in the log had been folded, last.
    current_at: Option<Instant>,
}

impl<R: Reading> Followed<R> {
    /// Nothing is folded yet; there are so many partitions per context.
    #[must_use]
    pub fn new(partitions: u16) -> Self {
        Self(Arc::new(Shared {
            reading: Mutex::default(),
            progress: Mutex::default(),
            shards: usize::from(partitions) * R::ON.len(),
            changed: Notify::new(),
        }))
    }

    /// Asks the reading something; nothing is folded meanwhile, so it should be quick.
    pub fn ask<T>(&self, question: impl FnOnce(&mut R) -> T) -> T {
        question(&mut lock(&self.0.reading))
    }

    /// How old it may be at most; none before every shard has caught up once.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        let progress = lock(&self.0.progress);
        if progress.len() < self.0.shards {
            return None;
        }
        let mut oldest = Duration::ZERO;
        for shard in progress.values() {
            oldest = oldest.max(shard.current_at?.elapsed());
        }
        Some(oldest)
    }

    /// Events folded so far, of all shards.
    #[must_use]
    pub fn seen(&self) -> u64 {
        let progress = lock(&self.0.progress);
        progress.values().map(|shard| shard.position).sum()
    }

    /// Waits until everything has been read once: after a start, as long as the log takes.
    pub async fn caught_up(&self) {
        while self.age().is_none() {
            tokio::time::sleep(CAUGHT_UP_PERIOD).await;
        }
    }

    /// Waits until something was folded that had not been when this was last waited for. For one
    /// task only.
    pub async fn changed(&self) {
        self.0.changed.notified().await;
    }

    /// Follows the topics until `stop`. `instance` is this process alone: each folds everything.
    pub async fn follow(
        self,
        log: Arc<dyn EventLog>,
        instance: String,
        pace: Pace,
        stop: CancellationToken,
    ) {
        let contexts = R::ON.iter().map(|context| {
            // One group per context: members of one group share what they subscribe to.
            let group = format!("{}.{context}.{instance}", R::NAME);
            self.follow_context(context, group, Arc::clone(&log), pace, &stop)
        });
        join_all(contexts).await;
    }

    async fn follow_context(
        &self,
        context: &'static str,
        group: String,
        log: Arc<dyn EventLog>,
        pace: Pace,
        stop: &CancellationToken,
    ) {
        let join = || {
            let (log, group) = (Arc::clone(&log), group.clone());
            async move { log.consume(context, &group, pace).await }.boxed()
        };
        let task = |reader: Box<dyn Reader>, stop| {
            let shard = Shard {
                context,
                partition: reader.partition(),
            };
            let follower = Follower {
                shard,
                reader,
                followed: self.clone(),
            };
            follower.run(stop)
        };
        membership::hold(&group, join, task, stop).await;
    }
}

/// An event, and what its record says of it.
type Decoded<R> = (EventMeta, Folded<<R as Reading>::Event>);

struct Follower<R> {
    shard: Shard,
    reader: Box<dyn Reader>,
    followed: Followed<R>,
}

impl<R: Reading> Follower<R> {
    async fn run(mut self, stop: CancellationToken) {
        let mut backoff = Backoff::new();
        while !stop.is_cancelled() {
            let followed = tokio::select! {
                // What was taken and not yet folded comes again: progress moves with the fold.
                () = stop.cancelled() => return,
                followed = self.follow() => followed,
            };
            if let Err(fault) = followed {
                warn!(
                    reading = R::NAME,
                    shard = %self.shard,
                    error = &fault as &dyn std::error::Error,
                    "reading pauses, will continue where it is"
                );
            }
            backoff.wait_unless(&stop).await;
        }
    }

    async fn follow(&mut self) -> Result<(), Fault> {
        let mut done = self.progress();
        self.reader.seek(done.next_offset).await?;
        debug!(reading = R::NAME, shard = %self.shard, position = done.position, "reading starts");
        let mut records = Vec::new();
        let mut vouch_at = Instant::now();
        loop {
            tokio::select! {
                biased;
                () = tokio::time::sleep_until(vouch_at) => {
                    let asked_at = Instant::now();
                    if self.reader.end().await? <= done.next_offset {
                        done.current_at = Some(asked_at);
                        self.set_progress(done);
                    }
                    // From now on: an answer that takes longer than the period must not be asked
                    // for again before anything is folded.
                    vouch_at = Instant::now() + self.vouch_period();
                }
                taken = self.reader.take(BATCH_EVENTS_MAX, &mut records) => {
                    taken?;
                    done = self.fold(&mut records, done)?;
                }
            }
        }
    }

    fn vouch_period(&self) -> Duration {
        let sooner = u32::from(self.shard.partition % VOUCH_STEPS);
        VOUCH_PERIOD - VOUCH_STEP * sooner
    }

    /// Decodes without the lock, folds under it.
    fn fold(&mut self, records: &mut Vec<Record>, mut done: Progress) -> Result<Progress, Fault> {
        let events = self.decode(records, &mut done)?;
        {
            let mut reading = lock(&self.followed.0.reading);
            for (meta, event) in events {
                reading.fold(self.shard.partition, &meta, event);
            }
            self.set_progress(done);
        }
        self.followed.0.changed.notify_one();
        Ok(done)
    }

    fn decode(
        &self,
        records: &mut Vec<Record>,
        done: &mut Progress,
    ) -> Result<Vec<Decoded<R>>, Fault> {
        let mut events = Vec::with_capacity(records.len());
        for record in records.drain(..) {
            let next = consume::next_position(&record, done.position)
                .inspect_err(|broken| self.alarm(broken))?;
            if let Some(position) = next {
                let event = decode::<R>(self.shard.context, &record, position)
                    .inspect_err(|broken| self.alarm(broken))?;
                events.push(event);
                done.position = position;
            }
            done.next_offset = record.offset + 1;
        }
        Ok(events)
    }

    fn alarm(&self, broken: &Broken) {
        metric::gap(self.shard.context, "follower");
        error!(
            reading = R::NAME,
            shard = %self.shard,
            error = broken as &dyn std::error::Error,
            "event log is broken, reading stops before it"
        );
    }

    fn progress(&self) -> Progress {
        *lock(&self.followed.0.progress)
            .entry(self.shard)
            .or_default()
    }

    fn set_progress(&self, done: Progress) {
        lock(&self.followed.0.progress).insert(self.shard, done);
    }
}

fn decode<R: Reading>(
    context: &'static str,
    record: &Record,
    position: u64,
) -> Result<Decoded<R>, Broken> {
    let value = record.value.as_deref().unwrap_or_default();
    let not_an_event = |source| Broken::NotAnEvent {
        offset: record.offset,
        source: Some(source),
    };
    let (meta, event) = R::decode(context, position, value).map_err(not_an_event)?;
    consume::key(record, &meta)?;
    Ok((meta, event.map_or(Folded::Other(context), Folded::Event)))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
