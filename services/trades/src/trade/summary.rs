//! The shape of a query's answer.

use kernel::{Actor, AggregateId, Currency, Decimal, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::amount::{Fee, Multiplier, Price, Quantity};
use super::event::{Report, Resolution};
use super::label::{Account, Book, ExecId, Instrument, Note, TradeId};
use super::stage::TradeState;
use super::terms::{LotMethod, Side};

/// The whole state of a trade.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TradeSummary {
    pub trade_id: TradeId,
    pub state: TradeState,
    pub version: u64,
    pub account: Account,
    pub book: Book,
    pub instrument: Instrument,
    pub side: Side,
    /// What was asked for, as amended.
    pub ordered_quantity: Decimal,
    /// What is not filled was cancelled.
    pub cancelled: bool,
    /// OrderQty as it is now; cancelling the remainder cuts it to what is filled.
    pub quantity: Decimal,
    pub price: Price,
    pub currency: Currency,
    pub multiplier: Multiplier,
    pub traded_at: Timestamp,
    pub lot_method: LotMethod,
    /// CumQty.
    pub cum_quantity: Decimal,
    /// LeavesQty: what may still be filled; 0 when the trade is over.
    pub leaves_quantity: Decimal,
    /// Sum of quantity × price over the fills that count; `null` from when 77 digits could not hold it.
    pub gross_amount: Option<Decimal>,
    /// AvgPx rounded half-even to 9 places, for display only; `null` before the first fill.
    pub average_price: Option<Decimal>,
    /// In the order they were recorded.
    pub fills: Vec<FillView>,
    pub breaks: Vec<BreakView>,
    pub booked_by: Actor,
    pub alloc_status: AllocStatus,
    pub confirm_status: ConfirmStatus,
    pub settle_status: SettleStatus,
    /// What the booking was about, such as a conversation.
    pub correlation: Option<AggregateId>,
}

/// A fill with the values it has now; a busted one shows its last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FillView {
    pub exec_id: ExecId,
    pub quantity: Quantity,
    pub price: Price,
    pub fee: Fee,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee_currency: Option<Currency>,
    pub traded_at: Timestamp,
    pub status: FillStatus,
    /// Version of the trade that last touched it.
    pub version: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FillStatus {
    Effective,
    Corrected,
    Busted,
}

/// An execution that the trade could not take, or its position; with the values the trade has of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BreakView {
    pub kind: BreakKind,
    pub exec_id: ExecId,
    /// What the position refused, and why.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<RefusalView>,
    pub quantity: Quantity,
    pub price: Price,
    pub fee: Fee,
    pub traded_at: Timestamp,
    /// Version of the trade that raised it, and when.
    pub version: u64,
    pub raised_at: Timestamp,
    /// Version of the trade that took the execution after all, busted what its position refused, or
    /// records a person's decision.
    pub resolved_version: Option<u64>,
    /// The decision, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Resolution>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RefusalView {
    pub report: Report,
    pub code: Box<str>,
    pub detail: Box<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BreakKind {
    Overfill,
    Unmatched,
    /// The position refused what the trade reports.
    Refused,
}

/// How far the fills are given to accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AllocStatus {
    #[default]
    None,
}

/// How far the counterparty agrees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ConfirmStatus {
    #[default]
    None,
}

/// How far cash and units have changed hands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SettleStatus {
    #[default]
    None,
}
