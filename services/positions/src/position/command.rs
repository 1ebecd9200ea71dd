//! What can be asked of a position.

use std::num::NonZeroU32;

use kernel::{Alphabet, Currency, Decimal, Timestamp, labels};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::lots::breaks::Break;
use crate::lots::execution::{ExecId, Selected, Side, TradeId};
use crate::lots::split::SplitId;
use crate::lots::terms::LotMethod;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data")]
pub enum PositionCommand {
    ApplyFill(ApplyFill),
    CorrectFill(CorrectFill),
    BustFill(BustFill),
    ApplySplit(ApplySplit),
    WithdrawSplit(WithdrawSplit),
    SettleBreak(SettleBreak),
    ChangeLotMethod(ChangeLotMethod),
    RecordSettlement(RecordSettlement),
}

/// An execution happened. The first one fixes currency, multiplier and lot method, for as long as any
/// stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplyFill {
    pub exec_id: ExecId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trade_id: Option<TradeId>,
    pub side: Side,
    /// Above zero, at most 18 decimal places.
    pub quantity: Decimal,
    /// At most 18 decimal places. May be negative, as prices of spreads, power and oil have been: a
    /// fill is a fact, and every rule here holds for either sign.
    pub price: Decimal,
    /// Above zero, at most 18 decimal places; must be the position's.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub multiplier: Decimal,
    /// At most 18 decimal places; negative for a rebate.
    pub fee: Decimal,
    /// Where it is not the position's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee_currency: Option<Currency>,
    /// Must be the position's.
    pub currency: Currency,
    pub traded_at: Timestamp,
    /// The source's own number, which orders executions of one instant, such as a line of a file.
    /// Those without one come first, in the order of their reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_sequence: Option<u64>,
    /// The account's method as it was when the fill was recorded. Only that of the first fill that
    /// stands counts; after that the method changes by `ChangeLotMethod`, never in passing.
    #[serde(default)]
    pub lot_method: LotMethod,
    /// The lots to reduce under SPECID: each once, at most 1000, together at most what is closed.
    /// The oldest lots supply the rest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lots: Vec<Selected>,
}

/// The venue restated an execution (FIX `ExecType=G`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectFill {
    pub exec_id: ExecId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trade_id: Option<TradeId>,
    pub quantity: Decimal,
    pub price: Decimal,
    pub fee: Decimal,
    /// That of the fill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee_currency: Option<Currency>,
}

/// The venue cancelled an execution (FIX `ExecType=H`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BustFill {
    pub exec_id: ExecId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trade_id: Option<TradeId>,
}

/// `denominator` old units become `numerator` new ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplySplit {
    pub split_id: SplitId,
    pub numerator: NonZeroU32,
    pub denominator: NonZeroU32,
    /// Start of the ex-date: executions from then on are already in new units. Until then the split
    /// waits, and nothing is held in new units.
    pub ex_at: Timestamp,
    /// Price of a new unit at which fractions are paid in cash; without it fractions are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cash_in_lieu_price: Option<Decimal>,
    /// The issuer gives a whole unit for a fraction; not together with a price in lieu.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub round_up: bool,
}

/// The split is not to be, or was not what was said: as if it had never been entered. Its id is free
/// again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawSplit {
    pub split_id: SplitId,
}

/// Someone has looked at a break and takes the fill as it now is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SettleBreak {
    #[serde(rename = "break")]
    pub settled: Break,
    /// Why it is right as it is: at most 500 bytes.
    pub note: Note,
}

/// The account's method changed: the whole position is folded again under the new one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeLotMethod {
    pub lot_method: LotMethod,
}

labels! {
    /// A person's comment on a decision.
    pub Note / NoteKind: "note", 500, Alphabet::PROSE;
    /// Names one posting of the custodian.
    pub SettlementId / SettlementIdKind: "settlement id", 64, Alphabet::GRAPHIC;
}

/// Units were delivered. It is a fact of the custodian's books and is not measured against what was
/// traded: a difference shows as unsettled quantity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordSettlement {
    pub settlement_id: SettlementId,
    /// Positive when received, negative when delivered; not zero, at most 18 decimal places.
    pub quantity: Decimal,
}

fn one() -> Decimal {
    Decimal::ONE
}

fn is_one(multiplier: &Decimal) -> bool {
    *multiplier == Decimal::ONE
}
