//! Where the one fold of a process meets all its streams.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use kernel::Tenant;
use tokio::sync::watch;

use super::frame;
use super::lane::{Behind, Change, Lane};
use super::member::{Judged, Member};
use super::metric::Meters;
use super::token::{self, Mask, Shape};
use super::{LiveSettings, NotOpened};
use crate::slices::ViewSlice;

/// Changes that a stream which catches up takes at once.
const PAGE_CHANGES: usize = 512;
/// When a tenant's or the process's streams are too many: a screen that is closed makes room.
const RETRY_AFTER_S: u32 = 5;

pub(super) struct Hub {
    pub(super) views: Vec<ViewSlice>,
    pub(super) partitions: u16,
    pub(super) shape: Shape,
    pub(super) settings: LiveSettings,
    state: Mutex<State>,
    /// Moves when a view is wanted by its first stream, or is followed.
    turns: watch::Sender<()>,
    pub(super) meters: Meters,
}

#[derive(Default)]
struct State {
    feeds: Vec<Feed>,
    streams: usize,
    streams_of: HashMap<Box<str>, usize>,
}

/// One view.
#[derive(Default)]
struct Feed {
    /// By partition.
    lanes: Vec<Lane>,
    /// Streams that show it.
    wanted: usize,
    audiences: HashMap<Box<str>, Audience>,
}

/// Streams of one tenant that show a view. Each stands in one list.
#[derive(Default)]
struct Audience {
    all: Vec<Arc<Member>>,
    by_facet: HashMap<u64, Vec<Arc<Member>>>,
}

/// A page of changes in one lane.
pub(super) struct Page {
    pub(super) view: usize,
    /// Among the positions of the stream.
    pub(super) place: usize,
    pub(super) changes: Vec<Arc<Change>>,
    /// Where the stream is, once it has them.
    pub(super) upto: u64,
}

/// What there is for a stream that catches up.
pub(super) enum Joined {
    /// Nothing more; from now on it is told.
    Live,
    Pages(Vec<Page>),
    /// What it has missed is not in memory any more: what it needs up to there.
    Gone {
        view: usize,
        place: usize,
        upto: u64,
    },
    /// It has seen more than this process.
    Ahead,
}

impl Hub {
    pub(super) fn new(
        views: Vec<ViewSlice>,
        partitions: u16,
        shape: Shape,
        settings: LiveSettings,
    ) -> Self {
        let lanes = || (0..partitions).map(|_| Lane::default()).collect();
        let feeds = views.iter().map(|_| Feed {
            lanes: lanes(),
            ..Feed::default()
        });
        let state = State {
            feeds: feeds.collect(),
            ..State::default()
        };
        Self {
            views,
            partitions,
            shape,
            settings,
            state: Mutex::new(state),
            turns: watch::Sender::new(()),
            meters: Meters::default(),
        }
    }

    /// Counts a stream in, if there is room for it.
    pub(super) fn enter(&self, tenant: &Tenant, mask: Mask) -> Result<(), NotOpened> {
        let mut state = self.lock();
        let of_tenant = state.streams_of.get(tenant.as_str());
        let of_tenant = of_tenant.copied().unwrap_or_default();
        let retry_after_s = RETRY_AFTER_S;
        if state.streams >= self.settings.streams_max {
            return Err(NotOpened::Crowded { retry_after_s });
        }
        if of_tenant >= self.settings.tenant_streams_max {
            return Err(NotOpened::TenantCrowded { retry_after_s });
        }
        state.streams += 1;
        self.meters.open(state.streams);
        let name = tenant.as_str().into();
        state.streams_of.insert(name, of_tenant + 1);
        mask.views().for_each(|view| state.feeds[view].wanted += 1);
        drop(state);
        self.turns.send_replace(());
        Ok(())
    }

