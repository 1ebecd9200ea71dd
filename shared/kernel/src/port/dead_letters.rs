//! Parked commands, for operators.

use std::ops::RangeInclusive;

use async_trait::async_trait;

use crate::batch::DeadLetter;
use crate::code::Fault;
use crate::id::CommandId;
use crate::topic::PartitionId;

/// The place of a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeadLetterState {
    /// Waits for a person.
    Parked,
    /// Appended to the command topic again.
    Redriven,
    /// A person has decided that it is not to be handled.
    Discarded,
}

impl DeadLetterState {
    /// The word in a column and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Parked => "parked",
            Self::Redriven => "redriven",
            Self::Discarded => "discarded",
        }
    }

    /// The reverse of [`Self::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Parked, Self::Redriven, Self::Discarded]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// A dead letter with its place and state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDeadLetter {
    /// The command partition it came from.
    pub partition_id: PartitionId,
    /// What has been done about it.
    pub state: DeadLetterState,
    /// The record, and why it could not be handled.
    pub letter: DeadLetter,
}

/// Read and mark; letters themselves are written by commits.
///
/// ```
/// use kernel::Fault;
/// use kernel::port::{DeadLetterState, DeadLetters};
/// use kernel::topic::PartitionId;
///
/// /// How many letters of the partition wait for a person, read page by page.
/// async fn parked(letters: &dyn DeadLetters, partition_id: PartitionId) -> Result<usize, Fault> {
///     let (mut after, mut parked) = (None, 0);
///     loop {
///         let page = letters.list(partition_id, after, 100).await?;
///         let Some(last) = page.last() else {
///             return Ok(parked);
///         };
///         after = Some(last.letter.offset);
///         let waits = page.iter().filter(|one| one.state == DeadLetterState::Parked);
///         parked += waits.count();
///     }
/// }
/// ```
#[async_trait]
pub trait DeadLetters: Send + Sync {
    /// Up to `max` letters of the partition after an offset, in offset order.
    ///
    /// # Errors
    /// The store cannot be reached.
    async fn list(
        &self,
        partition_id: PartitionId,
        after: Option<i64>,
        max: usize,
    ) -> Result<Vec<StoredDeadLetter>, Fault>;

    /// Keys of the partition that have a parked letter of a reason that
    /// [blocks](crate::batch::DeadReason::blocks_key): later commands of them park behind it.
    ///
    /// # Errors
    /// The store cannot be reached.
    async fn parked_keys(&self, partition_id: PartitionId) -> Result<Vec<bytes::Bytes>, Fault>;

    /// Up to [`FOUND_MAX`](super::FOUND_MAX) letters of commands with an id in the range, in whichever
    /// partition of the contexts, those that were parked last first.
    ///
    /// # Errors
    /// The store cannot be reached.
    async fn find(
        &self,
        contexts: &[&'static str],
        ids: RangeInclusive<CommandId>,
    ) -> Result<Vec<StoredDeadLetter>, Fault>;

    /// Moves a letter from one state to another; false when it was not in `from`.
    ///
    /// # Errors
    /// The store cannot be reached.
    async fn mark(
        &self,
        partition_id: PartitionId,
        offset: i64,
        from: DeadLetterState,
        to: DeadLetterState,
    ) -> Result<bool, Fault>;

    /// Moves every letter of the partition down by that many offsets, more than the highest of them.
    /// They belong to a log that was recreated: below zero, no record of the new log has their offsets.
    ///
    /// # Errors
    /// The store cannot be reached, or a letter is damaged; none was moved.
    async fn set_aside(&self, partition_id: PartitionId, by: i64) -> Result<(), Fault>;
}
