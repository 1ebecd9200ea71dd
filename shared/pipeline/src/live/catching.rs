//! A stream that begins, or resumes: from its positions to what is told now.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use tracing::debug;

use super::frame;
use super::hub::{Hub, Joined, Page};
use super::lane::Change;
use super::member::{Judged, Member};
use super::past::{Missed, Past};
use super::token;

/// Longest wait for this process to see what a stream has seen at another.
const AHEAD_WAIT: Duration = Duration::from_secs(2);
/// Times that one stream begins anew: a reader that then still falls behind is too slow.
const ANEW_MAX: u8 = 2;
/// How often it looks.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Where a stream is that is not told changes yet.
pub(super) struct Catching {
    /// Of each lane of its views.
    positions: Vec<u64>,
    /// Events that may still be read from the store for it.
    left: u64,
    /// Times that it may still begin anew.
    anew_left: u8,
    ahead_since: Option<Instant>,
}

/// What comes next.
pub(super) enum Step {
    Frames(VecDeque<Bytes>),
    Live,
    /// It reads more slowly than things change.
    Slow,
}

impl Catching {
    /// Where the token says, or behind what every view had seen; and the first frame.
    pub(super) fn begin(
        hub: &Hub,
        member: &Member,
        token: Option<&str>,
        settled: Vec<u64>,
    ) -> (Self, Bytes) {
        let mask = member.mask;
        let read = token.map(|token| token::read(token, hub.shape, mask, settled.len()));
        let is_fresh = read.as_ref().is_none_or(Option::is_none);
        let foreign = matches!(read, Some(None));
        let catching = Self {
            positions: read.flatten().unwrap_or(settled),
            left: hub.settings.resume_events_max,
            anew_left: ANEW_MAX,
            ahead_since: None,
        };
        let id = catching.id(hub, member);
        let first = if foreign {
            frame::reset(&id, "the id is not of this stream")
        } else {
            frame::hello(&id, !is_fresh)
        };
        (catching, first)
    }

    pub(super) async fn step(&mut self, hub: &Hub, past: &dyn Past, member: &Arc<Member>) -> Step {
        loop {
            match hub.join(member, &self.positions) {
                Joined::Live => return Step::Live,
                Joined::Pages(pages) => {
                    self.ahead_since = None;
                    let mut frames = VecDeque::new();
                    for page in pages {
                        self.page(hub, member, &page, &mut frames);
                    }
                    if !frames.is_empty() {
                        return Step::Frames(frames);
                    }
                }
                Joined::Gone { view, place, upto } => {
                    let from = self.positions[place];
                    let partition = place % usize::from(hub.partitions);
                    let lane = (view, u16::try_from(partition).unwrap_or_default());
                    let missed = past.missed(member, lane, from, upto, self.left).await;
                    match missed {
                        Ok(missed) => {
                            let frames = self.missed(hub, member, (view, place), missed);
                            if !frames.is_empty() {
                                return Step::Frames(frames);
                            }
                        }
                        Err(reason) => return self.anew(hub, past, member, reason).await,
                    }
                }
                Joined::Ahead => {
                    let since = *self.ahead_since.get_or_insert_with(Instant::now);
                    if since.elapsed() >= AHEAD_WAIT {
                        return self.anew(hub, past, member, "the log was restored").await;
                    }
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
            }
        }
    }

    fn page(&mut self, hub: &Hub, member: &Member, page: &Page, frames: &mut VecDeque<Bytes>) {
        for change in &page.changes {
            self.positions[page.place] = change.log_position;
            let judged = Judged::new(change, None, hub.views[page.view].live.decode);
            let wish = member.wish(page.view);
            if wish.is_some_and(|wish| judged.fits(wish)) {
                frames.push_back(self.frame(hub, member, page.view, change));
            }
        }
        self.positions[page.place] = page.upto;
    }

    /// Changes that come from the store are not in the order of the log: the place moves behind all of
    /// them. One that is cut among them has seen some, and is told from the same place once more.
    fn missed(
        &mut self,
        hub: &Hub,
        member: &Member,
        (view, place): (usize, usize),
        missed: Missed,
    ) -> VecDeque<Bytes> {
        self.left = self.left.saturating_sub(missed.events);
        let wish = member.wish(view);
        let changes = missed.changes.iter();
        let shown = changes.filter(|change| wish.is_some_and(|wish| wish.shows(change)));
        let frames = shown.map(|change| self.frame(hub, member, view, change));
        let frames = frames.collect();
        self.positions[place] = missed.upto;
        frames
    }

    fn frame(&self, hub: &Hub, member: &Member, view: usize, change: &Change) -> Bytes {
        let name = hub.views[view].live.name;
        frame::value(name, &self.id(hub, member), &change.body)
    }

    /// Begins once more, where a stream that opens now would.
    async fn anew(
        &mut self,
        hub: &Hub,
        past: &dyn Past,
        member: &Member,
        reason: &'static str,
    ) -> Step {
        debug!(tenant = %member.tenant, reason, "live stream cannot resume");
        let settled = past.settled(member.mask).await;
        let (Some(settled), Some(anew_left)) = (settled, self.anew_left.checked_sub(1)) else {
            return Step::Slow;
        };
        (self.positions, self.anew_left, self.ahead_since) = (settled, anew_left, None);
        self.left = hub.settings.resume_events_max;
        hub.meters.reset();
        let reset = frame::reset(&self.id(hub, member), reason);
        Step::Frames(VecDeque::from([reset]))
    }

    fn id(&self, hub: &Hub, member: &Member) -> String {
        token::write(hub.shape, member.mask, self.positions.iter().copied())
    }
}
