//! Why a decision's stream rejects a command. Each code has a page under `docs/errors`.

use std::fmt;

use kernel::label::BadLabel;
use kernel::{Code, Kind, Rejection};

use super::record::NAMED_MAX;
use super::summary::Outcome;
use crate::label::OfferId;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecisionRejection {
    #[error("{command} is not possible while the decision is {outcome}")]
    InvalidTransition {
        command: &'static str,
        outcome: Outcome,
    },
    #[error("the decision id cannot be one segment of a path")]
    DecisionIdInvalid(#[source] BadLabel),
    #[error("a decision with this id was recorded with other content")]
    IdConflict,
    #[error("offer {offer_id} was made to another agent")]
    OfferConflict { offer_id: OfferId },
    #[error("the decision would have more than {max} {what}")]
    DecisionLimit { what: Limited, max: usize },
}

/// What a decision has a bounded number of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limited {
    Candidates,
    Exclusions,
    Offers,
    Lost,
}

impl Limited {
    fn max(self) -> usize {
        match self {
            Self::Candidates | Self::Exclusions => NAMED_MAX,
            // As many agents as are asked at once, at most.
            Self::Offers => 10,
            // Every candidate named, by two reasons.
            Self::Lost => 2 * NAMED_MAX,
        }
    }

    pub(crate) fn admits(self, count: usize) -> Result<(), DecisionRejection> {
        let max = self.max();
        if count > max {
            return Err(DecisionRejection::DecisionLimit { what: self, max });
        }
        Ok(())
    }
}

impl fmt::Display for Limited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Candidates => "candidates named",
            Self::Exclusions => "exclusions named",
            Self::Offers => "offers",
            Self::Lost => "candidates lost",
        })
    }
}

impl DecisionRejection {
    pub const INVALID_TRANSITION: Code = Code::new("INVALID_TRANSITION", Kind::Conflict);
    pub const DECISION_ID_INVALID: Code = Code::new("DECISION_ID_INVALID", Kind::Unprocessable);
    pub const ID_CONFLICT: Code = Code::new("ID_CONFLICT", Kind::Conflict);
    pub const OFFER_CONFLICT: Code = Code::new("OFFER_CONFLICT", Kind::Conflict);
    pub const DECISION_LIMIT: Code = Code::new("DECISION_LIMIT", Kind::Unprocessable);

    /// Every code of this context.
    pub const ALL: &[Code] = &[
        Self::INVALID_TRANSITION,
        Self::DECISION_ID_INVALID,
        Self::ID_CONFLICT,
        Self::OFFER_CONFLICT,
        Self::DECISION_LIMIT,
    ];
}

impl Rejection for DecisionRejection {
    const CODES: &'static [Code] = Self::ALL;

    fn code(&self) -> Code {
        match self {
            Self::InvalidTransition { .. } => Self::INVALID_TRANSITION,
            Self::DecisionIdInvalid(_) => Self::DECISION_ID_INVALID,
            Self::IdConflict => Self::ID_CONFLICT,
            Self::OfferConflict { .. } => Self::OFFER_CONFLICT,
            Self::DecisionLimit { .. } => Self::DECISION_LIMIT,
        }
    }
}
