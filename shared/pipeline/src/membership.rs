//! Membership in a group of a log: which partitions this process holds, each with its task.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use futures::future::BoxFuture;
use kernel::Fault;
use kernel::port::{Assignments, Change, Reader};
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinError, JoinSet};
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
            () = owned.one_ends_by_itself() => {
                break Err(Fault::bare("partition", "run its task, which ended by itself"));
            }
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
    // Still a member while they finish: no other member gets a partition before its work is done.
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
    /// Waits until a task ends without being stopped: it panicked, and its partition is stalled.
    async fn one_ends_by_itself(&mut self) {
        loop {
            match self.tasks.join_next().await {
                Some(ended) => tell(ended),
                None => std::future::pending().await,
            }
            let mut running = self.running.values();
            if running.any(|running| running.abort.is_finished()) {
                return;
            }
        }
    }

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

    /// Drops the partition at once: another process may already have it.
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
            tell(ended);
        }
    }
}

fn tell(ended: Result<(), JoinError>) {
    if ended.is_err_and(|failed| failed.is_panic()) {
        error!("a partition's task panicked");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{Arc, Mutex};

    use futures::FutureExt;
    use kernel::port::{EventLog as _, Pace};
    use log::MemoryEventLog;
    use testkit::{ManualClock, eventually};

    use super::*;

    const WITHIN: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn partition_whose_task_panics_is_taken_up_again() {
        let log = MemoryEventLog::new(3, Arc::new(ManualClock::default()));
        let join = move || {
            let log = log.clone();
            async move { log.consume("trades", "group", Pace::Prompt).await }.boxed()
        };
        let starts = Arc::new(AtomicU32::new(0));
        let running = Arc::new(Mutex::new(Vec::new()));
        let (starting, run) = (Arc::clone(&starts), Arc::clone(&running));
        let task = move |reader: Box<dyn Reader>, stop: CancellationToken| {
            let (starts, running) = (Arc::clone(&starting), Arc::clone(&run));
            async move {
                let partition = reader.partition();
                if partition == 1 && starts.fetch_add(1, Ordering::Relaxed) == 0 {
                    panic!("the first try of partition 1");
                }
                running.lock().unwrap().push(partition);
                stop.cancelled().await;
                running
                    .lock()
                    .unwrap()
                    .retain(|running| *running != partition);
            }
        };
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let holding = tokio::spawn(async move { hold("test", join, task, &stopped).await });
        eventually("all partitions to run", WITHIN, async || {
            let mut running = running.lock().unwrap().clone();
            running.sort_unstable();
            (starts.load(Ordering::Relaxed) == 2 && running == [0, 1, 2]).then_some(())
        })
        .await;
        stop.cancel();
        holding.await.unwrap();
        assert!(running.lock().unwrap().is_empty());
    }
}
