//! What happened to a decision. A shipped event never changes its shape.

use cqrs_es::DomainEvent;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::label::RefusalCode;
use super::record::Record;
use crate::label::{AgentId, OfferId};

/// An event; its version, time and cause are in the record around it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data")]
pub enum DecisionEvent {
    /// Once per decision; what came of it may stand before it.
    DecisionRecorded(Box<Record>),
    CandidateLost(CandidateLost),
    AgentChosen(AgentChosen),
    /// An `AgentChosen` after it was on its way when the router gave up, and stands.
    NobodyFound(NobodyFound),
}

impl DecisionEvent {
    fn name(&self) -> &'static str {
        match self {
            Self::DecisionRecorded(_) => "DecisionRecorded",
            Self::CandidateLost(_) => "CandidateLost",
            Self::AgentChosen(_) => "AgentChosen",
            Self::NobodyFound(_) => "NobodyFound",
        }
    }
}

impl DomainEvent for DecisionEvent {
    fn event_type(&self) -> String {
        self.name().to_owned()
    }

    fn event_version(&self) -> String {
        match self {
            Self::DecisionRecorded(_) => "2",
            _ => "1",
        }
        .to_owned()
    }
}

/// The agent was asked first and could not be had.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CandidateLost {
    pub agent_id: AgentId,
    pub code: RefusalCode,
}

/// The agent's slot is reserved: the conversation is offered to them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AgentChosen {
    pub offer_id: OfferId,
    pub agent_id: AgentId,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NobodyFound {}