    /// Forgets a stream that [entered](Self::enter).
    pub(super) fn leave(&self, member: &Arc<Member>) {
        let (mut state, tenant) = (self.lock(), member.tenant.as_str());
        state.streams -= 1;
        self.meters.open(state.streams);
        if let Some(streams) = state.streams_of.get_mut(tenant) {
            *streams -= 1;
            if *streams == 0 {
                state.streams_of.remove(tenant);
            }
        }
        for view in member.mask.views() {
            let feed = &mut state.feeds[view];
            feed.wanted -= 1;
            if let Some(audience) = feed.audiences.get_mut(tenant) {
                audience.forget(view, member);
                if audience.is_empty() {
                    feed.audiences.remove(tenant);
                }
            }
        }
    }

    /// Waits until a stream wants the view.
    pub(super) async fn wanted(&self, view: usize) {
        self.until(|state| state.feeds[view].wanted > 0).await;
    }

    /// Forgets all of a view, if no stream wants it.
    pub(super) fn rests(&self, view: usize) -> bool {
        let feed = &mut self.lock().feeds[view];
        if feed.wanted > 0 {
            return false;
        }
        feed.lanes
            .iter_mut()
            .for_each(|lane| *lane = Lane::default());
        true
    }

    /// Waits until every view is followed.
    pub(super) async fn followed(&self, mask: Mask) {
        let is_followed = |state: &State| {
            let mut views = mask.views();
            views.all(|view| state.feeds[view].lanes.iter().all(Lane::is_followed))
        };
        self.until(is_followed).await;
    }

    async fn until(&self, holds: impl Fn(&State) -> bool) {
        let mut turns = self.turns.subscribe();
        while !holds(&self.lock()) {
            if turns.changed().await.is_err() {
                return;
            }
        }
    }

    /// The view is followed in that partition, from there on.
    pub(super) fn begin(&self, view: usize, partition: u16, at: u64) {
        self.lock().feeds[view].lanes[usize::from(partition)].begin(at);
        self.turns.send_replace(());
    }

    /// Events up to there have changed nothing more.
    pub(super) fn reach(&self, view: usize, partition: u16, log_position: u64) {
        self.lock().feeds[view].lanes[usize::from(partition)].reach(log_position);
    }

    /// Tells a change to the streams that it is for; `value` is that of its body.
    pub(super) fn tell(&self, view: usize, partition: u16, change: Change, value: &dyn Any) {
        let mut state = self.lock();
        let followed = state.feeds.iter().filter(|feed| feed.wanted > 0).count();
        let lanes = followed.max(1) * usize::from(self.partitions);
        let feed = &mut state.feeds[view];
        let lane = &mut feed.lanes[usize::from(partition)];
        if !lane.is_followed() {
            return;
        }
        let change = Arc::new(change);
        lane.keep(Arc::clone(&change), self.settings.recent_bytes_max / lanes);
        // Taken out, because the id of a frame is made of all lanes.
        let audience = feed.audiences.get_mut(change.tenant());
        let Some(mut audience) = audience.map(std::mem::take) else {
            return;
        };
        let mut telling = Telling {
            hub: self,
            feeds: &state.feeds,
            view,
            judged: Judged::new(&change, Some(value), self.views[view].live.decode),
            body: &change.body,
            frames: Vec::new(),
        };
        audience.all.retain(|member| telling.tell(member));
        for facet in &change.facets {
            if let Some(members) = audience.by_facet.get_mut(facet) {
                members.retain(|member| telling.tell(member));
            }
        }
        let feed = &mut state.feeds[view];
        if let Some(place) = feed.audiences.get_mut(change.tenant()) {
            *place = audience;
        }
    }

