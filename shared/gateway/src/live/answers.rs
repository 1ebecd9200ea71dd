//! Answers of live projections as they change, each worked out once for all streams that watch it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::web::Bytes;
use http::problem::Problem;
use kernel::code::platform;
use kernel::port::Clock;
use kernel::{Asked, Tenant};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::asked::LiveQuestion;
use super::frame;
use crate::endpoint::Watchable;

/// Shortest time between two answers to one question. What changes meanwhile is told in one.
const PERIOD: Duration = Duration::from_millis(100);
/// Longest time without a look at a question's answer: ages and waiting times change without an event.
const LOOK_AFTER: Duration = Duration::from_secs(1);
/// Questions that are watched at once, in this process and of one tenant.
const WATCHED_MAX: usize = 4_096;
const TENANT_WATCHED_MAX: usize = 512;
/// When there are too many: a screen that is closed makes room.
const RETRY_AFTER_S: u32 = 5;

/// What the streams of a process watch. Nothing is worked out that no stream watches.
pub struct Answers {
    clock: Arc<dyn Clock>,
    watched: Mutex<HashMap<Key, Arc<Watched>>>,
    wanted: Notify,
}

/// A question as its caller wrote it, of one tenant.
type Key = (Tenant, Arc<str>);

/// One question, and its latest answer as a frame.
struct Watched {
    tenant: Tenant,
    question: LiveQuestion,
    frame: watch::Sender<Bytes>,
    looked: Mutex<Looked>,
}

/// When a question was answered last.
struct Looked {
    version: u64,
    at: Instant,
}

/// The answers to one question, from the present one on.
pub(crate) struct Watching(watch::Receiver<Bytes>);

impl Answers {
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            watched: Mutex::default(),
            wanted: Notify::new(),
        }
    }

    /// # Errors
    /// It has no answer now, or as much is watched as may be.
    pub(super) fn watch(
        &self,
        tenant: &Tenant,
        question: LiveQuestion,
    ) -> Result<Watching, Problem> {
        let key = (tenant.clone(), Arc::clone(&question.text));
        if let Some(known) = self.lock().get(&key) {
            return Ok(known.subscribe());
        }
        let asked = Watched::begin(tenant.clone(), question, &*self.clock)?;
        let mut watched = self.lock();
        watched.retain(|_, watched| watched.is_wanted());
        let of_tenant = watched.keys().filter(|(of, _)| of == tenant).count();
        if watched.len() >= WATCHED_MAX || of_tenant >= TENANT_WATCHED_MAX {
            let problem = Problem::new(platform::OVERLOADED, "too many questions are watched");
            return Err(problem.retry_after(RETRY_AFTER_S));
        }
        // Another stream may have been faster.
        let watched = watched.entry(key).or_insert_with(|| Arc::new(asked));
        let watching = watched.subscribe();
        self.wanted.notify_one();
        Ok(watching)
    }

    /// Answers what is watched, again and again, until `stop`.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let rounds = async {
            loop {
                self.round().await;
            }
        };
        stop.run_until_cancelled(rounds).await;
    }

    async fn round(&self) {
        let watched: Vec<_> = {
            let mut watched = self.lock();
            watched.retain(|_, watched| watched.is_wanted());
            watched.values().cloned().collect()
        };
        if watched.is_empty() {
            return self.wanted.notified().await;
        }
        let next = Instant::now() + PERIOD;
        for watched in watched {
            watched.look(&*self.clock);
            // An answer may take a millisecond; others of this thread do not wait for all of them.
            tokio::task::yield_now().await;
        }
        tokio::time::sleep_until(next).await;
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Arc<Watched>>> {
        // A panic under the lock cannot leave half an entry.
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    /// # Errors
    /// The question has no answer now.
    fn begin(tenant: Tenant, question: LiveQuestion, clock: &dyn Clock) -> Result<Self, Problem> {
        // Before the answer: what is folded in between is looked at once more.
        let looked = Looked::now(&*question.of);
        let frame = answer(&tenant, &question, clock)?;
        Ok(Self {
            tenant,
            question,
            frame: watch::Sender::new(frame),
            looked: Mutex::new(looked),
        })
    }

    fn subscribe(&self) -> Watching {
        let mut frames = self.frame.subscribe();
        frames.mark_changed();
        Watching(frames)
    }

    fn is_wanted(&self) -> bool {
        self.frame.receiver_count() > 0
    }

    /// Answers once more, if the answer may have changed.
    fn look(&self, clock: &dyn Clock) {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Looked::now(&*self.question.of);
        if now.version == looked.version && looked.at.elapsed() < LOOK_AFTER {
            return;
        }
        *looked = now;
        let answer = answer(&self.tenant, &self.question, clock);
        let frame = answer.or_else(|problem| frame::no_answer(&self.question.text, &problem));
        let Ok(frame) = frame else {
            return;
        };
        self.frame.send_if_modified(|told| {
            let is_news = *told != frame;
            if is_news {
                *told = frame;
            }
            is_news
        });
    }
}

impl Looked {
    fn now(of: &dyn Watchable) -> Self {
        Self {
            version: of.version(),
            at: Instant::now(),
        }
    }
}

fn answer(tenant: &Tenant, question: &LiveQuestion, clock: &dyn Clock) -> Result<Bytes, Problem> {
    let asked = Asked {
        tenant,
        path: &question.path,
        parameters: &question.parameters,
        body: &[],
        now: clock.now(),
    };
    frame::answer(&question.text, &question.of.read(&asked)?)
}

impl Watching {
    /// The newest answer that was not told yet; never, once the gateway answers no more.
    async fn next(&mut self) -> Bytes {
        match self.0.changed().await {
            Ok(()) => Bytes::clone(&self.0.borrow_and_update()),
            Err(_) => std::future::pending().await,
        }
    }
}

/// The next answer to any of the questions. Cancelling it loses nothing.
pub(super) async fn next(watching: &mut [Watching]) -> Bytes {
    if watching.is_empty() {
        return std::future::pending().await;
    }
    let nexts = watching.iter_mut().map(|each| Box::pin(each.next()));
    let (frame, ..) = futures::future::select_all(nexts).await;
    frame
}
