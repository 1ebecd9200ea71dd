//! What can be asked of a trade.

use kernel::{Currency, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::amount::{Fee, Multiplier, Price, Quantity};
use super::event::{Report, Resolution};
use super::execution::{Execution, Values};
use super::label::{Account, Book, ExecId, Instrument, Note, TradeId};
use super::terms::{LotMethod, LotSelection, Side, Terms};

/// A command; the record's key names the trade.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data")]
pub enum TradeCommand {
    BookTrade(NewTerms),
    RecordFill(RecordFill),
    CancelTrade(CancelTrade),
    AmendTrade(AmendTrade),
    CorrectFill(CorrectFill),
    BustFill(BustFill),
    SettleBreak(SettleBreak),
    NoteRefusal(NoteRefusal),
}

impl TradeCommand {
    /// The name it travels under.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::BookTrade(_) => "BookTrade",
            Self::RecordFill(_) => "RecordFill",
            Self::CancelTrade(_) => "CancelTrade",
            Self::AmendTrade(_) => "AmendTrade",
            Self::CorrectFill(_) => "CorrectFill",
            Self::BustFill(_) => "BustFill",
            Self::SettleBreak(_) => "SettleBreak",
            Self::NoteRefusal(_) => "NoteRefusal",
        }
    }
}

/// Terms as a command brings them. Unlike [`Terms`] in an event, an unknown field is refused: a
/// misspelt `lot_method` must not become the default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTerms {
    pub account: Account,
    pub book: Book,
    pub instrument: Instrument,
    pub side: Side,
    pub quantity: Quantity,
    pub price: Price,
    pub currency: Currency,
    #[serde(default = "Multiplier::one")]
    pub multiplier: Multiplier,
    pub traded_at: Timestamp,
    /// The account's configured method, stamped by the sender of the booking.
    #[serde(default)]
    pub lot_method: LotMethod,
}

impl From<&NewTerms> for Terms {
    fn from(new: &NewTerms) -> Self {
        Self {
            account: new.account.clone(),
            book: new.book.clone(),
            instrument: new.instrument.clone(),
            side: new.side,
            quantity: new.quantity,
            price: new.price,
            currency: new.currency.clone(),
            multiplier: new.multiplier,
            traded_at: new.traded_at,
            lot_method: new.lot_method,
        }
    }
}

/// An execution as the market reports it (ExecType F).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordFill {
    pub exec_id: ExecId,
    pub quantity: Quantity,
    pub price: Price,
    pub fee: Fee,
    /// FIX CommCurrency(479), where the fee is not in the trade's currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee_currency: Option<Currency>,
    pub traded_at: Timestamp,
    /// The source's own number, which orders executions of one instant, such as the line of a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_sequence: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lots: Option<LotSelection>,
}

impl RecordFill {
    pub(crate) fn execution(&self) -> Execution {
        Execution {
            values: Values {
                quantity: self.quantity,
                price: self.price,
                fee: self.fee,
            },
            fee_currency: self.fee_currency.clone(),
            traded_at: self.traded_at,
            source_sequence: self.source_sequence,
            lots: self.lots.clone(),
        }
    }
}

/// Takes back what is not yet filled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelTrade {}

/// Replaces all terms (trade capture report, TradeReportTransType 2; cancel/replace of an order). Once
/// something is filled only quantity and price may change, the quantity not below what is filled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AmendTrade {
    /// The version the amender saw: terms are replaced whole, so a blind one would undo another's.
    pub expected_version: u64,
    pub terms: NewTerms,
}

/// States what a recorded fill really was (ExecType G); its fee is in the currency that it was in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectFill {
    pub exec_id: ExecId,
    pub quantity: Quantity,
    pub price: Price,
    pub fee: Fee,
}

impl CorrectFill {
    pub(crate) fn values(&self) -> Values {
        Values {
            quantity: self.quantity,
            price: self.price,
            fee: self.fee,
        }
    }
}

/// States that a recorded fill never was (ExecType H).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BustFill {
    pub exec_id: ExecId,
}

/// Decides what a break comes to. The person who reported the execution cannot do it alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SettleBreak {
    pub exec_id: ExecId,
    pub resolution: Resolution,
    /// The trade that the execution is of; with `hand_over` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<TradeId>,
    /// Why: at most 500 bytes.
    pub note: Note,
}

/// The position of the trade has refused what the trade reported of a fill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteRefusal {
    pub exec_id: ExecId,
    pub report: Report,
    /// The position's code, such as `LOT_LIMIT`.
    pub code: Box<str>,
    pub detail: Box<str>,
}
