//! Cold aggregates: from their snapshots where there are any that hold, else from whole streams.

use std::sync::Arc;

use kernel::port::{EventReader, LoadedStream, Resumed, Snapshots, WHOLE};
use kernel::topic::PartitionId;
use kernel::{Context, Fault};
use tracing::warn;

use super::cache::{Cache, NotLoaded};
use crate::metric;

/// Where aggregates are read from.
#[derive(Clone, Copy)]
pub(super) struct Stored<'p> {
    pub(super) snapshots: &'p Arc<dyn Snapshots>,
    pub(super) reader: &'p Arc<dyn EventReader>,
}

/// The streams of those keys that exist, in one query when nothing is wrong.
pub(super) async fn read<C: Context>(
    ports: Stored<'_>,
    partition_id: PartitionId,
    keys: &[Arc<str>],
) -> Result<Vec<Resumed>, Fault> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    match ports.snapshots.resume(partition_id, keys, C::SHAPE).await {
        Ok(resumed) => Ok(resumed),
        Err(fault) => {
            metric::snapshots(partition_id.context, "unreadable", keys.len());
            warn!(%partition_id, error = &fault as &dyn std::error::Error, "snapshots cannot be read, whole streams are replayed");
            let streams = ports.reader.load(partition_id, keys, WHOLE).await?;
            Ok(streams.into_iter().map(from_the_start).collect())
        }
    }
}

/// Folds what was read into the cache; whole where a snapshot does not hold.
pub(super) async fn keep<C: Context>(
    cache: &mut Cache<C>,
    ports: Stored<'_>,
    partition_id: PartitionId,
    resumed: Vec<Resumed>,
) -> Result<(), Fault> {
    let mut whole = Vec::new();
    for stream in resumed {
        match cache.load(stream) {
            Ok(()) => {}
            Err(NotLoaded::Snapshot { key, source }) => {
                metric::snapshots(partition_id.context, source.name(), 1);
                warn!(%partition_id, key = &*key, error = &source as &dyn std::error::Error, "snapshot cannot be used, the whole stream is replayed");
                whole.push(key);
            }
            Err(NotLoaded::Stream(bad)) => return Err(not_loaded(bad)),
        }
    }
    if whole.is_empty() {
        return Ok(());
    }
    for stream in ports.reader.load(partition_id, &whole, WHOLE).await? {
        cache.load(from_the_start(stream)).map_err(not_loaded)?;
    }
    Ok(())
}

fn from_the_start(stream: LoadedStream) -> Resumed {
    Resumed {
        snapshot: None,
        tail: stream,
    }
}

fn not_loaded(bad: impl std::error::Error + Send + Sync + 'static) -> Fault {
    Fault::new("event store", "load a stream", bad)
}
