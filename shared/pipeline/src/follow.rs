//! Follow: a reading of whole event topics in the memory of this process.
//!
//! Unlike a projection it sees every partition and can join what different contexts report; it keeps
//! nothing, and is folded again from the first events after a start. Its readers learn whether it has
//! caught up, and how old it may be.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use kernel::context::Folded;
use kernel::port::{Checkpoint, EventLog, EventReader, Pace, Reader};
use kernel::topic::Shard;
use kernel::{EventMeta, Fault, Reading};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::backoff::Backoff;
use crate::consume::{Broken, Course, Events, Published};
use crate::movement::{Movement, Work, Worker};

/// Events folded under one lock: more would keep readers waiting.
const BATCH_EVENTS_MAX: usize = 500;
/// How often those that wait for a reading look at it.
const CAUGHT_UP_PERIOD: Duration = Duration::from_millis(5);
/// How often quiet partitions are compared with their ends: the age a reading may claim to have.
const VOUCH_PERIOD: Duration = Duration::from_millis(800);

/// A reading as its readers see it; cheap to clone.
pub struct Followed<R>(Arc<Shared<R>>);

impl<R> Clone for Followed<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct Shared<R> {
    reading: Mutex<R>,
    progress: Mutex<HashMap<Shard, Progress>>,
    /// Partitions per context.
    partitions: u16,
    changed: Notify,
}

/// How far one shard is.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    /// What of it has been folded.
    done: Checkpoint,
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
            partitions,
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
        if progress.len() < usize::from(self.0.partitions) * R::ON.len() {
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
        progress.values().map(|shard| shard.done.log_position).sum()
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

    fn partitions(&self) -> u16 {
        self.0.partitions
    }

    fn progress(&self, shard: Shard) -> Checkpoint {
        lock(&self.0.progress).entry(shard).or_default().done
    }

    fn moved(&self, shard: Shard, done: Checkpoint) {
        lock(&self.0.progress).entry(shard).or_default().done = done;
    }

    /// The log ended there at that time; whatever has been folded so far was current then.
    fn vouch(&self, context: &'static str, ends: &[i64], asked_at: Instant) {
        let mut progress = lock(&self.0.progress);
        for (partition, end) in (0..).zip(ends) {
            let shard = Shard { context, partition };
            if let Some(progress) = progress.get_mut(&shard)
                && progress.done.next_offset >= *end
            {
                progress.current_at = Some(asked_at);
            }
        }
    }

    /// Follows the topics until `stop`.
    pub async fn follow(self, ports: FollowPorts, pace: Pace, stop: CancellationToken) {
        let contexts = R::ON.iter().map(|context| {
            let following = Following {
                context,
                ports: ports.clone(),
                pace,
                worker: ports
                    .movement
                    .worker(Work::Reading, format!("{} of {context}", R::NAME)),
                followed: self.clone(),
            };
            following.run(&stop)
        });
        join_all(contexts.collect::<Vec<_>>()).await;
    }
}

/// The world as a reading sees it.
#[derive(Clone)]
pub struct FollowPorts {
    /// Where events come from.
    pub event_log: Arc<dyn EventLog>,
    /// Where events are read that the log lacks.
    pub streams: Arc<dyn EventReader>,
    /// Where its workers report.
    pub movement: Movement,
}

/// One context of a reading.
struct Following<R> {
    context: &'static str,
    ports: FollowPorts,
    pace: Pace,
    worker: Worker,
    followed: Followed<R>,
}

impl<R: Reading> Following<R> {
    async fn run(self, stop: &CancellationToken) {
        let mut backoff = Backoff::new();
        while !stop.is_cancelled() {
            let ended = tokio::select! {
                // What fails because everything ends is no fault to report.
                biased;
                () = stop.cancelled() => return,
                ended = self.run_once(&mut backoff) => ended,
            };
            if let Err(fault) = ended {
                self.worker.stands(&fault);
                warn!(
                    reading = R::NAME,
                    context = self.context,
                    error = &fault as &dyn std::error::Error,
                    "reading does not follow, will begin again where it is"
                );
            }
            backoff.wait_unless(stop).await;
            self.worker.tries();
        }
    }

