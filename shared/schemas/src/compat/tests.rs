//! Changes and their verdicts, one line each: what an author may do to a command and to an event.

use serde_json::{Value, json};

use super::Compatibility::{BackwardTransitive, FullTransitive};
use super::{Change, Direction, violations};

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
    let mut cases = properties();
    cases.extend(types());
    cases.extend(bounds());
    cases.extend(choices());
    cases
}

fn properties() -> Vec<Case> {
    let a = || json!({ "a": { "type": "string" } });
    let ab = || json!({ "a": { "type": "string" }, "b": { "type": "string" } });
    let nested = |inner: Value| command(json!({ "n": inner }), json!([]));
    vec![
        (
            "nothing",
            command(a(), json!(["a"])),
            command(a(), json!(["a"])),
            true,
            true,
        ),
        (
            "optional added",
            command(a(), json!(["a"])),
            command(ab(), json!(["a"])),
            true,
            false,
        ),
        (
            "required added",
            command(a(), json!(["a"])),
            command(ab(), json!(["a", "b"])),
            false,
            false,
        ),
        (
            "optional removed",
            command(ab(), json!(["a"])),
            command(a(), json!(["a"])),
            false,
            false,
        ),
        (
            "required removed",
            command(ab(), json!(["a", "b"])),
            command(a(), json!(["a"])),
            false,
            false,
        ),
        (
            "required made optional",
            command(a(), json!(["a"])),
            command(a(), json!([])),
            true,
            false,
        ),
        (
            "optional made required",
            command(a(), json!([])),
            command(a(), json!(["a"])),
            false,
            false,
        ),
        (
            "open: optional added",
            event(a(), json!(["a"])),
            event(ab(), json!(["a"])),
            false,
            false,
        ),
        (
            "open: required added",
            event(a(), json!(["a"])),
            event(ab(), json!(["a", "b"])),
            false,
            false,
        ),
        (
            "open: optional removed",
            event(ab(), json!(["a"])),
            event(a(), json!(["a"])),
            false,
            false,
        ),
        (
            "open: anything claimed",
            event(a(), json!([])),
            event(json!({ "a": text(), "b": true }), json!([])),
            true,
            true,
        ),
        (
            "closed",
            event(a(), json!([])),
            command(a(), json!([])),
            false,
            false,
        ),
        (
            "opened",
            command(a(), json!([])),
            event(a(), json!([])),
            true,
            false,
        ),
        (
            "nested optional added",
            nested(command(a(), json!([]))),
            nested(command(ab(), json!([]))),
            true,
            false,
        ),
        (
            "nested required added",
            nested(command(a(), json!([]))),
            nested(command(ab(), json!(["b"]))),
            false,
            false,
        ),
        (
            "order of properties",
            command(ab(), json!(["a", "b"])),
            command(ab(), json!(["b", "a"])),
            true,
            true,
        ),
    ]
}

fn types() -> Vec<Case> {
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
            true,
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
            true,
            true,
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
            true,
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

fn bounds() -> Vec<Case> {
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

fn choices() -> Vec<Case> {
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
    let told: Vec<_> = found
        .iter()
        .map(|found| (found.at.as_str(), found.direction))
        .collect();
    let at = "/properties/a~1b/items";
    assert_eq!(told, [(at, Direction::Backward), (at, Direction::Forward)]);
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
