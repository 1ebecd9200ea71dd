//! Rows that name one trade are the fills of one order, in the order of the file.

use std::collections::{HashMap, HashSet};

use anyhow::Context as _;
use kernel::Decimal;
use serde::Serialize;
use trades::{Amount, ExecId, NewTerms, Quantity, TradeId};

use super::row::{Row, RowReader};
use super::source::{Cells, Line, Rows};

/// An order and its fills; there is one at least.
pub(super) struct Order {
    pub(super) rows: Vec<(Line, Row)>,
}

/// The orders of a file in the order of their first rows, and the lines that make none.
#[derive(Default)]
pub(super) struct Orders {
    pub(super) whole: Vec<Order>,
    pub(super) refused: Vec<(Line, String)>,
}

#[derive(Serialize)]
struct Booking<'a> {
    trade_id: &'a TradeId,
    #[serde(flatten)]
    terms: &'a NewTerms,
}

impl Orders {
    /// Reads the file to its end: only then it is known how much an order is for. An order of which
    /// a row cannot be read is not sent in part.
    pub(super) fn read(rows: &mut dyn Rows, reader: &RowReader) -> anyhow::Result<Self> {
        let mut orders = Self::default();
        let mut places: HashMap<TradeId, usize> = HashMap::new();
        let mut spoilt: HashMap<TradeId, u64> = HashMap::new();
        let mut cells = Cells::default();
        while let Some(read) = rows.next(&mut cells)? {
            let mut line = read.line;
            let numbered = reader.number(&mut line, &cells);
            let row = match read.fault {
                Some(fault) => Err(anyhow::anyhow!(fault)),
                None => numbered.and_then(|()| reader.row(&line, &cells)),
            };
            match row {
                Ok(row) => {
                    let next = orders.whole.len();
                    let place = *places.entry(row.trade_id.clone()).or_insert(next);
                    if place == next {
                        orders.whole.push(Order {
                            // Most orders are filled by one; a vector would begin with room for four.
                            rows: Vec::with_capacity(1),
                        });
                    }
                    orders.whole[place].rows.push((line, row));
                }
                Err(reason) => {
                    let trades = reader.trades_of_unreadable(&cells).into_iter();
                    spoilt.extend(trades.map(|trade| (trade, line.number)));
                    orders.refused.push((line, format!("{reason:#}")));
                }
            }
        }
        Ok(orders.without(&spoilt))
    }

    pub(super) fn rows(&self) -> u64 {
        let whole: usize = self.whole.iter().map(|order| order.rows.len()).sum();
        (whole + self.refused.len()) as u64
    }

    fn without(self, spoilt: &HashMap<TradeId, u64>) -> Self {
        let mut orders = Self {
            whole: Vec::with_capacity(self.whole.len()),
            refused: self.refused,
        };
        for mut order in self.whole {
            let named = match spoilt.get(order.trade_id()) {
                Some(line) => Err(anyhow::anyhow!(
                    "line {line} of the same trade cannot be imported"
                )),
                None => order.name_fills(),
            };
            match named {
                Ok(()) => orders.whole.push(order),
                Err(reason) => {
                    let lines = order.rows.into_iter().map(|(line, _)| line);
                    let refused = lines.map(|line| (line, format!("{reason:#}")));
                    orders.refused.extend(refused);
                }
            }
        }
        orders
    }
}

impl Order {
    pub(super) fn trade_id(&self) -> &TradeId {
        &self.first().trade_id
    }

    /// Body of `BookTrade`: the first row's terms, for all that the rows fill.
    pub(super) fn booking(&self) -> anyhow::Result<Vec<u8>> {
        let terms = NewTerms {
            quantity: self.quantity()?,
            ..self.first().terms.clone()
        };
        let booking = Booking {
            trade_id: self.trade_id(),
            terms: &terms,
        };
        Ok(serde_json::to_vec(&booking)?)
    }

    /// All that its rows fill, if a trade can be for so much.
    fn quantity(&self) -> anyhow::Result<Quantity> {
        let mut quantities = self.rows.iter().map(|(_, row)| row.fill.quantity.get());
        let sum = quantities.try_fold(Decimal::ZERO, |sum, quantity| sum.plus(quantity));
        let sum = sum.context("the rows of the trade")?;
        Amount::try_from(sum).context("the rows of the trade")
    }

    /// The position it moves, as the positions context names it.
    pub(super) fn position(&self) -> [String; 3] {
        let terms = &self.first().terms;
        [
            terms.account.to_string(),
            terms.book.to_string(),
            terms.instrument.to_string(),
        ]
    }

    fn first(&self) -> &Row {
        let (_, row) = self
            .rows
            .first()
            .expect("an order is made of its first row");
        row
    }

