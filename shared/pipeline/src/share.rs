//! Share: which partitions of a context this process looks after, among those that do the same.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use kernel::port::EventLog;
use tokio_util::sync::CancellationToken;

use crate::membership;

/// The partitions that are this process's now. Work on another's is wasted, never wrong.
#[derive(Clone, Debug, Default)]
pub struct Share(Arc<Mutex<BTreeSet<u16>>>);

impl Share {
    #[must_use]
    pub fn has(&self, partition: u16) -> bool {
        self.lock().contains(&partition)
    }

    /// Takes part in `group` until `stop`; `gained` is called when a partition came.
    pub async fn hold(
        &self,
        log: Arc<dyn EventLog>,
        context: &'static str,
        group: &'static str,
        gained: impl Fn() + Send + Sync,
        stop: CancellationToken,
    ) {
        let join = || {
            let log = Arc::clone(&log);
            async move { log.consume(context, group).await }.boxed()
        };
        let task = |reader: Box<dyn kernel::port::Reader>, stop: CancellationToken| {
            let (share, partition) = (self.clone(), reader.partition());
            share.lock().insert(partition);
            gained();
            async move {
                let _kept = Kept { share, partition };
                stop.cancelled().await;
                // The partition is assigned for as long as its reader is there.
                drop(reader);
            }
        };
        membership::hold(group, join, task, &stop).await;
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<u16>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives the partition back however its task ends.
struct Kept {
    share: Share,
    partition: u16,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.share.lock().remove(&self.partition);
    }
}
