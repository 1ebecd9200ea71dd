//! Lists, and tuples as draft 7 writes them: `items` is a list of schemas.

use serde_json::Value;

use super::change::{Change, Violation};
use super::inclusion::{ANYTHING, Pair, Place, included};
use super::number::{at_least, at_most};

pub(super) const KEYWORDS: &[&str] = &["items", "minItems", "maxItems", "uniqueItems"];

pub(super) fn violations(pair: &Pair) -> Vec<Violation> {
    let (written, read) = pair.both("uniqueItems");
    let repeats = read == Some(&Value::Bool(true)) && written != read;
    let bounds = [
        at_least(pair, "minItems"),
        at_most(pair, "maxItems"),
        repeats.then(|| pair.violation(Change::Bound("uniqueItems"))),
    ];
    let mut found: Vec<_> = bounds.into_iter().flatten().collect();
    found.extend(items(pair));
    found
}

fn items(pair: &Pair) -> Vec<Violation> {
    let anything = |at: &str| Place {
        at: at.to_owned(),
        schema: &ANYTHING,
    };
    let written = pair
        .written
        .place("items")
        .unwrap_or_else(|| anything(&pair.written.at));
    let read = pair
        .read
        .place("items")
        .unwrap_or_else(|| anything(&pair.read.at));
    if !written.schema.is_array() && !read.schema.is_array() {
        return included(&written, &read, pair.direction);
    }
    // `additionalItems` and the bounds limit how many there are; both are compared elsewhere.
    let (Some(written), Some(read)) = (each(&written), each(&read)) else {
        return vec![pair.violation(Change::Keyword("items".to_owned()))];
    };
    if written.len() != read.len() {
        return vec![pair.violation(Change::Keyword("items".to_owned()))];
    }
    let places = written.iter().zip(&read);
    places
        .flat_map(|(written, read)| included(written, read, pair.direction))
        .collect()
}

fn each<'a>(tuple: &Place<'a>) -> Option<Vec<Place<'a>>> {
    let schemas = tuple.schema.as_array()?.iter().enumerate();
    Some(
        schemas
            .map(|(n, schema)| Place {
                at: format!("{}/{n}", tuple.at),
                schema,
            })
            .collect(),
    )
}
