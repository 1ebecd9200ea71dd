//! The one thread that writes, and the commits its callers share.

use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use kernel::Fault;
use kernel::port::CommitError;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};
use tracing::{error, warn};

use super::condition::Condition;
use super::lock::Lock;
use super::open::{self, OpenError};
use super::proof;
use super::savepoint::{execute, savepoint};

/// Jobs that may wait; further callers wait for a place.
const WAITING_MAX: usize = 1_024;
/// Jobs in one transaction: bounds how late the first of them is answered.
const JOBS_MAX: usize = 256;
/// Rows, and transactions, between two checkpoints. A transaction dirties few pages and a row at
/// most about three, so the log stays within some tens of megabytes and a checkpoint within some
/// tens of milliseconds.
const CHECKPOINT_ROWS: u64 = 8_192;
const CHECKPOINT_TRANSACTIONS: u64 = 2_048;
/// Pages (4 KiB) in the log beyond which a checkpoint waits until no read under way needs it any
/// more; normally it takes what it can get. Reads are pages of rows, so the wait is short.
const LOG_PAGES_MAX: i64 = 8_192;

pub(super) struct Writer {
    /// Gone once the writer is being dropped: that is what ends the thread.
    jobs: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
    transactions: Arc<AtomicU64>,
    condition: Arc<Condition>,
}

impl Writer {
    pub(super) fn start(
        path: &Path,
        connection: Connection,
        lock: Lock,
        condition: Arc<Condition>,
    ) -> Result<Self, OpenError> {
        let (jobs, waiting) = mpsc::channel(WAITING_MAX);
        let transactions = Arc::new(AtomicU64::new(0));
        let writing = Writing {
            path: path.to_owned(),
            checkpointed: Progress {
                rows: connection.total_changes(),
                transactions: 0,
            },
            connection: Some(connection),
            transactions: Arc::clone(&transactions),
            condition: Arc::clone(&condition),
            _lock: lock,
        };
        let thread = thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || writing.run(waiting))
            .map_err(OpenError::Thread)?;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
            transactions,
            condition,
        })
    }

    pub(super) fn transactions(&self) -> u64 {
        self.transactions.load(Ordering::Relaxed)
    }

    pub(super) async fn run<T, W, A>(
        &self,
        attempt: String,
        work: W,
        after: A,
    ) -> Result<T, CommitError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
        A: FnOnce(&T) + Send + 'static,
    {
        let (job, answer) = self.task(attempt, false, work, after);
        self.hand_over(job, answer).await
    }

    fn task<T, W, A>(
        &self,
        attempt: String,
        alone: bool,
        work: W,
        after: A,
    ) -> (Task<T, W, A>, oneshot::Receiver<Result<T, CommitError>>) {
        let (caller, answer) = oneshot::channel();
        let job = Task {
            attempt,
            alone,
            stage: Stage::Waiting(work),
            after,
            caller,
            condition: Arc::clone(&self.condition),
        };
        (job, answer)
    }

    /// Has a little be written, unless something waits to be written anyway.
    pub(super) fn probe(&self) {
        let touch = |connection: &Connection| {
            connection.execute("UPDATE meta SET partitions = partitions", [])
        };
        let (job, _) = self.task("probe".to_owned(), false, touch, |_: &usize| {});
        if let Some(jobs) = &self.jobs
            && jobs.capacity() == WAITING_MAX
        {
            // Full or closed, there is nothing to be probed.
            drop(jobs.try_send(Box::new(job)));
        }
    }

    /// Returns once the work has its place in the queue; a failure is only logged.
    pub(super) async fn enqueue<W>(&self, attempt: String, work: W) -> Result<(), Fault>
    where
        W: FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static,
    {
        let (job, _) = self.task(attempt, false, work, |(): &()| {});
        self.send(job).await
    }

    pub(super) async fn run_alone<T, W>(&self, attempt: String, work: W) -> Result<T, CommitError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (job, answer) = self.task(attempt, true, work, |_: &T| {});
        self.hand_over(job, answer).await
    }

    async fn hand_over<T>(
        &self,
        job: impl Job + 'static,
        answer: oneshot::Receiver<Result<T, CommitError>>,
    ) -> Result<T, CommitError> {
        self.send(job).await.map_err(CommitError::NotMade)?;
        // Gone while it worked: what it was working on is in the file or is not.
        answer
            .await
            .unwrap_or_else(|_| Err(CommitError::Unknown(gone())))
    }

    async fn send(&self, job: impl Job + 'static) -> Result<(), Fault> {
        let jobs = self.jobs.as_ref().ok_or_else(gone)?;
        jobs.send(Box::new(job)).await.map_err(|_| gone())
    }
}

