//! One instant type for the whole platform.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::Offset;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An instant in UTC with microsecond resolution, written as RFC 3339 (`2013-10-07T08:00:00.688Z`).
///
/// Finer input is truncated to the microsecond. Range: years -9999 to 9999.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Microseconds since the Unix epoch; values outside the range saturate.
    #[must_use]
    pub fn from_micros(micros: i64) -> Self {
        let (least, most) = (jiff::Timestamp::MIN, jiff::Timestamp::MAX);
        let whole_seconds = |at: jiff::Timestamp| at.as_second() * 1_000_000;
        Self(micros.clamp(whole_seconds(least), whole_seconds(most)))
    }

    /// Milliseconds since 1970-01-01 UTC; before, negative.
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        Self::from_micros(millis.saturating_mul(1_000))
    }

    /// Microseconds since 1970-01-01 UTC.
    #[must_use]
    pub fn micros(self) -> i64 {
        self.0
    }

    /// Later by so many milliseconds, or earlier by a negative number; saturates at the ends of the
    /// range.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self::from_micros(self.0.saturating_add(millis.saturating_mul(1_000)))
    }

    /// Earlier by so much; saturates at the beginning of the range.
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.0.saturating_sub(micros))
    }

    /// Whole milliseconds since an earlier instant; 0 if it is a later one, as the clocks of two
    /// writers may have it.
    #[must_use]
    pub fn millis_since(self, earlier: Self) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0) / 1_000).unwrap_or_default()
    }

    fn civil(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).expect("kept within jiff's range by construction")
    }

    /// RFC 3339, as the library writes it; `None` for years that have not four digits. Every event,
    /// view and answer holds several, and a formatter for all calendars takes ten times as long.
    fn text(self, out: &mut [u8; TEXT_MAX]) -> Option<&str> {
        let civil = Offset::UTC.to_datetime(self.civil());
        let year = u32::try_from(civil.year()).ok()?;
        let parts = [
            civil.month(),
            civil.day(),
            civil.hour(),
            civil.minute(),
            civil.second(),
        ];
        *out = *TEMPLATE;
        write_digits(&mut out[..4], year);
        for (part, place) in parts.into_iter().zip([5, 8, 11, 14, 17]) {
            write_digits(&mut out[place..place + 2], part.unsigned_abs().into());
        }
        let micros = civil.subsec_nanosecond().unsigned_abs() / 1_000;
        write_digits(&mut out[FRACTION..FRACTION + 6], micros);
        let mut end = FRACTION + 6;
        while out[end - 1] == b'0' {
            end -= 1;
        }
        if end == FRACTION {
            end = FRACTION - 1;
        }
        out[end] = b'Z';
        std::str::from_utf8(&out[..=end]).ok()
    }

    /// Reads what `text` writes, as nearly every sender does too; `None` for all else.
    fn short(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let shaped = match bytes.len() {
            20 => true,
            22..=TEXT_MAX => bytes[FRACTION - 1] == b'.',
            _ => false,
        };
        if !shaped
            || bytes.last() != Some(&b'Z')
            || [4, 7].iter().any(|place| bytes[*place] != b'-')
            || bytes[10] != b'T'
            || [13, 16].iter().any(|place| bytes[*place] != b':')
        {
            return None;
        }
        let two = |place: usize| i8::try_from(digits(&bytes[place..place + 2])?).ok();
        let year = i16::try_from(digits(&bytes[..4])?).ok()?;
        let fraction = bytes.get(FRACTION..bytes.len() - 1).unwrap_or_default();
        let nanos = digits(fraction)? * 10_i32.pow(9 - u32::try_from(fraction.len()).ok()?);
        let civil = DateTime::new(year, two(5)?, two(8)?, two(11)?, two(14)?, two(17)?, nanos);
        let at = Offset::UTC.to_timestamp(civil.ok()?).ok()?;
        Some(Self(at.as_microsecond()))
    }
}

const TEMPLATE: &[u8; TEXT_MAX] = b"0000-00-00T00:00:00.000000Z";
const TEXT_MAX: usize = 27;
/// Where the fraction of a second begins.
const FRACTION: usize = 20;

