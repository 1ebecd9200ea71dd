//! One stream, as its connection reads it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::NotOpened;
use super::catching::{Catching, Step};
use super::frame::{self, End};
use super::hub::Hub;
use super::member::Member;
use super::outbox::Found;
use super::past::Past;

/// How long a stream is silent at most: proxies close what says nothing.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// A member that is counted among the streams, until this is dropped.
pub(super) struct Seat {
    hub: Arc<Hub>,
    member: Arc<Member>,
}

impl Seat {
    /// # Errors
    /// There are as many streams as may be.
    pub(super) fn take(hub: Arc<Hub>, member: Member) -> Result<Self, NotOpened> {
        hub.enter(&member.tenant, member.mask)?;
        let member = Arc::new(member);
        Ok(Self { hub, member })
    }

    pub(super) fn member(&self) -> &Member {
        &self.member
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.hub.leave(&self.member);
    }
}

/// A stream of frames; its seat is free again when it is dropped.
pub struct LiveStream {
    seat: Seat,
    phase: Phase,
    /// Frames of a stream that catches up.
    ready: VecDeque<Bytes>,
    beat_at: Instant,
    /// When the token of its reader expires.
    until: Instant,
    stop: CancellationToken,
    end: End,
}

enum Phase {
    /// On the heap: a stream that is told needs nothing of it.
    Catching(Box<Catching>, Arc<dyn Past>),
    Told,
    Over,
}

/// Why a stream stopped waiting.
enum Woken {
    Filled,
    Beat,
    Ends(End),
}

impl LiveStream {
    pub(super) fn new(
        seat: Seat,
        (catching, first): (Catching, Bytes),
        past: Arc<dyn Past>,
        until: Instant,
        stop: CancellationToken,
    ) -> Self {
        Self {
            seat,
            phase: Phase::Catching(Box::new(catching), past),
            ready: VecDeque::from([first]),
            beat_at: Instant::now() + HEARTBEAT,
            until,
            stop,
            end: End::Gone,
        }
    }

    /// The next frame; `None` once the stream is over. Cancelling it loses nothing.
    pub async fn next(&mut self) -> Option<Bytes> {
        let frame = self.frame().await?;
        self.beat_at = Instant::now() + HEARTBEAT;
        self.seat.hub.meters.sent(frame.len());
        Some(frame)
    }

    async fn frame(&mut self) -> Option<Bytes> {
        loop {
            if matches!(self.phase, Phase::Over) {
                return None;
            }
            if self.stop.is_cancelled() {
                return Some(self.ends(End::Stop));
            }
            if Instant::now() >= self.until {
                return Some(self.ends(End::Token));
            }
            if let Some(frame) = self.ready.pop_front() {
                return Some(frame);
            }
            match self.catch_up().await {
                Ok(false) => {}
                Ok(true) => continue,
                Err(end) => return Some(self.ends(end)),
            }
            match self.seat.member.outbox.take() {
                Found::Frame(frame) => return Some(frame),
                Found::Overrun => return Some(self.ends(End::Slow)),
                Found::Nothing => match self.wait().await {
                    Woken::Filled => {}
                    Woken::Beat => {
                        let id = self.seat.hub.id_of(&self.seat.member);
                        return Some(frame::heartbeat(id.as_deref()));
                    }
                    Woken::Ends(end) => return Some(self.ends(end)),
                },
            }
        }
    }

    /// One step of a stream that is not told yet; tells whether there was one to make.
    async fn catch_up(&mut self) -> Result<bool, End> {
        let Phase::Catching(catching, past) = &mut self.phase else {
            return Ok(false);
        };
        let past = Arc::clone(past);
        let step = catching.step(&self.seat.hub, &*past, &self.seat.member);
        let step = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Err(End::Stop),
            () = tokio::time::sleep_until(self.until) => return Err(End::Token),
            step = Box::pin(step) => step,
        };
        match step {
            Step::Frames(frames) => self.ready = frames,
            Step::Live => {
                self.phase = Phase::Told;
                self.ready = VecDeque::new();
            }
            Step::Slow => return Err(End::Slow),
        }
        Ok(true)
    }

    async fn wait(&self) -> Woken {
        let at = self.beat_at.min(self.until);
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Woken::Ends(End::Stop),
            () = self.seat.member.outbox.filled() => Woken::Filled,
            () = tokio::time::sleep_until(at) => {
                if Instant::now() >= self.until { Woken::Ends(End::Token) } else { Woken::Beat }
            }
        }
    }

    fn ends(&mut self, end: End) -> Bytes {
        (self.phase, self.end) = (Phase::Over, end);
        self.ready = VecDeque::new();
        frame::end(end)
    }
}

impl Drop for LiveStream {
    fn drop(&mut self) {
        self.seat.hub.meters.ended(self.end);
    }
}
