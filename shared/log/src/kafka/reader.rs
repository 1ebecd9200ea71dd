//! The records of one partition: of its end from what the process fetches for all, of what lies further
//! back by itself.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use kernel::Fault;
use kernel::port::{Pace, ReadError, Reader, Record};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::family::Family;
use super::fetch::{Failed, Fetch, Place};
use super::number;
use super::source::Source;
use super::tail::{Attached, Tail};
use super::trouble::Trouble;

/// What is fetched is looked at again after this even without a signal: a lost edge costs no more.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// Time between two takes of a reader in no hurry.
const LEISURE: Duration = Duration::from_millis(100);
/// How often the group's offset is committed for lag tools.
const OFFSET_COMMIT_PERIOD: Duration = Duration::from_secs(2);

pub(super) struct KafkaReader {
    source: Arc<Source>,
    place: Place,
    /// The group that assigned the partition, if one did.
    family: Option<Weak<Family>>,
    tail: Arc<Tail>,
    standing: Standing,
    nonempty: Arc<Notify>,
    pace: Pace,
    taken_at: Instant,
    committed: Mutex<Instant>,
    /// Offset of the next record.
    next: i64,
}

/// The reader's state.
enum Standing {
    Nowhere,
    /// About to fetch for itself. Kept, so that a take that is cancelled does not begin again.
    Opening(JoinHandle<Result<Fetch, Fault>>),
    Alone(Box<Fetch>),
    AtTail(Attached),
}

impl KafkaReader {
    pub(super) fn new(
        source: &Arc<Source>,
        place: Place,
        family: Option<Weak<Family>>,
        pace: Pace,
    ) -> Self {
        Self {
            tail: source.tails.of(&place),
            source: Arc::clone(source),
            place,
            family,
            standing: Standing::Nowhere,
            nonempty: Arc::new(Notify::new()),
            pace,
            taken_at: Instant::now(),
            committed: Mutex::new(Instant::now()),
            next: 0,
        }
    }

    /// Goes where the next record is: to the tail, if that has it.
    async fn stand(&mut self) -> Result<(), Fault> {
        if matches!(self.standing, Standing::Nowhere) && !self.attach() {
            let signal = Arc::clone(&self.nonempty);
            let opening = self
                .source
                .fetchers
                .open(self.place.clone(), self.next, move || signal.notify_one());
            self.standing = Standing::Opening(opening);
        }
        if let Standing::Opening(opening) = &mut self.standing {
            let opened = opening.await;
            self.standing = Standing::Nowhere;
            let attempt = || format!("fetch {}/{}", self.place.topic, self.place.partition);
            let fetch = opened.map_err(|error| Fault::new("kafka", attempt(), error))??;
            self.standing = Standing::Alone(Box::new(fetch));
        }
        Ok(())
    }

    /// Reads at the tail from now on, if that has what is next. What was fetched for this reader alone
    /// and not read is lost by that.
    fn attach(&mut self) -> bool {
        let attached = self.tail.attach(self.next);
        let is_attached = attached.is_some();
        if let Some(attached) = attached {
            self.standing = Standing::AtTail(attached);
        }
        is_attached
    }

    /// Takes what has been fetched.
    fn take_fetched(&mut self, max: usize, out: &mut Vec<Record>) -> Result<(), Failed> {
        match &mut self.standing {
            Standing::Nowhere | Standing::Opening(_) => {}
            Standing::Alone(fetch) => {
                if let Err(failed) = fetch.drain(max, out) {
                    // Fetched again by the next take: an operator may have repaired the log.
                    self.standing = Standing::Nowhere;
                    return Err(failed);
                }
                self.next = fetch.next();
            }
            Standing::AtTail(attached) => match attached.read(self.next, max, out) {
                Some(next) => self.next = next,
                // The tail no longer has what is next.
                None => self.standing = Standing::Nowhere,
            },
        }
        Ok(())
    }

    /// What the failure means to the reader.
    async fn explain(&self, failed: Failed) -> ReadError {
        let attempt = || format!("read {}/{}", self.place.topic, self.place.partition);
        match failed.trouble() {
            Trouble::Unreadable => ReadError::Unreadable {
                offset: self.next,
                detail: failed.to_string(),
            },
            Trouble::Away => Fault::new("kafka", attempt(), failed).into(),
            Trouble::Gone => match self.source.looks.range(&self.place).await {
                Ok((first, end)) if !(first..=end).contains(&self.next) => {
                    ReadError::Gone { first }
                }
                Ok(_) => Fault::new("kafka", attempt(), failed).into(),
                Err(fault) => fault.into(),
            },
        }
    }
}

#[async_trait]
impl Reader for KafkaReader {
    fn partition(&self) -> u16 {
        number(self.place.partition)
    }

    async fn seek(&mut self, offset: i64) -> Result<(), ReadError> {
        self.standing = Standing::Nowhere;
        self.next = offset;
        Ok(self.stand().await?)
    }

    async fn take(&mut self, max: usize, out: &mut Vec<Record>) -> Result<(), ReadError> {
        if self.pace == Pace::Leisurely {
            tokio::time::sleep_until(self.taken_at + LEISURE).await;
        }
        let before = out.len();
        loop {
            self.stand().await?;
            let tail = Arc::clone(&self.tail);
            // Subscribed from here on: what comes after the look is not missed.
            let mut changed = std::pin::pin!(tail.changed());
            changed.as_mut().enable();
            if let Err(failed) = self.take_fetched(max, out) {
                return Err(self.explain(failed).await);
            }
            if out.len() > before {
                self.taken_at = Instant::now();
                return Ok(());
            }
            if let Standing::Alone(fetch) = &self.standing {
                let has_caught_up = fetch.has_caught_up();
                if self.attach() {
                    continue;
                }
                if has_caught_up {
                    self.tail.start(self.next);
                }
            }
            if matches!(self.standing, Standing::Nowhere) {
                continue;
            }
            // Elapsed or signalled, what is fetched is looked at alike.
            tokio::select! {
                () = changed => {}
                () = self.nonempty.notified() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        }
    }

    async fn readable_after(&self, offset: i64) -> Result<i64, Fault> {
        self.source.looks.readable_after(&self.place, offset).await
    }

    async fn end(&self) -> Result<i64, Fault> {
        let ends = self.source.ends_of(&self.place.topic).await?;
        let end = ends.get(usize::from(self.partition())).copied();
        end.ok_or_else(|| Fault::bare("kafka", format!("find partition {}", self.partition())))
    }

    fn done(&self, next_offset: i64) {
        let Some(family) = self.family.as_ref().and_then(Weak::upgrade) else {
            return;
        };
        let mut committed = self
            .committed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if committed.elapsed() < OFFSET_COMMIT_PERIOD {
            return;
        }
        *committed = Instant::now();
        family.commit(&self.place, next_offset);
    }
}
