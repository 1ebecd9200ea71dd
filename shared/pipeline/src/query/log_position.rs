//! Read your own write: wait until a view has seen a log position, then report how far it is.

use std::sync::Arc;
use std::time::Duration;

use kernel::topic;
use resilience::Deadline;
use tokio::time::Instant;

use super::chain::guarded;
use super::{MinLogPosition, Query, Unanswered};
use crate::slices::ViewSlice;

/// Pause between two looks at a checkpoint: a fraction of the time a commit takes.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(2);

impl Query {
    /// Waits until the first source that answers has seen the place; returns the log position of the
    /// key's partition that it comes to.
    pub(super) async fn wait_for(
        &self,
        view: &ViewSlice,
        key: &Arc<str>,
        place: &MinLogPosition,
    ) -> Result<u64, Unanswered> {
        let wanted = match place {
            MinLogPosition::Own(log_position) => *log_position,
            MinLogPosition::Through(through) => {
                let carried = self.carried(view.of, key, through).await?;
                carried.unwrap_or_default()
            }
        };
        let partition = topic::partition_of(key.as_bytes(), self.settings.partitions);
        let until = Instant::now() + self.settings.log_position_wait;
        loop {
            let Some(seen) = self.seen(view, partition).await else {
                // Nothing but the event store answers, and that is never behind.
                return Ok(wanted);
            };
            if seen >= wanted {
                return Ok(wanted);
            }
            if Instant::now() >= until {
                return Err(Unanswered::Behind { seen, wanted });
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn seen(&self, view: &ViewSlice, partition: u16) -> Option<u64> {
        let deadline = Deadline::within(self.settings.deadline);
        for (source, _) in self.sources.iter() {
            let ask = || source.model.checkpoint(view.id, partition);
            if let Some(checkpoint) = guarded(source, deadline, ask).await {
                return Some(checkpoint.log_position);
            }
        }
        None
    }
}
