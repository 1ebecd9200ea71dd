//! One trade of the demo day, command after command.

use kernel::{AggregateId, Timestamp};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::dice::Dice;

/// Cents as a decimal, such as `181.52`.
struct Cents(u32);

impl std::fmt::Display for Cents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// Who sends a command: a fill is corrected by another than recorded it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Trader,
    Venue,
    Control,
}

/// A command of the demo day.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) aggregate: AggregateId,
    pub(super) by: By,
    pub(super) kind: &'static str,
    pub(super) data: Box<RawValue>,
}

/// What the market does with a trade, decided when it is booked.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// Filled in so many parts.
    Filled(u32),
    /// Filled in so many parts of which the last never comes: the rest is cancelled.
    CutShort(u32),
    /// Filled at once, at a price that is corrected afterwards.
    Corrected,
    /// Filled at once by mistake.
    Busted,
}

/// The terms of a trade.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) id: AggregateId,
    pub(super) account: &'static str,
    pub(super) book: &'static str,
    pub(super) instrument: &'static str,
    pub(super) is_buy: bool,
    /// Round lots of a hundred.
    pub(super) lots: u32,
    /// Cents.
    pub(super) limit: u32,
}

/// A trade under way.
#[derive(Clone, Debug)]
pub(super) struct Ticket {
    pub(super) order: Order,
    fate: Fate,
    /// Commands sent.
    done: u32,
    filled_lots: u32,
    /// Price of the last fill, cents.
    reported: u32,
}

/// Shares of a round lot.
const LOT: u32 = 100;
/// Fee in hundredths of a cent per share: 0.0035, as in the sample file.
const FEE_PER_SHARE: u32 = 35;

impl Ticket {
    pub(super) fn new(order: Order, dice: &mut Dice) -> Self {
        let parts = dice.within(1..=3).min(order.lots);
        let fate = match dice.within(1..=100) {
            1..=84 => Fate::Filled(parts),
            85..=92 => Fate::CutShort(parts),
            93..=97 => Fate::Corrected,
            _ => Fate::Busted,
        };
        Self {
            order,
            fate,
            done: 0,
            filled_lots: 0,
            reported: 0,
        }
    }

    /// Whether nothing more will happen to it.
    pub(super) fn is_over(&self) -> bool {
        let commands = match self.fate {
            Fate::Filled(parts) | Fate::CutShort(parts) => 1 + parts,
            Fate::Corrected | Fate::Busted => 3,
        };
        self.done == commands
    }

    /// Signed shares that it has moved so far.
    pub(super) fn filled(&self) -> i64 {
        let shares = i64::from(self.filled_lots * LOT);
        if self.order.is_buy { shares } else { -shares }
    }

    /// Its next command, at that price in cents.
    pub(super) fn advance(&mut self, price: u32, at: Timestamp) -> Step {
        let place = self.done;
        self.done += 1;
        let (by, kind, data) = match (place, self.fate) {
            (0, _) => (By::Trader, "BookTrade", self.terms(at)),
            (_, Fate::CutShort(parts)) if place == parts => (By::Trader, "CancelTrade", json!({})),
            (_, Fate::Filled(parts) | Fate::CutShort(parts)) => {
                (By::Venue, "RecordFill", self.fill(place, parts, price, at))
            }
            (1, Fate::Corrected | Fate::Busted) => {
                (By::Venue, "RecordFill", self.fill(1, 1, price, at))
            }
            (_, Fate::Corrected) => (By::Control, "CorrectFill", self.correction()),
            (_, Fate::Busted) => (By::Control, "BustFill", self.bust()),
        };
        Step {
            aggregate: self.order.id.clone(),
            by,
            kind,
            data: serde_json::value::to_raw_value(&data)
                .expect("a value of strings always serialises"),
        }
    }

    fn terms(&self, at: Timestamp) -> Value {
        json!({
            "account": self.order.account,
            "book": self.order.book,
            "instrument": self.order.instrument,
            "side": if self.order.is_buy { "BUY" } else { "SELL" },
            "quantity": (self.order.lots * LOT).to_string(),
            "price": Cents(self.order.limit).to_string(),
            "currency": "USD",
            "traded_at": at,
        })
    }

    /// The last part takes what is left.
    fn fill(&mut self, part: u32, parts: u32, price: u32, at: Timestamp) -> Value {
        let lots = if part == parts {
            self.order.lots - self.filled_lots
        } else {
            self.order.lots / parts
        };
        self.filled_lots += lots;
        self.reported = price;
        json!({
            "exec_id": self.exec_id(part),
            "quantity": (lots * LOT).to_string(),
            "price": Cents(price).to_string(),
            "fee": fee(lots),
            "traded_at": at,
        })
    }

    /// A cent above the price it was reported at.
    fn correction(&self) -> Value {
        json!({
            "exec_id": self.exec_id(1),
            "quantity": (self.order.lots * LOT).to_string(),
            "price": Cents(self.reported + 1).to_string(),
            "fee": fee(self.order.lots),
        })
    }

    fn bust(&mut self) -> Value {
        self.filled_lots = 0;
        json!({ "exec_id": self.exec_id(1) })
    }

    fn exec_id(&self, part: u32) -> String {
        format!("{}-{part}", self.order.id)
    }
}

fn fee(lots: u32) -> String {
    let hundredths = lots * LOT * FEE_PER_SHARE;
    format!("{}.{:04}", hundredths / 10_000, hundredths % 10_000)
}
