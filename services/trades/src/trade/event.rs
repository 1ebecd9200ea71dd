//! What happened to a trade. A shipped event never changes its shape.

use cqrs_es::DomainEvent;
use kernel::{Actor, Currency, Decimal, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::amount::{Fee, Multiplier, Price, Quantity};
use super::label::{Account, Book, ExecId, Instrument, Note, TradeId};
use super::terms::{LotMethod, LotSelection, Side, Terms};

/// An event; its version, time and cause are in the record around it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data")]
pub enum TradeEvent {
    TradeBooked(TradeBooked),
    FillRecorded(FillRecorded),
    /// Follows the event that brought LeavesQty to zero.
    TradeExecuted(TradeExecuted),
    /// An execution beyond OrderQty: a break, the trade stands as it stood.
    OverfillRaised(StrayFill),
    /// An execution beyond what was ordered, of a trade that was cancelled: a break, the trade stands as
    /// it stood.
    UnmatchedFill(StrayFill),
    TradeCancelled(TradeCancelled),
    RemainderCancelled(RemainderCancelled),
    TradeAmended(TradeAmended),
    FillCorrected(FillCorrected),
    FillBusted(FillBusted),
    /// The position does not have what the trade says of a fill: a break, both stand as they stood.
    PositionRefused(PositionRefused),
    /// What the position has refused is reported to it once more.
    FillResubmitted(Box<FillResubmitted>),
    /// Somebody has decided what a break comes to.
    BreakSettled(BreakSettled),
}

impl TradeEvent {
    fn name(&self) -> &'static str {
        match self {
            Self::TradeBooked(_) => "TradeBooked",
            Self::FillRecorded(_) => "FillRecorded",
            Self::TradeExecuted(_) => "TradeExecuted",
            Self::OverfillRaised(_) => "OverfillRaised",
            Self::UnmatchedFill(_) => "UnmatchedFill",
            Self::TradeCancelled(_) => "TradeCancelled",
            Self::RemainderCancelled(_) => "RemainderCancelled",
            Self::TradeAmended(_) => "TradeAmended",
            Self::FillCorrected(_) => "FillCorrected",
            Self::FillBusted(_) => "FillBusted",
            Self::PositionRefused(_) => "PositionRefused",
            Self::FillResubmitted(_) => "FillResubmitted",
            Self::BreakSettled(_) => "BreakSettled",
        }
    }
}

impl DomainEvent for TradeEvent {
    fn event_type(&self) -> String {
        self.name().to_owned()
    }

    fn event_version(&self) -> String {
        match self {
            // Since an instrument may hold blanks, a decimal 77 digits, and a source may number its
            // executions.
            Self::TradeBooked(_)
            | Self::TradeAmended(_)
            | Self::FillRecorded(_)
            | Self::TradeExecuted(_)
            | Self::OverfillRaised(_)
            | Self::UnmatchedFill(_)
            | Self::TradeCancelled(_)
            | Self::RemainderCancelled(_)
            | Self::FillCorrected(_)
            | Self::FillBusted(_) => "2",
            Self::PositionRefused(_) | Self::FillResubmitted(_) | Self::BreakSettled(_) => "1",
        }
        .to_owned()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TradeBooked {
    pub trade_id: TradeId,
    pub terms: Terms,
    pub booked_by: Actor,
}

/// An execution and all a position needs to know of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FillRecorded {
    pub exec_id: ExecId,
    pub account: Account,
    pub book: Book,
    pub instrument: Instrument,
    pub side: Side,
    pub quantity: Quantity,
    pub price: Price,
    pub fee: Fee,
    /// Where it is not the trade's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee_currency: Option<Currency>,
    pub multiplier: Multiplier,
    pub currency: Currency,
    pub traded_at: Timestamp,
    /// The source's own number, which orders executions of one instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_sequence: Option<u64>,
    pub lot_method: LotMethod,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lots: Option<LotSelection>,
    pub cum_quantity: Decimal,
    pub leaves_quantity: Decimal,
    /// Who may not correct or bust it alone.
    pub recorded_by: Actor,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TradeExecuted {
    pub cum_quantity: Decimal,
}

/// An execution that the trade cannot take and that a person must resolve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StrayFill {
    pub exec_id: ExecId,
    pub account: Account,
    pub book: Book,
    pub instrument: Instrument,
    pub side: Side,
    pub quantity: Quantity,
    pub price: Price,
    pub fee: Fee,
    /// Where it is not the trade's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee_currency: Option<Currency>,
    pub traded_at: Timestamp,
    /// The source's own number, which orders executions of one instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_sequence: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lots: Option<LotSelection>,
    pub order_quantity: Decimal,
    /// Without this execution.
    pub cum_quantity: Decimal,
    pub recorded_by: Actor,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TradeCancelled {
    /// OrderQty, none of which was filled.
    pub cancelled_quantity: Decimal,
    pub cancelled_by: Actor,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RemainderCancelled {
    /// LeavesQty until now.
    pub cancelled_quantity: Decimal,
    /// OrderQty from now on: what is filled.
    pub order_quantity: Decimal,
    pub cancelled_by: Actor,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TradeAmended {
    /// All terms as they are now.
    pub terms: Terms,
    pub amended_by: Actor,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FillCorrected {
    pub exec_id: ExecId,
    pub account: Account,
    pub book: Book,
    pub instrument: Instrument,
    /// These three are the fill's values from now on, as if it had been recorded with them.
    pub quantity: Quantity,
    pub price: Price,
    pub fee: Fee,
    /// Where it is not the trade's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee_currency: Option<Currency>,
    pub cum_quantity: Decimal,
    pub leaves_quantity: Decimal,
    pub corrected_by: Actor,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FillBusted {
    pub exec_id: ExecId,
    pub account: Account,
    pub book: Book,
    pub instrument: Instrument,
    pub cum_quantity: Decimal,
    pub leaves_quantity: Decimal,
    pub busted_by: Actor,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PositionRefused {
    pub exec_id: ExecId,
    pub report: Report,
    /// The position's code, such as `LOT_LIMIT`.
    pub code: Box<str>,
    pub detail: Box<str>,
}

/// A fill with the values it has now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FillResubmitted {
    /// What the position has refused of it.
    pub report: Report,
    /// `recorded_by` is who submits it again.
    pub fill: FillRecorded,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BreakSettled {
    pub exec_id: ExecId,
    pub resolution: Resolution,
    pub note: Note,
    /// The execution, where another trade is to have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_over: Option<HandedOver>,
    pub settled_by: Actor,
}

/// What a break comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// Accepted: the order is raised to what was done, or the position gets the report once more.
    TakeIn,
    /// Not ours, or stays as it is.
    Refuse,
    /// It is of another trade.
    HandOver,
}

/// An execution on its way to the trade that it is of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HandedOver {
    pub to: TradeId,
    pub quantity: Quantity,
    pub price: Price,
    pub fee: Fee,
    /// Where it is not the trade's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee_currency: Option<Currency>,
    pub traded_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_sequence: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lots: Option<LotSelection>,
}

/// What a trade reports of a fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    Fill,
    Correction,
    Bust,
}
