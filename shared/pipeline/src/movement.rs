//! Movement: what every worker of a process is working on, and which workers are stalled.
//!
//! A server that answers does not show whether work progresses. So each worker reports here when it
//! advances and when it cannot, and readiness, alarms and `replay` read it.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kernel::code::with_causes;
use tokio::time::Instant;

/// A worker that has begun something and not advanced for so long hangs.
const HANGS_AFTER: Duration = Duration::from_secs(10);
/// A worker that tries again is stalled until it advances, or has not failed for so long.
const TRUSTED_AFTER: Duration = Duration::from_secs(3);

/// Kinds of workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    /// Handles the commands of a partition.
    Processor,
    /// Writes the batches of all partitions of the process.
    Committer,
    /// Publishes the events of a partition.
    Publisher,
    /// Publishes the outcomes of a partition.
    Announcer,
    /// Keeps a view in a read model.
    Projection,
    /// Sends what a reaction asks for.
    Reaction,
    /// Makes the calls outside of an effect.
    Effect,
    /// Sends what is due.
    Timers,
    /// Folds topics into the memory of the process.
    LiveProjection,
}

impl Work {
    /// A metric label.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Processor => "processor",
            Self::Committer => "committer",
            Self::Publisher => "publisher",
            Self::Announcer => "announcer",
            Self::Projection => "projection",
            Self::Reaction => "reaction",
            Self::Effect => "effect",
            Self::Timers => "timers",
            Self::LiveProjection => "live projection",
        }
    }
}

/// The workers of one process; cheap to clone.
#[derive(Clone, Default)]
pub struct Movement(Arc<Mutex<Workers>>);

/// Kind and name of a worker.
type Place = (Work, Box<str>);
type Workers = BTreeMap<Place, Arc<Mutex<State>>>;

#[derive(Debug)]
struct State {
    moved_at: Instant,
    /// When it began what is not done yet.
    began_at: Option<Instant>,
    trouble: Option<Trouble>,
}

#[derive(Debug)]
struct Trouble {
    since: Instant,
    why: String,
    /// When it began again.
    again_at: Option<Instant>,
    /// Nothing will change by itself.
    stopped: bool,
}

/// What a worker is seen to be.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What it does.
    pub work: Work,
    /// What it works on, such as `trades/3`.
    pub name: Box<str>,
    /// How long ago it advanced, or found nothing to do.
    pub moved: Duration,
    /// Why it is stalled; none when it is not.
    pub stands: Option<Stands>,
}

/// Why a worker does not advance.
#[derive(Clone, Debug)]
pub struct Stands {
    /// How long ago it began to stand.
    pub since: Duration,
    /// In a sentence, for an operator.
    pub why: String,
    /// An operator has to act; one that has not stopped tries again.
    pub stopped: bool,
}

impl Movement {
    /// A worker that begins now, in the place of one of the same name.
    #[must_use]
    pub fn worker(&self, work: Work, name: impl fmt::Display) -> Worker {
        let place = (work, name.to_string().into());
        let state = Arc::new(Mutex::new(State {
            moved_at: Instant::now(),
            began_at: None,
            trouble: None,
        }));
        let mut workers = lock(&self.0);
        if let Some(before) = workers.insert(Clone::clone(&place), Arc::clone(&state)) {
            // It ended in trouble: whether this one does better is not known yet.
            lock(&state).trouble = lock(&before).trouble.take();
            lock(&state).tries();
        }
        drop(workers);
        Worker {
            movement: self.clone(),
            place,
            state,
        }
    }

    /// All workers as they are now.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        let workers = lock(&self.0);
        let seen = workers.iter().map(|((work, name), state)| {
            let state = lock(state);
            Seen {
                work: *work,
                name: name.clone(),
                moved: state.moved_at.elapsed(),
                stands: state.stands(),
            }
        });
        seen.collect()
    }
}

impl State {
    fn stands(&self) -> Option<Stands> {
        if let Some(trouble) = &self.trouble
            && trouble
                .again_at
                .is_none_or(|again_at| again_at.elapsed() < TRUSTED_AFTER)
        {
            return Some(Stands {
                since: trouble.since.elapsed(),
                why: trouble.why.clone(),
                stopped: trouble.stopped,
            });
        }
        let since = self.began_at?.elapsed();
        (since >= HANGS_AFTER).then(|| Stands {
            since,
            why: "it is still at what it began then".to_owned(),
            stopped: false,
        })
    }

    fn tries(&mut self) {
        if let Some(trouble) = &mut self.trouble {
            trouble.again_at = Some(Instant::now());
        }
    }

