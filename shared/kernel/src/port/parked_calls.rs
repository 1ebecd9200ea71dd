//! Calls outside that were given up, and what waits behind them.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::code::Fault;
use crate::effect::{Call, IdempotencyKey};
use crate::id::Actor;
use crate::time::Timestamp;
use crate::topic::PartitionId;

/// The calls of one effect that one partition of events leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EffectPartition {
    /// [`Effect::NAME`](crate::effect::Effect::NAME).
    pub effect: &'static str,
    /// The partition of the events.
    pub partition_id: PartitionId,
}

impl fmt::Display for EffectPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.effect, self.partition_id)
    }
}

/// Where a call belongs: calls of one key are made in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallPlace {
    /// Of the event that led to it.
    pub log_position: u64,
    /// Which of the event's calls.
    pub n: u32,
}

impl fmt::Display for CallPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.log_position, self.n)
    }
}

/// Where a parked call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallState {
    /// It was given up, and stays until a person redrives or discards it.
    Parked,
    /// It is made as soon as no call of its key is open before it.
    Waiting,
    /// Its command is in the log.
    Done,
    /// An operator ended it without another try.
    Discarded,
}

impl CallState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Parked, Self::Waiting, Self::Done, Self::Discarded];

    /// As it is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Parked => "parked",
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Discarded => "discarded",
        }
    }

    /// The reverse of [`Self::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether calls of its key must not pass it.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Parked | Self::Waiting)
    }
}

/// Why a call was parked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallReason {
    /// Every try failed.
    LastTry,
    /// Its deadline passed before its last try.
    Deadline,
    /// It is larger than a call may be.
    TooLarge,
    /// The outside answered in a way that cannot be used.
    Unusable,
    /// A defect of the effect or of the adapter.
    Panicked,
    /// A call of the same key is open before it.
    BehindParked,
}

impl CallReason {
    /// Every reason.
    pub const ALL: [Self; 6] = [
        Self::LastTry,
        Self::Deadline,
        Self::TooLarge,
        Self::Unusable,
        Self::Panicked,
        Self::BehindParked,
    ];

    /// As it is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LastTry => "last_try",
            Self::Deadline => "deadline",
            Self::TooLarge => "too_large",
            Self::Unusable => "unusable",
            Self::Panicked => "panicked",
            Self::BehindParked => "behind_parked",
        }
    }

    /// The reverse of [`Self::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|reason| reason.as_str() == text)
    }
}

/// A parked call as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedCall {
    /// Its place among the calls of its effect and partition.
    pub place: CallPlace,
    /// `{tenant}/{aggregate_id}` of the event.
    pub key: Arc<str>,
    /// Sent with every try.
    pub id: IdempotencyKey,
    /// What every try sends; none when the effect panicked before there was one.
    pub call: Option<Call>,
    /// Why it was parked, last.
    pub reason: CallReason,
    /// The same in words, such as the error of the last try.
    pub detail: String,
    /// Made so far.
    pub tries: u32,
    /// When it was parked, last.
    pub parked_at: Timestamp,
    /// Where it stands.
    pub state: CallState,
    /// Who changed its state last, if a person did.
    pub marked_by: Option<Actor>,
}

/// Written by the owner of a partition; marked by the owner and by people.
#[async_trait]
pub trait ParkedCalls: Send + Sync {
    /// Keeps the calls, whole or not at all. One that is there and [waits](CallState::Waiting) becomes
    /// what is now said of it; one in any other state stays as it is.
    ///
    /// # Errors
    /// The store cannot be reached.
    async fn park(&self, at: EffectPartition, calls: &[ParkedCall]) -> Result<(), Fault>;

    /// The keys that have an [open](CallState::is_open) call, once each.
    ///
    /// # Errors
    /// The store cannot be reached.
    async fn held_keys(&self, at: EffectPartition) -> Result<Vec<Arc<str>>, Fault>;

    /// Up to `max` calls that may be made now, in the order of their places: the first open call of
    /// its key, where that one waits.
    ///
    /// # Errors
    /// The store cannot be reached.
    async fn ready(&self, at: EffectPartition, max: usize) -> Result<Vec<ParkedCall>, Fault>;

    /// Up to `max` calls behind a place, in the order of their places, whatever their state.
    ///
    /// # Errors
    /// The store cannot be reached.
    async fn list(
        &self,
        at: EffectPartition,
        after: Option<CallPlace>,
        max: usize,
    ) -> Result<Vec<ParkedCall>, Fault>;

    /// Moves a call from one state to another; false when it was not in `from`. `by` is kept if it is
    /// given.
    ///
    /// # Errors
    /// The store cannot be reached.
    async fn mark(
        &self,
        at: EffectPartition,
        place: CallPlace,
        from: CallState,
        to: CallState,
        by: Option<&Actor>,
    ) -> Result<bool, Fault>;
}
