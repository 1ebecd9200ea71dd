//! Why a trade rejects a command. Each code has a page under `docs/errors`.

use kernel::label::BadLabel;
use kernel::{Actor, Code, Decimal, Kind, Rejection, Timestamp};

use super::label::ExecId;
use super::stage::TradeState;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TradeRejection {
    #[error("{command} is not possible while the trade is {state} (version {version})")]
    InvalidTransition {
        state: TradeState,
        command: &'static str,
        version: u64,
    },
    #[error("a trade with this id was booked with other terms")]
    IdConflict,
    #[error("the trade id cannot be one segment of a path")]
    TradeIdInvalid(#[source] BadLabel),
    #[error("the trade is at version {actual}, the amendment expects {expected}")]
    VersionConflict { expected: u64, actual: u64 },
    #[error("execution {exec_id} was reported before with other content")]
    ExecIdConflict { exec_id: ExecId },
    #[error("the trade has {max} executions and takes no more")]
    ExecutionLimit { max: usize },
    #[error("the amount of execution {exec_id} needs more than 77 significant digits")]
    AmountInexact { exec_id: ExecId },
    #[error("the trade has no fill {exec_id}")]
    FillUnknown { exec_id: ExecId },
    #[error("fill {exec_id} is busted and cannot be corrected")]
    FillBusted { exec_id: ExecId },
    #[error("fill {exec_id} was recorded by {actor} and needs a second person")]
    FourEyes { exec_id: ExecId, actor: Actor },
    #[error("something is filled: only quantity and price can be amended")]
    TermsFixed,
    #[error("the amendment asks for {quantity}, and {cum_quantity} is filled already")]
    AmendmentBelowFilled {
        quantity: Decimal,
        cum_quantity: Decimal,
    },
    #[error("execution {exec_id} has no open break")]
    BreakNotOpen { exec_id: ExecId },
    #[error("an execution that the trade could not take is handed over, to another trade in `to`")]
    NotHandedOver,
    #[error("traded at {traded_at}, which is more than a day ahead")]
    TradedAhead { traded_at: Timestamp },
    #[error(
        "the correction would bring the filled quantity to {cum_quantity} of {order_quantity} ordered"
    )]
    CorrectionOverfills {
        cum_quantity: Decimal,
        order_quantity: Decimal,
    },
}

impl TradeRejection {
    pub const INVALID_TRANSITION: Code = Code::new("INVALID_TRANSITION", Kind::Conflict);
    pub const ID_CONFLICT: Code = Code::new("ID_CONFLICT", Kind::Conflict);
    pub const TRADE_ID_INVALID: Code = Code::new("TRADE_ID_INVALID", Kind::Unprocessable);
    pub const EXEC_ID_CONFLICT: Code = Code::new("EXEC_ID_CONFLICT", Kind::Conflict);
    pub const EXECUTION_LIMIT: Code = Code::new("EXECUTION_LIMIT", Kind::Unprocessable);
    pub const AMOUNT_INEXACT: Code = Code::new("AMOUNT_INEXACT", Kind::Unprocessable);
    pub const FILL_UNKNOWN: Code = Code::new("FILL_UNKNOWN", Kind::Unprocessable);
    pub const FILL_BUSTED: Code = Code::new("FILL_BUSTED", Kind::Conflict);
    pub const FOUR_EYES: Code = Code::new("FOUR_EYES", Kind::Unprocessable);
    pub const TERMS_FIXED: Code = Code::new("TERMS_FIXED", Kind::Unprocessable);
    pub const AMENDMENT_BELOW_FILLED: Code =
        Code::new("AMENDMENT_BELOW_FILLED", Kind::Unprocessable);
    pub const BREAK_NOT_OPEN: Code = Code::new("BREAK_NOT_OPEN", Kind::Conflict);
    pub const BREAK_NOT_HANDED_OVER: Code = Code::new("BREAK_NOT_HANDED_OVER", Kind::Unprocessable);
    pub const TRADED_AHEAD: Code = Code::new("TRADED_AHEAD", Kind::Unprocessable);
    pub const CORRECTION_OVERFILLS: Code = Code::new("CORRECTION_OVERFILLS", Kind::Unprocessable);

    /// Every code of this context; a stale version has the platform's own.
    pub const ALL: &[Code] = &[
        Self::INVALID_TRANSITION,
        Self::ID_CONFLICT,
        Self::TRADE_ID_INVALID,
        Self::EXEC_ID_CONFLICT,
        Self::EXECUTION_LIMIT,
        Self::AMOUNT_INEXACT,
        Self::FILL_UNKNOWN,
        Self::FILL_BUSTED,
        Self::FOUR_EYES,
        Self::TERMS_FIXED,
        Self::AMENDMENT_BELOW_FILLED,
        Self::BREAK_NOT_OPEN,
        Self::BREAK_NOT_HANDED_OVER,
        Self::TRADED_AHEAD,
        Self::CORRECTION_OVERFILLS,
    ];
}

impl Rejection for TradeRejection {
    const CODES: &'static [Code] = Self::ALL;

    fn code(&self) -> Code {
        match self {
            Self::InvalidTransition { .. } => Self::INVALID_TRANSITION,
            Self::IdConflict => Self::ID_CONFLICT,
            Self::TradeIdInvalid(_) => Self::TRADE_ID_INVALID,
            Self::VersionConflict { .. } => kernel::code::platform::VERSION_CONFLICT,
            Self::ExecIdConflict { .. } => Self::EXEC_ID_CONFLICT,
            Self::ExecutionLimit { .. } => Self::EXECUTION_LIMIT,
            Self::AmountInexact { .. } => Self::AMOUNT_INEXACT,
            Self::FillUnknown { .. } => Self::FILL_UNKNOWN,
            Self::FillBusted { .. } => Self::FILL_BUSTED,
            Self::FourEyes { .. } => Self::FOUR_EYES,
            Self::TermsFixed => Self::TERMS_FIXED,
            Self::AmendmentBelowFilled { .. } => Self::AMENDMENT_BELOW_FILLED,
            Self::BreakNotOpen { .. } => Self::BREAK_NOT_OPEN,
            Self::NotHandedOver => Self::BREAK_NOT_HANDED_OVER,
            Self::TradedAhead { .. } => Self::TRADED_AHEAD,
            Self::CorrectionOverfills { .. } => Self::CORRECTION_OVERFILLS,
        }
    }
}
