//! A live projection that starts: from its snapshot where there is one that holds, else from the first
//! events.

use std::collections::HashMap;
use std::time::Duration;

use kernel::port::{EventReader, FoldSnapshot, FoldSnapshots};
use kernel::topic::PartitionId;
use kernel::{Fault, LiveProjection};
use tokio::task;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::snapshot::{self, Place, Unusable};
use super::{FollowPorts, Followed};
use crate::backoff::Backoff;
use crate::metric;
use crate::movement::Work;

/// How long a store that is away is asked again: then all events are read, which needs the log alone.
const AGAIN_WAIT: Duration = Duration::from_secs(10);
/// Longest time that reading and proving a snapshot may take.
const LOOK_WAIT: Duration = Duration::from_secs(120);
/// Times that a snapshot may be replaced while it is read.
const REPLACED_MAX: usize = 5;

/// Where the event log of each context ends.
type Ends = HashMap<&'static str, Vec<i64>>;

/// A snapshot that holds.
struct Found<R> {
    value: R,
    places: Vec<(PartitionId, Place)>,
}

/// Why one is not used.
#[derive(Debug, thiserror::Error)]
enum NotUsed {
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error("snapshot at {} events cannot be used", .0.events)]
    Unusable(FoldSnapshot, #[source] Unusable),
}

impl<R: LiveProjection> Followed<R> {
    /// Begins from the snapshot, if there is one that holds; answers how many events it stands behind.
    /// What is wrong with it costs a replay and nothing else.
    pub(super) async fn resume(&self, ports: &FollowPorts, stop: &CancellationToken) -> u64 {
        let Some(saving) = &ports.snapshots else {
            return 0;
        };
        let store = &*saving.store;
        let look = async {
            let ends = ends::<R>(ports).await;
            let look = self.look(store, &*ports.streams, &ends);
            tokio::time::timeout(LOOK_WAIT, look).await
        };
        let found = tokio::select! {
            biased;
            () = stop.cancelled() => return 0,
            found = look => found,
        };
        let found = found.unwrap_or_else(|late| {
            unread::<R>(&late);
            None
        });
        let Some(found) = found else {
            return 0;
        };
        self.begin_from(found.value, &found.places);
        let events = self.seen();
        metric::fold_snapshots(R::NAME, "used");
        info!(
            projection = R::NAME,
            events, "live projection begins from its snapshot"
        );
        events
    }

    /// Asks a store that is away again, for a while.
    async fn look(
        &self,
        store: &dyn FoldSnapshots,
        streams: &dyn EventReader,
        ends: &Ends,
    ) -> Option<Found<R>> {
        let (began, mut backoff) = (Instant::now(), Backoff::new());
        loop {
            match self.look_once(store, streams, ends).await {
                Ok(found) => return found,
                Err(NotUsed::Unusable(snapshot, unusable)) => {
                    metric::fold_snapshots(R::NAME, unusable.name());
                    warn!(
                        projection = R::NAME,
                        events = snapshot.events,
                        error = &unusable as &dyn std::error::Error,
                        "snapshot cannot be used, all events are read"
                    );
                    // It would be in the way of one that stands behind fewer events.
                    discard(store, &snapshot).await;
                    return None;
                }
                Err(NotUsed::Fault(fault)) if began.elapsed() >= AGAIN_WAIT => {
                    unread::<R>(&fault);
                    return None;
                }
                Err(NotUsed::Fault(_)) => backoff.wait().await,
            }
        }
    }

    async fn look_once(
        &self,
        store: &dyn FoldSnapshots,
        streams: &dyn EventReader,
        ends: &Ends,
    ) -> Result<Option<Found<R>>, NotUsed> {
        let Some((snapshot, parts)) = newest::<R>(store).await? else {
            return Ok(None);
        };
        let unusable = |why| NotUsed::Unusable(snapshot.clone(), why);
        let (checked, partitions) = (snapshot.clone(), self.partitions());
        // A large one takes a while: away from the threads that serve.
        let restoring = task::spawn_blocking(move || {
            let json = snapshot::unpack(&checked, &parts)?;
            snapshot::restore::<R>(json, partitions)
        });
        let restored = restoring.await.unwrap_or(Err(Unusable::Panicked));
        let (value, places) = restored.map_err(unusable)?;
        for (partition_id, place) in &places {
            let end = ends.get(partition_id.context);
            let end = end.and_then(|ends| ends.get(usize::from(partition_id.partition)));
            let is_there = end.is_some_and(|end| *end >= place.next_offset)
                && has_events(streams, *partition_id, place).await?;
            if !is_there {
                return Err(unusable(Unusable::Ahead(*partition_id)));
            }
        }
        Ok(Some(Found { value, places }))
    }
}

