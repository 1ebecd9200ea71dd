//! What is asked of whoever can reach the letters, and answered: one bounded step of an operation.

use kernel::{Actor, Tenant, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::label::{ContextName, FingerprintText, LetterKey, OperationId};

/// What is done to letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mending {
    /// They go to their command log again, under the same ids and in key order.
    Redrive,
    /// They end without another try: their commands are lost.
    Discard,
}

/// The letters that are meant: those of the tenant that are parked when the operation begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
pub enum Letters {
    /// A single one.
    Letter {
        context: ContextName,
        partition: u16,
        offset: i64,
    },
    /// Those of one key.
    Key {
        context: ContextName,
        key: LetterKey,
    },
    /// Those that failed alike.
    Fingerprint {
        context: ContextName,
        fingerprint: FingerprintText,
    },
}

impl Letters {
    /// Whose commands they are.
    #[must_use]
    pub fn context(&self) -> &ContextName {
        match self {
            Self::Letter { context, .. }
            | Self::Key { context, .. }
            | Self::Fingerprint { context, .. } => context,
        }
    }
}

/// Where a letter of the context is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct Place {
    pub partition: u16,
    pub offset: i64,
}

/// The letters of one step, and where to look for those of the next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Planned {
    /// Found by the step before; none in the first.
    pub places: Vec<Place>,
    /// The next are behind it; none when the search begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Place>,
    /// Whether the search is over: this step is the last.
    pub found_all: bool,
}

/// One step: deals with the letters that were planned, and plans the next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    pub operation_id: OperationId,
    /// Whose letters; those of another are not there.
    pub tenant: Tenant,
    pub what: Mending,
    pub letters: Letters,
    /// When the operation began: what is parked later is not meant.
    pub as_of: Timestamp,
    pub by: Actor,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_by: Option<Actor>,
    pub planned: Planned,
}

/// What became of a step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stepped {
    pub counts: Counts,
    /// Some of those that were left, and why.
    pub left: Vec<Left>,
    pub next: Planned,
}

/// Letters of which something became.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// In the command log again: the sum of the next four.
    pub redriven: u64,
    pub accepted: u64,
    pub rejected: u64,
    /// Dead letters again, at other offsets.
    pub parked_again: u64,
    /// Not seen to be decided, when they were looked at.
    pub undecided: u64,
    pub discarded: u64,
    /// Nothing was done to them.
    pub left: u64,
}

impl Counts {
    /// The sums.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            redriven: self.redriven + other.redriven,
            accepted: self.accepted + other.accepted,
            rejected: self.rejected + other.rejected,
            parked_again: self.parked_again + other.parked_again,
            undecided: self.undecided + other.undecided,
            discarded: self.discarded + other.discarded,
            left: self.left + other.left,
        }
    }
}

/// Letters that a view names of those that were left.
pub const LEFT_SHOWN: usize = 20;

/// A letter that nothing was done to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Left {
    pub place: Place,
    /// In a sentence.
    pub why: String,
}
