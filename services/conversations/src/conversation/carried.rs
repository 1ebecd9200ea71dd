//! A customer's request on a closed conversation, on its way to the conversation that continues it.

use kernel::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::follow_up::Callback;
use crate::bounds::{Few, Priority, Requirements};
use crate::label::{AgentId, Channel, ConversationId, CustomerId, Intent, Queue};
use crate::message::MessageReceived;

/// It is heard at another conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CarriedOver {
    pub at: Timestamp,
    pub into: ConversationId,
    pub carried: Carried,
}

/// What is carried, with all that the next conversation needs to know if it is opened for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Carried {
    /// The conversations it came through, the first one first: none is asked twice.
    pub trail: Trail,
    pub request: CarriedRequest,
    #[schemars(extend("pii" = true))]
    pub customer_id: CustomerId,
    pub channel: Channel,
    pub intent: Intent,
    pub priority: Priority,
    /// Where the customer waited last; none when they never did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<Queue>,
    #[serde(default)]
    pub requirements: Requirements,
    /// Who had the conversation last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<AgentId>,
}

/// Conversations in a row, each continued by the next: more are not followed.
pub(crate) type Trail = Few<ConversationId, 0, 16>;

/// What the customer asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum CarriedRequest {
    /// As it was received first.
    Message(MessageReceived),
    Callback(Callback),
}

/// It was opened because another conversation is over and its customer is not done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Continued {
    pub at: Timestamp,
    pub from: ConversationId,
    /// Who had that one last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<AgentId>,
}
