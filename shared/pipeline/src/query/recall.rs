//! A live projection as it was: folded from the event store up to an instant.

use std::time::Duration;

use kernel::context::Folded;
use kernel::topic::PartitionId;
use kernel::{Fault, LiveProjection, Timestamp};
use resilience::Deadline;

use super::chain::tell;
use super::{Query, Unanswered};

/// Events read at once.
const PAGE: usize = 2_000;
/// Longest wait for a turn, and longest time a live projection may then take
/// to be folded.
const DEADLINE: Duration = Duration::from_secs(30);

impl Query {
    /// Everything that a live projection's contexts had published by `until`, and nothing else: of each
    /// partition the events before its first later one. The last log position of each is part of what
    /// the projection's answer. An expensive question.
    ///
    /// # Errors
    /// [`Unanswered::Unavailable`], or [`Unanswered::Unanswerable`] when there are more events than
    /// the bound of one answer.
    pub async fn recall<R: LiveProjection>(&self, until: Timestamp) -> Result<R, Unanswered> {
        let turn = tokio::time::timeout(DEADLINE, self.recalls.acquire()).await;
        let _turn = turn.map_err(|late| self.unavailable(&late))?;
        let mut value = R::default();
        let mut left = self.settings.recall_events_max;
        let deadline = Deadline::within(DEADLINE);
        for context in R::ON {
            for partition in 0..self.settings.partitions {
                let partition_id = PartitionId { context, partition };
                self.recall_partition(&mut value, partition_id, until, &mut left, deadline)
                    .await?;
            }
        }
        Ok(value)
    }

    async fn recall_partition<R: LiveProjection>(
        &self,
        value: &mut R,
        partition_id: PartitionId,
        until: Timestamp,
        left: &mut u64,
        deadline: Deadline,
    ) -> Result<(), Unanswered> {
        let mut after = 0;
        loop {
            let read = || self.history.reader.read(partition_id, after, PAGE);
            let rows = self.history.expensive_guard.call(deadline, read).await;
            let rows = rows.map_err(Fault::from);
            let rows = rows.inspect_err(|fault| tell(self.history.name, fault));
            let rows = rows.map_err(|fault| self.unavailable(&fault))?;
            for row in &rows {
                let record = &row.record;
                let (meta, event) =
                    R::decode(partition_id.context, record.log_position, &record.value)
                        .map_err(|error| self.unavailable(&error))?;
                if meta.at > until {
                    return Ok(());
                }
                *left = left.checked_sub(1).ok_or_else(|| {
                    Unanswered::Unanswerable(super::history::too_long(
                        self.settings.recall_events_max,
                    ))
                })?;
                let event = event.map_or(Folded::Other(partition_id.context), Folded::Event);
                value.fold(partition_id.partition, &meta, event);
                after = record.log_position;
            }
            if rows.len() < PAGE {
                return Ok(());
            }
        }
    }
}