fn gone() -> Fault {
    Fault::bare("sqlite", "the writer is gone")
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            error!("the writer of the file panicked");
        }
    }
}

/// What the thread owns.
struct Writing {
    path: PathBuf,
    /// Closed after a transaction that failed as a whole: a fresh one has no doubtful state.
    connection: Option<Connection>,
    transactions: Arc<AtomicU64>,
    condition: Arc<Condition>,
    checkpointed: Progress,
    /// Held until the connection is closed.
    _lock: Lock,
}

#[derive(Clone, Copy)]
struct Progress {
    rows: u64,
    transactions: u64,
}

/// How a transaction ended.
enum Ended {
    Durable,
    NotMade(Arc<rusqlite::Error>),
    Unknown(Arc<rusqlite::Error>),
}

impl Writing {
    fn run(mut self, mut waiting: mpsc::Receiver<Box<dyn Job>>) {
        let mut next: Option<Box<dyn Job>> = None;
        while let Some(first) = next.take().or_else(|| waiting.blocking_recv()) {
            let alone = first.is_alone();
            let mut round = vec![first];
            while !alone
                && round.len() < JOBS_MAX
                && let Ok(job) = waiting.try_recv()
            {
                if job.is_alone() {
                    next = Some(job);
                    break;
                }
                round.push(job);
            }
            let refusals = self.condition.refusals();
            let ended = self.transaction(&mut round);
            match &ended {
                Ended::Durable if self.condition.refusals() == refusals => {
                    self.condition.has_written();
                }
                Ended::Durable => {}
                Ended::NotMade(error) | Ended::Unknown(error) => {
                    self.condition.has_not_written(error);
                    self.connection = None;
                }
            }
            for job in round {
                job.answer(&ended);
            }
            // One that works alone may write few rows of many pages.
            self.checkpoint_when_due(alone);
        }
        // The last connection to close leaves no log behind.
        drop(self.connection.take());
        proof::closed(&self.path);
    }

    fn transaction(&mut self, round: &mut [Box<dyn Job>]) -> Ended {
        let connection = match self.connection() {
            Ok(connection) => connection,
            Err(error) => return Ended::NotMade(Arc::new(error)),
        };
        if let Err(error) = write(connection, round) {
            return Ended::NotMade(Arc::new(error));
        }
        match execute(connection, "COMMIT") {
            Ok(()) => {
                self.transactions.fetch_add(1, Ordering::Relaxed);
                Ended::Durable
            }
            // Still open: it was refused before anything reached the log.
            Err(error) if !connection.is_autocommit() => Ended::NotMade(Arc::new(error)),
            // Its frames may be in the log; a restart would then find them.
            Err(error) => Ended::Unknown(Arc::new(error)),
        }
    }

