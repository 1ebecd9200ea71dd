//! A row of the file as what the platform is told of it.

use std::fmt::Display;
use std::str::FromStr;

use anyhow::Context as _;
use kernel::{Currency, Decimal};
use trades::{Amount, AmountKind, LotMethod, NewTerms, RecordFill, Side, TradeId};

pub(super) const COLUMNS: [&str; 9] = [
    "ts",
    "account",
    "book",
    "instrument",
    "side",
    "quantity",
    "price",
    "fee",
    "trade_id",
];

/// What the file does not say.
pub(super) struct Assumed {
    pub(super) currency: Currency,
    pub(super) lot_method: LotMethod,
}

/// A fill, and the terms of a trade that it fills whole.
#[derive(Debug, PartialEq)]
pub(super) struct Row {
    pub(super) trade_id: TradeId,
    pub(super) terms: NewTerms,
    pub(super) fill: RecordFill,
}

impl Row {
    /// Parses a line; the error says which column is wrong, and how.
    pub(super) fn parse(line: &[u8], assumed: &Assumed) -> anyhow::Result<Self> {
        let record = record(line)?;
        let record = str_fields(&record)?;
        let [
            ts,
            account,
            book,
            instrument,
            side,
            quantity,
            price,
            fee,
            trade_id,
        ] = record;
        let traded_at = parsed("ts", ts)?;
        let (quantity, price) = (amount("quantity", quantity)?, amount("price", price)?);
        Ok(Self {
            trade_id: parsed("trade_id", trade_id)?,
            fill: RecordFill {
                exec_id: parsed("trade_id", trade_id)?,
                quantity,
                price,
                fee: amount("fee", fee)?,
                traded_at,
                source_sequence: None,
                lots: None,
            },
            terms: NewTerms {
                account: parsed("account", account)?,
                book: parsed("book", book)?,
                instrument: parsed("instrument", instrument)?,
                side: parsed_side(side)?,
                quantity,
                price,
                currency: assumed.currency.clone(),
                multiplier: amount("multiplier", "1")?,
                traded_at,
                lot_method: assumed.lot_method,
            },
        })
    }

    /// The trade that a line is about, as far as a line that cannot be parsed tells.
    pub(super) fn trade_id(line: &[u8]) -> Option<TradeId> {
        let record = record(line).ok()?;
        let last = record.len().checked_sub(1)?;
        record.get(last.min(COLUMNS.len() - 1))?.parse().ok()
    }

    /// Whether both fill one order: a fill has a price, a fee and a time of its own, nothing else.
    pub(super) fn is_of_one_order_with(&self, other: &Self) -> bool {
        let order = |row: &Self| {
            let terms = &row.terms;
            let names = (
                terms.account.clone(),
                terms.book.clone(),
                terms.instrument.clone(),
            );
            (names, terms.side)
        };
        order(self) == order(other)
    }
}

fn record(line: &[u8]) -> anyhow::Result<csv::StringRecord> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(line.len().max(1))
        .from_reader(line);
    let mut record = csv::StringRecord::new();
    let found = reader.read_record(&mut record);
    anyhow::ensure!(found.context("cannot be read")?, "is empty");
    Ok(record)
}

fn str_fields(record: &csv::StringRecord) -> anyhow::Result<[&str; COLUMNS.len()]> {
    let fields: Vec<&str> = record.iter().collect();
    let wanted = COLUMNS.len();
    <[&str; COLUMNS.len()]>::try_from(fields)
        .map_err(|fields| anyhow::anyhow!("has {} columns, not {wanted}", fields.len()))
}

fn parsed<T>(column: &'static str, text: &str) -> anyhow::Result<T>
where
    T: FromStr<Err: Display>,
{
    text.parse()
        .map_err(|error| anyhow::anyhow!("column {column}: {error}"))
}

fn amount<K: AmountKind>(column: &'static str, text: &str) -> anyhow::Result<Amount<K>> {
    let number: Decimal = parsed(column, text)?;
    Amount::try_from(number).with_context(|| format!("column {column}"))
}

fn parsed_side(text: &str) -> anyhow::Result<Side> {
    match text {
        "BUY" => Ok(Side::Buy),
        "SELL" => Ok(Side::Sell),
        _ => anyhow::bail!("column side: `{text}` is neither BUY nor SELL"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Assumed, Row};

    const GOOD: &str = "2013-10-07T04:00:00.688-04:00,ACC-1,AGENCY,AIG,BUY,300,49.1800,0.1050,T-1";

    fn parse(line: &str) -> Result<Row, String> {
        let assumed = Assumed {
            currency: "USD".parse().unwrap(),
            lot_method: trades::LotMethod::Hifo,
        };
        Row::parse(line.as_bytes(), &assumed).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn row_becomes_the_terms_of_a_trade_and_a_fill() {
        let row = parse(GOOD).unwrap();
        assert_eq!(row.trade_id.as_str(), "T-1");
        assert_eq!(
            serde_json::to_value(&row.terms).unwrap(),
            serde_json::json!({
                "account": "ACC-1", "book": "AGENCY", "instrument": "AIG",
                "side": "BUY", "quantity": "300", "price": "49.18", "currency": "USD",
                "multiplier": "1", "traded_at": "2013-10-07T08:00:00.688Z", "lot_method": "HIFO",
            })
        );
        assert_eq!(
            serde_json::to_value(&row.fill).unwrap(),
            serde_json::json!({
                "exec_id": "T-1", "quantity": "300", "price": "49.18", "fee": "0.105",
                "traded_at": "2013-10-07T08:00:00.688Z",
            })
        );
    }

    #[test]
    fn bad_row_is_refused_by_the_name_of_its_column() {
        let cases = [
            (",BUY,300,", ",BUY,", "has 8 columns, not 9"),
            (",T-1", ",T-1,more", "has 10 columns, not 9"),
            ("2013-10-07", "2013-13-07", "column ts: "),
            ("-04:00,", ",", "column ts: "),
            (",BUY,", ",HOLD,", "column side: `HOLD`"),
            (",300,", ",3e2,", "column quantity: "),
            (
                ",300,",
                ",0,",
                "column quantity: quantity is not above zero",
            ),
            (",49.1800,", ",NaN,", "column price: "),
            (",0.1050,", ",,", "column fee: "),
            ("ACC-1", "ACC/1", "column account: "),
            (",T-1", ",", "column trade_id: trade id is empty"),
        ];
        for (from, to, reason) in cases {
            let line = GOOD.replacen(from, to, 1);
            let told = parse(&line).unwrap_err();
            assert!(told.starts_with(reason), "{line}: {told}");
        }
    }
    #[test]
    fn bad_row_tells_which_trade_it_is_about() {
        let id = |line: &str| Row::trade_id(line.as_bytes()).map(|id| id.to_string());
        for bad in [GOOD.replace(",300,", ",three,"), GOOD.replace(",300,", ",")] {
            assert_eq!(id(&bad).as_deref(), Some("T-1"), "{bad}");
        }
        assert_eq!(id(&GOOD.replace(",T-1", ",")), None);
        assert_eq!(id(""), None);
    }
}
