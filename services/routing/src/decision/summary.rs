//! The shape of a query's answer.

use std::fmt;

use kernel::{AggregateId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::label::RefusalCode;
use super::record::Record;
use crate::label::{AgentId, OfferId};

/// The whole state of a decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DecisionSummary {
    pub decision_id: AggregateId,
    pub outcome: Outcome,
    /// Who was asked, in the order in which their slots were reserved.
    pub offers: Vec<ChosenAgent>,
    /// Who was asked first and could not be had.
    pub lost: Vec<LostCandidate>,
    /// What it was based on; `null` while the match is ahead of it.
    pub record: Option<Box<Record>>,
    pub version: u64,
    pub updated_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChosenAgent {
    pub offer_id: OfferId,
    pub agent_id: AgentId,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LostCandidate {
    pub agent_id: AgentId,
    pub code: RefusalCode,
    pub at: Timestamp,
}

/// The result of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing yet.
    Open,
    /// An agent was asked; whether they took it, the conversation tells.
    Matched,
    /// No candidate was left: the conversation waits for another decision.
    Unmatched,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Matched => "matched",
            Self::Unmatched => "unmatched",
        })
    }
}
