//! Translates a place in one context's events to another context: a view that follows by a reaction has
//! seen the place when the commands that the reaction made of the events up to it are handled.
//!
//! A reaction sends its commands in the order of the events, and a partition handles them in the order
//! in which they come. So the outcome of the last command for a partition proves all before it.

use std::sync::Arc;

use kernel::batch::{EventRow, Outcome};
use kernel::id::CommandId;
use kernel::topic::{self, PartitionId};
use resilience::Deadline;
use tokio::time::Instant;
use tracing::debug;

use super::log_position::LOOK_AGAIN;
use super::{Query, Through, Unanswered};

/// Events looked at for the last command of a partition. Of events that lie further back the reaction
/// has been done for as long as it takes to handle so many.
const LOOKED_AT_MAX: u64 = 10_000;
/// Events read at once.
const PAGE: u64 = 500;

impl Query {
    /// The log position of the key's own partition from which on a view of it has seen the place; none when
    /// nothing of what was asked for concerns the partition.
    pub(super) async fn carried(
        &self,
        context: &'static str,
        key: &Arc<str>,
        through: &Through,
    ) -> Result<Option<u64>, Unanswered> {
        let target = PartitionId {
            context,
            partition: topic::partition_of(key.as_bytes(), self.settings.partitions),
        };
        let until = Instant::now() + self.settings.log_position_wait;
        let Some(command) = self.last_command(target, through, until).await? else {
            return Ok(None);
        };
        loop {
            if let Some(outcome) = self.outcome(target, command).await? {
                return self.seen_by(target, &outcome).await.map(Some);
            }
            if Instant::now() >= until {
                return Err(Unanswered::Behind {
                    seen: 0,
                    wanted: through.log_position,
                });
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// The last command that the reaction sends to the partition because of an event up to the place.
    async fn last_command(
        &self,
        target: PartitionId,
        through: &Through,
        until: Instant,
    ) -> Result<Option<CommandId>, Unanswered> {
        let Through {
            reaction,
            partition,
            log_position,
        } = through;
        let source = PartitionId {
            context: reaction.on,
            partition: *partition,
        };
        let least = log_position.saturating_sub(LOOKED_AT_MAX);
        let mut upto = *log_position;
        while upto > least {
            let after = upto.saturating_sub(PAGE).max(least);
            let rows = self.events(source, after, upto, until).await?;
            for row in rows.iter().rev() {
                let caused = (reaction.caused)(&row.record);
                let caused = caused.map_err(|error| self.unavailable(&error))?;
                let here = |(key, _): &(Arc<str>, CommandId)| {
                    let key = key.as_bytes();
                    topic::partition_of(key, self.settings.partitions) == target.partition
                };
                if let Some((_, command)) = caused.into_iter().rfind(here) {
                    return Ok(Some(command));
                }
            }
            upto = after;
        }
        Ok(None)
    }

    /// The events after one log position up to another, which must all be there: it waits for a place that
    /// is not reached yet.
    async fn events(
        &self,
        partition_id: PartitionId,
        after: u64,
        upto: u64,
        until: Instant,
    ) -> Result<Vec<EventRow>, Unanswered> {
        let max = usize::try_from(upto - after).unwrap_or(usize::MAX);
        loop {
            let deadline = Deadline::within(self.settings.deadline);
            let read = || self.history.reader.read(partition_id, after, max);
            let rows = self.history.guard.call(deadline, read).await;
            let rows = rows.map_err(|error| self.unavailable(&error))?;
            if rows.len() == max {
                return Ok(rows);
            }
            if Instant::now() >= until {
                let seen = rows.last().map_or(after, |row| row.record.log_position);
                let wanted = upto;
                return Err(Unanswered::Behind { seen, wanted });
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn outcome(
        &self,
        partition_id: PartitionId,
        command: CommandId,
    ) -> Result<Option<Outcome>, Unanswered> {
        let deadline = Deadline::within(self.settings.deadline);
        let ids = [command];
        let look_up = || self.history.reader.outcomes(partition_id, &ids);
        let rows = self.history.guard.call(deadline, look_up).await;
        let rows = rows.map_err(|error| self.unavailable(&error))?;
        Ok(rows.into_iter().next().map(|row| row.outcome))
    }

    /// Everything that was handled up to a command is seen at this log position.
    async fn seen_by(
        &self,
        partition_id: PartitionId,
        outcome: &Outcome,
    ) -> Result<u64, Unanswered> {
        if let Outcome::Accepted {
            first_log_position,
            events,
            ..
        } = outcome
        {
            return Ok(first_log_position + u64::from(*events) - 1);
        }
        // A rejection has no place of its own: whatever has been given by now lies behind it.
        let deadline = Deadline::within(self.settings.deadline);
        let ask = || self.history.store.cursor(partition_id);
        let cursor = self.history.guard.call(deadline, ask).await;
        let cursor = cursor.map_err(|error| self.unavailable(&error))?;
        Ok(cursor.map_or(0, |cursor| cursor.next_log_position - 1))
    }

    pub(super) fn unavailable(&self, error: &(dyn std::error::Error + 'static)) -> Unanswered {
        debug!(error, "event store cannot answer");
        Unanswered::Unavailable {
            degraded: vec![self.history.name],
        }
    }
}