    /// Gives every fill that has none an id that follows from its place in the order, so that the
    /// same file read again means the same fills.
    fn name_fills(&mut self) -> anyhow::Result<()> {
        let (first, others) = self
            .rows
            .split_first_mut()
            .expect("an order is made of its first row");
        let mut named = HashSet::from([first.1.fill.exec_id.clone()]);
        for ((_, row), place) in others.iter_mut().zip(2..) {
            anyhow::ensure!(
                row.is_of_one_order_with(&first.1),
                "the rows of the trade differ in account, book, instrument, side, currency, multiplier or lot method"
            );
            if !row.is_named {
                let name = format!("{}#{place}", row.trade_id);
                row.fill.exec_id = ExecId::new(&name).context("the rows of the trade")?;
            }
            anyhow::ensure!(
                named.insert(row.fill.exec_id.clone()),
                "two rows of the trade have the exec id {}",
                row.fill.exec_id
            );
        }
        self.quantity().map(drop)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Orders;
    use crate::row::tests::{HEADER, orders};

    const ROW: &str = "2013-10-07T04:00:00-04:00,A,AGENCY,IBM,BUY,300,49.18,0.10,T-1";

    fn read(lines: &[String]) -> Orders {
        orders(&format!("{HEADER}\n{}", lines.join("\n")), &[])
    }

    fn refused(orders: &Orders) -> Vec<(u64, &str)> {
        let refused = orders.refused.iter();
        refused
            .map(|(line, reason)| (line.number, reason.as_str()))
            .collect()
    }

    #[test]
    fn rows_of_one_trade_are_one_order_of_several_fills() {
        let second = ROW.replace(",300,49.18,", ",200.5,49.20,");
        let other = ROW.replace("T-1", "T-2");
        let orders = read(&[ROW.to_owned(), other, second]);
        let ids: Vec<_> = orders
            .whole
            .iter()
            .map(|order| order.trade_id().as_str())
            .collect();
        assert_eq!(ids, ["T-1", "T-2"]);
        let order = &orders.whole[0];
        let booking: Value = serde_json::from_slice(&order.booking().unwrap()).unwrap();
        assert_eq!(
            (&booking["quantity"], &booking["price"]),
            (&json!("500.5"), &json!("49.18"))
        );
        let fills: Vec<_> = order.rows.iter().map(|(_, row)| &row.fill).collect();
        let ids: Vec<_> = fills.iter().map(|fill| fill.exec_id.as_str()).collect();
        assert_eq!(ids, ["T-1", "T-1#2"]);
        assert_eq!(order.position().join("/"), "A/AGENCY/IBM");
        assert!(orders.refused.is_empty());
    }

    #[test]
    fn order_is_refused_whole_when_one_of_its_rows_cannot_be_read() {
        let bad = ROW.replace(",300,", ",three,");
        let orders = read(&[ROW.to_owned(), bad, ROW.replace("T-1", "T-2")]);
        assert_eq!(orders.whole.len(), 1);
        let refused = refused(&orders);
        assert_eq!(
            refused[1],
            (2, "line 3 of the same trade cannot be imported")
        );
        assert!(
            refused[0].1.starts_with("column quantity: `three`"),
            "{refused:?}"
        );
    }

    #[test]
    fn rows_of_one_trade_that_contradict_are_refused() {
        let reason = "the rows of the trade differ in account, book, instrument, side, currency, multiplier or lot method";
        for (from, to) in [
            (",A,", ",B,"),
            ("AGENCY", "PROP"),
            ("IBM", "AIG"),
            ("BUY", "SELL"),
        ] {
            let orders = read(&[ROW.to_owned(), ROW.replace(from, to)]);
            assert_eq!(refused(&orders), [(2, reason), (3, reason)], "{to}");
        }
    }

    #[test]
    fn order_that_no_trade_can_be_is_refused() {
        let most = ROW.replace(",300,", ",999999999999999999,");
        let orders = read(&[most.clone(), most]);
        assert_eq!((orders.whole.len(), orders.refused.len()), (0, 2));
    }

    #[test]
    fn executions_have_the_names_that_the_file_gives_them() {
        let text = format!("{HEADER},exec_id\n{ROW},E-7\n{ROW},E-9\n");
        let found = orders(&text, &[]);
        let fills = found.whole[0].rows.iter();
        let ids: Vec<_> = fills.map(|(_, row)| row.fill.exec_id.as_str()).collect();
        assert_eq!(ids, ["E-7", "E-9"]);
        let twice = orders(&text.replace("E-9", "E-7"), &[]);
        let reason = "two rows of the trade have the exec id E-7";
        assert_eq!(refused(&twice), [(2, reason), (3, reason)]);
    }

    #[test]
    fn fills_keep_the_number_of_their_row() {
        let text = format!("{HEADER}\n\n{ROW}\n{}\n", ROW.replace("T-1", "T-2"));
        let found = orders(&text, &[]);
        let rows = found.whole.iter().flat_map(|order| &order.rows);
        let numbers: Vec<_> = rows.map(|(_, row)| row.fill.source_sequence).collect();
        assert_eq!(numbers, [Some(3), Some(4)]);
    }
}