/// The current snapshot of this program's shape. One that is replaced while it is read is read again.
async fn newest<R: LiveProjection>(
    store: &dyn FoldSnapshots,
) -> Result<Option<(FoldSnapshot, Vec<bytes::Bytes>)>, Fault> {
    for _ in 0..REPLACED_MAX {
        let Some(snapshot) = of_shape::<R>(store.current(R::NAME).await?) else {
            return Ok(None);
        };
        let parts = store.parts(&snapshot).await?;
        let is_whole = u32::try_from(parts.len()) == Ok(snapshot.parts);
        if is_whole || of_shape::<R>(store.current(R::NAME).await?).as_ref() == Some(&snapshot) {
            return Ok(Some((snapshot, parts)));
        }
    }
    Err(Fault::bare("snapshots", "read one before it is replaced"))
}

fn of_shape<R: LiveProjection>(current: Vec<FoldSnapshot>) -> Option<FoldSnapshot> {
    let shapes: Vec<_> = current.iter().map(|snapshot| snapshot.shape).collect();
    let found = current
        .into_iter()
        .find(|snapshot| snapshot.shape == R::SHAPE);
    if found.is_none() && !shapes.is_empty() {
        metric::fold_snapshots(R::NAME, "other_shape");
        warn!(
            projection = R::NAME,
            ?shapes,
            "snapshots are of other versions, all events are read"
        );
    }
    found
}

/// Whether the events that were folded are those that there are, as far as the last of them says.
pub(crate) async fn has_events(
    streams: &dyn EventReader,
    partition_id: PartitionId,
    place: &Place,
) -> Result<bool, Fault> {
    let Some(before) = place.log_position.checked_sub(1) else {
        return Ok(true);
    };
    let rows = streams.read(partition_id, before, 1).await?;
    let is_last = rows
        .first()
        .is_some_and(|row| row.record.log_position == place.log_position);
    let Some(last) = place.last else {
        return Ok(is_last);
    };
    // Behind the last that was folded there may be some that were passed.
    let rows = streams
        .read(partition_id, last.log_position.saturating_sub(1), 1)
        .await?;
    let meta = rows.first().and_then(|row| row.record.meta().ok());
    let is_same =
        meta.is_some_and(|meta| meta.id == last.id && meta.log_position == last.log_position);
    Ok(is_last && is_same)
}

/// Waits for the log, without which there is nothing to follow.
async fn ends<R: LiveProjection>(ports: &FollowPorts) -> Ends {
    let name = format!("{}, its snapshot", R::NAME);
    let worker = ports.movement.worker(Work::LiveProjection, name);
    let (mut ends, mut backoff) = (Ends::new(), Backoff::new());
    for context in R::ON {
        loop {
            match ports.event_log.ends(context).await {
                Ok(found) => {
                    ends.insert(context, found);
                    break;
                }
                Err(fault) => worker.stands(&fault),
            }
            backoff.wait().await;
            worker.tries();
        }
    }
    ends
}

async fn discard(store: &dyn FoldSnapshots, snapshot: &FoldSnapshot) {
    if let Err(fault) = store.discard(snapshot).await {
        warn!(
            projection = &*snapshot.projection,
            error = &fault as &dyn std::error::Error,
            "snapshot that cannot be used is not discarded"
        );
    }
}

fn unread<R: LiveProjection>(why: &(dyn std::error::Error + 'static)) {
    metric::fold_snapshots(R::NAME, "unreadable");
    warn!(
        projection = R::NAME,
        error = why,
        "snapshot cannot be read, all events are read"
    );
}
