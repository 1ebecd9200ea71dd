//! Why an operation's command is rejected. Each code has a page under `docs/errors`.

use kernel::label::BadLabel;
use kernel::{Code, Kind, Rejection};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OperationRejection {
    #[error("the operation id cannot be one segment of a path")]
    OperationIdInvalid(#[source] BadLabel),
    #[error("`{0}` names a reading of operations, and no operation")]
    OperationIdReserved(String),
    #[error("there is an operation of this id, and another was proposed")]
    IdConflict,
    #[error("a proposal waits for 60 to 86400 seconds, and not for {0}")]
    ExpiryOutOfRange(u32),
    #[error("who has proposed an operation does not confirm it")]
    FourEyes,
    #[error("nobody has confirmed the proposal in time")]
    ProposalExpired,
    #[error("{command} is not possible: the operation is {state}")]
    InvalidTransition {
        command: &'static str,
        state: &'static str,
    },
}

impl OperationRejection {
    pub const OPERATION_ID_INVALID: Code = Code::new("OPERATION_ID_INVALID", Kind::Unprocessable);
    pub const ID_CONFLICT: Code = Code::new("ID_CONFLICT", Kind::Conflict);
    pub const EXPIRY_OUT_OF_RANGE: Code = Code::new("EXPIRY_OUT_OF_RANGE", Kind::Unprocessable);
    pub const FOUR_EYES: Code = Code::new("FOUR_EYES", Kind::Unprocessable);
    pub const PROPOSAL_EXPIRED: Code = Code::new("PROPOSAL_EXPIRED", Kind::Conflict);
    pub const INVALID_TRANSITION: Code = Code::new("INVALID_TRANSITION", Kind::Conflict);

    /// Every code of this context.
    pub const ALL: &[Code] = &[
        Self::OPERATION_ID_INVALID,
        Self::ID_CONFLICT,
        Self::EXPIRY_OUT_OF_RANGE,
        Self::FOUR_EYES,
        Self::PROPOSAL_EXPIRED,
        Self::INVALID_TRANSITION,
    ];
}

impl Rejection for OperationRejection {
    const CODES: &'static [Code] = Self::ALL;

    fn code(&self) -> Code {
        match self {
            Self::OperationIdInvalid(_) | Self::OperationIdReserved(_) => {
                Self::OPERATION_ID_INVALID
            }
            Self::IdConflict => Self::ID_CONFLICT,
            Self::ExpiryOutOfRange(_) => Self::EXPIRY_OUT_OF_RANGE,
            Self::FourEyes => Self::FOUR_EYES,
            Self::ProposalExpired => Self::PROPOSAL_EXPIRED,
            Self::InvalidTransition { .. } => Self::INVALID_TRANSITION,
        }
    }
}
