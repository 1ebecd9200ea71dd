//! What a stream has missed, where memory does not reach back to: from the event store.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use kernel::Parameters;
use kernel::batch::EventRow;
use kernel::port::{EventReader, LoadedStream};
use kernel::topic::PartitionId;
use tracing::debug;

use super::hub::Hub;
use super::lane::Change;
use super::member::Member;
use super::token::Mask;
use crate::project::Until;
use crate::query::{Query, Unanswered};
use crate::slices::ViewSlice;

/// Events read at once.
const PAGE: usize = 1_000;
/// Events of one stream that are folded for a reader that resumes; of a longer one it reads the value.
const STREAM_EVENTS_MAX: u64 = 10_000;

/// Too much, in the words that the reader gets.
const TOO_MUCH: &str = "too much was missed";

/// What happened in one lane, up to a place.
pub(super) struct Missed {
    /// The last of each key, after all of these events.
    pub(super) changes: Vec<Change>,
    pub(super) upto: u64,
    /// Events looked at.
    pub(super) events: u64,
}

/// What lies behind the memory of the hub.
#[async_trait]
pub(super) trait Past: Send + Sync {
    /// A place in every lane of the views that all answers given from now on have seen; none if that
    /// cannot be told.
    async fn settled(&self, mask: Mask) -> Option<Vec<u64>>;

    /// What the member wants of a view's partition behind `from`, or wanted there, up to `upto` or to a place
    /// before it.
    ///
    /// # Errors
    /// Why it cannot be had, for the reader.
    async fn missed(
        &self,
        member: &Arc<Member>,
        lane: (usize, u16),
        from: u64,
        upto: u64,
        events_max: u64,
    ) -> Result<Missed, &'static str>;
}

/// The past that the platform keeps.
pub(super) struct Stored {
    pub(super) hub: Arc<Hub>,
    pub(super) query: Query,
    pub(super) streams: Arc<dyn EventReader>,
}

#[async_trait]
impl Past for Stored {
    async fn settled(&self, mask: Mask) -> Option<Vec<u64>> {
        let settled = self.query.settled().await?;
        let hub = &self.hub;
        let lanes = mask.views().flat_map(|view| {
            let context = hub.views[view].of;
            (0..hub.partitions).map(move |partition| PartitionId { context, partition })
        });
        // This process may have seen less than there was then: what comes twice does no harm.
        let places = lanes.zip(hub.heads(mask)).map(|(partition_id, head)| {
            let settled = settled.get(&partition_id);
            settled.copied().unwrap_or_default().min(head)
        });
        Some(places.collect())
    }

    async fn missed(
        &self,
        member: &Arc<Member>,
        (view, partition): (usize, u16),
        from: u64,
        upto: u64,
        events_max: u64,
    ) -> Result<Missed, &'static str> {
        if upto - from > events_max {
            return Err(TOO_MUCH);
        }
        let slice = self.hub.views[view];
        let context = slice.of;
        let search = Search {
            streams: Arc::clone(&self.streams),
            member: Arc::clone(member),
            view,
            slice,
            partition_id: PartitionId { context, partition },
        };
        let tenant = member.tenant.as_str();
        let missed = self
            .query
            .run_expensive(tenant, |_| async move {
                search.missed(from, upto).await.map_err(|error| {
                    debug!(error, "what a live stream missed is not known");
                    Unanswered::Crowded
                })
            })
            .await;
        missed.map_err(|_| TOO_MUCH)
    }
}

/// One look into a partition's past.
struct Search {
    streams: Arc<dyn EventReader>,
    member: Arc<Member>,
    /// Its number in the hub.
    view: usize,
    slice: ViewSlice,
    partition_id: PartitionId,
}

impl Search {
    async fn missed(&self, from: u64, upto: u64) -> Result<Missed, String> {
        let rows = self.streams.read(self.partition_id, from, PAGE).await;
        let rows = rows.map_err(|fault| fault.to_string())?;
        let rows: Vec<_> = rows
            .into_iter()
            .take_while(|row| row.record.log_position <= upto)
            .collect();
        let reached = rows.last().map_or(upto, |row| row.record.log_position);
        let reached = if rows.len() < PAGE { upto } else { reached };
        let mut changes = Vec::new();
        for (key, last) in self.changed(&rows) {
            changes.extend(self.change(key, last, from).await?);
        }
        changes.sort_unstable_by_key(|change| change.log_position);
        Ok(Missed {
            changes,
            upto: reached,
            events: reached - from,
        })
    }

    /// The tenant's keys among the events, each with its last version.
    fn changed(&self, rows: &[EventRow]) -> HashMap<Arc<str>, u64> {
        let prefix = format!("{}/", self.member.tenant);
        let own = rows
            .iter()
            .filter(|row| row.record.key.starts_with(&prefix));
        own.map(|row| (Arc::clone(&row.record.key), row.sequence))
            .collect()
    }

    async fn change(&self, key: Arc<str>, last: u64, from: u64) -> Result<Option<Change>, String> {
        if last > STREAM_EVENTS_MAX {
            return Err(format!("{key} has {last} events"));
        }
        let keys = std::slice::from_ref(&key);
        let loaded = self.streams.load(self.partition_id, keys, last).await;
        let loaded = loaded.map_err(|fault| fault.to_string())?;
        let Some(stream) = loaded.first() else {
            return Ok(None);
        };
        if !self.is_wanted(stream, from)? {
            return Ok(None);
        }
        let (partition, now) = (self.partition_id.partition, Until::Now);
        let value = (self.slice.fold)(stream, partition, now, &Parameters::default());
        let value = value.map_err(|error| error.to_string())?;
        Ok(value.map(|value| Change {
            key,
            log_position: value.log_position,
            body: value.body,
            before: None,
            facets: Box::default(),
        }))
    }

    fn is_wanted(&self, stream: &LoadedStream, from: u64) -> Result<bool, String> {
        let wish = self.member.wish(self.view);
        let Some(interest) = wish.map(|wish| &wish.interest) else {
            return Ok(false);
        };
        let wanted = || (self.slice.live.wanted)(interest, stream, from);
        let wanted = !interest.is_narrow() || wanted().map_err(|error| error.to_string())?;
        Ok(wanted)
    }
}
