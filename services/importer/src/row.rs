//! A row of the file as the commands that are sent for it.

use std::fmt::Display;
use std::str::FromStr;

use anyhow::Context as _;
use kernel::Timestamp;
use trades::{Amount, AmountKind, Fee, NewTerms, Quantity, RecordFill, Side, TradeId};

use super::column::Column;
use super::instant::Times;
use super::layout::Layout;
use super::number::NumberStyle;
use super::options::{Reading, lot_method};
use super::side::{SideName, side};
use super::source::{Cells, Form, Line, Rows};

/// What a file has, or is given.
const NEEDED: [Column; 6] = [
    Column::Account,
    Column::Book,
    Column::Instrument,
    Column::Quantity,
    Column::Price,
    Column::Fee,
];
/// The defaults for columns that a file of shares in dollars lacks.
const ASSUMED: [(Column, &str); 3] = [
    (Column::Currency, "USD"),
    (Column::Multiplier, "1"),
    (Column::LotMethod, "FIFO"),
];

/// A fill, and the terms of a trade that it fills whole.
#[derive(Debug, PartialEq)]
pub(super) struct Row {
    pub(super) trade_id: TradeId,
    pub(super) terms: NewTerms,
    pub(super) fill: RecordFill,
    /// Whether the file names the execution.
    pub(super) is_named: bool,
}

/// Makes rows of the cells of one file.
pub(super) struct RowReader {
    layout: Layout,
    numbers: NumberStyle,
    times: Times,
    sides: Vec<SideName>,
    signed_quantities: bool,
    fees_as_cash: bool,
    number_trades: Option<String>,
}

impl RowReader {
    /// Refuses a file that lacks a column.
    pub(super) fn new(rows: &dyn Rows, reading: &Reading) -> anyhow::Result<Self> {
        let numbers = reading.numbers()?;
        anyhow::ensure!(
            numbers.is_plain() || rows.form() != Form::JsonLines,
            "numbers of JSON Lines and Parquet are plain: no marks or symbols can be declared"
        );
        let mut layout = Layout::of(rows.header(), &reading.maps, &reading.given())?;
        let missing = missing(&layout, reading);
        anyhow::ensure!(
            missing.is_empty(),
            "the header has no column {}; it has {}; --map gives the file's name of a column, --set a value it does not have",
            missing.join(", "),
            rows.header().join(", ")
        );
        layout.find_numbers(&rows.form());
        for (column, value) in ASSUMED {
            layout.assume(column, value);
        }
        Ok(Self {
            layout,
            numbers,
            times: Times {
                zone: reading.zone.clone(),
                format: reading.date_format.clone(),
            },
            sides: reading.sides.clone(),
            signed_quantities: reading.signed_quantities,
            fees_as_cash: reading.fees_as_cash,
            number_trades: reading.number_trades.clone(),
        })
    }

    /// Whether a header can be read at all, in the words of its file.
    pub(super) fn suits(header: &[String], reading: &Reading) -> bool {
        let layout = Layout::of(header, &reading.maps, &reading.given());
        layout.is_ok_and(|layout| missing(&layout, reading).is_empty())
    }

    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Gives a row the number that it had at first.
    pub(super) fn number(&self, line: &mut Line, cells: &Cells) -> anyhow::Result<()> {
        line.number = self.layout.number(line, cells)?;
        Ok(())
    }

    /// Reads a row; the error names the wrong column and the reason.
    pub(super) fn row(&self, line: &Line, cells: &Cells) -> anyhow::Result<Row> {
        let traded_at = self.traded_at(cells)?;
        let (side, quantity) = self.side_and_quantity(cells)?;
        let price = self.amount(Column::Price, cells)?;
        let trade_id = self.trade_id(line, cells)?;
        let is_named = self.layout.knows(Column::ExecId);
        Ok(Row {
            fill: RecordFill {
                exec_id: if is_named {
                    self.parsed(Column::ExecId, cells)?
                } else {
                    parsed(Column::TradeId.name(), trade_id.as_str())?
                },
                quantity,
                price,
                fee: self.fee(cells)?,
                fee_currency: if self.layout.knows(Column::FeeCurrency) {
                    Some(self.parsed(Column::FeeCurrency, cells)?)
                } else {
                    None
                },
                traded_at,
                lots: None,
                source_sequence: source_sequence(line),
            },
            terms: NewTerms {
                account: self.parsed(Column::Account, cells)?,
                book: self.parsed(Column::Book, cells)?,
                instrument: self.parsed(Column::Instrument, cells)?,
                side,
                quantity,
                price,
                currency: self.parsed(Column::Currency, cells)?,
                multiplier: self.amount(Column::Multiplier, cells)?,
                traded_at,
                lot_method: self.read(Column::LotMethod, cells, |name| Ok(lot_method(name)?))?,
            },
            trade_id,
            is_named,
        })
    }

