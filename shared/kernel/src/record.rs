//! The event record: the bytes that are stored are the bytes that are published, behind a frame if
//! there is a schema registry.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::id::{Actor, AggregateId, CommandId, EventId, Tenant};
use crate::time::Timestamp;

/// Everything a record says beside the event itself. In the record's JSON these fields stand before
/// `type` and `data`, so that one pass reads either.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventMeta {
    pub id: EventId,
    pub command: CommandId,
    pub tenant: Tenant,
    pub aggregate: AggregateId,
    /// Version of the aggregate after this event: 1, 2, 3 …
    pub sequence: u64,
    /// Accepted-at of the command.
    pub at: Timestamp,
    pub actor: Actor,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<AggregateId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation: Option<Uuid>,
    /// Version of the event's shape.
    pub v: u16,
    /// Name of the event, such as `FillRecorded`. Written by the event itself.
    #[serde(rename = "type", skip_serializing)]
    pub kind: Box<str>,
    /// Position in the partition: 1, 2, 3 … without gaps. Travels beside the value (a header on
    /// Kafka, a column in a store), so that a record's bytes do not depend on it.
    #[serde(skip)]
    pub position: u64,
}

/// One event as it is stored and published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRecord {
    pub position: u64,
    /// `{tenant}/{aggregate_id}`.
    pub key: Arc<str>,
    /// JSON object: the fields of [`EventMeta`], then `type` and `data`.
    pub value: Bytes,
}

impl EventRecord {
    /// # Errors
    /// The record is not one of ours.
    pub fn meta(&self) -> Result<EventMeta, serde_json::Error> {
        let mut meta: EventMeta = serde_json::from_slice(&self.value)?;
        meta.position = self.position;
        Ok(meta)
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
/// What stands between the meta and the event's name.
const KIND: &[u8] = b",\"type\":\"";

/// Name and version of a record's event, found without reading the record as JSON. `None`: the record
/// is not one of ours.
///
/// The first `,"type":"` is no part of a text, because a text's own quotes are escaped; and what
/// stands before it is the meta's last field, the version.
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
            position: 7,
        };
        let mut value = Vec::new();
        encode(&meta, &Toy::Counted { n: 3 }, &mut value).unwrap();
        let record = EventRecord {
            position: 7,
            key: "demo/a/b".into(),
            value: value.into(),
        };
        assert_eq!(shape(&record.value), Some(("Counted", 1)));
        meta.kind = "Counted".into();
        assert_eq!(record.meta().unwrap(), meta);
        assert_eq!(
            serde_json::from_slice::<Toy>(&record.value).unwrap(),
            Toy::Counted { n: 3 }
        );
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
                position: 1,
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
