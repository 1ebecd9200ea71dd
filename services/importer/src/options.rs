//! What is declared of a file because the file does not show it.

use clap::Args;
use encoding_rs::Encoding;
use jiff::tz::TimeZone;
use kernel::Currency;
use serde::Deserialize as _;
use serde::de::IntoDeserializer as _;
use serde::de::value::Error as BadName;
use trades::LotMethod;

use super::column::Column;
use super::instant::zone;
use super::layout::{Given, Mapping};
use super::number::{DecimalMark, GroupMark, NumberStyle};
use super::side::SideName;
use super::source::{Declared, Format, encoding};

/// How to read the file. Nothing in it is guessed: what could mean two things is refused.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Reading the file")]
pub(super) struct Reading {
    /// The form of the file, if its beginning does not show it.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Encoding of a text that has no byte order mark, such as utf-16le or windows-1252; UTF-8 when
    /// not given.
    #[arg(long, value_parser = encoding)]
    encoding: Option<&'static Encoding>,
    /// The delimiter of cells, or `tab`; of `,`, `;`, tab and `|` the one that the header has.
    #[arg(long, value_parser = delimiter)]
    delimiter: Option<u8>,
    /// Lines of a CSV file before the one that names the columns.
    #[arg(long, default_value_t = 0, value_name = "LINES")]
    skip_lines: u64,
    /// What the file calls a column, such as `Symbol=instrument`; may be repeated.
    #[arg(long = "map", value_name = "THEIRS=OURS")]
    pub(super) maps: Vec<Mapping>,
    /// A column that the file does not have, or does not fill, such as `book=PROP`; may be repeated.
    #[arg(long = "set", value_name = "COLUMN=VALUE")]
    given: Vec<Given>,
    /// A word for a side, such as `Kauf=BUY`; may be repeated. BUY, SELL, B and S need none.
    #[arg(long = "side", value_name = "WORD=SIDE")]
    pub(super) sides: Vec<SideName>,
    /// Of times without an offset: a name of the IANA database, such as America/New_York.
    #[arg(long, value_parser = zone)]
    pub(super) zone: Option<TimeZone>,
    /// How times are written that are not like ISO 8601, such as `%m/%d/%Y %H:%M:%S` (strptime); of
    /// two columns, with a blank between them.
    #[arg(long, value_name = "FORMAT")]
    pub(super) date_format: Option<String>,
    /// The mark before a number's fraction.
    #[arg(long, value_enum, default_value = ".")]
    decimal_mark: DecimalMark,
    /// The mark between a number's groups of three digits, if there is one.
    #[arg(long, value_enum)]
    thousands_mark: Option<GroupMark>,
    /// Characters around a number that are no part of it, such as `$`.
    #[arg(
        long,
        default_value = "",
        hide_default_value = true,
        value_name = "CHARACTERS"
    )]
    number_symbols: String,
    /// A quantity below zero is a sale, and one above a purchase.
    #[arg(long)]
    pub(super) signed_quantities: bool,
    /// A fee below zero was paid, and one above is a rebate: the fees are changes of the cash.
    #[arg(long)]
    pub(super) fees_as_cash: bool,
    /// Names each row's trade PREFIX-LINE, for a file that names none. Only the same file read again
    /// then means the same trades.
    #[arg(long, value_name = "PREFIX")]
    pub(super) number_trades: Option<String>,
    /// FIFO, LIFO, HIFO, SPECID or AVERAGE, for positions that the file opens; FIFO when neither
    /// this nor the file sets it.
    #[arg(long, value_parser = lot_method)]
    lot_method: Option<LotMethod>,
    /// USD when neither this nor the file sets it.
    #[arg(long)]
    currency: Option<Currency>,
}

impl Reading {
    pub(super) fn declared(&self) -> Declared {
        Declared {
            format: self.format,
            encoding: self.encoding,
            delimiter: self.delimiter,
            lines_before: self.skip_lines,
        }
    }

    pub(super) fn numbers(&self) -> anyhow::Result<NumberStyle> {
        let style = NumberStyle {
            decimal: self.decimal_mark,
            group: self.thousands_mark,
            symbols: self.number_symbols.clone(),
        };
        style.checked()
    }

    /// Values for columns that the file need not have.
    pub(super) fn given(&self) -> Vec<Given> {
        let given = |column, value: String| Given { column, value };
        let currency = self.currency.as_ref().map(ToString::to_string);
        let currency = currency.map(|currency| given(Column::Currency, currency));
        let method = self
            .lot_method
            .map(|method| given(Column::LotMethod, name_of(method)));
        let all = currency.into_iter().chain(method);
        all.chain(self.given.iter().cloned()).collect()
    }
}

/// A lot method by its name, in any case.
pub(super) fn lot_method(name: &str) -> Result<LotMethod, BadName> {
    LotMethod::deserialize(name.to_ascii_uppercase().into_deserializer())
}

fn name_of(method: LotMethod) -> String {
    format!("{method:?}")
}

fn delimiter(text: &str) -> Result<u8, &'static str> {
    match text.as_bytes() {
        b"tab" | b"\\t" => Ok(b'\t'),
        [one] if !one.is_ascii_alphanumeric() && !b"\"\r\n".contains(one) => Ok(*one),
        _ => Err("is not one character that is neither a letter, a digit nor a quote"),
    }
}
