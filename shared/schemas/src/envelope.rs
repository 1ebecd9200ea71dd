//! The envelope of `data` on the log: the kernel's command envelope and event record, as schemas.

use kernel::Alphabet;
use serde_json::{Map, Value, json};

use crate::shape::{Kind, Shape, ShapeId};

/// The name under which the two are filed, as if they were a context of their own.
pub(crate) const CONTEXT: &str = "envelope";

/// The command envelope and the event record, with any `type` and any `data`.
pub(crate) fn shapes() -> Vec<Shape> {
    Kind::ALL.map(|kind| shape(kind, 1)).into()
}

fn shape(kind: Kind, version: u16) -> Shape {
    let (name, data) = match kind {
        Kind::Command => ("Command", command()),
        Kind::Event => ("Event", event()),
    };
    let id = ShapeId {
        context: CONTEXT.to_owned(),
        kind,
        name: name.to_owned(),
        version,
    };
    Shape {
        id,
        blanks_in_ids: false,
        data,
    }
}

/// The schema of a whole record that carries this shape.
pub(crate) fn around(shape: &Shape) -> Map<String, Value> {
    let mut record = match shape.id.kind {
        Kind::Command => command(),
        Kind::Event => event(),
    };
    let name = shape.id.name.as_str();
    if let Some(Value::Object(properties)) = record.get_mut("properties") {
        properties.insert(
            "type".to_owned(),
            json!({ "type": "string", "const": name }),
        );
        properties.insert("data".to_owned(), Value::Object(shape.data.clone()));
        if shape.blanks_in_ids
            && let Some(aggregate) = properties.get_mut("aggregate")
        {
            aggregate["pattern"] = Alphabet::INSTRUMENT.pattern.into();
        }
    }
    record
}

/// [`kernel::CommandEnvelope`]; closed, because it is: a misspelt field must not be lost.
fn command() -> Map<String, Value> {
    object(json!({
        "type": "object",
        "description": "A command in structured form. The record's key is `{tenant}/{aggregate_id}`.",
        "additionalProperties": false,
        "required": ["id", "type", "data"],
        "properties": {
            "id": {
                "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$",
                "description": "The sender's key for the command, such as a UUID: of the same aggregate it has one effect, and the same answer for ever.",
            },
            "type": name("The command's name."),
            "tenant": optional(tenant(), "Whose data; must agree with the key."),
            "actor": optional(actor(), "Who sends it; must agree with what the broker proves."),
            "identity": optional(uuid(""), "Who that is, whatever the name, where a rule asks; of the platform's own records."),
            "at": optional(instant(), "Accepted-at; a producer leaves it to the log's clock."),
            "correlation": optional(aggregate_id(), "What the whole chain is about."),
            "causation": optional(uuid(""), "The event or command that caused this one."),
            "expected_version": {
                "type": ["integer", "null"], "format": "uint64", "minimum": 0,
                "description": "The aggregate must be at this version, or the command is rejected.",
            },
            "reply_to": optional(aggregate_id(), "The request that waits for the outcome; of the platform's own records."),
            "data": { "description": "As the schema of the command says." },
        },
    }))
}

