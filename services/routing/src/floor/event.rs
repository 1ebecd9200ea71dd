//! What other contexts publish, as far as the floor reads it: unnamed events are ignored, so that
//! they may add events.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU16;

use kernel::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::interruption::Interruptions;
use crate::label::{AgentId, Channel, ConversationId, Intent, OfferId, QueueId, Skill};
use crate::settings::QueueSettings;

/// An event of any of the contexts that the floor reads.
#[derive(Clone, Debug, PartialEq)]
pub enum FloorEvent {
    Agent(AgentEvent),
    Conversation(ConversationEvent),
    Queue(QueueEvent),
}

/// Declares the events of a context, so that each name is written once.
macro_rules! events {
    ($(#[$doc:meta])* $context:ident { $($name:ident($data:ty),)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Deserialize)]
        #[serde(tag = "type", content = "data")]
        pub enum $context {
            $($name($data),)*
        }

        impl $context {
            pub(crate) const NAMES: &[&str] = &[$(stringify!($name)),*];
        }
    };
}

events! {
    /// What decides whether an agent can be asked.
    AgentEvent {
        SessionStarted(SessionStarted),
        PresenceChanged(Choice),
        NextPresenceSet(NextPresenceSet),
        SlotReserved(SlotReserved),
        AgentMatched(AgentMatched),
        SlotActivated(SlotMoved),
        SlotReleased(SlotMoved),
        SlotHeld(SlotMoved),
        SlotResumed(SlotMoved),
        WrapUpStarted(SlotMoved),
        CapacityChanged(CapacityChanged),
        SkillsChanged(SkillsChanged),
        QueuesChanged(QueuesChanged),
        InterruptionsChanged(InterruptionsChanged),
        LinkLost(LinkMoved),
        LinkRestored(LinkMoved),
        GraceExpired(LinkMoved),
        SessionHeard(LinkMoved),
        SessionEnded(LinkMoved),
        RoutingSuspended(RoutingSuspended),
        RoutingResumed(Nothing),
    }
}

events! {
    /// What gives a conversation its place among those who wait, or takes it away.
    ConversationEvent {
        ConversationCreated(ConversationCreated),
        Queued(Queued),
        Requeued(Requeued),
        PriorityChanged(PriorityChanged),
        RequirementsRelaxed(RequirementsRelaxed),
        Overflowed(Overflowed),
        Offered(Offered),
        MatchRefused(OfferMoved),
        OfferAccepting(OfferMoved),
        OfferAccepted(OfferMoved),
        OfferRejected(OfferMoved),
        OfferExpired(OfferMoved),
        OfferRescinded(OfferMoved),
        OfferCanceled(OfferMoved),
        OfferFailed(OfferMoved),
        Connected(Nothing),
        CallbackRequested(Nothing),
        Parked(Nothing),
        Unparked(Unparked),
        Reopened(Nothing),
        Ended(Ended),
        Abandoned(Nothing),
        LeftBeforeQueue(Nothing),
        ResolvedByBot(Nothing),
        Expired(Nothing),
        Cancelled(Nothing),
        Disposed(Nothing),
        WrapUpTimedOut(Nothing),
        ForceClosed(Nothing),
        Merged(Nothing),
    }
}

events! {
    /// How a queue is served, and what was reported of it.
    QueueEvent {
        QueueConfigured(QueueConfigured),
        QueueStarved(Nothing),
        QueueServed(Nothing),
    }
}

/// Only the name is read.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct Nothing {}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct SessionStarted {
    pub(crate) session_id: Box<str>,
    pub(crate) channels: BTreeSet<Channel>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct LinkMoved {
    pub(crate) session_id: Box<str>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Choice {
    pub(crate) presence: Presence,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    #[default]
    Offline,
    Available,
    Busy,
    Away,
    Custom {
        code: Box<str>,
        routable: bool,
    },
}

impl Presence {
    pub(crate) fn is_routable(&self) -> bool {
        match self {
            Self::Available => true,
            Self::Custom { routable, .. } => *routable,
            Self::Offline | Self::Busy | Self::Away => false,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct NextPresenceSet {
    #[serde(default)]
    pub(crate) next: Option<Choice>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct SlotReserved {
    pub(crate) offer_id: OfferId,
    pub(crate) conversation_id: ConversationId,
    pub(crate) channel: Channel,
    pub(crate) cost: NonZeroU16,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct AgentMatched {
    pub(crate) queue: QueueId,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct SlotMoved {
    pub(crate) conversation_id: ConversationId,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct CapacityChanged {
    pub(crate) channels: BTreeMap<Channel, u16>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct SkillsChanged {
    pub(crate) skills: BTreeMap<Skill, u8>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct QueuesChanged {
    pub(crate) queues: BTreeSet<QueueId>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct InterruptionsChanged {
    pub(crate) interruptible_by: Interruptions,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct RoutingSuspended {
    #[serde(default)]
    pub(crate) ready_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ConversationCreated {
    pub(crate) channel: Channel,
    pub(crate) intent: Intent,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Queued {
    pub(crate) queue: QueueId,
    pub(crate) requirements: BTreeSet<Skill>,
    pub(crate) priority: i64,
    pub(crate) enqueued_at: Timestamp,
    pub(crate) seq: u64,
    #[serde(default)]
    pub(crate) sticky: Option<Sticky>,
}

/// Who is preferred until then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sticky {
    pub agent_id: AgentId,
    pub until: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Requeued {
    pub(crate) enqueued_at: Timestamp,
    pub(crate) seq: u64,
    /// The place is given by the `Queued` that follows.
    #[serde(default)]
    pub(crate) new_wait_clock: bool,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct PriorityChanged {
    pub(crate) priority: i64,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct RequirementsRelaxed {
    pub(crate) ring: u32,
    pub(crate) requirements: BTreeSet<Skill>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Overflowed {
    pub(crate) queue: QueueId,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Offered {
    pub(crate) offer_id: OfferId,
    pub(crate) agent_id: AgentId,
    pub(crate) decision_id: Box<str>,
    pub(crate) expires_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct OfferMoved {
    pub(crate) at: Timestamp,
    pub(crate) offer_id: OfferId,
    pub(crate) agent_id: AgentId,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Unparked {
    /// Who had it before; a callback was not answered yet and has its old place again.
    #[serde(default)]
    pub(crate) agent_id: Option<AgentId>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Ended {
    pub(crate) wrap_up_s: u32,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct QueueConfigured {
    pub(crate) settings: QueueSettings,
}
