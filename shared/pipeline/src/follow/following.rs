//! Reading one context of a live projection: a follower per partition, and a look at the ends.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use kernel::context::Folded;
use kernel::port::{Pace, Reader};
use kernel::topic::PartitionId;
use kernel::{EventMeta, Fault, LiveProjection};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::snapshot::LastEvent;
use super::{FollowPorts, Followed, lock};
use crate::backoff::Backoff;
use crate::consume::{Broken, Course, Events, Published};
use crate::movement::{Work, Worker};

/// Events folded under one lock: more would keep readers waiting.
const BATCH_EVENTS_MAX: usize = 500;
/// How often quiet partitions are compared with their ends: the age a live projection may claim to have.
const VOUCH_PERIOD: Duration = Duration::from_millis(800);
/// What a fault of this says is away.
const FOLLOWING: &str = "live projection";

/// One context of a live projection.
pub(super) struct Following<R> {
    context: &'static str,
    ports: FollowPorts,
    pace: Pace,
    worker: Worker,
    followed: Followed<R>,
}

impl<R: LiveProjection> Following<R> {
    pub(super) fn new(
        context: &'static str,
        followed: Followed<R>,
        ports: FollowPorts,
        pace: Pace,
    ) -> Self {
        let name = format!("{} of {context}", R::NAME);
        Self {
            context,
            worker: ports.movement.worker(Work::LiveProjection, name),
            ports,
            pace,
            followed,
        }
    }

    pub(super) async fn run(self, stop: &CancellationToken) {
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
                    projection = R::NAME,
                    context = self.context,
                    error = &fault as &dyn std::error::Error,
                    "live projection does not follow, will begin again where it is"
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
                Some(Err(failed)) => Err(Fault::new(FOLLOWING, "follow a partition", failed)),
                Some(Ok(())) | None => Err(Fault::bare(FOLLOWING, "follow a partition")),
            },
        }
    }

    fn follower(&self, reader: Box<dyn Reader>) -> Follower<R> {
        let partition_id = PartitionId {
            context: self.context,
            partition: reader.partition(),
        };
        let course = Course {
            partition_id,
            partitions: self.followed.partitions(),
            role: "follower",
        };
        let name = format!("{}, {partition_id}", R::NAME);
        Follower {
            events: Events::new(course, reader, Arc::clone(&self.ports.streams)),
            followed: self.followed.clone(),
            worker: self.ports.movement.worker(Work::LiveProjection, name),
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
                        projection = R::NAME,
                        context = self.context,
                        error = &fault as &dyn std::error::Error,
                        "ends of the event log are not known, the live projection grows older"
                    );
                }
            }
            // From now on: an answer that takes longer than the period is not asked for again at once.
            tokio::time::sleep(VOUCH_PERIOD).await;
        }
    }
}

/// An event, and its record's meta.
type Decoded<R> = (EventMeta, Folded<<R as LiveProjection>::Event>);

struct Follower<R> {
    events: Events,
    followed: Followed<R>,
    worker: Worker,
}

impl<R: LiveProjection> Follower<R> {
    async fn run(mut self) {
        let mut backoff = Backoff::new();
        loop {
            if let Err(fault) = self.follow().await {
                self.worker.stands(&fault);
                warn!(
                    projection = R::NAME,
                    partition_id = %self.events.partition_id(),
                    error = &fault as &dyn std::error::Error,
                    "live projection pauses, will continue where it is"
                );
            }
            backoff.wait().await;
            self.worker.tries();
        }
    }

    async fn follow(&mut self) -> Result<(), Fault> {
        let partition_id = self.events.partition_id();
        let done = self.followed.progress(partition_id);
        self.events.seek(done).await?;
        debug!(projection = R::NAME, %partition_id, log_position = done.log_position, "live projection starts");
        let mut events = Vec::new();
        let read = |published: Published| decode::<R>(partition_id.context, &published);
        loop {
            // Decoded without the lock, folded under it.
            self.events
                .take(BATCH_EVENTS_MAX, &mut events, read)
                .await?;
            self.fold(&mut events);
        }
    }

    fn fold(&self, events: &mut Vec<Decoded<R>>) {
        let partition_id = self.events.partition_id();
        {
            let mut value = lock(&self.followed.0.value);
            let mut last = None;
            for (meta, event) in events.drain(..) {
                last = Some(LastEvent::of(&meta));
                value.fold(partition_id.partition, &meta, event);
            }
            if last.is_some() {
                self.followed.0.version.fetch_add(1, Ordering::Release);
            }
            self.followed.moved(partition_id, self.events.seen(), last);
        }
        self.worker.moves();
        self.followed.0.changed.notify_one();
    }
}

fn decode<R: LiveProjection>(
    context: &'static str,
    published: &Published,
) -> Result<Decoded<R>, Broken> {
    let decoded = R::decode(context, published.log_position, &published.value);
    let (meta, event) = decoded.map_err(|error| published.unknown(Some(error)))?;
    published.belongs(&meta)?;
    Ok((meta, event.map_or(Folded::Other(context), Folded::Event)))
}
