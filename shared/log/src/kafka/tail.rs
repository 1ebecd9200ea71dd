//! The end of a partition, fetched once per process however many of its roles read it.
//!
//! A record that has just been published is wanted by processors, projectors, reactions and readings
//! alike. One consumer fetches it for all of them, in one request with whatever else is new; each
//! reader follows at its own place. Who is further behind than what is kept fetches for itself until it
//! has come near: nobody waits for the slowest, and nothing is kept for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use kernel::Fault;
use kernel::port::Record;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tracing::warn;

use super::fetch::Place;
use super::kept::Kept;
use super::tails::{TailFetch, Tails};

/// Pause after a tail could not be fetched; its readers fetch for themselves meanwhile.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// How long a tail runs until its first reader comes.
const READER_WAIT: Duration = Duration::from_secs(1);

/// The end of one partition.
pub(super) struct Tail {
    tails: Weak<Tails>,
    place: Place,
    state: Mutex<State>,
    /// Something was fetched, or the tail began to run.
    changed: Arc<Notify>,
}

struct State {
    phase: Phase,
    /// Assigned when it is first needed, and paused whenever nobody reads it.
    fetch: Option<TailFetch>,
    kept: Kept,
    /// Told apart from earlier runs, whose readers have not noticed yet.
    run: u64,
}

enum Phase {
    Idle { not_before: Instant },
    Starting,
    Running { readers: usize },
}

impl Tail {
    pub(super) fn new(tails: Weak<Tails>, place: Place) -> Self {
        let state = State {
            phase: Phase::Idle {
                not_before: Instant::now(),
            },
            fetch: None,
            kept: Kept::default(),
            run: 0,
        };
        Self {
            tails,
            place,
            state: Mutex::new(state),
            changed: Arc::default(),
        }
    }

    /// A reader of the tail from `next` on, if it is running and has that.
    pub(super) fn attach(self: &Arc<Self>, next: i64) -> Option<Attached> {
        let mut state = self.lock();
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

    /// Begins to fetch from `next` on, for a reader who has nothing left to read; does nothing when
    /// somebody did before.
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
        let fetch = self.lock().fetch.take();
        let begun = match fetch {
            Some(fetch) => Ok(fetch),
            None => self.open(next).await,
        };
        let sought = match begun {
            Ok(mut fetch) => {
                let sought = fetch.seek(next).await;
                self.lock().fetch = Some(fetch);
                sought
            }
            Err(fault) => Err(fault),
        };
        if let Err(fault) = sought {
            return self.give_up(&mut self.lock(), &fault);
        }
        self.lock().run_from(next);
        let first = self.attach(next);
        self.changed.notify_waiters();
        tokio::time::sleep(READER_WAIT).await;
        drop(first);
    }

    async fn open(&self, next: i64) -> Result<TailFetch, Fault> {
        let attempt = || format!("open the tail of {}", self.place.topic);
        let tails = self.tails.upgrade();
        let tails = tails.ok_or_else(|| Fault::bare("kafka", attempt()))?;
        let (place, changed) = (self.place.clone(), Arc::clone(&self.changed));
        tokio::task::spawn_blocking(move || tails.open(&place, next, &changed))
            .await
            .map_err(|error| Fault::new("kafka", attempt(), error))?
    }

    /// Rests for a while; the readers find out by themselves, and report what they find.
    fn give_up(&self, state: &mut State, fault: &Fault) {
        warn!(
            topic = &*self.place.topic,
            partition = self.place.partition,
            error = fault as &dyn std::error::Error,
            "tail is not fetched for all, each reader fetches for itself"
        );
        state.stop(Instant::now() + RETRY_AFTER);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn run_from(&mut self, next: i64) {
        self.phase = Phase::Running { readers: 0 };
        self.kept = Kept::from(next);
        self.run += 1;
    }

    fn stop(&mut self, not_before: Instant) {
        self.phase = Phase::Idle { not_before };
        self.kept = Kept::default();
        if let Some(Err(fault)) = self.fetch.as_ref().map(TailFetch::pause) {
            warn!(
                error = &fault as &dyn std::error::Error,
                "tail is fetched though nobody reads it"
            );
        }
    }

    fn fetch(&mut self, max: usize) -> Result<(), Fault> {
        let mut fetched = Vec::new();
        let Some(fetch) = &mut self.fetch else {
            return Ok(());
        };
        let drained = fetch.drain(max, &mut fetched);
        self.kept.add(fetched, fetch.next());
        drained.map_err(|failed| Fault::bare("kafka", format!("fetch for all: {failed}")))
    }
}

/// A reader of a running tail; the tail rests when its last one is gone.
pub(super) struct Attached {
    tail: Arc<Tail>,
    run: u64,
}

impl Attached {
    /// Moves what there is from `next` on, at most `max`, to the end of `out`, and says what is next
    /// then. None when the tail has it no longer.
    pub(super) fn read(&self, next: i64, max: usize, out: &mut Vec<Record>) -> Option<i64> {
        let mut state = self.tail.lock();
        if !self.is_running(&state) || !state.kept.has(next) {
            return None;
        }
        // Whoever has read everything fetches for all.
        if next == state.kept.next()
            && let Err(fault) = state.fetch(max)
        {
            self.tail.give_up(&mut state, &fault);
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
