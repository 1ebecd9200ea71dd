//! Why a command is refused; nothing has then changed.

use kernel::decimal::Inexact;
use kernel::{Code, Currency, Decimal, Rejection};

use crate::lots::execution::ExecId;
use crate::lots::split::SplitId;

use super::command::SettlementId;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PositionRejection {
    #[error("position key must be account/book/instrument")]
    KeyMalformed,
    #[error("nothing was ever traded in this position")]
    NotTraded,
    #[error("execution {0} is known with other content")]
    ExecIdConflict(ExecId),
    #[error("execution {0} is not known here")]
    FillUnknown(ExecId),
    #[error("execution {0} was busted")]
    FillBusted(ExecId),
    #[error("split {0} is known with other content")]
    SplitIdConflict(SplitId),
    #[error("split {0} is not known here")]
    SplitUnknown(SplitId),
    #[error("position has {max} splits that wait for their day and takes no more")]
    SplitLimit { max: usize },
    #[error("a split rounds fractions up or pays them in cash, not both")]
    SplitContradicts,
    #[error("execution {0} has no open break of this kind")]
    BreakNotOpen(ExecId),
    #[error("settlement {0} is known with other content")]
    SettlementIdConflict(SettlementId),
    #[error("position is kept in {kept}, not in {asked}")]
    CurrencyMismatch { kept: Currency, asked: Currency },
    #[error("position has multiplier {kept}, not {asked}")]
    MultiplierMismatch { kept: Decimal, asked: Decimal },
    #[error("quantity {0} is not admitted: above zero, at most 18 decimal places")]
    QuantityOutOfRange(Decimal),
    #[error("settled quantity {0} is not admitted: not zero, at most 18 decimal places")]
    SettledOutOfRange(Decimal),
    #[error("price {0} has more than 18 decimal places")]
    PriceTooFine(Decimal),
    #[error("fee {0} has more than 18 decimal places")]
    FeeTooFine(Decimal),
    #[error("multiplier {0} is not admitted: above zero, at most 18 decimal places")]
    MultiplierOutOfRange(Decimal),
    #[error("lot selection names a lot twice, or more than 1000 lots")]
    SelectionMalformed,
    #[error("lot selection of {0} does not fit the open lots")]
    LotsNotOpen(ExecId),
    #[error("position has {max} open lots and takes no more")]
    LotLimit { max: usize },
    #[error("an amount would need more than 77 significant digits")]
    AmountInexact,
}

impl Rejection for PositionRejection {
    const CODES: &'static [Code] = codes::ALL;

    fn code(&self) -> Code {
        match self {
            Self::KeyMalformed => codes::POSITION_KEY_MALFORMED,
            Self::NotTraded => codes::POSITION_NOT_TRADED,
            Self::ExecIdConflict(_) => codes::EXEC_ID_CONFLICT,
            Self::FillUnknown(_) => codes::FILL_UNKNOWN,
            Self::FillBusted(_) => codes::FILL_BUSTED,
            Self::SplitIdConflict(_) => codes::SPLIT_ID_CONFLICT,
            Self::SplitUnknown(_) => codes::SPLIT_UNKNOWN,
            Self::SplitLimit { .. } => codes::SPLIT_LIMIT,
            Self::SplitContradicts => codes::SPLIT_CONTRADICTS,
            Self::BreakNotOpen(_) => codes::BREAK_NOT_OPEN,
            Self::SettlementIdConflict(_) => codes::SETTLEMENT_ID_CONFLICT,
            Self::CurrencyMismatch { .. } => codes::CURRENCY_MISMATCH,
            Self::MultiplierMismatch { .. } => codes::MULTIPLIER_MISMATCH,
            Self::QuantityOutOfRange(_) | Self::SettledOutOfRange(_) => {
                codes::QUANTITY_OUT_OF_RANGE
            }
            Self::PriceTooFine(_) => codes::PRICE_TOO_FINE,
            Self::FeeTooFine(_) => codes::FEE_TOO_FINE,
            Self::MultiplierOutOfRange(_) => codes::MULTIPLIER_OUT_OF_RANGE,
            Self::SelectionMalformed => codes::LOT_SELECTION_MALFORMED,
            Self::LotsNotOpen(_) => codes::LOTS_NOT_OPEN,
            Self::LotLimit { .. } => codes::LOT_LIMIT,
            Self::AmountInexact => codes::AMOUNT_INEXACT,
        }
    }
}

