//! Numbers, texts and lists that state how large they may be.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// Why a value is not admitted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadValue {
    #[error("{0} is not within {1} and {2}")]
    OutOfRange(i64, i64, i64),
    #[error("the text is empty")]
    Empty,
    #[error("the text has more than {0} characters")]
    TooLong(usize),
    #[error("the list has {0} entries, not {1} to {2}")]
    Entries(usize, usize, usize),
}

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Bounded<const MIN: i64, const MAX: i64>(i64);

/// Minutes of waiting that the conversation is ahead of its peers, up to a week either way.
pub(crate) type Priority = Bounded<-10_080, 10_080>;
/// How long a conversation may wait, in milliseconds: at most two weeks.
pub(crate) type WaitMs = Bounded<1, 1_209_600_000>;
/// How long an agent has to answer an offer, in milliseconds: at most an hour.
pub(crate) type OfferTtlMs = Bounded<1, 3_600_000>;
/// How many offers of one conversation may be live at once.
pub(crate) type ParallelMax = Bounded<1, 10>;
/// Time for after-call work, in seconds; 0 for none.
pub(crate) type WrapUpSeconds = Bounded<0, 900>;
/// How far the requirements have been relaxed, step by step.
pub(crate) type Ring = Bounded<0, 100>;

impl<const MIN: i64, const MAX: i64> Bounded<MIN, MAX> {
    /// The nearest value that is admitted.
    #[must_use]
    pub fn clamped(value: i64) -> Self {
        Self(value.clamp(MIN, MAX))
    }

    #[must_use]
    pub fn get(self) -> i64 {
        self.0
    }
}

/// Zero, or the admitted value nearest to it.
impl<const MIN: i64, const MAX: i64> Default for Bounded<MIN, MAX> {
    fn default() -> Self {
        Self::clamped(0)
    }
}

impl<const MIN: i64, const MAX: i64> TryFrom<i64> for Bounded<MIN, MAX> {
    type Error = BadValue;
    fn try_from(value: i64) -> Result<Self, BadValue> {
        if (MIN..=MAX).contains(&value) {
            Ok(Self(value))
        } else {
            Err(BadValue::OutOfRange(value, MIN, MAX))
        }
    }
}

impl<const MIN: i64, const MAX: i64> From<Bounded<MIN, MAX>> for i64 {
    fn from(value: Bounded<MIN, MAX>) -> Self {
        value.0
    }
}

impl<const MIN: i64, const MAX: i64> JsonSchema for Bounded<MIN, MAX> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Bounded_{MIN}_{MAX}").into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": MIN, "maximum": MAX })
    }
}

/// A text of people: 1 to `MAX` characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Text<const MAX: usize>(Box<str>);

/// Why an actor did something.
pub(crate) type Reason = Text<500>;
/// A summary of the conversation so far, for the agent who takes over.
pub(crate) type Briefing = Text<4_000>;
/// The text of a message.
pub(crate) type Body = Text<4_096>;

impl<const MAX: usize> Text<MAX> {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> TryFrom<String> for Text<MAX> {
    type Error = BadValue;
    fn try_from(text: String) -> Result<Self, BadValue> {
        if text.is_empty() {
            Err(BadValue::Empty)
        } else if text.chars().count() > MAX {
            Err(BadValue::TooLong(MAX))
        } else {
            Ok(Self(text.into()))
        }
    }
}

impl<const MAX: usize> From<Text<MAX>> for String {
    fn from(text: Text<MAX>) -> Self {
        text.0.into()
    }
}

impl<const MAX: usize> JsonSchema for Text<MAX> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Text_{MAX}").into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "maxLength": MAX })
    }
}

/// A list of `MIN` to `MAX` entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<T>", into = "Vec<T>")]
#[serde(bound(
    serialize = "T: Serialize + Clone",
    deserialize = "T: Deserialize<'de>"
))]
pub struct Few<T, const MIN: usize, const MAX: usize>(Vec<T>);

/// What an agent must know to be asked.
pub(crate) type Requirements = Few<crate::label::Skill, 0, 50>;
/// What the conversation came to.
pub(crate) type DispositionCodes = Few<crate::label::DispositionCode, 0, 20>;
/// Those a message goes to.
pub(crate) type Recipients = Few<crate::label::Recipient, 1, 100>;

impl<T, const MIN: usize, const MAX: usize> Few<T, MIN, MAX> {
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        &self.0
    }
}

impl<T: Clone + PartialEq, const MAX: usize> Few<T, 0, MAX> {
    /// What is left of it when the others are taken out.
    #[must_use]
    pub(crate) fn without(&self, others: &Self) -> Self {
        let left = self.0.iter().filter(|entry| !others.0.contains(entry));
        Self(left.cloned().collect())
    }
}

impl<T, const MAX: usize> Default for Few<T, 0, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const MIN: usize, const MAX: usize> TryFrom<Vec<T>> for Few<T, MIN, MAX> {
    type Error = BadValue;
    fn try_from(entries: Vec<T>) -> Result<Self, BadValue> {
        if (MIN..=MAX).contains(&entries.len()) {
            Ok(Self(entries))
        } else {
            Err(BadValue::Entries(entries.len(), MIN, MAX))
        }
    }
}

impl<T, const MIN: usize, const MAX: usize> From<Few<T, MIN, MAX>> for Vec<T> {
    fn from(few: Few<T, MIN, MAX>) -> Self {
        few.0
    }
}

impl<T: JsonSchema, const MIN: usize, const MAX: usize> JsonSchema for Few<T, MIN, MAX> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Few_{}_{MIN}_{MAX}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let items = generator.subschema_for::<T>();
        json_schema!({ "type": "array", "items": items, "minItems": MIN, "maxItems": MAX })
    }
}
