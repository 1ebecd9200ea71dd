//! Reads a name and its data as the enum they are, in either order and between other fields.
//!
//! Commands and events are enums with `#[serde(tag = "type", content = "data")]`. The records around
//! them hold the same two fields among others; decoding the enum from the whole record would read
//! everything twice.

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::value::RawValue;

/// The enum whose variant is `kind`, with its data as raw JSON.
///
/// # Errors
/// There is no such variant, or the data is not its.
pub fn from_raw<T: DeserializeOwned>(kind: &str, data: &RawValue) -> Result<T, serde_json::Error> {
    T::deserialize(Halves::new(kind, Some(data)))
}

/// Where the data is still to be read from.
pub(crate) trait Data<'de> {
    type Error: serde::de::Error;

    fn read<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Self::Error>;
}

impl<'de> Data<'de> for &'de RawValue {
    type Error = serde_json::Error;

    fn read<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Self::Error> {
        seed.deserialize(&mut serde_json::Deserializer::from_str(self.get()))
    }
}

/// The value of the key that has just been read.
impl<'de, A: MapAccess<'de>> Data<'de> for &mut A {
    type Error = A::Error;

    fn read<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Self::Error> {
        self.next_value_seed(seed)
    }
}

/// A map of the two, as the enum's own decoding asks for it.
pub(crate) struct Halves<'k, D> {
    kind: &'k str,
    /// None when the variant has no data.
    data: Option<D>,
    next: Half,
}

enum Half {
    Kind,
    Data,
}

impl<'k, D> Halves<'k, D> {
    pub(crate) fn new(kind: &'k str, data: Option<D>) -> Self {
        let next = Half::Kind;
        Self { kind, data, next }
    }
}

impl<'de, D: Data<'de>> Deserializer<'de> for Halves<'_, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        visitor.visit_map(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de, D: Data<'de>> MapAccess<'de> for Halves<'_, D> {
    type Error = D::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, D::Error> {
        let name = match self.next {
            Half::Kind => "type",
            Half::Data if self.data.is_some() => "data",
            Half::Data => return Ok(None),
        };
        let name: StrDeserializer<'_, D::Error> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, D::Error> {
        match self.next {
            Half::Kind => {
                self.next = Half::Data;
                let kind: StrDeserializer<'_, D::Error> = self.kind.into_deserializer();
                seed.deserialize(kind)
            }
            Half::Data => match self.data.take() {
                Some(data) => data.read(seed),
                None => Err(serde::de::Error::missing_field("data")),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "type", content = "data")]
    enum Toy {
        Counted { n: u32 },
        Ended,
    }

    fn read(kind: &str, data: &str) -> Result<Toy, serde_json::Error> {
        from_raw(kind, serde_json::from_str(data).unwrap())
    }

    #[test]
    fn halves_read_as_the_whole() {
        assert_eq!(
            read("Counted", r#"{"n":3}"#).unwrap(),
            Toy::Counted { n: 3 }
        );
        assert_eq!(read("Ended", "null").unwrap(), Toy::Ended);
    }

    #[test]
    fn unknown_variant_and_data_of_another_are_refused() {
        assert!(
            read("Lost", "{}")
                .unwrap_err()
                .to_string()
                .starts_with("unknown variant")
        );
        assert!(read("Counted", r#"{"m":3}"#).is_err());
    }
}
