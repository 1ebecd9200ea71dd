//! One instant type for the whole platform.

use std::fmt;
use std::str::FromStr;

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

    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        Self::from_micros(millis.saturating_mul(1_000))
    }

    #[must_use]
    pub fn micros(self) -> i64 {
        self.0
    }

    fn civil(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).expect("kept within jiff's range by construction")
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; TEXT_MAX];
        match written(self.0, &mut text) {
            Some(length) => f.write_str(str::from_utf8(&text[..length]).map_err(|_| fmt::Error)?),
            None => fmt::Display::fmt(&self.civil(), f),
        }
    }
}

/// Bytes of `2013-10-07T08:00:00.688123Z`.
const TEXT_MAX: usize = 27;

/// Writes an instant as RFC 3339 and gives back its length; `None` outside the years 0 to 9999.
///
/// Every event, every view and every answer holds one, and a formatter that can do all calendars
/// takes ten times as long. The date is Howard Hinnant's `civil_from_days`.
fn written(micros: i64, text: &mut [u8; TEXT_MAX]) -> Option<usize> {
    let seconds = micros.div_euclid(1_000_000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days since 1 March of year 0, and the 400 years they fall into.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    // The year began in March.
    let (year, month) = if month < 10 {
        (400 * era + year, month + 3)
    } else {
        (400 * era + year + 1, month - 9)
    };
    if !(0..=9_999).contains(&year) {
        return None;
    }
    *text = *b"0000-00-00T00:00:00.000000Z";
    for (at, digits, number) in [
        (0, 4, year),
        (5, 2, month),
        (8, 2, day),
        (11, 2, second / 3_600),
        (14, 2, second / 60 % 60),
        (17, 2, second % 60),
        (20, 6, micros.rem_euclid(1_000_000)),
    ] {
        decimal(&mut text[at..at + digits], number);
    }
    // A fraction is as long as it must be, and none has no point.
    let fraction = text[19..26].iter().rposition(|byte| *byte != b'0');
    let end = fraction.map_or(19, |last| if last == 0 { 19 } else { 20 + last });
    text[end] = b'Z';
    Some(end + 1)
}

/// Writes a number from its last digit to its first.
fn decimal(digits: &mut [u8], mut number: i64) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}

/// The text is not an RFC 3339 date-time with an offset.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not an RFC 3339 date-time such as 2013-10-07T08:00:00.688Z")]
pub struct NotATimestamp(String);

impl FromStr for Timestamp {
    type Err = NotATimestamp;

    fn from_str(text: &str) -> Result<Self, NotATimestamp> {
        text.parse::<jiff::Timestamp>()
            .map(|at| Self(at.as_microsecond()))
            .map_err(|_| NotATimestamp(text.chars().take(64).collect()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
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
    use super::Timestamp;
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn instant_is_written_as_jiff_writes_it(micros: i64, near in -(1_i64 << 52)..1 << 52) {
            for micros in [micros, near, near / 1_000 * 1_000, near / 1_000_000 * 1_000_000] {
                let at = Timestamp::from_micros(micros);
                prop_assert_eq!(at.to_string(), at.civil().to_string());
            }
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
}