impl From<Inexact> for PositionRejection {
    fn from(Inexact: Inexact) -> Self {
        Self::AmountInexact
    }
}

/// The codes of this context; each has its page in `docs/errors`.
pub mod codes {
    use kernel::{Code, Kind};

    pub const POSITION_KEY_MALFORMED: Code =
        Code::new("POSITION_KEY_MALFORMED", Kind::Unprocessable);
    pub const POSITION_NOT_TRADED: Code = Code::new("POSITION_NOT_TRADED", Kind::Conflict);
    pub const EXEC_ID_CONFLICT: Code = Code::new("EXEC_ID_CONFLICT", Kind::Conflict);
    pub const FILL_UNKNOWN: Code = Code::new("FILL_UNKNOWN", Kind::Unprocessable);
    pub const FILL_BUSTED: Code = Code::new("FILL_BUSTED", Kind::Conflict);
    pub const SPLIT_ID_CONFLICT: Code = Code::new("SPLIT_ID_CONFLICT", Kind::Conflict);
    pub const SPLIT_UNKNOWN: Code = Code::new("SPLIT_UNKNOWN", Kind::Unprocessable);
    pub const SPLIT_LIMIT: Code = Code::new("SPLIT_LIMIT", Kind::Unprocessable);
    pub const SPLIT_CONTRADICTS: Code = Code::new("SPLIT_CONTRADICTS", Kind::Unprocessable);
    pub const BREAK_NOT_OPEN: Code = Code::new("BREAK_NOT_OPEN", Kind::Conflict);
    pub const SETTLEMENT_ID_CONFLICT: Code = Code::new("SETTLEMENT_ID_CONFLICT", Kind::Conflict);
    pub const CURRENCY_MISMATCH: Code = Code::new("CURRENCY_MISMATCH", Kind::Conflict);
    pub const MULTIPLIER_MISMATCH: Code = Code::new("MULTIPLIER_MISMATCH", Kind::Conflict);
    pub const QUANTITY_OUT_OF_RANGE: Code = Code::new("QUANTITY_OUT_OF_RANGE", Kind::Unprocessable);
    pub const PRICE_TOO_FINE: Code = Code::new("PRICE_TOO_FINE", Kind::Unprocessable);
    pub const FEE_TOO_FINE: Code = Code::new("FEE_TOO_FINE", Kind::Unprocessable);
    pub const MULTIPLIER_OUT_OF_RANGE: Code =
        Code::new("MULTIPLIER_OUT_OF_RANGE", Kind::Unprocessable);
    pub const LOT_SELECTION_MALFORMED: Code =
        Code::new("LOT_SELECTION_MALFORMED", Kind::Unprocessable);
    pub const LOTS_NOT_OPEN: Code = Code::new("LOTS_NOT_OPEN", Kind::Conflict);
    pub const LOT_LIMIT: Code = Code::new("LOT_LIMIT", Kind::Unprocessable);
    pub const AMOUNT_INEXACT: Code = Code::new("AMOUNT_INEXACT", Kind::Unprocessable);

    /// Every code of this module, for the documentation test.
    pub const ALL: &[Code] = &[
        POSITION_KEY_MALFORMED,
        POSITION_NOT_TRADED,
        EXEC_ID_CONFLICT,
        FILL_UNKNOWN,
        FILL_BUSTED,
        SPLIT_ID_CONFLICT,
        SPLIT_UNKNOWN,
        SPLIT_LIMIT,
        SPLIT_CONTRADICTS,
        BREAK_NOT_OPEN,
        SETTLEMENT_ID_CONFLICT,
        CURRENCY_MISMATCH,
        MULTIPLIER_MISMATCH,
        QUANTITY_OUT_OF_RANGE,
        PRICE_TOO_FINE,
        FEE_TOO_FINE,
        MULTIPLIER_OUT_OF_RANGE,
        LOT_SELECTION_MALFORMED,
        LOTS_NOT_OPEN,
        LOT_LIMIT,
        AMOUNT_INEXACT,
    ];
}
