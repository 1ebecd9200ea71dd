//! Whether all that is written is admitted where it is read.

use serde_json::Value;

use super::alternative::{Admits, Alternative, alternatives};
use super::change::{Change, Direction, Violation};
use super::form::form;
use super::{array, number, object, text};

/// A schema and its place in its document.
#[derive(Clone)]
pub(super) struct Place<'a> {
    pub(super) at: String,
    pub(super) schema: &'a Value,
}

impl<'a> Place<'a> {
    pub(super) fn root(schema: &'a Value) -> Self {
        Self {
            at: String::new(),
            schema,
        }
    }
}

/// The schema that admits every value.
pub(super) static ANYTHING: Value = Value::Bool(true);

/// An alternative that is written beside one that may read it.
pub(super) struct Pair<'a> {
    pub(super) written: Alternative<'a>,
    pub(super) read: Alternative<'a>,
    pub(super) direction: Direction,
}

/// What keeps `read` from admitting every value of `written`.
pub(super) fn included(written: &Place, read: &Place, direction: Direction) -> Vec<Violation> {
    let violation = |change| Violation {
        at: read.at.clone(),
        direction,
        change,
    };
    let readers = alternatives(read);
    let mut found = Vec::new();
    for written in alternatives(written) {
        let pairs = readers.iter().map(|read| Pair {
            written: written.clone(),
            read: read.clone(),
            direction,
        });
        // One reader is enough. If there is none, the nearest shows best what is wrong.
        let nearest = pairs.map(|pair| pair.violations()).min_by_key(Vec::len);
        found.extend(nearest.unwrap_or_else(|| vec![violation(Change::Nothing)]));
    }
    let grown = direction == Direction::Backward && !form(written.schema).keeps(&form(read.schema));
    if grown && found.is_empty() {
        found.push(violation(Change::Reshaped));
    }
    found
}

impl<'a> Pair<'a> {
    pub(super) fn violation(&self, change: Change) -> Violation {
        Violation {
            at: self.read.at.clone(),
            direction: self.direction,
            change,
        }
    }

    /// The value of a keyword on both sides: written, read.
    pub(super) fn both(&self, keyword: &str) -> (Option<&'a Value>, Option<&'a Value>) {
        (self.written.get(keyword), self.read.get(keyword))
    }

    /// The reader may leave it out, or have the same.
    pub(super) fn same_or_unread(&self, keyword: &str) -> Option<Violation> {
        let (written, read) = self.both(keyword);
        let differs = read.is_some() && written != read;
        differs.then(|| self.violation(Change::Keyword(keyword.to_owned())))
    }

    fn violations(&self) -> Vec<Violation> {
        match (self.written.admits, self.read.admits) {
            (Admits::Constant(written), Admits::Constant(read)) if written == read => {
                self.unproven()
            }
            (Admits::Constant(written), Admits::Constant(_)) => {
                vec![self.violation(Change::Value(written.clone()))]
            }
            (Admits::Constant(written), Admits::Type(read)) if fits(type_of(written), read) => {
                self.unproven()
            }
            (Admits::Constant(written), Admits::Type(_)) => {
                vec![self.violation(Change::Value(written.clone()))]
            }
            (Admits::Type(written), Admits::Type(read)) if fits(written, read) => {
                self.within(written)
            }
            (Admits::Type(written), Admits::Any) => self.within(written),
            (_, Admits::Any) => self.unproven(),
            (written, read) => vec![self.violation(Change::Type {
                written: described(written),
                read: described(read),
            })],
        }
    }

    /// A constant is not tried against the reader's keywords: the reader must have none.
    fn unproven(&self) -> Vec<Violation> {
        let keywords = self.read.constraints();
        keywords
            .filter_map(|keyword| self.same_or_unread(keyword))
            .collect()
    }

    fn within(&self, kind: &str) -> Vec<Violation> {
        let mut found = match kind {
            "string" => text::violations(self),
            "integer" | "number" => number::violations(self),
            "array" => array::violations(self),
            "object" => object::violations(self),
            _ => Vec::new(),
        };
        // A keyword that belongs to another type does not limit values of this one.
        let unknown = self.read.constraints().filter(|keyword| !is_known(keyword));
        found.extend(unknown.filter_map(|keyword| self.same_or_unread(keyword)));
        found
    }
}

fn is_known(keyword: &str) -> bool {
    let known = [
        text::KEYWORDS,
        number::KEYWORDS,
        array::KEYWORDS,
        object::KEYWORDS,
    ];
    known.iter().any(|keywords| keywords.contains(&keyword))
}

/// Whether values of the one type are values of the other.
pub(super) fn fits(written: &str, read: &str) -> bool {
    written == read || (written, read) == ("integer", "number")
}

/// The narrowest type of a value; `1.0` is an integer, as JSON Schema has it.
pub(super) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.as_f64().is_some_and(|real| real.fract() != 0.0) => {
            "number"
        }
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn described(admits: Admits) -> String {
    match admits {
        Admits::Any => "any".to_owned(),
        Admits::Type(name) => name.to_owned(),
        Admits::Constant(value) => value.to_string(),
    }
}
