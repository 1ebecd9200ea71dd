//! Commit: every batch that waits, of whatever contexts and partitions, in one transaction.
//!
//! A hundred quiet partitions then cost one commit a round, and a busy one fills it alone.

use std::sync::Arc;
use std::time::Instant;

use kernel::batch::Batch;
use kernel::port::{CommitError, EventStore};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;
use tracing::{debug, error, warn};

use crate::backoff::Backoff;
use crate::movement::{Movement, Work, Worker};
use crate::{crash, metric};

/// Transactions under way at once: one on its way to disk while the next is being sent.
const IN_FLIGHT_MAX: usize = 2;
/// Batches that may wait: one growing batch per partition is all there can be.
const WAITING_MAX: usize = 1_024;
/// Rows in one transaction; more only makes the answers later.
const ROWS_MAX: usize = 16_384;

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Committed {
    Durable,
    /// Another owner has the partition; nothing of the batch was written.
    Fenced,
}

struct Submission {
    batch: Arc<Batch>,
    done: oneshot::Sender<Committed>,
}

/// Hands batches to the committer.
#[derive(Clone)]
pub struct CommitHandle(mpsc::Sender<Submission>);

impl CommitHandle {
    /// The answer never comes when the committer has stopped: the batch may then be durable or not,
    /// and the next owner of the partition will know.
    pub(crate) async fn submit(&self, batch: Arc<Batch>) -> oneshot::Receiver<Committed> {
        let (done, answer) = oneshot::channel();
        // A closed committer drops `done`, which is the answer.
        if self.0.send(Submission { batch, done }).await.is_err() {
            warn!("committer is gone, batch not submitted");
        }
        answer
    }
}

/// The one writer of a process.
pub struct Committer {
    store: Arc<dyn EventStore>,
    waiting: mpsc::Receiver<Submission>,
    worker: Arc<Worker>,
}

impl Committer {
    /// The writer, and a handle for those who bring batches.
    #[must_use]
    pub fn new(store: Arc<dyn EventStore>, movement: &Movement) -> (Self, CommitHandle) {
        let (sender, waiting) = mpsc::channel(WAITING_MAX);
        let committer = Self {
            store,
            waiting,
            worker: Arc::new(movement.worker(Work::Committer, "all")),
        };
        (committer, CommitHandle(sender))
    }

    /// Runs until every handle is gone and what they handed over is answered.
    pub async fn run(mut self) {
        let slots = Arc::new(Semaphore::new(IN_FLIGHT_MAX));
        let mut flights = JoinSet::new();
        loop {
            let slot = Arc::clone(&slots).acquire_owned().await;
            while flights.try_join_next().is_some() {}
            let Some(first) = self.waiting.recv().await else {
                break;
            };
            let round = self.gather(first);
            let (store, worker) = (Arc::clone(&self.store), Arc::clone(&self.worker));
            flights.spawn(async move {
                worker.begins();
                commit_round(store.as_ref(), round, &worker).await;
                worker.moves();
                drop(slot);
            });
        }
        while flights.join_next().await.is_some() {}
    }

    fn gather(&mut self, first: Submission) -> Vec<Submission> {
        let rows = |submission: &Submission| {
            submission.batch.events.len() + submission.batch.outcomes.len()
        };
        let mut total = rows(&first);
        let mut round = vec![first];
        while total < ROWS_MAX {
            let Ok(next) = self.waiting.try_recv() else {
                break;
            };
            total += rows(&next);
            round.push(next);
        }
        round
    }
}

/// Tries until the store has answered for every batch; waiting longer is all a fault can cause.
async fn commit_round(store: &dyn EventStore, mut round: Vec<Submission>, worker: &Worker) {
    let mut backoff = Backoff::new();
    let mut again = false;
    while !round.is_empty() {
        let batches: Vec<_> = round
            .iter()
            .map(|waiting| Arc::clone(&waiting.batch))
            .collect();
        let started = Instant::now();
        crash::point("before-commit");
        match store.commit(&batches).await {
            Ok(refused) => {
                metric::commit_made(started.elapsed(), &batches);
                crash::point("committed-not-published");
                let (refused, written): (Vec<_>, _) = round
                    .into_iter()
                    .partition(|submission| refused.contains(&submission.batch.partition_id));
                answer(written, Committed::Durable);
                // One sent again is refused, too, when its first try was made after all.
                let fenced = if again {
                    resolve(store, refused, &mut backoff).await
                } else {
                    refused
                };
                return answer(fenced, Committed::Fenced);
            }
            Err(CommitError::NotMade(fault)) => {
                metric::commit_failed("not_made");
                worker.stands(&fault);
                warn!(
                    error = &fault as &dyn std::error::Error,
                    "commit was not made, will try again"
                );
                backoff.wait().await;
            }
            Err(CommitError::Unknown(fault)) => {
                metric::commit_failed("unknown");
                worker.stands(&fault);
                error!(
                    error = &fault as &dyn std::error::Error,
                    "outcome of a commit is unknown, reading the cursors"
                );
                crash::point("commit-unknown");
                backoff.wait().await;
                round = resolve(store, round, &mut backoff).await;
                again = true;
            }
        }
    }
}

