//! What happened to a queue. A shipped event never changes its shape.

use std::collections::BTreeMap;

use cqrs_es::DomainEvent;
use kernel::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::decision::Reason;
use crate::label::{AgentId, ConversationId, QueueId};
use crate::settings::QueueSettings;

/// An event; its version, time and cause are in the record around it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data")]
pub enum QueueEvent {
    QueueConfigured(QueueConfigured),
    /// The next of the two is a `QueueServed`.
    QueueStarved(QueueStarved),
    QueueServed(QueueServed),
}

impl QueueEvent {
    fn name(&self) -> &'static str {
        match self {
            Self::QueueConfigured(_) => "QueueConfigured",
            Self::QueueStarved(_) => "QueueStarved",
            Self::QueueServed(_) => "QueueServed",
        }
    }
}

impl DomainEvent for QueueEvent {
    fn event_type(&self) -> String {
        self.name().to_owned()
    }

    fn event_version(&self) -> String {
        match self {
            Self::QueueConfigured(_) => "2".to_owned(),
            Self::QueueStarved(_) | Self::QueueServed(_) => "1".to_owned(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QueueConfigured {
    pub queue_id: QueueId,
    /// All settings as they are now; version 1 knew no `zone`.
    pub settings: QueueSettings,
}

/// No agent who serves the queue can be asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QueueStarved {
    pub since: Timestamp,
    /// The conversation whose turn it was.
    pub conversation_id: ConversationId,
    /// Conversations of the queue that wait.
    pub waiting: u32,
    /// The agents of the queue, by why they cannot be asked; none, if no agent serves it.
    pub agents: BTreeMap<Reason, u32>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QueueServed {
    /// Who can be asked again.
    pub agent_id: AgentId,
    /// How long no agent could be asked; 0 if the clocks disagree.
    pub starved_ms: u64,
}
