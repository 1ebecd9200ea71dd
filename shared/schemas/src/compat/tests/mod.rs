//! Changes and their verdicts: what an author may do to a command and to an event.

mod bounds;
mod choices;
mod kinds;
mod properties;

use serde_json::{Value, json};

use crate::compat::Compatibility::{BackwardTransitive, FullTransitive};
use crate::compat::{Change, Direction, violations};

/// A closed object, as a command is.
fn command(properties: Value, required: Value) -> Value {
    json!({
        "type": "object", "additionalProperties": false,
        "properties": properties, "required": required,
    })
}

/// An open object, as an event is.
fn event(properties: Value, required: Value) -> Value {
    json!({ "type": "object", "properties": properties, "required": required })
}

/// A command whose one property is the schema given.
fn of(schema: Value) -> Value {
    command(json!({ "x": schema }), json!(["x"]))
}

fn text() -> Value {
    json!({ "type": "string" })
}

/// What is changed, before, after, and whether a command and an event may be changed so.
type Case = (&'static str, Value, Value, bool, bool);

fn cases() -> Vec<Case> {
    let parts = [
        properties::cases(),
        kinds::cases(),
        bounds::cases(),
        choices::cases(),
    ];
    parts.concat()
}

#[test]
fn change_has_the_verdict_it_deserves() {
    for (what, old, new, backward, full) in cases() {
        let found = violations(BackwardTransitive, &old, &new);
        assert_eq!(found.is_empty(), backward, "command, {what}: {found:?}");
        let found = violations(FullTransitive, &old, &new);
        assert_eq!(found.is_empty(), full, "event, {what}: {found:?}");
    }
}

#[test]
fn schema_may_stay_as_it_is() {
    for (what, old, new, ..) in cases() {
        assert_eq!(violations(FullTransitive, &old, &old), [], "{what}");
        assert_eq!(violations(FullTransitive, &new, &new), [], "{what}");
    }
}

#[test]
fn violation_says_where_and_who() {
    let old = command(
        json!({ "a/b": { "type": "array", "items": text() } }),
        json!([]),
    );
    let new = command(
        json!({ "a/b": { "type": "array", "items": { "type": "null" } } }),
        json!([]),
    );
    let found = violations(FullTransitive, &old, &new);
    let reported: Vec<_> = found
        .iter()
        .map(|found| (found.at.as_str(), found.direction))
        .collect();
    let at = "/properties/a~1b/items";
    assert_eq!(
        reported,
        [(at, Direction::Backward), (at, Direction::Forward)]
    );
    let change = Change::Type {
        written: "string".to_owned(),
        read: "null".to_owned(),
    };
    assert_eq!(found[0].change, change);
    assert_eq!(new.pointer(at), Some(&json!({ "type": "null" })));
    let sentence =
        "/properties/a~1b/items: string is written, null is read (what was written before)";
    assert_eq!(found[0].to_string(), sentence);
}