fn write_digits(out: &mut [u8], mut number: u32) {
    for place in out.iter_mut().rev() {
        *place = b'0' + u8::try_from(number % 10).expect("one digit");
        number /= 10;
    }
}

/// At most nine digits as a number; 0 for none.
fn digits(text: &[u8]) -> Option<i32> {
    text.iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit()
            .then(|| number * 10 + i32::from(byte - b'0'))
    })
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text(&mut [0; TEXT_MAX]) {
            Some(text) => f.write_str(text),
            None => fmt::Display::fmt(&self.civil(), f),
        }
    }
}

/// The text is not an RFC 3339 date-time with an offset.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not an RFC 3339 date-time such as 2013-10-07T08:00:00.688Z")]
pub struct NotATimestamp(String);

impl FromStr for Timestamp {
    type Err = NotATimestamp;

    fn from_str(text: &str) -> Result<Self, NotATimestamp> {
        if let Some(at) = Self::short(text) {
            return Ok(at);
        }
        text.parse::<jiff::Timestamp>()
            .map(|at| Self(at.as_microsecond()))
            .map_err(|_| NotATimestamp(text.chars().take(64).collect()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.text(&mut [0; TEXT_MAX]) {
            Some(text) => serializer.serialize_str(text),
            None => serializer.collect_str(&self.civil()),
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Timestamp;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an RFC 3339 date-time")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl JsonSchema for Timestamp {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::Timestamp;

    proptest! {
        #[test]
        fn written_text_is_the_displayed_one_and_reads_back(micros in -70_000_000_000_000_000i64..260_000_000_000_000_000, zeros in 0u32..7) {
            let at = Timestamp::from_micros(micros - micros % 10_i64.pow(zeros));
            let written = serde_json::to_string(&at).unwrap();
            prop_assert_eq!(&written, &format!("\"{}\"", at.civil()));
            prop_assert_eq!(at.to_string(), at.civil().to_string());
            prop_assert_eq!(serde_json::from_str::<Timestamp>(&written).unwrap(), at);
        }

        #[test]
        fn near_misses_read_as_the_library_reads_them(text in "(20[0-9]{2}|9999|0000)-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-6][0-9]:[0-6][0-9]([.,][0-9]{0,10})?(Z|z|[+]01:00|)") {
            let library = text.parse::<jiff::Timestamp>().ok().map(|at| at.as_microsecond());
            prop_assert_eq!(text.parse::<Timestamp>().ok().map(Timestamp::micros), library);
        }
    }

    #[test]
    fn offset_is_normalised_to_utc() {
        let at: Timestamp = "2013-10-07T04:00:00.688-04:00".parse().unwrap();
        assert_eq!(at.to_string(), "2013-10-07T08:00:00.688Z");
    }

    #[test]
    fn text_without_offset_is_refused() {
        assert!("2013-10-07T04:00:00".parse::<Timestamp>().is_err());
    }

    #[test]
    fn first_and_last_moments_are_written() {
        for text in [
            "0000-01-01T00:00:00Z",
            "1969-12-31T23:59:59.999999Z",
            "2000-02-29T10:20:30.1Z",
            "9999-12-30T20:59:59.000001Z",
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn out_of_range_saturates() {
        assert!(
            Timestamp::from_micros(i64::MAX)
                .to_string()
                .starts_with("9999-")
        );
    }

    #[test]
    fn time_before_another_saturates_at_the_beginning() {
        let at = Timestamp::from_micros(5_000_001);
        assert_eq!(at.minus(Duration::from_secs(5)), Timestamp::from_micros(1));
        assert_eq!(at.minus(Duration::MAX), Timestamp::from_micros(i64::MIN));
    }

    #[test]
    fn milliseconds_are_whole_and_never_negative() {
        let at = Timestamp::from_micros(1_999);
        assert_eq!(at.plus_millis(-1), Timestamp::from_micros(999));
        assert_eq!(at.millis_since(Timestamp::default()), 1);
        assert_eq!(Timestamp::default().millis_since(at), 0);
        assert_eq!(at.plus_millis(i64::MAX), Timestamp::from_micros(i64::MAX));
    }
}
