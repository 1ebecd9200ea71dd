//! Rows of a Parquet file: the columns that hold one text, number or time each.

use std::sync::Arc;

use anyhow::Context as _;
use bytes::Bytes;
use jiff::civil::{Date, Time};
use jiff::tz::Offset;
use jiff::{SignedDuration, Span, Timestamp};
use parquet::basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;
use parquet::record::reader::RowIter;
use parquet::schema::types::Type;

use super::{Cells, Form, Line, Read, Rows};

pub(super) struct Parquet {
    header: Vec<String>,
    kinds: Vec<Kind>,
    rows: RowIter<'static>,
    number: u64,
}

/// How a column's values become text.
#[derive(Clone, Copy)]
enum Kind {
    AsIs,
    /// Parts of a second since 1970 in UTC; or on an unnamed clock, and then without zone.
    Instant {
        nanos: i64,
        is_utc: bool,
    },
}

impl Parquet {
    pub(super) fn open(bytes: Bytes) -> anyhow::Result<Self> {
        let file = SerializedFileReader::new(bytes).context("it is no Parquet file")?;
        let schema = file.metadata().file_metadata().schema();
        let columns = schema.get_fields().iter();
        let (fields, kinds): (Vec<_>, Vec<_>) = columns
            .filter_map(|column| Some((Arc::clone(column), kind(column)?)))
            .unzip();
        let header = fields.iter().map(|column| column.name().to_owned());
        let header = header.collect();
        let readable = Type::group_type_builder(schema.name())
            .with_fields(fields)
            .build()?;
        let rows = RowIter::from_file_into(Box::new(file)).project(Some(readable))?;
        Ok(Self {
            header,
            kinds,
            rows,
            number: 0,
        })
    }

    /// As a JSON object, so that the row can be mended and read again.
    fn text(&self, cells: &Cells) -> anyhow::Result<Bytes> {
        let mut object = serde_json::Map::new();
        for (place, name) in self.header.iter().enumerate() {
            let cell = String::from_utf8_lossy(cells.get(place).unwrap_or_default());
            object.insert(name.clone(), cell.into());
        }
        Ok(serde_json::to_vec(&object)?.into())
    }
}

impl Rows for Parquet {
    fn header(&self) -> &[String] {
        &self.header
    }

    fn form(&self) -> Form {
        Form::JsonLines
    }

    fn next(&mut self, cells: &mut Cells) -> anyhow::Result<Option<Read>> {
        let number = self.number + 1;
        let Some(row) = self.rows.next() else {
            return Ok(None);
        };
        let row = row.with_context(|| format!("read row {number}"))?;
        self.number = number;
        cells.clear();
        for ((_, field), kind) in row.get_column_iter().zip(&self.kinds) {
            cells.push(&text(field, *kind));
        }
        let text = self.text(cells)?;
        Ok(Some(Read {
            line: Line { number, text },
            fault: None,
        }))
    }
}

/// None of what is nested or repeated, and of what the library has no value for.
fn kind(column: &Type) -> Option<Kind> {
    let info = column.get_basic_info();
    let is_repeated = info.has_repetition() && info.repetition() == Repetition::REPEATED;
    if !column.is_primitive() || is_repeated {
        return None;
    }
    if let Some(LogicalType::Timestamp(time)) = info.logical_type_ref() {
        let nanos = match time.unit {
            TimeUnit::MILLIS => 1_000_000,
            TimeUnit::MICROS => 1_000,
            TimeUnit::NANOS => 1,
        };
        return Some(Kind::Instant {
            nanos,
            is_utc: time.is_adjusted_to_u_t_c,
        });
    }
    let converted = info.converted_type();
    match (column.get_physical_type(), converted) {
        // The file does not name their clock.
        (Physical::INT96, _) => None,
        (Physical::FIXED_LEN_BYTE_ARRAY, ConvertedType::DECIMAL) => Some(Kind::AsIs),
        (Physical::FIXED_LEN_BYTE_ARRAY, _) => None,
        // Written before there were logical types: in UTC, as the format's rules have it.
        (_, ConvertedType::TIMESTAMP_MILLIS) => Some(Kind::Instant {
            nanos: 1_000_000,
            is_utc: true,
        }),
        (_, ConvertedType::TIMESTAMP_MICROS) => Some(Kind::Instant {
            nanos: 1_000,
            is_utc: true,
        }),
        _ => Some(Kind::AsIs),
    }
}

/// Binary fractions become the shortest decimal that yields them.
fn text(field: &Field, kind: Kind) -> Vec<u8> {
    match (field, kind) {
        (Field::Null, _) => Vec::new(),
        (Field::Str(text), _) => text.clone().into_bytes(),
        (Field::Bytes(bytes), _) => bytes.data().to_vec(),
        (
            Field::Long(count) | Field::TimestampMillis(count) | Field::TimestampMicros(count),
            Kind::Instant { nanos, is_utc },
        ) => instant(i128::from(*count) * i128::from(nanos), is_utc).into_bytes(),
        (Field::Float(number), _) => number.to_string().into_bytes(),
        (Field::Double(number), _) => number.to_string().into_bytes(),
        (Field::Date(days), _) => date(*days).into_bytes(),
        (Field::TimeMillis(millis), _) => time(SignedDuration::from_millis((*millis).into())),
        (Field::TimeMicros(micros), _) => time(SignedDuration::from_micros(*micros)),
        (other, _) => other.to_string().into_bytes(),
    }
}

/// What no calendar has stays a number, which is no time.
fn instant(nanos: i128, is_utc: bool) -> String {
    match Timestamp::from_nanosecond(nanos) {
        Ok(at) if is_utc => at.to_string(),
        Ok(at) => Offset::UTC.to_datetime(at).to_string(),
        Err(_) => nanos.to_string(),
    }
}

fn date(days: i32) -> String {
    let since_epoch = Span::new().try_days(days);
    let date = since_epoch.and_then(|days| Date::constant(1970, 1, 1).checked_add(days));
    date.map_or_else(|_| days.to_string(), |date| date.to_string())
}

fn time(since_midnight: SignedDuration) -> Vec<u8> {
    let time = Time::midnight().checked_add(since_midnight);
    time.map_or_else(|_| String::new(), |time| time.to_string())
        .into_bytes()
}