    /// The trades that a row may be about which cannot be read.
    pub(super) fn trades_of_unreadable(&self, cells: &Cells) -> Vec<TradeId> {
        let ids = self.layout.trade_ids(cells);
        ids.filter_map(|id| id.parse().ok()).collect()
    }

    fn trade_id(&self, line: &Line, cells: &Cells) -> anyhow::Result<TradeId> {
        match &self.number_trades {
            Some(prefix) => parsed("trade_id", &format!("{prefix}-{}", line.number)),
            None => self.parsed(Column::TradeId, cells),
        }
    }

    fn traded_at(&self, cells: &Cells) -> anyhow::Result<Timestamp> {
        if self.layout.knows(Column::Ts) {
            return self.read(Column::Ts, cells, |text| self.times.read(text));
        }
        self.read(Column::Date, cells, |date| {
            if self.layout.knows(Column::Time) {
                let time = self.layout.text(Column::Time, cells)?;
                self.times.read(&format!("{date} {time}"))
            } else {
                self.times.read(date)
            }
        })
    }

    fn side_and_quantity(&self, cells: &Cells) -> anyhow::Result<(Side, Quantity)> {
        let given = |cells| self.read(Column::Side, cells, |text| side(text, &self.sides));
        if !self.signed_quantities {
            return Ok((given(cells)?, self.amount(Column::Quantity, cells)?));
        }
        self.read(Column::Quantity, cells, |text| {
            let number = self.numbers.read(text)?;
            let side = if number.is_negative() {
                Side::Sell
            } else {
                Side::Buy
            };
            let agrees = !self.layout.knows(Column::Side) || given(cells)? == side;
            anyhow::ensure!(agrees, "`{text}` contradicts the side");
            Ok((side, Amount::try_from(number.abs())?))
        })
    }

    fn fee(&self, cells: &Cells) -> anyhow::Result<Fee> {
        self.read(Column::Fee, cells, |text| {
            let number = self.numbers.read(text)?;
            let cost = if self.fees_as_cash {
                number.negated()
            } else {
                number
            };
            Ok(Amount::try_from(cost)?)
        })
    }

    fn amount<K: AmountKind>(&self, column: Column, cells: &Cells) -> anyhow::Result<Amount<K>> {
        self.read(column, cells, |text| {
            Ok(Amount::try_from(self.numbers.read(text)?)?)
        })
    }

    fn parsed<T>(&self, column: Column, cells: &Cells) -> anyhow::Result<T>
    where
        T: FromStr<Err: Display>,
    {
        let text = self.layout.text(column, cells)?;
        text.parse()
            .map_err(|error| anyhow::anyhow!("column {}: {error}", self.layout.named(column)))
    }

    fn read<T>(
        &self,
        column: Column,
        cells: &Cells,
        read: impl FnOnce(&str) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let text = self.layout.text(column, cells)?;
        read(text).with_context(|| format!("column {}", self.layout.named(column)))
    }
}

impl Row {
    /// Whether both fill one order: a fill has a price, a fee and a time of its own, nothing else.
    pub(super) fn is_of_one_order_with(&self, other: &Self) -> bool {
        let like_other = NewTerms {
            quantity: other.terms.quantity,
            price: other.terms.price,
            traded_at: other.terms.traded_at,
            ..self.terms.clone()
        };
        like_other == other.terms
    }
}

/// The place of a fill among those of one instant: that of its row in the file it came in first.
fn source_sequence(line: &Line) -> Option<u64> {
    Some(line.number)
}

/// What the file neither has nor is given, by our names.
fn missing(layout: &Layout, reading: &Reading) -> Vec<&'static str> {
    let mut needed = NEEDED.to_vec();
    if !layout.knows(Column::Date) {
        needed.insert(0, Column::Ts);
    }
    if !reading.signed_quantities {
        needed.push(Column::Side);
    }
    if reading.number_trades.is_none() {
        needed.push(Column::TradeId);
    }
    layout
        .missing(&needed)
        .into_iter()
        .map(Column::name)
        .collect()
}

fn parsed<T>(column: &'static str, text: &str) -> anyhow::Result<T>
where
    T: FromStr<Err: Display>,
{
    text.parse()
        .map_err(|error| anyhow::anyhow!("column {column}: {error}"))
}

#[cfg(test)]
pub(super) mod tests;
