//! Live: changes of views, told to every reader that may see them, as soon as they are in the event log.
//!
//! Each view is folded once for all streams of the process, as long as one of them wants it. A value is
//! encoded once, and its bytes are shared by the streams that get them; a stream costs nothing while
//! others' changes pass by. One that was cut resumes from the latest changes in memory, or from the
//! event store, or is told that it has missed too much.

mod frame;
mod token;

mod interest;
mod lane;
mod member;
mod outbox;

mod hub;

mod feed;
mod follower;

mod catching;
mod past;
mod stream;

pub(crate) mod metric;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use kernel::port::{EventLog, EventReader, LoadedStream};
use kernel::{BadParameter, Parameters, Tenant};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use xxhash_rust::xxh3::Xxh3;

use crate::movement::Movement;
use crate::project::FoldError;
use crate::query::Query;
use crate::slices::ViewSlice;
use catching::Catching;
use hub::Hub;
use interest::AnyValue;
use member::Member;
use past::{Past, Stored};
use stream::Seat;
use token::Shape;

pub(crate) use feed::feed;
pub(crate) use interest::{decode, wanted};

pub use feed::FeedPorts;
pub use frame::End;
pub use interest::Interest;
pub use member::{Sees, Wish};
pub use stream::LiveStream;

/// Longest wait for the first fold of a view.
const FOLLOWED_WAIT: Duration = Duration::from_secs(3);

/// Bounds of live streams.
#[derive(Clone, Copy, Debug)]
pub struct LiveSettings {
    /// Open at once in this process.
    pub streams_max: usize,
    /// Of those, of one tenant.
    pub tenant_streams_max: usize,
    /// Bytes that may wait for one reader.
    pub waiting_bytes_max: usize,
    /// Bytes of the latest changes that are kept for those who resume, of all views together.
    pub recent_bytes_max: usize,
    /// Events that are read from the store for one stream that resumes.
    pub resume_events_max: u64,
    /// Values kept in memory, per view and partition; at least 1,000 are.
    pub cached_values_max: usize,
}

/// The world as live streams see it.
#[derive(Clone)]
pub struct LivePorts {
    /// Where events come from.
    pub event_log: Arc<dyn EventLog>,
    /// Where events are read that the log or the memory lack.
    pub streams: Arc<dyn EventReader>,
    /// Knows what every answer has seen.
    pub query: Query,
    /// Where the workers report.
    pub movement: Movement,
}

/// Why a stream is not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotOpened {
    /// The process has as many as it may.
    #[error("this process has as many live streams as it may")]
    Crowded {
        /// Seconds.
        retry_after_s: u32,
    },
    /// The tenant has as many as it may.
    #[error("the tenant has as many live streams as it may")]
    TenantCrowded {
        /// Seconds.
        retry_after_s: u32,
    },
    /// The view is not followed yet: the event log cannot be read, or the process has just begun.
    #[error("the changes cannot be followed yet")]
    NotYet,
}

/// What a stream is opened with.
pub struct Opening<'o> {
    /// Whose changes it tells, and no others.
    pub tenant: Tenant,
    /// By the names of the views, each once; see [`Live::view`].
    pub wishes: Vec<(&'static str, Wish)>,
    /// The id of the last frame that the reader has, if it had one.
    pub last_id: Option<&'o str>,
    /// When the stream ends at the latest: its reader's token expires.
    pub until: Instant,
}

/// A view as live streams see it.
#[derive(Clone, Copy)]
pub struct LiveSlice {
    /// What callers and frames call it: the collection that it is listed under, such as `trades`.
    pub name: &'static str,
    /// What parameters narrow it to.
    pub interest: fn(&Parameters) -> Result<Interest, BadParameter>,
    pub(crate) decode: fn(&[u8]) -> Option<AnyValue>,
    pub(crate) wanted: fn(&Interest, &LoadedStream, u64) -> Result<bool, FoldError>,
    pub(crate) feed: fn(FeedPorts, CancellationToken) -> futures::future::BoxFuture<'static, ()>,
}

/// The live streams of a process; cheap to clone.
#[derive(Clone)]
pub struct Live {
    hub: Arc<Hub>,
    past: Arc<dyn Past>,
    ports: LivePorts,
    stop: CancellationToken,
}

impl Live {
    /// Nothing is followed before [`Self::run`]. `installation` makes ids differ from those of others;
    /// streams end at `stop`.
    ///
    /// # Panics
    /// There are more than 64 views.
    #[must_use]
    pub fn new(
        views: &[ViewSlice],
        partitions: u16,
        installation: &[u8],
        ports: LivePorts,
        settings: LiveSettings,
        stop: CancellationToken,
    ) -> Self {
        assert!(views.len() <= 64, "a stream's views are bits of a number");
        let shape = shape(views, partitions, installation);
        let hub = Hub::new(views.to_vec(), partitions, shape, settings);
        let hub = Arc::new(hub);
        let past = Stored {
            hub: Arc::clone(&hub),
            query: ports.query.clone(),
            streams: Arc::clone(&ports.streams),
        };
        Self {
            hub,
            past: Arc::new(past),
            ports,
            stop,
        }
    }

    /// The views, in the order of their declaration.
    #[must_use]
    pub fn views(&self) -> &[ViewSlice] {
        &self.hub.views
    }

    /// The view that streams call so.
    #[must_use]
    pub fn view(&self, name: &str) -> Option<&ViewSlice> {
        let mut views = self.hub.views.iter();
        views.find(|view| view.live.name == name)
    }

    /// Follows whatever is wanted, until `halt`.
    pub async fn run(self, halt: CancellationToken) {
        let feeds = self.hub.views.iter().enumerate().map(|(view, slice)| {
            let ports = FeedPorts {
                hub: Arc::clone(&self.hub),
                view,
                world: self.ports.clone(),
            };
            (slice.live.feed)(ports, halt.clone())
        });
        join_all(feeds).await;
    }

    /// Opens a stream: its first frame says whether it resumes, and changes follow.
    ///
    /// # Errors
    /// [`NotOpened`].
    pub async fn open(&self, opening: Opening<'_>) -> Result<LiveStream, NotOpened> {
        let wishes = opening.wishes.into_iter().filter_map(|(name, wish)| {
            let mut views = self.hub.views.iter();
            Some((views.position(|view| view.live.name == name)?, wish))
        });
        let member = Member::new(opening.tenant, wishes.collect());
        let mask = member.mask;
        let seat = Seat::take(Arc::clone(&self.hub), member)?;
        let followed = tokio::time::timeout(FOLLOWED_WAIT, self.hub.followed(mask)).await;
        followed.map_err(|_| NotOpened::NotYet)?;
        let settled = self.past.settled(mask).await.ok_or(NotOpened::NotYet)?;
        let begun = Catching::begin(&self.hub, seat.member(), opening.last_id, settled);
        let (past, stop) = (Arc::clone(&self.past), self.stop.clone());
        Ok(LiveStream::new(seat, begun, past, opening.until, stop))
    }
}

fn shape(views: &[ViewSlice], partitions: u16, installation: &[u8]) -> Shape {
    let mut hash = Xxh3::new();
    hash.update(installation);
    hash.update(&partitions.to_be_bytes());
    for view in views {
        hash.update(view.id.to_string().as_bytes());
        hash.update(&[0]);
    }
    Shape(hash.digest())
}
