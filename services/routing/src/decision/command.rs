//! What can be asked of a decision. Only routers and reactions ask.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::label::RefusalCode;
use super::record::Record;
use crate::label::{AgentId, OfferId};

/// A command; the record's key names the decision.
///
/// They come by two ways, from the router and by way of the agents, and so in any order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data")]
pub enum DecisionCommand {
    RecordDecision(Box<Record>),
    LoseCandidate(LoseCandidate),
    RecordMatch(RecordMatch),
    RecordUnmatched(RecordUnmatched),
}

impl DecisionCommand {
    /// The name it travels under.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::RecordDecision(_) => "RecordDecision",
            Self::LoseCandidate(_) => "LoseCandidate",
            Self::RecordMatch(_) => "RecordMatch",
            Self::RecordUnmatched(_) => "RecordUnmatched",
        }
    }
}

/// The agent's stream refused the reservation: the next candidate is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoseCandidate {
    pub agent_id: AgentId,
    pub code: RefusalCode,
}

/// The agent's slot is reserved for the offer. Several agents are asked at once under `ring`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordMatch {
    pub offer_id: OfferId,
    pub agent_id: AgentId,
}

/// There was no candidate, or none is left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordUnmatched {}
