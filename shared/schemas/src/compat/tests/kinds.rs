//! Types of values, items and entries.

use serde_json::{Value, json};

use super::{Case, of, text};

pub(super) fn cases() -> Vec<Case> {
    let list = |of: Value| json!({ "type": "array", "items": of });
    let map = |of: Value| json!({ "type": "object", "additionalProperties": of });
    let integer = || json!({ "type": "integer" });
    vec![
        ("text to number", of(text()), of(integer()), false, false),
        (
            "integer to number",
            of(integer()),
            of(json!({ "type": "number" })),
            true,
            false,
        ),
        (
            "number to integer",
            of(json!({ "type": "number" })),
            of(integer()),
            false,
            false,
        ),
        (
            "null admitted",
            of(text()),
            of(json!({ "type": ["string", "null"] })),
            false,
            false,
        ),
        (
            "null refused",
            of(json!({ "type": ["string", "null"] })),
            of(text()),
            false,
            false,
        ),
        (
            "null written as a choice",
            of(json!({ "type": ["string", "null"] })),
            of(json!({ "anyOf": [text(), { "type": "null" }] })),
            false,
            false,
        ),
        (
            "anything to text",
            of(json!(true)),
            of(text()),
            false,
            false,
        ),
        ("text to anything", of(text()), of(json!({})), true, false),
        (
            "items changed",
            of(list(text())),
            of(list(integer())),
            false,
            false,
        ),
        (
            "items widened",
            of(list(integer())),
            of(list(json!({ "type": "number" }))),
            true,
            false,
        ),
        (
            "map's values changed",
            of(map(text())),
            of(map(integer())),
            false,
            false,
        ),
        (
            "map's values widened",
            of(map(text())),
            of(map(json!({ "type": ["string", "null"] }))),
            false,
            false,
        ),
        (
            "tuple grown",
            of(list(json!([text()]))),
            of(list(json!([text(), text()]))),
            false,
            false,
        ),
        (
            "nothing admitted",
            of(text()),
            of(json!(false)),
            false,
            false,
        ),
    ]
}
