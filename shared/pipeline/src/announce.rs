//! Announce: the notices that commits have written go to the topic of outcomes.
//!
//! They are taken from the store alone, so a start, a takeover and a fault need nothing of their own.

use std::sync::Arc;

use kernel::Fault;
use kernel::port::{OutcomeLog, OutcomeOutbox};
use kernel::topic::PartitionId;
use tokio::sync::Notify;
use tracing::warn;

use crate::backoff::Backoff;
use crate::movement::Worker;

/// Notices published at once.
const PAGE: usize = 500;

/// Where notices come from and go to.
#[derive(Clone)]
pub struct Announcing {
    /// Where commits have written them.
    pub outbox: Arc<dyn OutcomeOutbox>,
    /// Where producers read them.
    pub log: Arc<dyn OutcomeLog>,
}

/// Publishes the notices of one partition, as long as it is owned.
pub(crate) struct Announcer {
    pub(crate) partition_id: PartitionId,
    pub(crate) ports: Announcing,
    /// Signalled when a commit has written notices.
    pub(crate) written: Arc<Notify>,
    pub(crate) worker: Worker,
}

impl Announcer {
    /// Publishes what earlier owners have left, then whatever is signalled; never ends.
    pub(crate) async fn run(self) {
        let mut backoff = Backoff::new();
        loop {
            self.worker.begins();
            match self.announce().await {
                Ok(()) => {
                    self.worker.moves();
                    backoff.reset();
                    self.written.notified().await;
                }
                Err(fault) => {
                    self.worker.stands(&fault);
                    warn!(partition_id = %self.partition_id, error = &fault as &dyn std::error::Error, "outcomes cannot be published, will try again");
                    backoff.wait().await;
                    self.worker.tries();
                }
            }
        }
    }

    async fn announce(&self) -> Result<(), Fault> {
        let Announcing { outbox, log } = &self.ports;
        loop {
            let notices = outbox.unpublished(self.partition_id, PAGE).await?;
            let Some(last) = notices.last().map(|notice| notice.offset) else {
                return Ok(());
            };
            log.publish_outcomes(self.partition_id, notices).await?;
            outbox.published(self.partition_id, last).await?;
        }
    }
}