    fn fails(&mut self, why: String, stopped: bool) {
        self.began_at = None;
        let goes_on = self.trouble.take().filter(|before| {
            before
                .again_at
                .is_none_or(|again_at| again_at.elapsed() < TRUSTED_AFTER)
        });
        self.trouble = Some(Trouble {
            since: goes_on.map_or_else(Instant::now, |before| before.since),
            why,
            again_at: None,
            stopped,
        });
    }
}

/// Reports on one worker. A worker that is dropped is gone; one that panics is stalled until another
/// begins in its place.
pub struct Worker {
    movement: Movement,
    place: Place,
    state: Arc<Mutex<State>>,
}

impl Worker {
    /// It begins something that takes no longer than seconds when all is well; until it
    /// [moves](Self::moves).
    pub fn begins(&self) {
        let mut state = lock(&self.state);
        if state.began_at.is_none() {
            state.began_at = Some(Instant::now());
        }
    }

    /// It advanced, or found nothing to do.
    pub fn moves(&self) {
        let mut state = lock(&self.state);
        state.moved_at = Instant::now();
        state.began_at = None;
        state.trouble = None;
    }

    /// It begins again after a trouble, which is over when it moves, or does not fail for a while.
    pub fn tries(&self) {
        lock(&self.state).tries();
    }

    /// It cannot advance, and will try again.
    pub fn stands(&self, why: &(dyn Error + 'static)) {
        lock(&self.state).fails(with_causes(why), false);
    }

    /// It does not advance until an operator does what `why` demands.
    pub fn stops(&self, why: impl Into<String>) {
        lock(&self.state).fails(why.into(), true);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return self.stops("its task panicked");
        }
        let mut workers = lock(&self.movement.0);
        // Another may have begun in its place.
        if workers
            .get(&self.place)
            .is_some_and(|state| Arc::ptr_eq(state, &self.state))
        {
            workers.remove(&self.place);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use kernel::Fault;

    use super::*;

    fn stands(movement: &Movement) -> Option<Stands> {
        let seen = movement.seen();
        assert_eq!(seen.len(), 1);
        seen[0].stands.clone()
    }

    #[tokio::test(start_paused = true)]
    async fn worker_stands_from_its_first_failure_until_it_moves() {
        let movement = Movement::default();
        let worker = movement.worker(Work::Processor, "trades/3");
        assert!(stands(&movement).is_none());
        for _ in 0..3 {
            worker.tries();
            worker.stands(&Fault::new("postgres", "take over", "no route"));
            tokio::time::advance(Duration::from_secs(4)).await;
        }
        let stalled = stands(&movement).unwrap();
        assert_eq!(stalled.since, Duration::from_secs(12));
        assert!(stalled.why.contains("no route"), "{}", stalled.why);
        worker.moves();
        assert!(stands(&movement).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn worker_that_tries_again_is_trusted_once_it_has_not_failed_for_a_while() {
        let movement = Movement::default();
        let worker = movement.worker(Work::Projection, "position in redis, trades/3");
        worker.stops("look at it");
        tokio::time::advance(Duration::from_secs(60)).await;
        worker.tries();
        assert!(stands(&movement).unwrap().stopped);
        tokio::time::advance(TRUSTED_AFTER).await;
        assert!(stands(&movement).is_none());
        // A trouble of then is not this one.
        worker.stops("look at it");
        assert_eq!(stands(&movement).unwrap().since, Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn worker_that_does_not_end_what_it_began_stands() {
        let movement = Movement::default();
        let worker = movement.worker(Work::Committer, "all");
        worker.begins();
        tokio::time::advance(HANGS_AFTER / 2).await;
        assert!(stands(&movement).is_none());
        worker.begins();
        tokio::time::advance(HANGS_AFTER / 2).await;
        assert_eq!(stands(&movement).unwrap().since, HANGS_AFTER);
        worker.moves();
        assert!(stands(&movement).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn worker_that_panics_stands_until_another_moves_in_its_place() {
        let movement = Movement::default();
        let worker = movement.worker(Work::Reaction, "fills-to-positions, trades/0");
        #[expect(clippy::disallowed_methods, reason = "joined at once")]
        let panicked = std::thread::spawn(move || {
            let _worker = worker;
            panic!("on purpose");
        });
        assert!(panicked.join().is_err());
        assert!(stands(&movement).unwrap().why.contains("panicked"));
        let again = movement.worker(Work::Reaction, "fills-to-positions, trades/0");
        assert!(stands(&movement).is_some());
        again.moves();
        assert!(stands(&movement).is_none());
        drop(again);
        assert!(movement.seen().is_empty());
    }
}