    fn connection(&mut self) -> rusqlite::Result<&Connection> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                self.checkpointed.rows = 0;
                open::writer(&self.path)?
            }
        };
        Ok(self.connection.insert(connection))
    }

    /// Copies the log into the file between two transactions, after the callers were answered.
    fn checkpoint_when_due(&mut self, at_once: bool) {
        let Some(connection) = &self.connection else {
            return;
        };
        let now = Progress {
            rows: connection.total_changes(),
            transactions: self.transactions.load(Ordering::Relaxed),
        };
        if !at_once
            && now.rows - self.checkpointed.rows < CHECKPOINT_ROWS
            && now.transactions - self.checkpointed.transactions < CHECKPOINT_TRANSACTIONS
        {
            return;
        }
        self.checkpointed = now;
        let done = checkpoint(connection, "PRAGMA wal_checkpoint(PASSIVE)").and_then(|pages| {
            if pages < LOG_PAGES_MAX {
                return Ok(pages);
            }
            checkpoint(connection, "PRAGMA wal_checkpoint(RESTART)")
        });
        if let Err(error) = done {
            warn!(
                error = &error as &dyn std::error::Error,
                "checkpoint failed, will try again"
            );
        }
    }
}

/// Returns the number of pages that the log holds.
fn checkpoint(connection: &Connection, pragma: &str) -> rusqlite::Result<i64> {
    connection
        .prepare_cached(pragma)?
        .query_row([], |row| row.get(1))
}

/// One transaction, each job undone alone if it fails.
fn write(connection: &Connection, round: &mut [Box<dyn Job>]) -> rusqlite::Result<()> {
    execute(connection, "BEGIN IMMEDIATE")?;
    for job in round {
        savepoint(connection, || job.work(connection))?;
    }
    Ok(())
}

/// Work of one caller.
trait Job: Send {
    /// Whether it needs a transaction for itself.
    fn is_alone(&self) -> bool;

    /// False: it failed and is to be undone.
    fn work(&mut self, connection: &Connection) -> bool;

    fn answer(self: Box<Self>, ended: &Ended);
}

struct Task<T, W, A> {
    attempt: String,
    alone: bool,
    stage: Stage<T, W>,
    after: A,
    caller: oneshot::Sender<Result<T, CommitError>>,
    condition: Arc<Condition>,
}

enum Stage<T, W> {
    Waiting(W),
    Done(T),
    Failed(rusqlite::Error),
    /// Also while the work runs.
    Panicked,
}

impl<T, W, A> Job for Task<T, W, A>
where
    T: Send,
    W: FnOnce(&Connection) -> rusqlite::Result<T> + Send,
    A: FnOnce(&T) + Send,
{
    fn is_alone(&self) -> bool {
        self.alone
    }

    fn work(&mut self, connection: &Connection) -> bool {
        if let Stage::Waiting(work) = std::mem::replace(&mut self.stage, Stage::Panicked) {
            // Whatever the work had half done is undone, and the others live on.
            let worked = panic::catch_unwind(AssertUnwindSafe(|| work(connection)));
            if let Ok(worked) = worked {
                let worked = worked.inspect_err(|error| self.condition.has_not_written(error));
                self.stage = worked.map_or_else(Stage::Failed, Stage::Done);
            }
        }
        matches!(self.stage, Stage::Done(_))
    }

    fn answer(self: Box<Self>, ended: &Ended) {
        let Self {
            attempt,
            stage,
            after,
            caller,
            condition,
            ..
        } = *self;
        let fault =
            |error: &Arc<rusqlite::Error>| Fault::new("sqlite", &*attempt, Arc::clone(error));
        let answer = match (stage, ended) {
            (Stage::Failed(error), _) => Err(CommitError::NotMade(condition.fault(attempt, error))),
            (Stage::Done(done), Ended::Durable) => {
                after(&done);
                Ok(done)
            }
            (Stage::Done(_), Ended::Unknown(error)) => Err(CommitError::Unknown(fault(error))),
            (_, Ended::NotMade(error)) => Err(CommitError::NotMade(fault(error))),
            (Stage::Panicked | Stage::Waiting(_), _) => {
                let attempt = format!("{attempt}: its work panicked");
                Err(CommitError::NotMade(Fault::bare("sqlite", attempt)))
            }
        };
        // A caller that no longer waits asks again, under the same ids.
        drop(caller.send(answer));
    }
}
