//! Identities. Each is a type of its own, so that one cannot be passed for another.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha1::{Digest, Sha1};
use smol_str::SmolStr;
use uuid::{Builder, Uuid};

/// What a [`Label`] is called and which texts it admits.
pub trait LabelKind: 'static {
    /// The name an error message uses, such as `account`.
    const NAME: &'static str;
    /// Longest admitted length in bytes.
    const MAX: usize;
    /// A regular expression over the whole text, for the JSON Schema; must agree with `admits`.
    const PATTERN: &'static str;
    /// Whether a byte may stand in the text.
    fn admits(byte: u8) -> bool;
}

/// A short, validated, cheaply cloned text whose kind is part of its type. Most are short enough to
/// need no memory of their own: records are full of them.
pub struct Label<K>(SmolStr, PhantomData<fn() -> K>);

/// Why a text is not a label of the kind wanted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLabel {
    #[error("{0} is empty")]
    Empty(&'static str),
    #[error("{0} is longer than {1} bytes")]
    TooLong(&'static str, usize),
    #[error("{0} has a character outside {1}")]
    Character(&'static str, &'static str),
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
        Ok(Self(text.into(), PhantomData))
    }
}

impl<K> Label<K> {
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

/// Kind of [`Tenant`]; has no `/`, because the Kafka key is `{tenant}/{aggregate_id}`.
pub enum TenantKind {}
impl LabelKind for TenantKind {
    const NAME: &'static str = "tenant";
    const MAX: usize = 64;
    const PATTERN: &'static str = "^[A-Za-z0-9._-]+$";
    fn admits(byte: u8) -> bool {
        byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
    }
}
/// Whose data it is; comes from the principal, never from a payload.
pub type Tenant = Label<TenantKind>;

/// Kind of [`Actor`].
pub enum ActorKind {}
impl LabelKind for ActorKind {
    const NAME: &'static str = "actor";
    const MAX: usize = 128;
    const PATTERN: &'static str = "^[!-~]+$";
    fn admits(byte: u8) -> bool {
        byte.is_ascii_graphic()
    }
}
/// Who sent the command: the token's subject, or the producer's name.
pub type Actor = Label<ActorKind>;

/// Kind of [`AggregateId`].
pub enum AggregateIdKind {}
impl LabelKind for AggregateIdKind {
    const NAME: &'static str = "aggregate id";
    const MAX: usize = 256;
    const PATTERN: &'static str = "^[!-~]+$";
    fn admits(byte: u8) -> bool {
        byte.is_ascii_graphic()
    }
}
/// Which aggregate of a context, within one tenant; may contain `/`.
pub type AggregateId = Label<AggregateIdKind>;

/// The idempotency key of a command: same id, same effect, once.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct CommandId(pub Uuid);

impl CommandId {
    /// The id of the `n`th command that `reaction` derives from `event`.
    #[must_use]
    pub fn of_reaction(event: EventId, reaction: &str, n: usize) -> Self {
        Self(Uuid::new_v5(&event.0, format!("{reaction}/{n}").as_bytes()))
    }
}

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// `uuid5(command_id, i)`: the `i`th event of a command always has the same id.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct EventId(pub Uuid);

impl EventId {
    #[must_use]
    pub fn of(command: CommandId, index: usize) -> Self {
        // As `Uuid::new_v5` does it, with the processor's own instructions where it has them.
        let mut digits = itoa::Buffer::new();
        let digest = Sha1::new()
            .chain_update(command.0.as_bytes())
            .chain_update(digits.format(index))
            .finalize();
        let (name, _) = digest
            .split_first_chunk()
            .expect("a SHA-1 digest has 20 bytes");
        Self(Builder::from_sha1_bytes(*name).into_uuid())
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The fencing token of a partition's writer: random, because a counter can be rolled back by a
/// lossy failover of the database and then name two owners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Owner(pub Uuid);

#[cfg(test)]
mod tests {
    use super::{BadLabel, CommandId, EventId, Tenant};
    use uuid::Uuid;

    #[test]
    fn tenant_with_slash_is_refused() {
        assert!(matches!(
            Tenant::new("a/b"),
            Err(BadLabel::Character("tenant", _))
        ));
    }

    #[test]
    fn empty_label_is_refused_when_decoded() {
        assert!(serde_json::from_str::<Tenant>("\"\"").is_err());
    }

    #[test]
    fn event_ids_are_the_fifth_kind_of_uuid_over_command_and_index() {
        let command = CommandId(Uuid::from_u128(7));
        for index in [0, 1, 12] {
            let name = index.to_string();
            let expected = Uuid::new_v5(&command.0, name.as_bytes());
            assert_eq!(EventId::of(command, index).0, expected);
        }
    }
}
