//! The shape of a query's answer.

use std::collections::BTreeMap;

use kernel::{AggregateId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::decision::Reason;
use crate::label::ConversationId;
use crate::settings::QueueSettings;

/// The whole state of a queue; its waiting conversations are in the conversations context.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QueueSummary {
    pub queue_id: AggregateId,
    /// The defaults, if it was never configured.
    pub settings: QueueSettings,
    /// `null` while an agent who serves it can be asked.
    pub starved: Option<Starvation>,
    pub version: u64,
    pub updated_at: Timestamp,
}

/// What a router saw when no agent could be asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Starvation {
    pub since: Timestamp,
    /// The conversation whose turn it was.
    pub conversation_id: ConversationId,
    /// Conversations that waited then.
    pub waiting: u32,
    /// The agents of the queue, by why they could not be asked.
    pub agents: BTreeMap<Reason, u32>,
}