/// [`kernel::EventMeta`] and the event; open, because its readers ignore what they do not know.
fn event() -> Map<String, Value> {
    object(json!({
        "type": "object",
        "description": "An event as it is stored and published. Its position travels in the header `position`.",
        "required": [
            "id", "command", "tenant", "aggregate", "sequence", "at", "actor", "v", "type", "data",
        ],
        "properties": {
            "id": uuid("uuid5 of the command's id and the event's place in its answer."),
            "command": uuid("The command that it answers."),
            "tenant": tenant(),
            "aggregate": aggregate_id(),
            "sequence": {
                "type": "integer", "format": "uint64", "minimum": 1,
                "description": "Version of the aggregate after this event.",
            },
            "at": instant(),
            "actor": actor(),
            "correlation": optional(aggregate_id(), "What the whole chain is about."),
            "causation": optional(uuid(""), "The event or command that caused its command."),
            "v": {
                "type": "integer", "format": "uint16", "minimum": 1, "maximum": u16::MAX,
                "description": "Version of the event's shape.",
            },
            "type": name("The event's name."),
            "data": { "description": "As the schema of the event says." },
        },
    }))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn name(description: &str) -> Value {
    json!({ "type": "string", "minLength": 1, "description": description })
}

fn uuid(description: &str) -> Value {
    json!({ "type": "string", "format": "uuid", "description": description })
}

fn instant() -> Value {
    schema_of::<kernel::Timestamp>()
}

fn tenant() -> Value {
    schema_of::<kernel::Tenant>()
}

fn actor() -> Value {
    schema_of::<kernel::Actor>()
}

fn aggregate_id() -> Value {
    schema_of::<kernel::AggregateId>()
}

fn schema_of<T: schemars::JsonSchema>() -> Value {
    let settings = schemars::generate::SchemaSettings::draft07();
    T::json_schema(&mut settings.into_generator()).to_value()
}

/// `null` is as good as absent, as it is to serde.
fn optional(mut schema: Value, description: &str) -> Value {
    schema["type"] = json!([schema["type"], "null"]);
    schema["description"] = description.into();
    schema
}

#[cfg(test)]
mod tests {
    use kernel::record::{self, EventMeta};
    use kernel::{CommandEnvelope, CommandKey};
    use serde::de::IgnoredAny;
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::{command, event};

    fn full_command() -> Value {
        let id = Uuid::nil();
        json!({
            "id": id, "type": "Count", "tenant": "demo", "actor": "oms", "identity": id,
            "at": "2013-10-07T08:00:00Z", "correlation": "c/1", "causation": id, "expected_version": 3, "reply_to": "gw-1",
            "data": {},
        })
    }

    fn full_event() -> Value {
        let id = Uuid::nil();
        json!({
            "id": id, "command": id, "tenant": "demo", "aggregate": "a/1", "sequence": 1,
            "at": "2013-10-07T08:00:00Z", "actor": "oms", "correlation": "c/1", "causation": id,
            "v": 1, "type": "Counted", "data": {},
        })
    }

    /// Drops each field, and sets each to null and to a number, and compares the schema's verdict
    /// with the type's. Formats are not asserted by validators; an empty text is none.
    fn agrees(full: &Value, schema: Value, formats: &[&str], reads: impl Fn(&str) -> bool) {
        let validator = jsonschema::validator_for(&schema).unwrap();
        let mut variants = vec![full.clone()];
        for field in full
            .as_object()
            .unwrap()
            .keys()
            .filter(|field| *field != "data")
        {
            let mut without = full.clone();
            without.as_object_mut().unwrap().remove(field);
            variants.push(without);
            for wrong in [Value::Null, json!(-1), json!("")] {
                let mut other = full.clone();
                other[field] = wrong;
                variants.push(other);
            }
        }
        for variant in variants {
            let format_only = formats.iter().any(|field| variant[field] == json!(""));
            let valid = validator.is_valid(&variant) && !format_only;
            assert_eq!(valid, reads(&variant.to_string()), "{variant}");
        }
    }

    #[test]
    fn command_schema_agrees_with_the_envelope() {
        let formats = ["at", "causation", "identity"];
        agrees(
            &full_command(),
            Value::Object(command()),
            &formats,
            |text| {
                let read = serde_json::from_str::<CommandEnvelope<'_>>(text);
                // The id is read as a key once its sender is known; an address that cannot be read is none.
                let is_key = |read: &CommandEnvelope<'_>| CommandKey::new(&read.id).is_ok();
                let no_address = text.contains(r#""reply_to":"""#);
                read.is_ok_and(|read| !read.kind.is_empty() && is_key(&read) && !no_address)
            },
        );
    }

    fn read(text: &str) -> Result<EventMeta, serde_json::Error> {
        let read = record::decode_if::<IgnoredAny>(1, text.as_bytes(), |_| false);
        read.map(|(meta, _)| meta)
    }

    #[test]
    fn event_schema_agrees_with_the_record() {
        let formats = ["id", "command", "at", "causation"];
        agrees(&full_event(), Value::Object(event()), &formats, |text| {
            // The record's own bounds: names and counters start at one.
            read(text).is_ok_and(|read| !read.kind.is_empty() && read.sequence > 0 && read.v > 0)
        });
    }

    #[test]
    fn unknown_field_is_refused_in_a_command_and_ignored_in_an_event() {
        let mut stranger = full_command();
        stranger["priority"] = json!(1);
        assert!(!jsonschema::is_valid(&Value::Object(command()), &stranger));
        assert!(serde_json::from_str::<CommandEnvelope<'_>>(&stranger.to_string()).is_err());
        let mut stranger = full_event();
        stranger["trace"] = json!("00-1");
        assert!(jsonschema::is_valid(&Value::Object(event()), &stranger));
        assert!(read(&stranger.to_string()).is_ok());
    }
}
