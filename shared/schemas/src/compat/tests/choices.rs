//! Constants, variants, defaults, and what only looks like a change.

use serde_json::{Value, json};

use super::{Case, command, event, of, text};

pub(super) fn cases() -> Vec<Case> {
    let choice = |values: Value| of(json!({ "type": "string", "enum": values }));
    let tagged = |name: &str, data: Value| {
        let properties = json!({ "type": { "type": "string", "const": name }, "data": data });
        event(properties, json!(["type", "data"]))
    };
    let one = || tagged("One", text());
    let two = || tagged("Two", json!({ "type": "integer" }));
    let default = |value: Value| {
        command(
            json!({ "x": { "type": "string", "default": value } }),
            json!([]),
        )
    };
    vec![
        (
            "value added",
            choice(json!(["A"])),
            choice(json!(["A", "B"])),
            true,
            false,
        ),
        (
            "value removed",
            choice(json!(["A", "B"])),
            choice(json!(["A"])),
            false,
            false,
        ),
        (
            "values reordered",
            choice(json!(["A", "B"])),
            choice(json!(["B", "A"])),
            true,
            true,
        ),
        (
            "values freed",
            choice(json!(["A"])),
            of(text()),
            true,
            false,
        ),
        (
            "text bound to values",
            of(text()),
            choice(json!(["A"])),
            false,
            false,
        ),
        (
            "constant written as a choice",
            of(json!({ "const": "A" })),
            choice(json!(["A"])),
            true,
            true,
        ),
        (
            "value that a pattern may refuse",
            choice(json!(["A"])),
            of(json!({ "type": "string", "pattern": "^A$" })),
            false,
            false,
        ),
        (
            "variant added",
            of(json!({ "oneOf": [one()] })),
            of(json!({ "oneOf": [one(), two()] })),
            true,
            false,
        ),
        (
            "variant removed",
            of(json!({ "oneOf": [one(), two()] })),
            of(json!({ "oneOf": [one()] })),
            false,
            false,
        ),
        (
            "variant changed",
            of(json!({ "oneOf": [one()] })),
            of(json!({ "oneOf": [tagged("One", json!({ "type": "null" }))] })),
            false,
            false,
        ),
        (
            "default changed",
            default(json!("a")),
            default(json!("b")),
            false,
            false,
        ),
        (
            "default put on",
            command(json!({ "x": text() }), json!([])),
            default(json!("b")),
            false,
            false,
        ),
        (
            "words changed",
            json!({ "type": "string", "description": "a" }),
            json!({ "type": "string", "description": "b", "title": "c" }),
            true,
            true,
        ),
        (
            "choice beside constraints changed",
            json!({ "type": "object", "oneOf": [one()] }),
            json!({ "type": "object", "oneOf": [one(), two()] }),
            false,
            false,
        ),
    ]
}
