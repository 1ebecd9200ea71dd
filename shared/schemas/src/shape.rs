//! One command or event in one version, and the names that follow from it.

use std::fmt;
use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::compat::Compatibility;

/// What a shape describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Command,
    Event,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::Command, Self::Event];

    /// Name of its folder, and the end of its topic's name.
    #[must_use]
    pub fn folder(self) -> &'static str {
        match self {
            Self::Command => "commands",
            Self::Event => "events",
        }
    }

    /// How its shapes may change. Anybody may write commands and only we read them; we write
    /// events, anybody reads them, and we read those of years ago when we replay.
    #[must_use]
    pub fn compatibility(self) -> Compatibility {
        match self {
            Self::Command => Compatibility::BackwardTransitive,
            Self::Event => Compatibility::FullTransitive,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Command => "command",
            Self::Event => "event",
        })
    }
}

/// Which shape.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShapeId {
    pub context: String,
    pub kind: Kind,
    pub name: String,
    /// 1, 2, 3 …
    pub version: u16,
}

impl ShapeId {
    /// `<context>/<commands|events>/<Name>.v<N>.json`, below the folder of schemas.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        let file = format!("{}.v{}.json", self.name, self.version);
        [&self.context, self.kind.folder(), &file].iter().collect()
    }

    /// `urn:dealerboard:<context>:<command|event>:<Name>:v<N>`.
    #[must_use]
    pub fn urn(&self) -> String {
        let Self {
            context,
            kind,
            name,
            version,
        } = self;
        format!("urn:dealerboard:{context}:{kind}:{name}:v{version}")
    }

    /// Name and version of a file `<Name>.v<N>.json`, and the label of `<Name>.v<N>.<label>.json`.
    pub(crate) fn parse_file(file: &str) -> Option<(&str, u16, Option<&str>)> {
        let (name, rest) = file.strip_suffix(".json")?.split_once(".v")?;
        let (version, label) = match rest.split_once('.') {
            Some((version, label)) => (version, Some(label)),
            None => (rest, None),
        };
        let number = version.parse().ok().filter(|number| *number > 0)?;
        // `v01` would be a second file of version 1.
        (version == u16::to_string(&number)).then_some((name, number, label))
    }
}

impl fmt::Display for ShapeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            context,
            kind,
            name,
            version,
        } = self;
        write!(f, "{context} {kind} {name} v{version}")
    }
}

/// A shape and what its `data` looks like.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    pub id: ShapeId,
    /// [`kernel::Context::BLANKS_IN_IDS`] of its context.
    pub(crate) blanks_in_ids: bool,
    /// Without `$schema`, `$id` and `title`.
    pub data: Map<String, Value>,
}

/// The newest draft of which registries can compare two schemas: Apicurio 3.3 registers one of
/// 2020-12, and answers 500 to the second version.
pub(crate) const DRAFT: &str = "http://json-schema.org/draft-07/schema#";

impl Shape {
    /// The schema in the shape's file.
    #[must_use]
    pub fn document(&self) -> Value {
        let mut document = self.data.clone();
        document.insert("$schema".to_owned(), DRAFT.into());
        document.insert("$id".to_owned(), self.id.urn().into());
        document.insert("title".to_owned(), self.id.name.as_str().into());
        Value::Object(document)
    }
}

#[cfg(test)]
mod tests {
    use super::ShapeId;

    #[test]
    fn file_name_gives_name_version_and_label() {
        let cases = [
            ("BookTrade.v1.json", Some(("BookTrade", 1, None))),
            (
                "BookTrade.v12.minimal.json",
                Some(("BookTrade", 12, Some("minimal"))),
            ),
            ("BookTrade.v0.json", None),
            ("BookTrade.v01.json", None),
            ("BookTrade.v+1.json", None),
            ("BookTrade.v70000.json", None),
            ("BookTrade.json", None),
            ("README.md", None),
        ];
        for (file, expected) in cases {
            assert_eq!(ShapeId::parse_file(file), expected, "{file}");
        }
    }
}
