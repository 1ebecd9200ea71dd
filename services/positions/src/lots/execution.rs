//! What was executed, as the venue reported it.

use std::collections::BTreeMap;

use kernel::decimal::Inexact;
use kernel::{Alphabet, Currency, Decimal, Timestamp, labels};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::terms::LotMethod;

labels! {
    /// FIX ExecID(17): names one execution of its trade permanently, also after a bust.
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

/// An execution by its own id and its trade. Neither is enough: venues give one id to the fills of
/// several orders, to both sides of a self match, and the next day again.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct ExecRef {
    pub exec_id: ExecId,
    /// None in what was recorded before trades were named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trade_id: Option<TradeId>,
}

/// A part of an open lot, chosen by its owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Selected {
    /// The execution that opened the lot.
    pub exec_id: ExecId,
    /// The trade of that execution; without it, the id must be that of one open lot only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trade_id: Option<TradeId>,
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
    /// LastQty(32): above zero, at most 18 decimal places.
    pub quantity: Decimal,
    /// LastPx(31): of either sign, at most 18 decimal places.
    pub price: Decimal,
    /// In the position's currency; negative when it is a rebate.
    pub fee: Decimal,
    /// Where the fee is not in the position's currency: then it is none of its fees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee_currency: Option<Currency>,
    pub traded_at: Timestamp,
    /// The source's own number, which orders executions of one instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_sequence: Option<u64>,
    /// Which of the position's executions to be reported: 1, 2, 3 …, never used again. None in what
    /// was recorded before reports were numbered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report_number: Option<u64>,
    /// The account's method as it was reported. The position takes that of the first report that
    /// stands; none where reports did not say, and the position's is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot_method: Option<LotMethod>,
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

    /// What it costs in the position's currency.
    pub(crate) fn own_fee(&self) -> Decimal {
        match self.fee_currency {
            None => self.fee,
            Some(_) => Decimal::ZERO,
        }
    }

    /// What it costs in another.
    pub(crate) fn other_fee(&self) -> Option<(&Currency, Decimal)> {
        Some((self.fee_currency.as_ref()?, self.fee))
    }

    /// What it is known by.
    #[must_use]
    pub fn name(&self) -> ExecRef {
        ExecRef {
            exec_id: self.exec_id.clone(),
            trade_id: self.trade_id.clone(),
        }
    }

    /// Whether both report the same: the place of an execution among others is no part of it.
    pub(crate) fn repeats(&self, other: &Self) -> bool {
        (self.side, self.quantity, self.price, self.fee)
            == (other.side, other.quantity, other.price, other.fee)
            && (self.traded_at, &self.lots) == (other.traded_at, &other.lots)
            && self.fee_currency == other.fee_currency
    }
}

impl ExecRef {
    pub(crate) fn new(trade_id: Option<&TradeId>, exec_id: &ExecId) -> Self {
        Self {
            exec_id: exec_id.clone(),
            trade_id: trade_id.cloned(),
        }
    }
}

/// The entry under a name. Where one side names no trade, being older than such names, the exec id
/// alone decides.
pub(crate) fn by_name<'a, T>(all: &'a BTreeMap<ExecRef, T>, name: &ExecRef) -> Option<&'a T> {
    all.get(name).or_else(|| by_id_alone(all, name))
}

fn by_id_alone<'a, T>(all: &'a BTreeMap<ExecRef, T>, name: &ExecRef) -> Option<&'a T> {
    let of_any_trade = ExecRef::new(None, &name.exec_id);
    if name.trade_id.is_some() {
        return all.get(&of_any_trade);
    }
    let (first, found) = all.range(&of_any_trade..).next()?;
    (first.exec_id == name.exec_id).then_some(found)
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
