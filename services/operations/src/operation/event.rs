//! What happened to an operation. A shipped event never changes its shape.

use cqrs_es::DomainEvent;
use kernel::{Actor, Identity, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::label::{OperationId, Reason};
use crate::step::{Counts, Left, Letters, Mending, Planned};

/// An event; its version, time and cause are in the record around it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data")]
pub enum OperationEvent {
    OperationProposed(OperationProposed),
    OperationConfirmed(OperationConfirmed),
    StepPlanned(StepPlanned),
    StepRecorded(StepRecorded),
    OperationCompleted(OperationCompleted),
    OperationWithdrawn(OperationEnded),
    OperationExpired(OperationEnded),
    OperationStopped(OperationStopped),
}

impl OperationEvent {
    fn name(&self) -> &'static str {
        match self {
            Self::OperationProposed(_) => "OperationProposed",
            Self::OperationConfirmed(_) => "OperationConfirmed",
            Self::StepPlanned(_) => "StepPlanned",
            Self::StepRecorded(_) => "StepRecorded",
            Self::OperationCompleted(_) => "OperationCompleted",
            Self::OperationWithdrawn(_) => "OperationWithdrawn",
            Self::OperationExpired(_) => "OperationExpired",
            Self::OperationStopped(_) => "OperationStopped",
        }
    }
}

impl DomainEvent for OperationEvent {
    fn event_type(&self) -> String {
        self.name().to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OperationProposed {
    pub operation_id: OperationId,
    pub what: Mending,
    pub letters: Letters,
    pub reason: Reason,
    pub proposed_by: Actor,
    /// Who that is, whatever the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposer: Option<Identity>,
    /// Until when it waits for a second person; none when it needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OperationConfirmed {
    pub operation_id: OperationId,
    pub confirmed_by: Actor,
    /// Who that is, whatever the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmer: Option<Identity>,
}

/// Everything that whoever does the step needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepPlanned {
    pub operation_id: OperationId,
    /// 0, 1, 2 …
    pub step: u32,
    pub what: Mending,
    pub letters: Letters,
    /// When the operation began: what is parked later is not meant.
    pub as_of: Timestamp,
    pub by: Actor,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_by: Option<Actor>,
    pub planned: Planned,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepRecorded {
    pub operation_id: OperationId,
    pub step: u32,
    /// Of this step.
    pub counts: Counts,
    /// Some of those that were left, and why.
    pub left: Vec<Left>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OperationCompleted {
    pub operation_id: OperationId,
    /// Of all steps.
    pub counts: Counts,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OperationEnded {
    pub operation_id: OperationId,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OperationStopped {
    pub operation_id: OperationId,
    /// Why, as a word.
    pub code: String,
    /// Why, in a sentence.
    pub detail: String,
}
