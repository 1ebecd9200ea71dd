//! Bounds of texts, numbers and lists.

use serde_json::{Value, json};

use super::{Case, of};

pub(super) fn cases() -> Vec<Case> {
    let text = |keyword: &str, bound: Value| of(json!({ "type": "string", keyword: bound }));
    let number = |format: &str| of(json!({ "type": "integer", "format": format }));
    let from = |keyword: &str, bound: Value| of(json!({ "type": "number", keyword: bound }));
    let items = |keyword: &str, bound: Value| of(json!({ "type": "array", keyword: bound }));
    vec![
        (
            "longer text",
            text("maxLength", json!(4)),
            text("maxLength", json!(5)),
            true,
            false,
        ),
        (
            "shorter text",
            text("maxLength", json!(5)),
            text("maxLength", json!(4)),
            false,
            false,
        ),
        (
            "length bound taken off",
            text("maxLength", json!(5)),
            of(json!({ "type": "string" })),
            true,
            false,
        ),
        (
            "length bound put on",
            of(json!({ "type": "string" })),
            text("maxLength", json!(5)),
            false,
            false,
        ),
        (
            "empty text refused",
            text("minLength", json!(0)),
            text("minLength", json!(1)),
            false,
            false,
        ),
        (
            "pattern changed",
            text("pattern", json!("^a$")),
            text("pattern", json!("^b$")),
            false,
            false,
        ),
        (
            "pattern taken off",
            text("pattern", json!("^a$")),
            of(json!({ "type": "string" })),
            true,
            false,
        ),
        (
            "format put on",
            of(json!({ "type": "string" })),
            text("format", json!("uuid")),
            false,
            false,
        ),
        (
            "wider integer",
            number("uint32"),
            number("uint64"),
            true,
            false,
        ),
        (
            "narrower integer",
            number("uint64"),
            number("uint32"),
            false,
            false,
        ),
        (
            "sign dropped",
            number("int64"),
            number("uint64"),
            false,
            false,
        ),
        (
            "unsigned to signed of the same width",
            number("uint64"),
            number("int64"),
            false,
            false,
        ),
        (
            "unsigned to wider signed",
            number("uint32"),
            number("int64"),
            true,
            false,
        ),
        (
            "minimum lowered",
            from("minimum", json!(1)),
            from("minimum", json!(0)),
            true,
            false,
        ),
        (
            "minimum raised",
            from("minimum", json!(0)),
            from("minimum", json!(0.5)),
            false,
            false,
        ),
        (
            "end shut out",
            from("minimum", json!(0)),
            from("exclusiveMinimum", json!(0)),
            false,
            false,
        ),
        (
            "end let in",
            from("exclusiveMaximum", json!(9)),
            from("maximum", json!(9)),
            true,
            false,
        ),
        (
            "bounds beyond what a double tells apart",
            from("maximum", json!(9_007_199_254_740_993_i64)),
            from("maximum", json!(9_007_199_254_740_992_i64)),
            false,
            false,
        ),
        (
            "steps put on",
            from("minimum", json!(0)),
            of(json!({ "type": "number", "minimum": 0, "multipleOf": 5 })),
            false,
            false,
        ),
        (
            "longer list",
            items("maxItems", json!(2)),
            items("maxItems", json!(3)),
            true,
            false,
        ),
        (
            "shorter list",
            items("maxItems", json!(3)),
            items("maxItems", json!(2)),
            false,
            false,
        ),
        (
            "repeats refused",
            items("minItems", json!(0)),
            items("uniqueItems", json!(true)),
            false,
            false,
        ),
        (
            "unknown keyword put on",
            of(json!({ "type": "string" })),
            text("contentEncoding", json!("base64")),
            false,
            false,
        ),
    ]
}
