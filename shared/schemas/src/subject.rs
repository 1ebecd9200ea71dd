//! What a registry is told: subjects, their schemas and how those may change.

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

impl Catalogue {
    /// The subjects of all topics whose names start with `prefix`.
    ///
    /// A command has two: `BookTrade` is the bare command, for records whose headers say the rest,
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

fn subjects(prefix: &str, shape: &Shape) -> Vec<Subject> {
    let context = &shape.id.context;
    let record = match shape.id.version {
        1 => shape.id.name.clone(),
        version => format!("{}.v{version}", shape.id.name),
    };
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
