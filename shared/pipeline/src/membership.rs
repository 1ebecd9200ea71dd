//! Membership in a group of a log: which partitions this process holds, each with its task.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use futures::future::BoxFuture;
use kernel::Fault;
use kernel::port::{Assignments, Change, Reader};
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::backoff::Backoff;

/// Time a revoked partition has to finish what is in flight before it is abandoned.
const REVOKE_WAIT: Duration = Duration::from_secs(5);

/// Joins a group and runs `task` for each partition it is assigned, until `stop`; joins again when
/// the membership ends. `who` is for the log line only.
pub(crate) async fn hold<J, T, F>(who: &str, join: J, task: T, stop: &CancellationToken)
where
    J: Fn() -> BoxFuture<'static, Result<Box<dyn Assignments>, Fault>> + Sync,
    T: Fn(Box<dyn Reader>, CancellationToken) -> F + Sync,
    F: Future<Output = ()> + Send + 'static,
{
    let mut backoff = Backoff::new();
    while !stop.is_cancelled() {
        let ended = match join().await {
            Ok(assignments) => {
                backoff.reset();
                hold_once(assignments, &task, stop).await
            }
            Err(fault) => Err(fault),
        };
        if let Err(fault) = ended {
            warn!(
                who,
                error = &fault as &dyn std::error::Error,
                "not a member, will join again"
            );
        }
        backoff.wait_unless(stop).await;
    }
}

async fn hold_once<T, F>(
    mut assignments: Box<dyn Assignments>,
    task: &T,
    stop: &CancellationToken,
) -> Result<(), Fault>
where
    T: Fn(Box<dyn Reader>, CancellationToken) -> F + Sync,
    F: Future<Output = ()> + Send + 'static,
{
    let mut owned = Owned::default();
    let ended = loop {
        let change = tokio::select! {
            () = stop.cancelled() => break Ok(()),
            change = assignments.next() => change,
        };
        match change {
            Ok(Change::Assigned(reader)) => {
                owned
                    .start(reader.partition(), |stop| task(reader, stop))
                    .await;
            }
            Ok(Change::Revoked(partition)) => owned.revoke(partition).await,
            Ok(Change::Lost(partition)) => owned.lose(partition),
            Err(fault) => break Err(fault),
        }
    };
    // Still a member while they finish: nobody else gets a partition before its work is done.
    owned.finish().await;
    ended
}

#[derive(Default)]
struct Owned {
    tasks: JoinSet<()>,
    running: HashMap<u16, Running>,
}

struct Running {
    stop: CancellationToken,
    ended: oneshot::Receiver<()>,
    abort: AbortHandle,
}

impl Owned {
    /// Starts a partition's task; one that still runs under the number ends first.
    async fn start<F>(&mut self, partition: u16, task: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.revoke(partition).await;
        self.reap();
        let stop = CancellationToken::new();
        let (done, ended) = oneshot::channel();
        let work = task(stop.clone());
        let abort = self.tasks.spawn(async move {
            work.await;
            // Closed rather than sent: a panic closes it as well.
            drop(done);
        });
        self.running
            .insert(partition, Running { stop, ended, abort });
    }

    /// Lets the partition finish what is in flight, within a bound.
    async fn revoke(&mut self, partition: u16) {
        let Some(running) = self.running.remove(&partition) else {
            return;
        };
        running.stop.cancel();
        if tokio::time::timeout(REVOKE_WAIT, running.ended)
            .await
            .is_err()
        {
            warn!(
                partition,
                "revoked partition did not finish in time, abandoned"
            );
            running.abort.abort();
        }
    }

    /// Drops the partition where it stands: somebody else may already have it.
    fn lose(&mut self, partition: u16) {
        if let Some(running) = self.running.remove(&partition) {
            running.abort.abort();
        }
    }

    /// Revokes all, side by side.
    async fn finish(mut self) {
        for running in self.running.values() {
            running.stop.cancel();
        }
        let partitions: Vec<_> = self.running.keys().copied().collect();
        for partition in partitions {
            self.revoke(partition).await;
        }
        self.reap();
    }

    fn reap(&mut self) {
        while let Some(ended) = self.tasks.try_join_next() {
            if ended.is_err_and(|failed| failed.is_panic()) {
                error!("a partition's task panicked");
            }
        }
    }
}
