//! What a query shows of a conversation.

use kernel::{Actor, AggregateId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::clock::Clocks;
use super::follow_up::FollowUp;
use super::stage::{CloseReason, ConversationState};
use crate::bounds::{Priority, Requirements, Ring};
use crate::label::{
    AgentId, Channel, ConversationId, CustomerId, DecisionId, DispositionCode, Intent, OfferId,
    Queue,
};
use crate::message::MessageView;

/// A conversation with what is latest of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConversationSummary {
    pub conversation_id: ConversationId,
    pub state: ConversationState,
    /// What is going on while it is active.
    pub sub_state: Option<SubState>,
    pub close_reason: Option<CloseReason>,
    /// Events it is made of.
    pub version: u64,
    pub updated_at: Timestamp,
    /// 0 before it first waits, then 1, 2, 3 …; the clocks are those of the latest.
    pub episode: u32,
    #[schemars(extend("pii" = true))]
    pub customer_id: CustomerId,
    pub channel: Channel,
    pub intent: Intent,
    pub queue: Option<Queue>,
    pub requirements: Requirements,
    pub ring: Ring,
    pub priority: Priority,
    pub hops: u32,
    /// Who answers for it.
    pub owner: Option<AgentId>,
    /// On hold, also while another agent is consulted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub customer_on_hold: bool,
    /// What the customer asked for, kept until no agent or bot has the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow_up: Option<FollowUp>,
    /// The one that was over, and for which this one was opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<ConversationId>,
    /// The conversation that gets its customer's requests since it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goes_on_in: Option<ConversationId>,
    /// Who else is consulted or takes part.
    pub participants: Vec<AgentId>,
    /// Those whose outcome is open.
    pub offers: Vec<OfferView>,
    pub clocks: Clocks,
    pub dispositions: Vec<DispositionCode>,
    /// The latest [`MESSAGES_MAX`], oldest first.
    pub messages: Vec<MessageView>,
    /// The latest [`TIMELINE_MAX`], oldest first.
    pub timeline: Vec<TimelineEntry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<AggregateId>,
}

/// Messages a query shows.
pub(super) const MESSAGES_MAX: usize = 200;
/// Entries of the timeline a query shows.
pub(super) const TIMELINE_MAX: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubState {
    Talking,
    Held,
    Consulting,
    Conferenced,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OfferView {
    pub offer_id: OfferId,
    pub agent_id: AgentId,
    pub decision_id: DecisionId,
    pub state: OfferState,
    pub expires_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OfferState {
    Pending,
    Accepting,
}

/// One event in a word.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TimelineEntry {
    pub version: u64,
    pub event: Box<str>,
    pub at: Timestamp,
    pub actor: Actor,
}
