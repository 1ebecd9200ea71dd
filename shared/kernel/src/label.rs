//! Short texts whose kind is part of their type.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use smol_str::SmolStr;

/// What a [`Label`] is called and which texts it admits.
pub trait LabelKind: 'static {
    /// The name an error message uses, such as `account`.
    const NAME: &'static str;
    /// Longest admitted length in bytes.
    const MAX: usize;
    /// A regular expression over the whole text, for the JSON Schema; must agree with `admits`.
    const PATTERN: &'static str;
    /// Whether the text may hold the byte.
    fn admits(byte: u8) -> bool;
    /// Whether it names something that is addressed by a path: then every segment has to get there.
    const ADDRESSES: bool = false;
}

/// A short, validated, cheaply cloned text whose kind is part of its type. Most are short enough to
/// need no memory of their own: records are full of them.
pub struct Label<K>(SmolStr, PhantomData<fn() -> K>);

/// Why a text is not a label of the required kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLabel {
    /// There is nothing in it.
    #[error("{0} is empty")]
    Empty(&'static str),
    /// More bytes than the kind admits.
    #[error("{0} is longer than {1} bytes")]
    TooLong(&'static str, usize),
    /// A byte that the kind does not admit.
    #[error("{0} has a character outside {1}")]
    Character(&'static str, &'static str),
    /// A path would not keep a segment of it.
    #[error(
        "{0} has a segment that is empty, made of dots, or begins or ends with a blank: clients take \
         such out of a path"
    )]
    Segment(&'static str),
    /// The platform keeps it for itself.
    #[error("{0} is a name of the platform's own")]
    Reserved(&'static str),
}

impl<K: LabelKind> Label<K> {
    /// # Errors
    /// [`BadLabel`] when the text is empty, too long or has a character the kind does not admit.
    pub fn new(text: &str) -> Result<Self, BadLabel> {
        if text.is_empty() {
            return Err(BadLabel::Empty(K::NAME));
        }
        if text.len() > K::MAX {
            return Err(BadLabel::TooLong(K::NAME, K::MAX));
        }
        if !text.bytes().all(K::admits) {
            return Err(BadLabel::Character(K::NAME, K::PATTERN));
        }
        if K::ADDRESSES && !text.split('/').all(arrives) {
            return Err(BadLabel::Segment(K::NAME));
        }
        Ok(Self(text.into(), PhantomData))
    }
}

/// Whether a path keeps the segment. Browsers and HTTP libraries resolve dots before they send, also
/// those that are written as `%2e` (WHATWG URL §4.1), and proxies drop what is empty. A blank at an
/// end is lost wherever a program trims it.
fn arrives(segment: &str) -> bool {
    if segment.starts_with(' ') || segment.ends_with(' ') {
        return false;
    }
    let dots = segment.to_ascii_lowercase().replace("%2e", ".");
    !matches!(&*dots, "" | "." | "..")
}

impl<K> Label<K> {
    /// The text as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<K> Clone for Label<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}
impl<K> PartialEq for Label<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K> Eq for Label<K> {}
impl<K> PartialOrd for Label<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Label<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<K> Hash for Label<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<K> fmt::Debug for Label<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
impl<K> fmt::Display for Label<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl<K: LabelKind> FromStr for Label<K> {
    type Err = BadLabel;
    fn from_str(text: &str) -> Result<Self, BadLabel> {
        Self::new(text)
    }
}
impl<K> Serialize for Label<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}
impl<'de, K: LabelKind> Deserialize<'de> for Label<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text<K>(PhantomData<K>);
        impl<K: LabelKind> de::Visitor<'_> for Text<K> {
            type Value = Label<K>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(K::NAME)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Label<K>, E> {
                Label::new(text).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text(PhantomData))
    }
}
impl<K: LabelKind> JsonSchema for Label<K> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        K::NAME.into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "maxLength": K::MAX, "pattern": K::PATTERN })
    }
}

/// The bytes that a label may hold.
#[derive(Clone, Copy)]
pub struct Alphabet {
    /// The same as a regular expression over the whole text.
    pub pattern: &'static str,
    /// Whether a text may hold the byte.
    pub admits: fn(u8) -> bool,
    /// [`LabelKind::ADDRESSES`].
    pub addresses: bool,
}

