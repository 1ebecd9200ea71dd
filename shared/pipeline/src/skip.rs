//! Skip: a partition of commands that is blocked by an unreadable record continues behind it.
//!
//! An operator has to order it, because what is passed is lost: it may have been commands.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kernel::Fault;
use kernel::batch::{Batch, Cursor, DeadLetter, DeadReason};
use kernel::id::Owner;
use kernel::port::{Clock, CommandLog, CommitError, DeadLetters, EventStore, Ids, Pace, ReadError};
use kernel::topic::PartitionId;

use crate::redrive::{APPROVED_BY, Responsible};

/// A record that is there comes within this time.
const RECORD_WAIT: Duration = Duration::from_secs(10);

/// Header of a letter with the operator who skipped the record.
const SKIPPED_BY: &str = "skipped-by";

/// The place of the letter that records who continued in a recreated log, before the letters of the log
/// that is gone. What that one held can no longer be counted.
pub(crate) const RECREATED: i64 = -1;

/// Passes what bars a partition.
pub struct Skipper {
    /// Where the cursor is moved.
    pub store: Arc<dyn EventStore>,
    /// Where a letter records who did it.
    pub letters: Arc<dyn DeadLetters>,
    /// The log that cannot be read.
    pub command_log: Arc<dyn CommandLog>,
    /// When it was done.
    pub clock: Arc<dyn Clock>,
    /// Gives the token that takes the partition over.
    pub ids: Arc<dyn Ids>,
}

/// What bars a partition of commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Barrier {
    /// The partition that waits.
    pub partition_id: PartitionId,
    /// The partition's next offset.
    pub from: i64,
    /// Where it can continue. Below `from` in a recreated log.
    pub to: i64,
    /// Why its next command cannot be read, in a sentence.
    pub why: String,
}

impl Barrier {
    fn is_recreated(&self) -> bool {
        self.to < self.from
    }
}

/// Why nothing was skipped.
#[derive(Debug, thiserror::Error)]
pub enum NotSkipped {
    /// What was looked at has changed since.
    #[error("the partition is no longer there; look again")]
    Moved,
    /// A dependency failed; nothing was changed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The cursor was not moved, or it is not known whether it was.
    #[error(transparent)]
    NotCommitted(#[from] CommitError),
}

impl Skipper {
    /// The barrier before the partition; none when its next command can be read, or there is none yet.
    ///
    /// # Errors
    /// Log or store cannot be reached.
    pub async fn look(&self, partition_id: PartitionId) -> Result<Option<Barrier>, Fault> {
        let cursor = self.store.cursor(partition_id).await?;
        let from = cursor.map_or(0, |cursor| cursor.next_offset);
        let mut reader = self.command_log.reader(partition_id, Pace::Prompt).await?;
        let mut records = Vec::new();
        let read = async {
            reader.seek(from).await?;
            reader.take(1, &mut records).await
        };
        let why = match tokio::time::timeout(RECORD_WAIT, read).await {
            Ok(Ok(())) | Err(_) => return Ok(None),
            Ok(Err(why)) => why,
        };
        let to = match &why {
            ReadError::Gone { first } => *first,
            ReadError::Unreadable { offset, .. } => reader.readable_after(*offset).await?,
            ReadError::Fault(_) => return Err(why.into()),
        };
        let why = why.to_string();
        Ok(Some(Barrier {
            partition_id,
            from,
            to,
            why,
        }))
    }

    /// Moves the partition behind the barrier, and leaves a letter in the place of the lost records.
    /// The partition's processor continues within seconds.
    ///
    /// # Errors
    /// [`NotSkipped`]; after a commit whose outcome is unknown, look again.
    pub async fn skip(
        &self,
        barrier: &Barrier,
        responsible: &Responsible,
    ) -> Result<(), NotSkipped> {
        let partition_id = barrier.partition_id;
        let owner = Owner(self.ids.random());
        let cursor = self.store.take_over(partition_id, owner).await?;
        if cursor.next_offset != barrier.from {
            return Err(NotSkipped::Moved);
        }
        if barrier.is_recreated() {
            // The new log has records at these offsets as well, which may have to be parked.
            self.letters
                .set_aside(partition_id, barrier.from + 1)
                .await?;
        }
        let mut batch = Batch::new(partition_id, cursor);
        if barrier.to != barrier.from {
            batch.to = Cursor {
                next_offset: barrier.to,
                handled: cursor.handled + 1,
                ..batch.to
            };
            batch.dead_letters.push(self.letter(barrier, responsible));
        }
        let refused = self.store.commit(&[Arc::new(batch)]).await?;
        if refused.is_empty() {
            Ok(())
        } else {
            Err(NotSkipped::Moved)
        }
    }

    fn letter(&self, barrier: &Barrier, responsible: &Responsible) -> DeadLetter {
        let Barrier { from, to, why, .. } = barrier;
        let text = |text: String| Bytes::from(text);
        let mut headers = vec![(SKIPPED_BY.to_owned(), text(responsible.by.to_string()))];
        if let Some(approved_by) = &responsible.approved_by {
            headers.push((APPROVED_BY.to_owned(), text(approved_by.to_string())));
        }
        let (offset, detail) = if barrier.is_recreated() {
            let detail = format!("the log before this one, up to offset {from}, is gone: {why}");
            (RECREATED, detail)
        } else {
            let detail = format!("offsets {from} to {} were skipped: {why}", to - 1);
            (*from, detail)
        };
        DeadLetter {
            offset,
            key: None,
            value: None,
            headers,
            logged_at: self.clock.now(),
            reason: DeadReason::Unreadable,
            detail,
            command: None,
        }
    }
}
