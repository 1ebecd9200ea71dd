//! An open lot, and what a reduction takes of it.

use kernel::decimal::Inexact;
use kernel::{Decimal, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::execution::{ExecId, TradeId, money};
use super::share::fine_share;

/// What is left of one opening execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lot {
    pub exec_id: ExecId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trade_id: Option<TradeId>,
    pub traded_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_sequence: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report_number: Option<u64>,
    /// Signed: negative in a short position.
    pub quantity: Decimal,
    /// Exact and signed; none under AVERAGE, where the cost belongs to the pool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Decimal>,
    /// Price at which it was opened; after splits to 12 decimal places.
    pub price: Decimal,
    /// A split left a cost that is not `quantity · price · multiplier` to the last digit.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub price_rounded: bool,
}

/// What a reduction took of one lot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Match {
    pub exec_id: ExecId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trade_id: Option<TradeId>,
    pub traded_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_sequence: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report_number: Option<u64>,
    /// Signed like the lot.
    pub quantity: Decimal,
    /// The lot's cost that went with it; none under AVERAGE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Decimal>,
    /// What stays open; none when the lot is used up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Left>,
}

/// The rest of a lot after a match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Left {
    pub quantity: Decimal,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Decimal>,
}

impl Lot {
    /// What taking `quantity` (signed like the lot, at most all of it) takes.
    ///
    /// Of a lot whose price was rounded by a split, the cost taken is rounded and the remainder
    /// stays in the lot: the parts add up to the whole whatever they are rounded to.
    ///
    /// # Errors
    /// [`Inexact`] when a part needs more digits than there are.
    pub(crate) fn take(&self, quantity: Decimal, multiplier: Decimal) -> Result<Match, Inexact> {
        let whole = quantity == self.quantity;
        let cost = match self.cost {
            Some(cost) if !whole => Some(self.cost_of(cost, quantity, multiplier)?),
            all_or_pooled => all_or_pooled,
        };
        let left = if whole {
            None
        } else {
            Some(self.without(quantity, cost)?)
        };
        Ok(Match {
            exec_id: self.exec_id.clone(),
            trade_id: self.trade_id.clone(),
            traded_at: self.traded_at,
            source_sequence: self.source_sequence,
            report_number: self.report_number,
            quantity,
            cost,
            left,
        })
    }

    fn cost_of(
        &self,
        cost: Decimal,
        quantity: Decimal,
        multiplier: Decimal,
    ) -> Result<Decimal, Inexact> {
        if self.price_rounded {
            fine_share(cost, quantity, self.quantity)
        } else {
            money(quantity, self.price, multiplier)
        }
    }

    fn without(&self, quantity: Decimal, taken: Option<Decimal>) -> Result<Left, Inexact> {
        let cost = match (self.cost, taken) {
            (Some(cost), Some(taken)) => Some(cost.minus(taken)?),
            _ => None,
        };
        Ok(Left {
            quantity: self.quantity.minus(quantity)?,
            cost,
        })
    }
}
