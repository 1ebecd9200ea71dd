//! The columns an import knows.

use std::fmt;
use std::str::FromStr;

/// What a cell is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    /// The instant, in one column or in two.
    Ts,
    Date,
    Time,
    Account,
    Book,
    Instrument,
    Side,
    Quantity,
    Price,
    Fee,
    FeeCurrency,
    TradeId,
    ExecId,
    Currency,
    Multiplier,
    LotMethod,
}

/// Each with its name, in the order of the enum.
const NAMES: [(Column, &str); Column::COUNT] = [
    (Column::Ts, "ts"),
    (Column::Date, "date"),
    (Column::Time, "time"),
    (Column::Account, "account"),
    (Column::Book, "book"),
    (Column::Instrument, "instrument"),
    (Column::Side, "side"),
    (Column::Quantity, "quantity"),
    (Column::Price, "price"),
    (Column::Fee, "fee"),
    (Column::FeeCurrency, "fee_currency"),
    (Column::TradeId, "trade_id"),
    (Column::ExecId, "exec_id"),
    (Column::Currency, "currency"),
    (Column::Multiplier, "multiplier"),
    (Column::LotMethod, "lot_method"),
];

impl Column {
    pub(super) const COUNT: usize = 16;

    pub(super) fn all() -> impl Iterator<Item = Self> {
        NAMES.into_iter().map(|(column, _)| column)
    }

    pub(super) fn name(self) -> &'static str {
        NAMES[self as usize].1
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Column {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let found = NAMES
            .iter()
            .find(|(_, name)| name.eq_ignore_ascii_case(text));
        found.map(|(column, _)| *column).ok_or_else(|| {
            let names = NAMES.map(|(_, name)| name).join(", ");
            format!("`{text}` is none of the columns {names}")
        })
    }
}
