//! The shape of a query's answer.

use kernel::{Actor, AggregateId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::label::Reason;
use crate::step::{Counts, Left, Letters, Mending};

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    Completed,
    Withdrawn,
    Expired,
    Stopped,
}

/// Where an operation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperationState {
    /// It waits for a second person.
    Proposed,
    /// It is done step by step.
    Running,
    /// Every letter that was meant has been dealt with.
    Completed,
    /// Its letters are as the counts say.
    Withdrawn,
    /// Nobody has confirmed it in time.
    Expired,
    /// It could not be done; `detail` says why.
    Stopped,
}

/// What is known of an operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OperationSummary {
    pub operation_id: AggregateId,
    pub state: OperationState,
    pub what: Mending,
    pub letters: Letters,
    pub reason: Reason,
    pub proposed_by: Actor,
    pub proposed_at: Timestamp,
    /// Until when it waits for a second person; none when it needs none.
    pub expires_at: Option<Timestamp>,
    pub confirmed_by: Option<Actor>,
    pub confirmed_at: Option<Timestamp>,
    /// Steps that are done.
    pub steps: u32,
    pub counts: Counts,
    /// The first of those that were left, and why; `counts.left` says how many there are.
    pub left: Vec<Left>,
    pub ended_at: Option<Timestamp>,
    /// Why it was stopped.
    pub detail: Option<String>,
    pub version: u64,
    pub updated_at: Timestamp,
}
