//! The event record: the bytes that are stored are the bytes that are published, behind a frame if
//! there is a schema registry.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;
use serde::de::{DeserializeOwned, DeserializeSeed, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::adjacent::{self, Halves};
use crate::id::{Actor, AggregateId, CommandId, EventId, Tenant};
use crate::time::Timestamp;

/// Everything in a record beside the event itself. In the record's JSON these fields come before
/// `type` and `data`, so that one pass reads both.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EventMeta {
    /// Derived from the command and its place among its events.
    pub id: EventId,
    /// The command that caused it.
    pub command: CommandId,
    /// The tenant of the command.
    pub tenant: Tenant,
    /// Whose stream it is in.
    pub aggregate: AggregateId,
    /// Version of the aggregate after this event: 1, 2, 3 …
    pub sequence: u64,
    /// Accepted-at of the command.
    pub at: Timestamp,
    /// Who sent the command.
    pub actor: Actor,
    /// The subject of the whole chain, such as a conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation: Option<AggregateId>,
    /// The event or command that caused the command, where one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub causation: Option<Uuid>,
    /// Version of the event's shape.
    pub v: u16,
    /// Name of the event, such as `FillRecorded`. Written by the event itself.
    #[serde(skip)]
    pub kind: Box<str>,
    /// Position in the partition: 1, 2, 3 … without gaps. Travels beside the value (a header on
    /// Kafka, a column in a store), so that a record's bytes do not depend on it.
    #[serde(skip)]
    pub log_position: u64,
}

/// Why a record's JSON cannot be read.
pub type Undecodable = serde_json::Error;

/// One event as it is stored and published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRecord {
    /// Place in the partition: 1, 2, 3 … without gaps.
    pub log_position: u64,
    /// `{tenant}/{aggregate_id}`.
    pub key: Arc<str>,
    /// JSON object: the fields of [`EventMeta`], then `type` and `data`.
    pub value: Bytes,
}

impl EventRecord {
    /// # Errors
    /// The record is not one of ours.
    pub fn meta(&self) -> Result<EventMeta, serde_json::Error> {
        decode_if::<IgnoredAny>(self.log_position, &self.value, |_| false).map(|(meta, _)| meta)
    }

    /// The record's meta, and its event.
    ///
    /// # Errors
    /// The record is not one of ours, or `E` does not know the event.
    pub fn decode<E: DeserializeOwned>(&self) -> Result<(EventMeta, E), serde_json::Error> {
        decode(self.log_position, &self.value)
    }
}

/// Reads a record's JSON in one pass.
///
/// # Errors
/// The record is not one of ours, or `E` does not know the event.
pub fn decode<E: DeserializeOwned>(
    log_position: u64,
    value: &[u8],
) -> Result<(EventMeta, E), serde_json::Error> {
    let (meta, event) = decode_if(log_position, value, |_| true)?;
    event
        .map(|event| (meta, event))
        .ok_or_else(|| serde_json::Error::missing_field("type"))
}

/// As [`decode`], but an event whose name is not required is skipped over.
///
/// # Errors
/// The record is not one of ours, or the event is required and `E` does not know it.
pub fn decode_if<E: DeserializeOwned>(
    log_position: u64,
    value: &[u8],
    wants: impl Fn(&str) -> bool,
) -> Result<(EventMeta, Option<E>), serde_json::Error> {
    // Checked once as a whole rather than text by text.
    let text = std::str::from_utf8(value).map_err(serde_json::Error::custom)?;
    let mut json = serde_json::Deserializer::from_str(text);
    let whole = Whole {
        log_position,
        wants,
        event: PhantomData,
    };
    let read = whole.deserialize(&mut json)?;
    json.end()?;
    Ok(read)
}

struct Whole<F, E> {
    log_position: u64,
    wants: F,
    event: PhantomData<E>,
}

