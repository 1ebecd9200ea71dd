//! Share: which partitions of a context this process looks after, among those that do the same.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use kernel::port::{EventLog, Pace, Reader};
use tokio_util::sync::CancellationToken;

use crate::membership;

/// The partitions that are this process's now. Work on another's is wasted, never wrong.
#[derive(Clone, Debug, Default)]
pub struct Share(Arc<Mutex<BTreeMap<u16, usize>>>);

impl Share {
    /// Whether the partition is one of them.
    #[must_use]
    pub fn has(&self, partition: u16) -> bool {
        self.lock().contains_key(&partition)
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
            async move { log.consume(context, group, Pace::Leisurely).await }.boxed()
        };
        let task = |reader: Box<dyn Reader>, stop: CancellationToken| {
            let kept = self.keep(reader.partition());
            gained();
            async move {
                stop.cancelled().await;
                // Assigned for as long as the reader is there.
                drop(reader);
                drop(kept);
            }
        };
        membership::hold(group, join, task, &stop).await;
    }

    /// A partition that was lost and comes back at once is kept twice for a moment.
    fn keep(&self, partition: u16) -> Kept {
        *self.lock().entry(partition).or_default() += 1;
        Kept {
            share: self.clone(),
            partition,
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u16, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the partition however its task ends, even before it began.
struct Kept {
    share: Share,
    partition: u16,
}

impl Drop for Kept {
    fn drop(&mut self) {
        let mut kept = self.share.lock();
        if let Some(times) = kept.get_mut(&self.partition) {
            *times -= 1;
            if *times == 0 {
                kept.remove(&self.partition);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Share;

    #[test]
    fn partition_that_comes_back_before_it_is_given_up_stays() {
        let share = Share::default();
        let before = share.keep(3);
        let after = share.keep(3);
        drop(before);
        assert!(share.has(3));
        drop(after);
        assert!(!share.has(3));
    }
}
