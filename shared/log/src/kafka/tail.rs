//! The end of a partition, fetched once per process however many of its roles read it.
//!
//! Processors, projectors, reactions and live projections all need a record that has just been published. One
//! consumer fetches it for all of them, in one request with everything else that is new; each reader
//! follows at its own place. A reader further behind than what is kept fetches for itself until it has
//! come near: no reader waits for the slowest, and nothing is kept for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kernel::Fault;
use kernel::port::Record;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tracing::warn;

use super::fetch::{Failed, Fetch, Place};
use super::fetchers::Fetchers;
use super::kept::Kept;

/// Pause after a tail could not be fetched; its readers fetch for themselves meanwhile.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// How long a tail runs until its first reader comes: longer than the first answer of a broker without
/// records may take.
const READER_WAIT: Duration = Duration::from_secs(5);
/// Records taken at once before the first reader comes.
const FIRST_MAX: usize = 1_024;

/// The end of one partition.
pub(super) struct Tail {
    fetchers: Arc<Fetchers>,
    place: Place,
    state: Mutex<State>,
    /// Something was fetched.
    changed: Arc<Notify>,
}

struct State {
    phase: Phase,
    fetch: Option<Fetch>,
    kept: Kept,
    /// Distinguishes it from earlier runs, whose readers have not noticed yet.
    run: u64,
}

enum Phase {
    Idle {
        not_before: Instant,
    },
    /// No reader goes over to it before the broker has answered for the partition: until then others
    /// may be quicker.
    Starting,
    Running {
        readers: usize,
    },
}

impl Tail {
    pub(super) fn new(fetchers: Arc<Fetchers>, place: Place) -> Self {
        let state = State {
            phase: Phase::Idle {
                not_before: Instant::now(),
            },
            fetch: None,
            kept: Kept::default(),
            run: 0,
        };
        Self {
            fetchers,
            place,
            state: Mutex::new(state),
            changed: Arc::default(),
        }
    }

    /// A reader of the tail from `next` on, if it is running and has that.
    pub(super) fn attach(self: &Arc<Self>, next: i64) -> Option<Attached> {
        let mut state = self.lock();
        if matches!(state.phase, Phase::Starting) {
            if let Err(failed) = state.fetch(FIRST_MAX) {
                self.give_up(&mut state, &failed);
            } else if state.fetch.as_ref().is_some_and(Fetch::has_answered) {
                state.phase = Phase::Running { readers: 0 };
            }
        }
        let has = state.kept.has(next);
        let run = state.run;
        match &mut state.phase {
            Phase::Running { readers } if has => {
                *readers += 1;
                let tail = Arc::clone(self);
                Some(Attached { tail, run })
            }
            _ => None,
        }
    }

    /// Something is there to be read, or to attach to.
    pub(super) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// Begins to fetch from `next` on, for a reader that has nothing left to read; does nothing when
    /// another reader has begun it.
    pub(super) fn start(self: &Arc<Self>, next: i64) {
        let mut state = self.lock();
        match state.phase {
            Phase::Idle { not_before } if not_before <= Instant::now() => {
                state.phase = Phase::Starting;
                let tail = Arc::clone(self);
                tokio::spawn(async move { tail.begin(next).await });
            }
            _ => {}
        }
    }

    async fn begin(self: Arc<Self>, next: i64) {
        let changed = Arc::clone(&self.changed);
        let opened = self
            .fetchers
            .open(self.place.clone(), next, move || changed.notify_waiters());
        let opened = opened
            .await
            .unwrap_or_else(|error| Err(Fault::new("kafka", "open a tail", error)));
        let run = match opened {
            Ok(fetch) => self.lock().run_from(next, fetch),
            Err(fault) => return self.give_up(&mut self.lock(), &fault),
        };
        self.changed.notify_waiters();
        tokio::time::sleep(READER_WAIT).await;
        let mut state = self.lock();
        if state.run == run
            && matches!(state.phase, Phase::Starting | Phase::Running { readers: 0 })
        {
            state.stop(Instant::now());
        }
    }

    /// Rests for a while; the readers find out by themselves, and report what they find.
    fn give_up(&self, state: &mut State, error: &(dyn std::error::Error + 'static)) {
        warn!(
            topic = &*self.place.topic,
            partition = self.place.partition,
            error,
            "tail is not fetched for all, each reader fetches for itself"
        );
        state.stop(Instant::now() + RETRY_AFTER);
        self.changed.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn run_from(&mut self, next: i64, fetch: Fetch) -> u64 {
        self.fetch = Some(fetch);
        self.kept = Kept::from(next);
        self.run += 1;
        self.run
    }

    fn stop(&mut self, not_before: Instant) {
        self.phase = Phase::Idle { not_before };
        self.kept = Kept::default();
        self.fetch = None;
    }

    fn fetch(&mut self, max: usize) -> Result<(), Failed> {
        let mut fetched = Vec::new();
        let Some(fetch) = &mut self.fetch else {
            return Ok(());
        };
        let drained = fetch.drain(max, &mut fetched);
        self.kept.add(fetched, fetch.next());
        drained
    }
}

/// A reader of a running tail; the tail rests when its last one is gone.
pub(super) struct Attached {
    tail: Arc<Tail>,
    run: u64,
}

impl Attached {
    /// Moves what there is from `next` on, at most `max`, to the end of `out`, and returns what is next
    /// then. None when the tail has it no longer.
    pub(super) fn read(&self, next: i64, max: usize, out: &mut Vec<Record>) -> Option<i64> {
        let mut state = self.tail.lock();
        if !self.is_running(&state) || !state.kept.has(next) {
            return None;
        }
        // A reader that has read everything fetches for all.
        if next == state.kept.next()
            && let Err(failed) = state.fetch(max)
        {
            self.tail.give_up(&mut state, &failed);
            return None;
        }
        state.kept.read(next, max, out)
    }

    fn is_running(&self, state: &State) -> bool {
        matches!(state.phase, Phase::Running { .. }) && state.run == self.run
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        let mut state = self.tail.lock();
        if !self.is_running(&state) {
            return;
        }
        if let Phase::Running { readers } = &mut state.phase {
            *readers -= 1;
            if *readers == 0 {
                state.stop(Instant::now());
            }
        }
    }
}
