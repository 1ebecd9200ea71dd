//! Golden values: samples of what was written under a version, kept permanently, read by today's types.

use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::catalogue::{Catalogue, Recode, Recoded, Section};
use crate::folder::{Error, json, names};
use crate::shape::{Kind, Shape, ShapeId};

/// A golden file and what is wrong with it.
#[derive(Clone, Debug, PartialEq)]
pub struct GoldenFault {
    /// Below the folder of schemas.
    pub path: PathBuf,
    pub wrong: Wrong,
}

/// What is wrong with a golden value.
#[derive(Clone, Debug, PartialEq)]
pub enum Wrong {
    /// A shape has no golden value of its current version.
    Missing,
    /// The name of the file is no shape's.
    Stray,
    /// It does not fit the schema of its version.
    Invalid(String),
    /// Today's type cannot read it: what is stored could not be replayed.
    Unreadable(String),
    /// Today's type writes it otherwise: a replay would not give the bytes that were published.
    Rewritten { golden: Value, today: Value },
    /// The event calls itself otherwise than its schema does.
    Misnamed { name: String, version: String },
}

impl Catalogue {
    /// What is wrong with the golden values below `folder`:
    /// `<context>/<commands|events>/golden/<Name>.v<N>[.<label>].json`, each the `data` of a record.
    ///
    /// Each must fit the schema of its version and be readable today. Today's type must write it
    /// back as it is: an event exactly, unless the event has a newer version; of a command, each
    /// field that it names, since a producer may leave defaults out.
    ///
    /// # Errors
    /// A file cannot be read, or is not JSON.
    pub fn golden_check(&self, folder: &Path) -> Result<Vec<GoldenFault>, Error> {
        let mut found = Vec::new();
        for section in &self.sections {
            if let Some(recode) = section.recode {
                for kind in Kind::ALL {
                    Golden {
                        catalogue: self,
                        folder,
                        section,
                        recode,
                        kind,
                    }
                    .check(&mut found)?;
                }
            }
        }
        Ok(found)
    }
}

/// The golden values of one kind of one context.
struct Golden<'a> {
    catalogue: &'a Catalogue,
    folder: &'a Path,
    section: &'a Section,
    recode: Recode,
    kind: Kind,
}

impl Golden<'_> {
    fn check(&self, found: &mut Vec<GoldenFault>) -> Result<(), Error> {
        let below: PathBuf = [self.section.context, self.kind.folder(), "golden"]
            .iter()
            .collect();
        let files = names(&self.folder.join(&below))?;
        for shape in self
            .section
            .shapes
            .iter()
            .filter(|shape| shape.id.kind == self.kind)
        {
            let of_shape = |file: &String| {
                let parsed = ShapeId::parse_file(file);
                parsed.is_some_and(|(name, v, _)| name == shape.id.name && v == shape.id.version)
            };
            if !files.iter().any(of_shape) {
                let file = format!("{}.v{}.json", shape.id.name, shape.id.version);
                found.push(GoldenFault {
                    path: below.join(file),
                    wrong: Wrong::Missing,
                });
            }
        }
        for file in files {
            let path = below.join(&file);
            let wrong = match self.shape(&file) {
                None => Some(Wrong::Stray),
                Some((id, today)) => self.wrong(&path, &id, today)?,
            };
            found.extend(wrong.map(|wrong| GoldenFault { path, wrong }));
        }
        Ok(())
    }

    fn shape(&self, file: &str) -> Option<(ShapeId, &Shape)> {
        let (name, version, _) = ShapeId::parse_file(file)?;
        let today = self.catalogue.find(self.section.context, self.kind, name)?;
        (version <= today.id.version).then(|| {
            (
                ShapeId {
                    version,
                    ..today.id.clone()
                },
                today,
            )
        })
    }

    fn wrong(&self, path: &Path, id: &ShapeId, today: &Shape) -> Result<Option<Wrong>, Error> {
        let golden = json(&self.folder.join(path))?;
        let is_current = id.version == today.id.version;
        let schema = if is_current {
            today.document()
        } else {
            json(&self.folder.join(id.path()))?
        };
        let validator = match jsonschema::validator_for(&schema) {
            Ok(validator) => validator,
            Err(error) => return Ok(Some(Wrong::Invalid(error.to_string()))),
        };
        if let Err(error) = validator.validate(&golden) {
            let detail = format!("{}: {error}", error.instance_path());
            return Ok(Some(Wrong::Invalid(detail)));
        }
        match (self.recode)(self.kind, &id.name, golden.clone()) {
            Err(error) => Ok(Some(Wrong::Unreadable(error.to_string()))),
            Ok(recoded) => Ok(rewritten(golden, recoded, today, is_current)),
        }
    }
}

fn rewritten(golden: Value, recoded: Recoded, today: &Shape, is_current: bool) -> Option<Wrong> {
    if let Some(event) = recoded.event
        && (event.name != today.id.name || event.version != today.id.version.to_string())
    {
        return Some(Wrong::Misnamed {
            name: event.name,
            version: event.version,
        });
    }
    let same = match today.id.kind {
        Kind::Command => keeps(&recoded.data, &golden),
        Kind::Event => !is_current || recoded.data == golden,
    };
    (!same).then_some(Wrong::Rewritten {
        golden,
        today: recoded.data,
    })
}

/// Whether `today` has every field of `golden`, with its value.
fn keeps(today: &Value, golden: &Value) -> bool {
    match (today, golden) {
        (Value::Object(today), Value::Object(golden)) => golden
            .iter()
            .all(|(name, value)| today.get(name).is_some_and(|today| keeps(today, value))),
        (Value::Array(today), Value::Array(golden)) => {
            today.len() == golden.len() && today.iter().zip(golden).all(|(t, g)| keeps(t, g))
        }
        _ => today == golden,
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("no golden value"),
            Self::Stray => f.write_str("of no shape"),
            Self::Invalid(detail) => write!(f, "does not fit its schema: {detail}"),
            Self::Unreadable(detail) => write!(f, "cannot be read today: {detail}"),
            Self::Rewritten { golden, today } => write!(f, "{golden} is written {today} today"),
            Self::Misnamed { name, version } => write!(f, "calls itself {name} v{version}"),
        }
    }
}

impl fmt::Display for GoldenFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.wrong)
    }
}
