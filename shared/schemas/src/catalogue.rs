//! Every shape of every context, generated from the types that read and write it.

use cqrs_es::{Aggregate, DomainEvent};
use kernel::Context;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::envelope;
use crate::generate::{absent_not_null, variants};
use crate::shape::{Kind, Shape, ShapeId};

/// The contexts of the platform, one call each, and the envelope around their commands and events.
///
/// Every shape has version 1 until [`Catalogue::event_version`] or [`Catalogue::command_version`]
/// sets another.
pub struct Catalogue {
    pub(crate) sections: Vec<Section>,
    /// Types that are no enum with `type` and `data`: `<context> commands`.
    pub(crate) untagged: Vec<String>,
}

/// The shapes of one context.
pub(crate) struct Section {
    pub(crate) context: &'static str,
    pub(crate) shapes: Vec<Shape>,
    /// `None` for the envelope, whose records belong to the other sections.
    pub(crate) recode: Option<Recode>,
}

/// Reads `data` of a shape's name as today's type, and writes it again.
pub(crate) type Recode = fn(Kind, &str, Value) -> Result<Recoded, serde_json::Error>;

/// The result of decoding a stored value with today's type.
pub(crate) struct Recoded {
    pub(crate) data: Value,
    /// What an event calls itself.
    pub(crate) event: Option<EventName>,
}

pub(crate) struct EventName {
    pub(crate) name: String,
    pub(crate) version: String,
}

impl Default for Catalogue {
    fn default() -> Self {
        let envelope = Section {
            context: envelope::CONTEXT,
            shapes: envelope::shapes(),
            recode: None,
        };
        Self {
            sections: vec![envelope],
            untagged: Vec::new(),
        }
    }
}

impl Catalogue {
    /// Adds the commands and events of a context.
    #[must_use]
    pub fn context<C: Context>(mut self) -> Self {
        let mut shapes = Vec::new();
        let commands = (Kind::Command, variants::<C::Input>());
        let events = (Kind::Event, variants::<<C as Aggregate>::Event>());
        for (kind, variants) in [commands, events] {
            match variants {
                None => self.untagged.push(format!("{} {}", C::NAME, kind.folder())),
                Some(variants) => shapes.extend(variants.into_iter().map(|(name, mut data)| {
                    if kind == Kind::Command {
                        absent_not_null(&mut data);
                    }
                    let context = C::NAME.to_owned();
                    Shape {
                        id: ShapeId {
                            context,
                            kind,
                            name,
                            version: 1,
                        },
                        blanks_in_ids: C::BLANKS_IN_IDS,
                        data,
                    }
                })),
            }
        }
        let recode: Recode = recode::<C>;
        self.sections.push(Section {
            context: C::NAME,
            shapes,
            recode: Some(recode),
        });
        self
    }

    /// Declares that an event of the last added context has a newer shape. The files of the versions
    /// below stay as they are, and their golden values must decode to today's type.
    #[must_use]
    pub fn event_version(self, name: &str, version: u16) -> Self {
        self.version(Kind::Event, name, version)
    }

    /// The same for a command. Its versions are distinguished by their shape alone: the wire carries no
    /// version, so a command with another meaning is better given another name.
    #[must_use]
    pub fn command_version(self, name: &str, version: u16) -> Self {
        self.version(Kind::Command, name, version)
    }

    fn version(mut self, kind: Kind, name: &str, version: u16) -> Self {
        let shapes = self
            .sections
            .last_mut()
            .map(|section| section.shapes.iter_mut());
        for shape in shapes.into_iter().flatten() {
            if shape.id.kind == kind && shape.id.name == name {
                shape.id.version = version;
            }
        }
        self
    }

    /// Today's version of every shape.
    pub fn shapes(&self) -> impl Iterator<Item = &Shape> {
        self.sections.iter().flat_map(|section| &section.shapes)
    }

    /// Today's version of every command.
    pub fn commands(&self) -> impl Iterator<Item = &Shape> {
        self.shapes().filter(|shape| shape.id.kind == Kind::Command)
    }

    pub(crate) fn find(&self, context: &str, kind: Kind, name: &str) -> Option<&Shape> {
        self.shapes()
            .find(|Shape { id, .. }| id.context == context && id.kind == kind && id.name == name)
    }
}

fn recode<C: Context>(kind: Kind, name: &str, data: Value) -> Result<Recoded, serde_json::Error> {
    let tagged = json!({ "type": name, "data": data });
    match kind {
        Kind::Command => Ok(Recoded {
            data: again::<C::Input>(tagged)?.1,
            event: None,
        }),
        Kind::Event => {
            let (event, data) = again::<<C as Aggregate>::Event>(tagged)?;
            let event = EventName {
                name: event.event_type(),
                version: event.event_version(),
            };
            Ok(Recoded {
                data,
                event: Some(event),
            })
        }
    }
}

fn again<T: Serialize + DeserializeOwned>(tagged: Value) -> Result<(T, Value), serde_json::Error> {
    let value: T = serde_json::from_value(tagged)?;
    let data = serde_json::to_value(&value)?["data"].take();
    Ok((value, data))
}