    /// Ends when something is wrong. What was taken and not yet folded comes again: progress moves
    /// with the fold.
    async fn run_once(&self, backoff: &mut Backoff) -> Result<(), Fault> {
        let readers = self.ports.event_log.follow(self.context, self.pace).await?;
        backoff.reset();
        let mut followers = JoinSet::new();
        for reader in readers {
            followers.spawn(self.follower(reader).run());
        }
        tokio::select! {
            never = self.vouch() => never,
            ended = followers.join_next() => match ended {
                // A bug: it is reported, and the others do not continue as if nothing had happened.
                Some(Err(failed)) => Err(Fault::new("reading", "follow a partition", failed)),
                Some(Ok(())) | None => Err(Fault::bare("reading", "follow a partition")),
            },
        }
    }

    fn follower(&self, reader: Box<dyn Reader>) -> Follower<R> {
        let shard = Shard {
            context: self.context,
            partition: reader.partition(),
        };
        let course = Course {
            shard,
            partitions: self.followed.partitions(),
            role: "follower",
        };
        let name = format!("{}, {shard}", R::NAME);
        Follower {
            events: Events::new(course, reader, Arc::clone(&self.ports.streams)),
            followed: self.followed.clone(),
            worker: self.ports.movement.worker(Work::Reading, name),
        }
    }

    /// Compares quiet partitions with their ends, permanently: all of them by one question.
    async fn vouch(&self) -> Result<(), Fault> {
        loop {
            let asked_at = Instant::now();
            match self.ports.event_log.ends(self.context).await {
                Ok(ends) => {
                    self.followed.vouch(self.context, &ends, asked_at);
                    self.worker.moves();
                }
                Err(fault) => {
                    self.worker.stands(&fault);
                    debug!(
                        reading = R::NAME,
                        context = self.context,
                        error = &fault as &dyn std::error::Error,
                        "ends of the event log are not known, the reading grows older"
                    );
                }
            }
            // From now on: an answer that takes longer than the period is not asked for again at once.
            tokio::time::sleep(VOUCH_PERIOD).await;
        }
    }
}

/// An event, and its record's meta.
type Decoded<R> = (EventMeta, Folded<<R as Reading>::Event>);

struct Follower<R> {
    events: Events,
    followed: Followed<R>,
    worker: Worker,
}

impl<R: Reading> Follower<R> {
    async fn run(mut self) {
        let mut backoff = Backoff::new();
        loop {
            if let Err(fault) = self.follow().await {
                self.worker.stands(&fault);
                warn!(
                    reading = R::NAME,
                    shard = %self.events.shard(),
                    error = &fault as &dyn std::error::Error,
                    "reading pauses, will continue where it is"
                );
            }
            backoff.wait().await;
            self.worker.tries();
        }
    }

    async fn follow(&mut self) -> Result<(), Fault> {
        let shard = self.events.shard();
        let done = self.followed.progress(shard);
        self.events.seek(done).await?;
        debug!(reading = R::NAME, %shard, log_position = done.log_position, "reading starts");
        let mut events = Vec::new();
        let read = |published: Published| decode::<R>(shard.context, &published);
        loop {
            // Decoded without the lock, folded under it.
            self.events
                .take(BATCH_EVENTS_MAX, &mut events, read)
                .await?;
            self.fold(&mut events);
        }
    }

    fn fold(&self, events: &mut Vec<Decoded<R>>) {
        let shard = self.events.shard();
        {
            let mut reading = lock(&self.followed.0.reading);
            for (meta, event) in events.drain(..) {
                reading.fold(shard.partition, &meta, event);
            }
            self.followed.moved(shard, self.events.seen());
        }
        self.worker.moves();
        self.followed.0.changed.notify_one();
    }
}

fn decode<R: Reading>(context: &'static str, published: &Published) -> Result<Decoded<R>, Broken> {
    let decoded = R::decode(context, published.log_position, &published.value);
    let (meta, event) = decoded.map_err(|error| published.unknown(Some(error)))?;
    published.belongs(&meta)?;
    Ok((meta, event.map_or(Folded::Other(context), Folded::Event)))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
