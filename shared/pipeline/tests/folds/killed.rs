//! A process that is killed while it saves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use kernel::Fault;
use kernel::port::{FoldSnapshot, FoldSnapshots};
use testkit::eventually;

use crate::site::{NEVER, decoded, in_memory};

/// Lets so many writes through; the next one never ends, as for a process that is no more.
struct Stuck {
    inner: Arc<dyn FoldSnapshots>,
    left: AtomicU32,
    is_stuck: tokio::sync::Semaphore,
}

impl Stuck {
    async fn step(&self) {
        let left = self.left.fetch_sub(1, Ordering::Relaxed);
        if left == 0 {
            self.is_stuck.add_permits(1);
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl FoldSnapshots for Stuck {
    async fn current(&self, projection: &str) -> Result<Vec<FoldSnapshot>, Fault> {
        self.inner.current(projection).await
    }
    async fn parts(&self, snapshot: &FoldSnapshot) -> Result<Vec<Bytes>, Fault> {
        self.inner.parts(snapshot).await
    }
    async fn put(&self, snapshot: &FoldSnapshot, part: u32, bytes: &Bytes) -> Result<(), Fault> {
        self.step().await;
        self.inner.put(snapshot, part, bytes).await
    }
    async fn publish(&self, snapshot: &FoldSnapshot) -> Result<bool, Fault> {
        self.step().await;
        self.inner.publish(snapshot).await
    }
    async fn discard(&self, snapshot: &FoldSnapshot) -> Result<(), Fault> {
        self.inner.discard(snapshot).await
    }
}

#[tokio::test]
async fn process_that_is_killed_between_two_steps_of_a_save_leaves_the_last_snapshot() {
    for steps in 0..2 {
        let mut site = in_memory();
        let before = site.note(5, "before").await;
        let process = site.start::<1>(1);
        process.reads(before).await;
        site.saved(before).await;
        process.kill();
        let after = site.note(2, "after").await;
        let whole = Arc::clone(site.folds());
        let stuck = Arc::new(Stuck {
            inner: Arc::clone(&whole),
            left: AtomicU32::new(steps),
            is_stuck: tokio::sync::Semaphore::new(0),
        });
        let site = site.with_folds(Arc::clone(&stuck) as _);
        let process = site.start::<1>(1);
        process.reads(before + after).await;
        drop(stuck.is_stuck.acquire().await);
        process.kill();
        let site = site.with_folds(whole);
        assert_eq!(site.saved(before).await.events, before, "{steps}");
        let all = site.whole::<1>().await;
        decoded();
        let next = site.start::<1>(1);
        assert_eq!(next.reads(before + after).await, all);
        assert_eq!(decoded(), after, "{steps}");
        // And the next save is not in its way.
        let is_saved = async || {
            let current = site.folds().current(crate::site::NAME).await.unwrap();
            (current.len() == 1 && current[0].events == before + after).then_some(())
        };
        eventually(
            "the next snapshot",
            std::time::Duration::from_secs(10),
            is_saved,
        )
        .await;
        next.kill();
        let last = site.start::<1>(NEVER);
        assert_eq!(last.reads(before + after).await, all);
        assert_eq!(decoded(), 0, "{steps}");
        last.kill();
    }
}
