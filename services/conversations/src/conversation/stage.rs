//! The state of a conversation, and what is known in it.

use std::fmt;

use kernel::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::event::{Queued, Sticky};
use super::follow_up::Callback;
use crate::bounds::{Priority, Requirements, Ring, WaitMs};
use crate::label::{AgentId, ConversationId, OfferId, Queue};

/// The headline state as others see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ConversationState {
    Absent,
    Created,
    Bot,
    Queued,
    Offered,
    Active,
    Parked,
    WrapUp,
    Closed,
}

impl fmt::Display for ConversationState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The headline state with what is known in it. Each run from the queue on keeps its place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum Stage {
    #[default]
    Absent,
    Created,
    Bot,
    Queued(Box<Place>),
    /// At least one offer is live.
    Offered(Box<Place>, Vec<LiveOffer>),
    Active(Box<Place>, Handling),
    Parked(Box<Place>, Parking),
    WrapUp(Box<Place>, WrapUp),
    Closed(Closing),
}

/// A place in a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Place {
    pub(crate) queue: Queue,
    pub(crate) requirements: Requirements,
    pub(crate) ring: Ring,
    pub(crate) priority: Priority,
    pub(crate) enqueued_at: Timestamp,
    pub(crate) seq: u64,
    pub(crate) hops: u32,
    pub(crate) ttl_ms: Option<WaitMs>,
    pub(crate) expires_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) answer_within_ms: Option<WaitMs>,
    /// None when nothing was promised, or it is overdue already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) answer_by: Option<Timestamp>,
    pub(crate) sticky: Option<Sticky>,
}

impl From<Queued> for Place {
    fn from(queued: Queued) -> Self {
        Self {
            queue: queued.queue,
            requirements: queued.requirements,
            ring: Ring::default(),
            priority: queued.priority,
            enqueued_at: queued.enqueued_at,
            seq: queued.seq,
            hops: queued.hops,
            ttl_ms: queued.ttl_ms,
            expires_at: queued.expires_at,
            answer_within_ms: queued.answer_within_ms,
            answer_by: queued.answer_by,
            sticky: queued.sticky,
        }
    }
}

/// An offer whose outcome is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct LiveOffer {
    pub(crate) offer_id: OfferId,
    pub(crate) agent_id: AgentId,
    /// The agent has accepted and the connection is being set up.
    pub(crate) accepting: bool,
}

/// An offer whose outcome is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct FinalOffer {
    pub(crate) offer_id: OfferId,
    pub(crate) agent_id: AgentId,
    pub(crate) outcome: OfferOutcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum OfferOutcome {
    Accepted,
    Rejected,
    Expired,
    Rescinded,
    Canceled,
    Failed,
}

/// Who talks to the customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Handling {
    pub(crate) owner: AgentId,
    pub(crate) talk: Talk,
}

/// What is going on in an active conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum Talk {
    Talking,
    Held,
    Consulting(Consultation),
    Conferenced(AgentId),
}

impl Talk {
    /// As it is without the second agent.
    pub(crate) fn alone(&self) -> Self {
        match self {
            Self::Held | Self::Consulting(Consultation { on_hold: true, .. }) => Self::Held,
            Self::Talking | Self::Consulting(_) | Self::Conferenced(_) => Self::Talking,
        }
    }

    /// The second agent, if there is one.
    pub(crate) fn participant(&self) -> Option<&AgentId> {
        match self {
            Self::Talking | Self::Held => None,
            Self::Consulting(Consultation { target, .. }) | Self::Conferenced(target) => {
                Some(target)
            }
        }
    }
}

/// A second agent is asked, or has answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Consultation {
    pub(crate) target: AgentId,
    /// Under which the target's slot was reserved.
    pub(crate) offer_id: OfferId,
    /// The slot is active: the target can join, or take over.
    pub(crate) connected: bool,
    /// The customer was put on hold before, and is until an agent resumes.
    pub(crate) on_hold: bool,
}

/// Why it is aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Parking {
    /// Who put it there; none for a callback, which keeps its place in the queue.
    pub(crate) agent_id: Option<AgentId>,
    /// Version of the event that parked it.
    pub(crate) version: u64,
    /// What the customer asked for; none when it was the agent's wish alone.
    pub(crate) callback: Option<Callback>,
    /// Since when the customer has not been answered.
    pub(crate) waits_since: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct WrapUp {
    pub(crate) owner: AgentId,
    pub(crate) disposition_required: bool,
    /// Version of the event that began it.
    pub(crate) version: u64,
}

/// How the episode ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Closing {
    pub(crate) reason: CloseReason,
    pub(crate) at: Timestamp,
    /// The place it had; none when it was never in a queue.
    pub(crate) place: Option<Box<Place>>,
    /// Who had it last.
    pub(crate) agent_id: Option<AgentId>,
    /// The conversation that gets the customer's further requests.
    pub(crate) goes_on_in: Option<ConversationId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    Resolved,
    Abandoned,
    Cancelled,
    Expired,
    Merged,
}

impl Stage {
    pub(crate) fn state(&self) -> ConversationState {
        match self {
            Self::Absent => ConversationState::Absent,
            Self::Created => ConversationState::Created,
            Self::Bot => ConversationState::Bot,
            Self::Queued(_) => ConversationState::Queued,
            Self::Offered(..) => ConversationState::Offered,
            Self::Active(..) => ConversationState::Active,
            Self::Parked(..) => ConversationState::Parked,
            Self::WrapUp(..) => ConversationState::WrapUp,
            Self::Closed(_) => ConversationState::Closed,
        }
    }

    pub(crate) fn place(&self) -> Option<&Place> {
        match self {
            Self::Absent | Self::Created | Self::Bot => None,
            Self::Queued(place)
            | Self::Offered(place, _)
            | Self::Active(place, _)
            | Self::Parked(place, _)
            | Self::WrapUp(place, _) => Some(place),
            Self::Closed(closing) => closing.place.as_deref(),
        }
    }

    pub(crate) fn owner(&self) -> Option<&AgentId> {
        match self {
            Self::Active(_, handling) => Some(&handling.owner),
            Self::WrapUp(_, wrap_up) => Some(&wrap_up.owner),
            Self::Absent
            | Self::Created
            | Self::Bot
            | Self::Queued(_)
            | Self::Offered(..)
            | Self::Parked(..)
            | Self::Closed(_) => None,
        }
    }

    pub(crate) fn live_offers(&self) -> &[LiveOffer] {
        match self {
            Self::Offered(_, live) => live,
            _ => &[],
        }
    }

    pub(crate) fn participant(&self) -> Option<&AgentId> {
        match self {
            Self::Active(_, handling) => handling.talk.participant(),
            _ => None,
        }
    }
}
