//! What a registry receives: subjects, their schemas and how those may change.

use serde_json::{Map, Value};

use crate::catalogue::Catalogue;
use crate::compat::Compatibility;
use crate::envelope;
use crate::shape::{DRAFT, Kind, Shape};

/// A subject and its schema, named `<topic>-<record>`: several types of record share a topic.
///
/// The schema's `title` is the record's name, from which Confluent's `TopicRecordNameStrategy`
/// derives the same subject. It has no `$id`: within a version it may grow, and validators cache
/// by `$id`.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    pub name: String,
    pub schema: Value,
    pub compatibility: Compatibility,
}

/// A record that the platform itself writes, and the subject of its schema.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    pub context: String,
    pub kind: Kind,
    /// Of the command or event.
    pub name: String,
    pub version: u16,
    pub subject: String,
    /// `None` for an event's version before today's: a replay may still publish it, but only the
    /// registry knows its schema.
    pub schema: Option<Value>,
}

impl Catalogue {
    /// What the platform writes to the topics whose names start with `prefix`: commands in
    /// structured form, and events of every version there ever was.
    #[must_use]
    pub fn written(&self, prefix: &str) -> Vec<Written> {
        let shapes = self.shapes();
        let contexts = shapes.filter(|shape| shape.id.context != envelope::CONTEXT);
        contexts.flat_map(|shape| written(prefix, shape)).collect()
    }

    /// The subjects of all topics whose names start with `prefix`.
    ///
    /// A command has two: `BookTrade` is the bare command, for records whose headers hold the rest,
    /// `BookTradeEnvelope` the whole envelope. An event has one: the whole record. A version above
    /// 1 is a record of its own, such as `FillRecorded.v2`, so that its subject starts afresh.
    #[must_use]
    pub fn subjects(&self, prefix: &str) -> Vec<Subject> {
        let contexts = self
            .shapes()
            .filter(|shape| shape.id.context != envelope::CONTEXT);
        contexts.flat_map(|shape| subjects(prefix, shape)).collect()
    }
}

fn written(prefix: &str, shape: &Shape) -> Vec<Written> {
    let whole = subjects(prefix, shape).pop();
    let today = |subject: Subject| Written {
        context: shape.id.context.clone(),
        kind: shape.id.kind,
        name: shape.id.name.clone(),
        version: shape.id.version,
        subject: subject.name,
        schema: Some(subject.schema),
    };
    let before = match shape.id.kind {
        Kind::Command => 1..1,
        Kind::Event => 1..shape.id.version,
    };
    let topic = kernel::topic::events(prefix, &shape.id.context);
    let before = before.map(|version| Written {
        context: shape.id.context.clone(),
        kind: shape.id.kind,
        name: shape.id.name.clone(),
        version,
        subject: format!("{topic}-{}", record(&shape.id.name, version)),
        schema: None,
    });
    whole.map(today).into_iter().chain(before).collect()
}

fn record(name: &str, version: u16) -> String {
    match version {
        1 => name.to_owned(),
        version => format!("{name}.v{version}"),
    }
}

/// The last of them is that of the whole record.
fn subjects(prefix: &str, shape: &Shape) -> Vec<Subject> {
    let context = &shape.id.context;
    let record = record(&shape.id.name, shape.id.version);
    match shape.id.kind {
        Kind::Command => {
            let topic = kernel::topic::commands(prefix, context);
            let whole = subject(
                shape,
                &topic,
                &format!("{record}Envelope"),
                envelope::around(shape),
            );
            vec![subject(shape, &topic, &record, shape.data.clone()), whole]
        }
        Kind::Event => {
            let topic = kernel::topic::events(prefix, context);
            vec![subject(shape, &topic, &record, envelope::around(shape))]
        }
    }
}

fn subject(shape: &Shape, topic: &str, record: &str, mut schema: Map<String, Value>) -> Subject {
    schema.insert("$schema".to_owned(), DRAFT.into());
    schema.insert("title".to_owned(), record.into());
    Subject {
        name: format!("{topic}-{record}"),
        schema: Value::Object(schema),
        compatibility: shape.id.kind.compatibility(),
    }
}