/// The keys of a record.
#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Key {
    Id,
    Command,
    Tenant,
    Aggregate,
    Sequence,
    At,
    Actor,
    Correlation,
    Causation,
    V,
    Type,
    Data,
    #[serde(other)]
    Other,
}

impl<'de, F: Fn(&str) -> bool, E: DeserializeOwned> DeserializeSeed<'de> for Whole<F, E> {
    type Value = (EventMeta, Option<E>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, F: Fn(&str) -> bool, E: DeserializeOwned> Visitor<'de> for Whole<F, E> {
    type Value = (EventMeta, Option<E>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut id, mut command, mut tenant, mut aggregate) = (None, None, None, None);
        let (mut sequence, mut at, mut actor, mut v) = (None, None, None, None);
        let (mut correlation, mut causation) = (None, None);
        let (mut kind, mut event): (Option<Box<str>>, Option<E>) = (None, None);
        let (mut read_ahead, mut has_data): (Option<Box<RawValue>>, _) = (None, false);
        while let Some(key) = map.next_key()? {
            match key {
                Key::Id => id = Some(map.next_value()?),
                Key::Command => command = Some(map.next_value()?),
                Key::Tenant => tenant = Some(map.next_value()?),
                Key::Aggregate => aggregate = Some(map.next_value()?),
                Key::Sequence => sequence = Some(map.next_value()?),
                Key::At => at = Some(map.next_value()?),
                Key::Actor => actor = Some(map.next_value()?),
                Key::Correlation => correlation = map.next_value()?,
                Key::Causation => causation = map.next_value()?,
                Key::V => v = Some(map.next_value()?),
                Key::Type => kind = Some(map.next_value()?),
                Key::Data => {
                    has_data = true;
                    // In our own records it comes after the name.
                    match kind.as_deref() {
                        None => read_ahead = Some(map.next_value()?),
                        Some(kind) if (self.wants)(kind) => {
                            event = Some(E::deserialize(Halves::new(kind, Some(&mut map)))?);
                        }
                        Some(_) => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Key::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let kind = kind.ok_or_else(|| A::Error::missing_field("type"))?;
        if (self.wants)(&kind) {
            event = match read_ahead {
                Some(data) => Some(adjacent::from_raw(&kind, &data).map_err(A::Error::custom)?),
                None if has_data => event,
                None => Some(E::deserialize(Halves::new(&kind, None::<&mut A>))?),
            };
        }
        let meta = EventMeta {
            id: id.ok_or_else(|| A::Error::missing_field("id"))?,
            command: command.ok_or_else(|| A::Error::missing_field("command"))?,
            tenant: tenant.ok_or_else(|| A::Error::missing_field("tenant"))?,
            aggregate: aggregate.ok_or_else(|| A::Error::missing_field("aggregate"))?,
            sequence: sequence.ok_or_else(|| A::Error::missing_field("sequence"))?,
            at: at.ok_or_else(|| A::Error::missing_field("at"))?,
            actor: actor.ok_or_else(|| A::Error::missing_field("actor"))?,
            correlation,
            causation,
            v: v.ok_or_else(|| A::Error::missing_field("v"))?,
            kind,
            log_position: self.log_position,
        };
        Ok((meta, event))
    }
}

/// Appends a record's JSON to `out`: the meta's fields, then the event's own `type` and `data`.
///
/// # Errors
/// The event does not serialise to a JSON object with at least one field.
pub fn encode<E: Serialize>(
    meta: &EventMeta,
    event: &E,
    out: &mut Vec<u8>,
) -> Result<(), serde_json::Error> {
    serde_json::to_writer(&mut *out, meta)?;
    out.pop();
    let comma = out.len();
    serde_json::to_writer(&mut *out, event)?;
    // The event's `{` becomes the comma that joins the two objects.
    out[comma] = b',';
    Ok(())
}

/// Bytes in which the meta of a record ends: its labels are shorter, however they are escaped.
const META_MAX: usize = 16 * 1024;
/// What separates the meta from the event's name.
const KIND: &[u8] = b",\"type\":\"";

/// Name and version of a record's event, found without reading the record as JSON. `None`: the record
/// is not one of ours.
///
/// The first `,"type":"` is no part of a text, because a text's own quotes are escaped; and what
/// precedes it is the meta's last field, the version.
#[must_use]
pub fn shape(value: &[u8]) -> Option<(&str, u16)> {
    let head = &value[..value.len().min(META_MAX)];
    let at = memchr::memmem::find(head, KIND)?;
    let (meta, rest) = (&head[..at], &head[at + KIND.len()..]);
    let version = &meta[memchr::memrchr(b':', meta)? + 1..];
    let kind = &rest[..memchr::memchr(b'"', rest)?];
    let version = std::str::from_utf8(version).ok()?.parse().ok()?;
    Some((std::str::from_utf8(kind).ok()?, version))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "type", content = "data")]
    enum Toy {
        Counted { n: u32 },
    }

    #[test]
    fn record_decodes_as_meta_and_as_event() {
        let command = CommandId(Uuid::nil());
        let mut meta = EventMeta {
            id: EventId::of(command, 0),
            command,
            tenant: "demo".parse().unwrap(),
            aggregate: "a/b".parse().unwrap(),
            sequence: 1,
            at: Timestamp::from_millis(1_000),
            actor: "oms".parse().unwrap(),
            correlation: None,
            causation: None,
            v: 1,
            kind: "".into(),
            log_position: 7,
        };
        let mut value = Vec::new();
        encode(&meta, &Toy::Counted { n: 3 }, &mut value).unwrap();
        let record = EventRecord {
            log_position: 7,
            key: "demo/a/b".into(),
            value: value.into(),
        };
        assert_eq!(shape(&record.value), Some(("Counted", 1)));
        meta.kind = "Counted".into();
        assert_eq!(record.meta().unwrap(), meta);
        assert_eq!(
            record.decode().unwrap(),
            (meta.clone(), Toy::Counted { n: 3 })
        );
        let sorted: serde_json::Value = serde_json::from_slice(&record.value).unwrap();
        let sorted = sorted.to_string();
        assert_eq!(
            decode(7, sorted.as_bytes()).unwrap(),
            (meta.clone(), Toy::Counted { n: 3 })
        );
        let unwanted = decode_if::<Toy>(7, &record.value, |kind| kind == "Ended");
        assert_eq!(unwanted.unwrap(), (meta, None));
        assert!(decode::<Toy>(7, &record.value[..record.value.len() - 1]).is_err());
    }

    proptest! {
        #[test]
        fn shape_is_found_whatever_stands_in_the_labels(
            labels in [r#"[!-~]{1,128}"#, r#"(,"type":"|\\|"|[a-z]){1,12}"#],
            v in 1..=u16::MAX,
        ) {
            let [aggregate, actor] = labels;
            let (Ok(aggregate), Ok(actor)) = (aggregate.parse(), actor.parse()) else {
                return Ok(());
            };
            let command = CommandId(Uuid::nil());
            let meta = EventMeta {
                id: EventId::of(command, 0),
                command,
                tenant: "demo".parse().unwrap(),
                aggregate,
                sequence: 1,
                at: Timestamp::from_millis(1_000),
                actor,
                correlation: None,
                causation: None,
                v,
                kind: Box::default(),
                log_position: 1,
            };
            let mut value = Vec::new();
            encode(&meta, &Toy::Counted { n: 3 }, &mut value).unwrap();
            prop_assert_eq!(shape(&value), Some(("Counted", v)));
        }

        #[test]
        fn shape_of_any_bytes_is_no_panic(value in prop::collection::vec(any::<u8>(), 0..64)) {
            prop_assert!(shape(&value).is_none());
            let looked_for = [&value[..], KIND, &value].concat();
            drop(shape(&looked_for).map(|(kind, _)| kind.to_owned()));
        }
    }
}
