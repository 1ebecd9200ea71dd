//! What happened to an offer, from the question to its one outcome.

use kernel::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::stage::ConversationState;
use crate::bounds::{OfferTtlMs, Reason};
use crate::label::{AgentId, DecisionId, OfferId};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Offered {
    pub at: Timestamp,
    pub offer_id: OfferId,
    pub agent_id: AgentId,
    pub decision_id: DecisionId,
    pub ttl_ms: OfferTtlMs,
    pub expires_at: Timestamp,
}

/// A match that came too late, or that another one was before: no offer was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MatchRefused {
    pub at: Timestamp,
    pub offer_id: OfferId,
    pub agent_id: AgentId,
    pub decision_id: DecisionId,
    /// Where the conversation stood.
    pub state: ConversationState,
}

/// An offer that reached the state of the event's name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OfferMoved {
    pub at: Timestamp,
    pub offer_id: OfferId,
    pub agent_id: AgentId,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OfferRejected {
    pub at: Timestamp,
    pub offer_id: OfferId,
    pub agent_id: AgentId,
    pub reason: Reason,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OfferRescinded {
    pub at: Timestamp,
    pub offer_id: OfferId,
    pub agent_id: AgentId,
    pub cause: RescindCause,
}

/// Why a pending offer was taken back; never the agent's failing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RescindCause {
    OtherWon,
    AgentUnavailable,
    Supervisor,
    Superseded,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OfferFailed {
    pub at: Timestamp,
    pub offer_id: OfferId,
    pub agent_id: AgentId,
    pub cause: FailCause,
}

/// Why an accepted offer came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailCause {
    SetupFailed,
    SetupTimeout,
    SlotLost,
    CustomerGone,
}