impl Alphabet {
    /// Printable ASCII.
    pub const GRAPHIC: Self = Self {
        pattern: "^[!-~]+$",
        admits: |byte| byte.is_ascii_graphic(),
        addresses: false,
    };
    /// Printable ASCII but `/`: one segment of a path, one part of an aggregate id.
    pub const SEGMENT: Self = Self {
        pattern: "^[!-.0-~]+$",
        admits: |byte| byte.is_ascii_graphic() && byte != b'/',
        addresses: true,
    };
    /// Printable ASCII with `/` and inner blanks, as markets name what is traded: `BRK/B`, `EUR/USD`,
    /// `SPXW  260120P06835000`. The rest of a path, the last part of an aggregate id.
    pub const INSTRUMENT: Self = Self {
        pattern: r"^[!-~]([ -~]*[!-~])?$",
        admits: |byte| byte.is_ascii_graphic() || byte == b' ',
        addresses: true,
    };
    /// Text of any language, with line breaks and tabs.
    pub const PROSE: Self = Self {
        pattern: r"^[^\x00-\x08\x0b-\x1f\x7f]+$",
        admits: |byte| !byte.is_ascii_control() || matches!(byte, b'\n' | b'\t'),
        addresses: false,
    };
}

/// Declares labels, each with its kind: `Queue / QueueKind: "queue", 64, Alphabet::SEGMENT;`, which
/// is the name an error message uses, the most bytes, and what it may hold.
#[macro_export]
macro_rules! labels {
    ($($(#[$doc:meta])* $vis:vis $label:ident / $kind:ident: $name:literal, $max:expr, $alphabet:expr;)*) => {$(
        #[doc = concat!("Kind of [`", stringify!($label), "`].")]
        $vis enum $kind {}
        impl $crate::LabelKind for $kind {
            const NAME: &'static str = $name;
            const MAX: usize = $max;
            const PATTERN: &'static str = $alphabet.pattern;
            fn admits(byte: u8) -> bool {
                ($alphabet.admits)(byte)
            }
            const ADDRESSES: bool = $alphabet.addresses;
        }
        $(#[$doc])*
        $vis type $label = $crate::Label<$kind>;
    )*};
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::AggregateId;

    labels! {
        Part / PartKind: "part", 64, Alphabet::SEGMENT;
        Text / TextKind: "text", 64, Alphabet::GRAPHIC;
        Traded / TradedKind: "instrument", 64, Alphabet::INSTRUMENT;
    }

    #[test]
    fn segment_that_a_path_would_lose_is_refused() {
        for text in [".", "..", "%2e", "%2E", ".%2e", "%2E%2e"] {
            assert_eq!(Part::new(text), Err(BadLabel::Segment("part")), "{text}");
            assert!(Text::new(text).is_ok(), "{text} is no address");
            for id in [text.to_owned(), format!("A/{text}/X"), format!("A/{text}")] {
                let refused = Err(BadLabel::Segment("aggregate id"));
                assert_eq!(AggregateId::new(&id), refused, "{id}");
            }
        }
        for id in ["/", "/A", "A/", "A//X"] {
            assert!(AggregateId::new(id).is_err(), "{id}");
        }
        for text in ["...", ".a", "a..", "%2f", "BRK.B", "%", "2e"] {
            assert!(Part::new(text).is_ok(), "{text}");
            assert!(AggregateId::new(text).is_ok(), "{text}");
        }
        for text in ["", " ", " a", "a ", "a\tb"] {
            assert!(Part::new(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn instrument_is_named_as_its_market_names_it() {
        for text in [
            "BRK/B",
            "EUR/USD",
            "SPXW  260120P06835000",
            "A",
            "ES U6/ES Z6",
        ] {
            assert!(Traded::new(text).is_ok(), "{text}");
            assert!(
                AggregateId::new(&format!("A1/PROP/{text}")).is_ok(),
                "{text}"
            );
        }
        for text in [
            "", " A", "A ", "/A", "A/", "A//B", "A/ B", "A /B", "A\tB", "A/..", "Ä",
        ] {
            assert!(Traded::new(text).is_err(), "{text}");
            assert!(
                AggregateId::new(&format!("A1/PROP/{text}")).is_err(),
                "{text}"
            );
        }
    }
}
