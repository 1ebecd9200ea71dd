//! What was executed, as the venue reported it.

use kernel::decimal::Inexact;
use kernel::{Alphabet, Decimal, Timestamp, labels};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

labels! {
    /// FIX ExecID(17): names one execution of the position for ever, also after a bust.
    pub ExecId / ExecIdKind: "exec id", 64, Alphabet::GRAPHIC;
    /// The trade that an execution fills.
    pub TradeId / TradeIdKind: "trade id", 64, Alphabet::SEGMENT;
}

/// FIX Side(54).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Side {
    Buy,
    Sell,
}

/// A part of an open lot, chosen by its owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Selected {
    /// The execution that opened the lot.
    pub exec_id: ExecId,
    /// Above zero.
    pub quantity: Decimal,
}

/// One execution (FIX ExecutionReport, `ExecType=F`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Execution {
    pub exec_id: ExecId,
    /// None in what was recorded before trades were named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trade_id: Option<TradeId>,
    pub side: Side,
    /// LastQty(32): above zero, at most 8 decimal places.
    pub quantity: Decimal,
    /// LastPx(31): of either sign, at most 9 decimal places.
    pub price: Decimal,
    /// In the position's currency; negative when it is a rebate.
    pub fee: Decimal,
    pub traded_at: Timestamp,
    /// The lots to reduce; heeded under SPECID, kept under every method.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub lots: Box<[Selected]>,
}

impl Execution {
    /// The quantity with its sign: positive when bought.
    pub(crate) fn delta(&self) -> Decimal {
        match self.side {
            Side::Buy => self.quantity,
            Side::Sell => self.quantity.negated(),
        }
    }
}

/// `quantity · price · multiplier`.
///
/// # Errors
/// [`Inexact`] when the product needs more digits than there are.
pub(crate) fn money(
    quantity: Decimal,
    price: Decimal,
    multiplier: Decimal,
) -> Result<Decimal, Inexact> {
    let value = quantity.times(price)?;
    if multiplier == Decimal::ONE {
        Ok(value)
    } else {
        value.times(multiplier)
    }
}

/// Whether both are on the same side of zero; zero is on neither.
pub(crate) fn same_side(left: Decimal, right: Decimal) -> bool {
    (left.is_positive() && right.is_positive()) || (left.is_negative() && right.is_negative())
}