    /// The next pages behind the positions, or a place among those that are told.
    pub(super) fn join(&self, member: &Arc<Member>, positions: &[u64]) -> Joined {
        let mut state = self.lock();
        let (mut pages, mut changes) = (Vec::new(), 0);
        for (place, (view, lane)) in lanes(&state.feeds, member.mask).enumerate() {
            let wants = |change: &Change| member.may_want(view, change);
            match lane.behind(positions[place], PAGE_CHANGES, wants) {
                Behind::Ahead => return Joined::Ahead,
                Behind::Gone(upto) => return Joined::Gone { view, place, upto },
                Behind::Changes(found, upto) if upto > positions[place] => {
                    changes += found.len();
                    pages.push(Page {
                        view,
                        place,
                        changes: found,
                        upto,
                    });
                }
                Behind::Changes(..) => {}
            }
            if changes >= PAGE_CHANGES {
                break;
            }
        }
        if !pages.is_empty() {
            return Joined::Pages(pages);
        }
        for view in member.mask.views() {
            let audiences = &mut state.feeds[view].audiences;
            let audience = audiences.entry(member.tenant.as_str().into()).or_default();
            audience.list(view, member).push(Arc::clone(member));
        }
        Joined::Live
    }

    /// Where every lane of the views is.
    pub(super) fn heads(&self, mask: Mask) -> Vec<u64> {
        let state = self.lock();
        lanes(&state.feeds, mask)
            .map(|(_, lane)| lane.head())
            .collect()
    }

    /// The id of now, for a stream that has been sent everything.
    pub(super) fn id_of(&self, member: &Member) -> Option<String> {
        let state = self.lock();
        let is_sent = member.outbox.is_empty();
        is_sent.then(|| self.id(&state.feeds, member.mask))
    }

    fn id(&self, feeds: &[Feed], mask: Mask) -> String {
        let heads = lanes(feeds, mask).map(|(_, lane)| lane.head());
        token::write(self.shape, mask, heads)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Every lane of the views, in the order of a stream's positions.
fn lanes(feeds: &[Feed], mask: Mask) -> impl Iterator<Item = (usize, &Lane)> {
    let views = mask.views();
    views.flat_map(|view| feeds[view].lanes.iter().map(move |lane| (view, lane)))
}

impl Audience {
    /// Where a stream stands.
    fn list(&mut self, view: usize, member: &Member) -> &mut Vec<Arc<Member>> {
        let wish = member.wish(view);
        match wish.and_then(|wish| wish.interest.facet) {
            Some(facet) => self.by_facet.entry(facet).or_default(),
            None => &mut self.all,
        }
    }

    fn forget(&mut self, view: usize, member: &Arc<Member>) {
        let list = self.list(view, member);
        if let Some(place) = list.iter().position(|other| Arc::ptr_eq(other, member)) {
            list.swap_remove(place);
        }
        let wish = member.wish(view);
        let facet = wish.and_then(|wish| wish.interest.facet);
        if list.is_empty()
            && let Some(facet) = facet
        {
            self.by_facet.remove(&facet);
        }
    }

    fn is_empty(&self) -> bool {
        self.all.is_empty() && self.by_facet.is_empty()
    }
}

/// One change on its way to the streams; those of the same views get the same bytes.
struct Telling<'h> {
    hub: &'h Hub,
    feeds: &'h [Feed],
    view: usize,
    judged: Judged<'h>,
    body: &'h Bytes,
    frames: Vec<(Mask, Bytes)>,
}

impl Telling<'_> {
    /// Whether the stream is still open.
    fn tell(&mut self, member: &Member) -> bool {
        let Some(wish) = member.wish(self.view) else {
            return true;
        };
        if !self.judged.fits(wish) {
            return true;
        }
        let frame = self.frame(member.mask);
        member
            .outbox
            .put(&frame, self.hub.settings.waiting_bytes_max)
    }

    fn frame(&mut self, mask: Mask) -> Bytes {
        if let Some((_, frame)) = self.frames.iter().find(|(of, _)| *of == mask) {
            return Bytes::clone(frame);
        }
        let id = self.hub.id(self.feeds, mask);
        let name = self.hub.views[self.view].live.name;
        let frame = frame::value(name, &id, self.body);
        self.frames.push((mask, Bytes::clone(&frame)));
        frame
    }
}
