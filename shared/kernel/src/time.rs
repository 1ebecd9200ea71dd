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
        fmt::Display::fmt(&self.civil(), f)
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
    fn out_of_range_saturates() {
        assert!(
            Timestamp::from_micros(i64::MAX)
                .to_string()
                .starts_with("9999-")
        );
    }
}
