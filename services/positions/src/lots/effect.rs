//! What an execution does to a position.

use kernel::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::execution::Execution;
use super::lot::{Lot, Match};
use super::terms::LotMethod;

/// The sums of a position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Totals {
    /// Signed: negative when short.
    pub quantity: Decimal,
    /// Exact and signed like the quantity (at positive prices): what the open lots were opened for.
    pub cost: Decimal,
    /// Over all cycles, before fees.
    pub realised_gross: Decimal,
    /// Over all cycles.
    pub fees: Decimal,
    pub cycle: Cycle,
}

/// From an opening out of flat to the next close. The figures of a closed cycle stay until the next
/// one opens; the sums over all cycles are those of [`Totals`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cycle {
    /// 1, 2, 3 …; 0 before anything was opened.
    pub number: u64,
    pub realised_gross: Decimal,
    pub fees: Decimal,
}

/// An execution, or its part after a flip's close, that opens a lot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Increase {
    /// The execution as a whole.
    pub execution: Execution,
    /// Signed change of the position: the execution's own, or what a flip leaves to open.
    pub quantity: Decimal,
    /// Added to the cost.
    pub cost: Decimal,
    /// The execution's own, or this part's share of it.
    pub fee: Decimal,
    pub after: Totals,
}

/// An execution, or its first part in a flip, that consumes lots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reduction {
    /// The execution as a whole.
    pub execution: Execution,
    /// Signed change of the position: the execution's own, or what a flip closes.
    pub quantity: Decimal,
    /// The lots it took, all of them when it closes.
    pub matched: Vec<Match>,
    /// The cost that went with them, signed.
    pub consumed: Decimal,
    /// `−quantity · price · multiplier − consumed`.
    pub realised: Decimal,
    /// The execution's own, or this part's share of it.
    pub fee: Decimal,
    pub after: Totals,
}

/// What an execution does. A flip does two things: it closes, then it opens.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Effect {
    Opened(Increase),
    Increased(Increase),
    Reduced(Reduction),
    Closed(Reduction),
}

/// The effects of one execution.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Effects {
    pub(crate) first: Effect,
    /// The opening part of a flip.
    pub(crate) second: Option<Effect>,
    /// Whether the lots that the execution names, if its method asks for them, are those it took.
    pub(crate) selection_heeded: bool,
}

impl Increase {
    /// The lot it opens.
    pub(crate) fn lot(&self, method: LotMethod) -> Lot {
        Lot {
            exec_id: self.execution.exec_id.clone(),
            trade_id: self.execution.trade_id.clone(),
            traded_at: self.execution.traded_at,
            source_sequence: self.execution.source_sequence,
            report_number: self.execution.report_number,
            quantity: self.quantity,
            cost: (method != LotMethod::Average).then_some(self.cost),
            price: self.execution.price,
            price_rounded: false,
        }
    }
}

impl Effect {
    pub(crate) fn after(&self) -> Totals {
        match self {
            Self::Opened(increase) | Self::Increased(increase) => increase.after,
            Self::Reduced(reduction) | Self::Closed(reduction) => reduction.after,
        }
    }
}

impl Effects {
    /// Whether the execution left a lot behind.
    pub(crate) fn opens(&self) -> bool {
        self.second.is_some() || matches!(self.first, Effect::Opened(_) | Effect::Increased(_))
    }
}
