//! Objects: which properties there are, which must be, and what else may.

use serde_json::Value;

use super::alternative::Alternative;
use super::change::{Change, Direction, Violation};
use super::inclusion::{ANYTHING, Pair, Place, included};
use super::number::{at_least, at_most};

pub(super) const KEYWORDS: &[&str] = &[
    "properties",
    "required",
    "additionalProperties",
    "minProperties",
    "maxProperties",
];

pub(super) fn violations(pair: &Pair) -> Vec<Violation> {
    let bounds = [
        at_least(pair, "minProperties"),
        at_most(pair, "maxProperties"),
    ];
    let mut found: Vec<_> = bounds.into_iter().flatten().collect();
    found.extend(required(pair));
    for name in properties(&pair.written) {
        found.extend(written(pair, name));
    }
    for name in properties(&pair.read).filter(|name| !has(&pair.written, name)) {
        found.extend(undeclared(pair, name));
    }
    found.extend(additional(pair));
    found
}

fn required(pair: &Pair) -> Vec<Violation> {
    let missing = names(&pair.read).filter(|name| !names(&pair.written).any(|sure| sure == *name));
    missing
        .map(|name| pair.violation(Change::Required(name.to_owned())))
        .collect()
}

/// A property that the writer declares.
fn written(pair: &Pair, name: &str) -> Vec<Violation> {
    let Some(written) = property(&pair.written, name) else {
        return Vec::new();
    };
    let Some(read) = property(&pair.read, name) else {
        return unread(pair, name, &written);
    };
    let mut found = included(&written, &read, pair.direction);
    let may_be_missing = !names(&pair.written).any(|sure| sure == name);
    let backward = pair.direction == Direction::Backward;
    if backward && may_be_missing && written.schema.get("default") != read.schema.get("default") {
        found.push(pair.violation(Change::Default(name.to_owned())));
    }
    found
}

/// A property that the writer declares and the reader does not.
fn unread(pair: &Pair, name: &str, written: &Place) -> Vec<Violation> {
    match others(&pair.read) {
        Others::None => vec![pair.violation(Change::Unexpected(name.to_owned()))],
        Others::Like(read) => included(written, &read, pair.direction),
        Others::Any if pair.direction == Direction::Backward => {
            vec![pair.violation(Change::Dropped(name.to_owned()))]
        }
        Others::Any => Vec::new(),
    }
}

/// A property that the reader declares and the writer does not.
fn undeclared(pair: &Pair, name: &str) -> Vec<Violation> {
    let Some(read) = property(&pair.read, name) else {
        return Vec::new();
    };
    match others(&pair.written) {
        Others::None => Vec::new(),
        Others::Like(written) => included(&written, &read, pair.direction),
        Others::Any => vec![pair.violation(Change::Claimed(name.to_owned()))],
    }
}

fn anything<'a>(pair: &Pair<'a>) -> Place<'a> {
    Place {
        at: pair.written.at.clone(),
        schema: &ANYTHING,
    }
}

fn additional(pair: &Pair) -> Vec<Violation> {
    match (others(&pair.written), others(&pair.read)) {
        (Others::None, _) | (_, Others::Any) => Vec::new(),
        (_, Others::None) => vec![pair.violation(Change::Closed)],
        (Others::Like(written), Others::Like(read)) => included(&written, &read, pair.direction),
        (Others::Any, Others::Like(read)) => included(&anything(pair), &read, pair.direction),
    }
}

/// Properties that are not declared.
enum Others<'a> {
    None,
    Any,
    Like(Place<'a>),
}

fn others<'a>(of: &Alternative<'a>) -> Others<'a> {
    match of.place("additionalProperties") {
        None => Others::Any,
        Some(place) => match place.schema {
            Value::Bool(true) => Others::Any,
            Value::Bool(false) => Others::None,
            _ => Others::Like(place),
        },
    }
}

fn properties<'a>(of: &Alternative<'a>) -> impl Iterator<Item = &'a str> + use<'a> {
    let declared = of.get("properties").and_then(Value::as_object);
    declared
        .into_iter()
        .flat_map(|declared| declared.keys().map(String::as_str))
}

fn has(of: &Alternative, name: &str) -> bool {
    property(of, name).is_some()
}

fn property<'a>(of: &Alternative<'a>, name: &str) -> Option<Place<'a>> {
    let schema = of.get("properties")?.get(name)?;
    let escaped = name.replace('~', "~0").replace('/', "~1");
    Some(Place {
        at: format!("{}/properties/{escaped}", of.at),
        schema,
    })
}

/// The properties that are always there.
fn names<'a>(of: &Alternative<'a>) -> impl Iterator<Item = &'a str> + use<'a> {
    let required = of.get("required").and_then(Value::as_array);
    required.into_iter().flatten().filter_map(Value::as_str)
}