fn answer(round: Vec<Submission>, committed: Committed) {
    for Submission { batch, done } in round {
        if committed == Committed::Fenced {
            metric::fenced(batch.partition_id);
        }
        if done.send(committed).is_err() {
            debug!(partition_id = %batch.partition_id, "partition was lost meanwhile, no caller waits for the answer");
        }
    }
}

/// Reads each partition's cursor: moved → it was committed, not moved → to be redone, another
/// owner → fenced. Returns what is to be redone.
async fn resolve(
    store: &dyn EventStore,
    round: Vec<Submission>,
    backoff: &mut Backoff,
) -> Vec<Submission> {
    let mut redo = Vec::new();
    for submission in round {
        let batch = &submission.batch;
        let cursor = loop {
            match store.cursor(batch.partition_id).await {
                Ok(cursor) => break cursor,
                Err(fault) => {
                    warn!(
                        error = &fault as &dyn std::error::Error,
                        "cursor cannot be read, will try again"
                    );
                    backoff.wait().await;
                }
            }
        };
        match cursor {
            Some(cursor) if cursor == batch.to => answer(vec![submission], Committed::Durable),
            Some(cursor) if cursor == batch.from => redo.push(submission),
            _ => answer(vec![submission], Committed::Fenced),
        }
    }
    redo
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use async_trait::async_trait;
    use kernel::Fault;
    use kernel::batch::Cursor;
    use kernel::id::Owner;
    use kernel::topic::PartitionId;
    use uuid::Uuid;

    use super::*;

    const PARTITION: PartitionId = PartitionId {
        context: "trades",
        partition: 0,
    };

    /// A store whose first commit is still under way when its cursor is read, and made after all:
    /// the batch sent again is refused.
    #[derive(Default)]
    struct Late {
        commits: AtomicU32,
    }

    #[async_trait]
    impl EventStore for Late {
        async fn take_over(&self, _: PartitionId, _: Owner) -> Result<Cursor, Fault> {
            Ok(at(0))
        }

        async fn cursor(&self, _: PartitionId) -> Result<Option<Cursor>, Fault> {
            let made = self.commits.load(Ordering::Relaxed) > 1;
            Ok(Some(at(i64::from(made))))
        }

        async fn commit(&self, _: &[Arc<Batch>]) -> Result<Vec<PartitionId>, CommitError> {
            match self.commits.fetch_add(1, Ordering::Relaxed) {
                0 => Err(CommitError::Unknown(Fault::bare("store", "commit"))),
                _ => Ok(vec![PARTITION]),
            }
        }
    }

    #[tokio::test]
    async fn batch_sent_again_is_durable_when_its_first_try_was_made_after_all() {
        assert_eq!(committed(1).await, Committed::Durable);
    }

    #[tokio::test]
    async fn batch_sent_again_is_fenced_when_somebody_else_has_moved_on() {
        assert_eq!(committed(2).await, Committed::Fenced);
    }

    /// How a batch from offset 0 to `end` ends; the store's cursor moves to 1.
    async fn committed(end: i64) -> Committed {
        let (committer, handle) = Committer::new(Arc::new(Late::default()), &Movement::default());
        let mut batch = Batch::new(PARTITION, at(0));
        batch.to = at(end);
        let answer = handle.submit(Arc::new(batch)).await;
        drop(handle);
        let (answer, ()) = tokio::join!(answer, committer.run());
        answer.unwrap()
    }

    fn at(next_offset: i64) -> Cursor {
        Cursor {
            next_offset,
            ..Cursor::start(Owner(Uuid::nil()))
        }
    }
}
