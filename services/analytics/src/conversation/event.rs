//! The events of the conversations context as they are read here: unnamed ones are ignored, so that
//! conversations may add events.

use kernel::Timestamp;
use serde::Deserialize;

use crate::label::{AgentId, Channel, CustomerId, Intent, QueueId};

/// Declares the events, so that each name is written once.
macro_rules! events {
    ($($name:ident($data:ty),)*) => {
        #[derive(Clone, Debug, PartialEq, Deserialize)]
        #[serde(tag = "type", content = "data")]
        pub enum ConversationEvent {
            $($name($data),)*
        }

        impl ConversationEvent {
            #[cfg(test)]
            pub(crate) const NAMES: &[&str] = &[$(stringify!($name)),*];

            /// Whether an event of this name is one of them.
            pub(crate) fn wants(kind: &str) -> bool {
                matches!(kind, $(stringify!($name))|*)
            }
        }
    };
}

events! {
    ConversationCreated(Created),
    Queued(Queued),
    LeftBeforeQueue(Happened),
    ResolvedByBot(Happened),
    Offered(Happened),
    OfferAccepted(Happened),
    OfferRejected(Happened),
    OfferExpired(Happened),
    OfferRescinded(Happened),
    OfferCanceled(Happened),
    OfferFailed(Happened),
    ManuallyTaken(Happened),
    Connected(Connected),
    Requeued(Requeued),
    Overflowed(Overflowed),
    Abandoned(Abandoned),
    CallbackRequested(Happened),
    Expired(Happened),
    Cancelled(Happened),
    Held(Happened),
    Resumed(Happened),
    Parked(Happened),
    Unparked(Happened),
    TransferRequested(Happened),
    ParticipantJoined(OfAgent),
    ParticipantLeft(OfAgent),
    OwnerChanged(OwnerChanged),
    Ended(Ended),
    Disposed(Happened),
    WrapUpTimedOut(Happened),
    ForceRequeued(Happened),
    ForceClosed(Happened),
    Merged(Happened),
    Reopened(Happened),
    MessageReceived(Happened),
    MessageQueued(Said),
}

/// An event of which no more than its name and time is read.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct Happened {
    pub(super) at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Created {
    pub(super) customer_id: CustomerId,
    pub(super) channel: Channel,
    pub(super) intent: Intent,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Queued {
    pub(super) at: Timestamp,
    pub(super) cause: QueueCause,
    pub(super) queue: QueueId,
    pub(super) enqueued_at: Timestamp,
    /// The promise, milliseconds of waiting.
    #[serde(default)]
    pub(super) answer_within_ms: Option<u64>,
}

/// Why a conversation came to wait in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum QueueCause {
    Enqueued,
    HandedOff,
    Unparked,
    Transferred,
    AgentOffline,
    ForceRequeued,
    Reopened,
    /// From another queue, with its place; an event of its own reports it.
    #[serde(skip)]
    Overflowed,
    /// Of a later version.
    #[serde(other)]
    Other,
}

/// A cause as a snapshot keeps it: by its number, which tells those apart that events do not name.
pub(super) mod cause_number {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::QueueCause;

    const ALL: [QueueCause; 9] = [
        QueueCause::Enqueued,
        QueueCause::HandedOff,
        QueueCause::Unparked,
        QueueCause::Transferred,
        QueueCause::AgentOffline,
        QueueCause::ForceRequeued,
        QueueCause::Reopened,
        QueueCause::Overflowed,
        QueueCause::Other,
    ];

    pub(in crate::conversation) fn serialize<S: Serializer>(
        cause: &QueueCause,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let number = ALL.iter().zip(0_u8..).find(|(known, _)| *known == cause);
        serializer.serialize_u8(number.map_or(u8::MAX, |(_, number)| number))
    }

    pub(in crate::conversation) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<QueueCause, D::Error> {
        let number = u8::deserialize(deserializer)?;
        let cause = ALL.get(usize::from(number)).copied();
        cause.ok_or_else(|| D::Error::custom("there is no cause of that number"))
    }
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Connected {
    pub(super) at: Timestamp,
    pub(super) agent_id: AgentId,
    pub(super) wait_ms: u64,
    #[serde(default)]
    pub(super) clock_anomaly: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct Requeued {
    pub(super) at: Timestamp,
    pub(super) new_wait_clock: bool,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct OfAgent {
    pub(super) agent_id: AgentId,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct OwnerChanged {
    pub(super) at: Timestamp,
    pub(super) from: AgentId,
    pub(super) to: AgentId,
}

/// A message to the customer.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct Said {
    pub(super) at: Timestamp,
    /// A machine wrote it, no matter under which name.
    #[serde(default)]
    pub(super) automated: bool,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Overflowed {
    pub(super) at: Timestamp,
    pub(super) queue: QueueId,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct Abandoned {
    pub(super) at: Timestamp,
    pub(super) wait_ms: u64,
    #[serde(default)]
    pub(super) clock_anomaly: bool,
    pub(super) short: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct Ended {
    pub(super) at: Timestamp,
    /// Seconds; 0 closes at once.
    pub(super) wrap_up_s: u32,
}
