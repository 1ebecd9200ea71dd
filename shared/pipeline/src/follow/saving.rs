//! Snapshots of a live projection on their way: copied when they are due, encoded away from the threads
//! that serve, put part by part and published.
//!
//! Every process that follows may save. Nothing waits for a save and nothing fails with one; of several
//! that save at once the one that stands behind more events stays.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kernel::port::{FoldSnapshot, FoldSnapshots};
use kernel::{Fault, LiveProjection};
use tokio::task;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::{Followed, snapshot};
use crate::metric;

/// Events after the newest snapshot that are worth another one: a start reads as many in a second or so.
const EVENTS_MIN: u64 = 10_000;
/// Shortest time from one save of this process to the next: what is lost with a crash is a minute's
/// events, which is less than a process takes to be started again.
const PERIOD: Duration = Duration::from_secs(60);
/// A save takes at most one part in so many of a thread: a large one is made less often.
const REST_PART: u32 = 20;
/// Looks in a period.
const LOOKS: u32 = 10;
/// Part of [`FoldSaving::events_min`] that is worth a save when the process stops.
const STOPPING_PART: u64 = 10;
/// Longest time that a save may take when the process stops: it has other things to end.
const STOPPING_WAIT: Duration = Duration::from_secs(3);

/// Where snapshots of a live projection are kept, and how often they are saved.
#[derive(Clone)]
pub struct FoldSaving {
    /// Where they are kept.
    pub store: Arc<dyn FoldSnapshots>,
    /// Events after the newest snapshot that are worth another one.
    pub events_min: u64,
    /// Shortest time between two saves.
    pub period: Duration,
}

impl FoldSaving {
    /// As often as a platform needs it.
    #[must_use]
    pub fn new(store: Arc<dyn FoldSnapshots>) -> Self {
        Self {
            store,
            events_min: EVENTS_MIN,
            period: PERIOD,
        }
    }
}

/// Saves what one process has folded.
pub(super) struct Saver<R> {
    followed: Followed<R>,
    saving: FoldSaving,
    /// Events that the newest known snapshot stands behind, whichever process wrote it.
    saved: u64,
    next_at: Instant,
}

/// Why a snapshot was not saved.
#[derive(Debug, thiserror::Error)]
enum NotSaved {
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error("it is not encoded")]
    NotEncoded(#[source] io::Error),
    #[error("encoding it panicked")]
    Panicked(#[source] task::JoinError),
}

/// What became of one.
enum Saved {
    Published(u64),
    /// Another process has saved as much.
    Known(u64),
    /// Not every partition has a reader yet.
    TooEarly,
}

impl<R: LiveProjection> Saver<R> {
    /// `saved`: events that the snapshot stands behind from which this process began.
    pub(super) fn new(followed: Followed<R>, saving: FoldSaving, saved: u64) -> Self {
        Self {
            followed,
            next_at: Instant::now() + saving.period,
            saving,
            saved,
        }
    }

    /// Saves when it is due, until `stop`, and then once more if that is quick.
    pub(super) async fn run(mut self, stop: &CancellationToken) {
        let events_min = self.saving.events_min;
        while !stop.is_cancelled() {
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = tokio::time::sleep(self.saving.period / LOOKS) => {}
            }
            if self.has_grown(events_min) && Instant::now() >= self.next_at {
                tokio::select! {
                    biased;
                    () = stop.cancelled() => {}
                    () = self.save(events_min) => {}
                }
            }
        }
        let events_min = events_min.div_ceil(STOPPING_PART);
        if self.has_grown(events_min) {
            let late = tokio::time::timeout(STOPPING_WAIT, self.save(events_min)).await;
            if late.is_err() {
                debug!(projection = R::NAME, "no time for a last snapshot");
            }
        }
    }

    fn has_grown(&self, events_min: u64) -> bool {
        self.followed.seen() >= self.saved.saturating_add(events_min)
    }

    async fn save(&mut self, events_min: u64) {
        let began = Instant::now();
        let outcome = match self.save_once(events_min).await {
            Ok(Saved::Published(events)) => {
                self.saved = events;
                "saved"
            }
            Ok(Saved::Known(events)) => {
                self.saved = events;
                "known"
            }
            Ok(Saved::TooEarly) => return,
            Err(not_saved) => {
                warn!(
                    projection = R::NAME,
                    error = &not_saved as &dyn std::error::Error,
                    "snapshot not saved, a start reads more events instead"
                );
                "save_failed"
            }
        };
        let took = began.elapsed();
        metric::fold_snapshots(R::NAME, outcome);
        debug!(
            projection = R::NAME,
            events = self.saved,
            outcome,
            ?took,
            "snapshot"
        );
        self.next_at = Instant::now() + self.saving.period.max(took * REST_PART);
    }

    async fn save_once(&self, events_min: u64) -> Result<Saved, NotSaved> {
        let store = &*self.saving.store;
        let current = store.current(R::NAME).await?;
        let known = current.iter().find(|known| known.shape == R::SHAPE);
        let known = known.map_or(0, |known| known.events);
        if self.followed.seen() < known.saturating_add(events_min) {
            return Ok(Saved::Known(known));
        }
        let followed = self.followed.clone();
        let encoding = task::spawn_blocking(move || encode(&followed));
        let encoded = encoding.await.map_err(NotSaved::Panicked)?;
        let Some(encoded) = encoded else {
            return Ok(Saved::TooEarly);
        };
        let (snapshot, parts) = encoded.map_err(NotSaved::NotEncoded)?;
        for (number, part) in (0..).zip(&parts) {
            store.put(&snapshot, number, part).await?;
        }
        let is_current = store.publish(&snapshot).await?;
        Ok(if is_current {
            Saved::Published(snapshot.events)
        } else {
            Saved::Known(snapshot.events)
        })
    }
}

type Encoded = Result<(FoldSnapshot, Vec<Bytes>), io::Error>;

/// Nothing is folded while the value is copied, and only then.
fn encode<R: LiveProjection>(followed: &Followed<R>) -> Option<Encoded> {
    let began = Instant::now();
    let (places, kept) = followed.copy()?;
    metric::fold_copied(R::NAME, began.elapsed());
    Some(snapshot::encode::<R>(places, kept))
}
