//! Strict reading of JSON: what two parsers could understand differently is refused.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::{self, Write as _};

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// Most nested objects and arrays. Commands are nearly flat; serde_json's own bound is 128.
pub const DEPTH_MAX: usize = 32;

/// Longest pointer that is reported, bytes: a key may fill the body, an answer must not echo it.
const POINTER_MAX: usize = 256;

/// Why a text is not strict JSON, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct JsonFault {
    /// RFC 6901 pointer to the innermost value that was being read; empty for the whole text.
    pub pointer: String,
    pub reason: String,
}

/// Reads the whole text and keeps nothing.
///
/// # Errors
/// [`JsonFault`] when the text is not JSON, has anything after the value, names a key twice in one
/// object at any level, or nests deeper than [`DEPTH_MAX`].
pub fn check(text: &[u8]) -> Result<(), JsonFault> {
    let mut walk = Walk::default();
    let mut reader = serde_json::Deserializer::from_slice(text);
    let read = Node(&mut walk)
        .deserialize(&mut reader)
        .and_then(|()| reader.end());
    read.map_err(|error| {
        let reason = match walk.reason.take() {
            Some(reason) => reason,
            None => unread(&error),
        };
        let pointer = walk.into_pointer();
        JsonFault { pointer, reason }
    })
}

/// Why the text is not JSON; line and column are those of the sender's own bytes.
fn unread(error: &serde_json::Error) -> String {
    if error.is_eof() {
        return "the text ends inside a value".to_owned();
    }
    let (line, column) = (error.line(), error.column());
    format!("is not JSON at line {line}, column {column}")
}

/// The reader's place. Only success takes a step back, so after a failure it points at it.
#[derive(Default)]
struct Walk {
    depth: usize,
    pointer: String,
    /// Why it is refused though it is JSON.
    reason: Option<String>,
}

impl Walk {
    fn enter<E: de::Error>(&mut self) -> Result<(), E> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.refuse(format!("nested deeper than {DEPTH_MAX} levels")));
        }
        Ok(())
    }

    fn refuse<E: de::Error>(&mut self, reason: String) -> E {
        let error = E::custom(&reason);
        self.reason = Some(reason);
        error
    }

    fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Steps down to a member; answers where to step back to.
    fn step(&mut self, member: &str) -> usize {
        let back = self.pointer.len();
        self.pointer.push('/');
        for character in member.chars() {
            match character {
                '~' => self.pointer.push_str("~0"),
                '/' => self.pointer.push_str("~1"),
                plain => self.pointer.push(plain),
            }
        }
        back
    }

    fn into_pointer(mut self) -> String {
        let mut end = self.pointer.len().min(POINTER_MAX);
        while !self.pointer.is_char_boundary(end) {
            end -= 1;
        }
        self.pointer.truncate(end);
        self.pointer
    }

    fn step_to(&mut self, index: usize) -> usize {
        let back = self.pointer.len();
        write!(self.pointer, "/{index}").expect("writing to a string cannot fail");
        back
    }
}

struct Node<'w>(&'w mut Walk);

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.0.enter()?;
        let mut seen = HashSet::new();
        while let Some(key) = map.next_key_seed(Key)? {
            let back = self.0.step(&key);
            if !seen.insert(key) {
                return Err(self.0.refuse("key appears twice in one object".to_owned()));
            }
            map.next_value_seed(Node(&mut *self.0))?;
            self.0.pointer.truncate(back);
        }
        self.0.leave();
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        self.0.enter()?;
        let mut index = 0;
        let mut back = self.0.step_to(index);
        while seq.next_element_seed(Node(&mut *self.0))?.is_some() {
            self.0.pointer.truncate(back);
            index += 1;
            back = self.0.step_to(index);
        }
        self.0.pointer.truncate(back);
        self.0.leave();
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// A key after its escapes are resolved: `"a"` and `"\u0061"` are the same key.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::{DEPTH_MAX, check};

    fn fault(text: &str) -> (String, String) {
        let fault = check(text.as_bytes()).unwrap_err();
        (fault.pointer, fault.reason)
    }

    #[test]
    fn plain_json_passes() {
        for text in [
            "null",
            "-1.5e3",
            r#"{"a":{"a":[1,"a",true,{"a":null}]},"b":[]}"#,
        ] {
            assert_eq!(check(text.as_bytes()), Ok(()), "{text}");
        }
    }

    #[test]
    fn duplicate_key_is_refused_at_every_level() {
        for (text, pointer) in [
            (r#"{"a":1,"a":1}"#, "/a"),
            (r#"{"x":{"a":1,"b":2,"a":3}}"#, "/x/a"),
            (r#"[0,{"k/~":[{"a":1,"a":1}]}]"#, "/1/k~1~0/0/a"),
            (r#"{"a":1,"\u0061":2}"#, "/a"),
            (r#"{"":1,"":2}"#, "/"),
        ] {
            let (at, reason) = fault(text);
            assert_eq!(at, pointer, "{text}");
            assert!(reason.contains("twice"), "{reason}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(check(nested(DEPTH_MAX).as_bytes()), Ok(()));
        assert!(fault(&nested(DEPTH_MAX + 1)).1.contains("nested deeper"));
        assert!(fault(&nested(100_000)).1.contains("nested deeper"));
        assert!(
            fault(&r#"{"a":"#.repeat(100_000))
                .1
                .contains("nested deeper")
        );
    }

    #[test]
    fn pointer_is_cut_when_a_key_is_huge() {
        let (pointer, _) = fault(&format!(r#"{{"{}":!}}"#, "é".repeat(1_000)));
        assert!(pointer.starts_with("/é") && pointer.len() <= super::POINTER_MAX);
    }

    #[test]
    fn ambiguous_text_is_refused() {
        for text in [
            "",
            " ",
            "{} {}",
            "{,}",
            "[1,]",
            "1e400",
            r#""\ud800""#,
            "NaN",
            "'a'",
            "\u{feff}{}",
            "{\"a\":1",
        ] {
            assert!(check(text.as_bytes()).is_err(), "{text:?}");
        }
        assert!(check(b"\"\xff\"").is_err());
    }
}
