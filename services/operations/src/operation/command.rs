//! What can be asked of an operation.

use kernel::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::label::Reason;
use crate::step::{Letters, Mending, Stepped};

/// A command; the record's key names the operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data")]
pub enum OperationCommand {
    ProposeOperation(ProposeOperation),
    ConfirmOperation(ConfirmOperation),
    WithdrawOperation(WithdrawOperation),
    /// Sent by the timer of the proposal.
    ExpireOperation(ExpireOperation),
    /// The answer of whoever does the steps.
    RecordStep(RecordStep),
    /// Likewise: it does not go on.
    StopOperation(StopOperation),
}

impl OperationCommand {
    /// The name it travels under.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::ProposeOperation(_) => "ProposeOperation",
            Self::ConfirmOperation(_) => "ConfirmOperation",
            Self::WithdrawOperation(_) => "WithdrawOperation",
            Self::ExpireOperation(_) => "ExpireOperation",
            Self::RecordStep(_) => "RecordStep",
            Self::StopOperation(_) => "StopOperation",
        }
    }
}

/// Says what is to be done. Redriving a single letter, or those of one key, begins at once; everything
/// else waits for a second person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeOperation {
    pub what: Mending,
    pub letters: Letters,
    /// Why, for whoever confirms it and for whoever reads it later.
    pub reason: Reason,
    /// How long it waits for a second person, 60 to 86,400 seconds; 3,600 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_s: Option<u32>,
}

/// Agrees to what was proposed; by another person than who proposed it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConfirmOperation {}

/// Takes the proposal back, or ends the operation after the step that is under way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WithdrawOperation {}

/// Nobody has confirmed it in time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpireOperation {
    /// Of the proposal that is meant.
    pub expires_at: Timestamp,
}

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordStep {
    pub step: u32,
    pub stepped: Stepped,
}

/// A step cannot be done, now or later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StopOperation {
    pub step: u32,
    /// Why, as a word.
    pub code: String,
    /// Why, in a sentence.
    pub detail: String,
}
