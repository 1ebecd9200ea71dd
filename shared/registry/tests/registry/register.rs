//! Registering, and what the registry refuses.

use registry::{RegisterError, register_all};
use schemas::Compatibility::{self, BackwardTransitive, FullTransitive};
use schemas::{Subject, violations};
use serde_json::{Map, Value, json};

use super::{unique, url};

fn document(schema: &Value) -> Value {
    let mut document = schema.as_object().cloned().unwrap_or_else(Map::new);
    document.insert(
        "$schema".to_owned(),
        json!("http://json-schema.org/draft-07/schema#"),
    );
    document.insert("title".to_owned(), json!("Any"));
    Value::Object(document)
}

fn subject(name: &str, compatibility: Compatibility, schema: &Value) -> Subject {
    Subject {
        name: name.to_owned(),
        schema: document(schema),
        compatibility,
    }
}

fn closed(properties: Value, required: Value) -> Value {
    json!({
        "type": "object", "additionalProperties": false,
        "properties": properties, "required": required,
    })
}

#[tokio::test]
async fn registering_again_changes_nothing() {
    let subjects = [
        subject(&unique("a"), FullTransitive, &closed(json!({}), json!([]))),
        subject(
            &unique("b/c d"),
            BackwardTransitive,
            &closed(json!({ "x": true }), json!([])),
        ),
    ];
    let first = register_all(&url(), &subjects).await.unwrap();
    assert_eq!(register_all(&url(), &subjects).await.unwrap(), first);
    assert_eq!(first[1].subject, subjects[1].name);
    assert_ne!(first[0].id, first[1].id);
}

#[tokio::test]
async fn schema_that_breaks_the_one_before_is_refused() {
    let name = unique("broken");
    let old = subject(&name, BackwardTransitive, &closed(json!({}), json!([])));
    let new = subject(
        &name,
        BackwardTransitive,
        &closed(json!({ "x": { "type": "string" } }), json!(["x"])),
    );
    register_all(&url(), &[old]).await.unwrap();
    let refused = register_all(&url(), &[new]).await;
    assert!(
        matches!(&refused, Err(RegisterError::Refused { subject, status: 409, .. }) if *subject == name),
        "{refused:?}"
    );
}

/// What our own check lets through, the registry must take: else a release that is green stops in
/// the middle of its migration.
#[tokio::test]
async fn change_that_we_find_compatible_the_registry_does_too() {
    let (mut tried, mut refused) = (0, Vec::new());
    for (old, new) in changes() {
        for rule in [BackwardTransitive, FullTransitive] {
            if !violations(rule, &document(&old), &document(&new)).is_empty() {
                continue;
            }
            let name = unique("change");
            register_all(&url(), &[subject(&name, rule, &old)])
                .await
                .unwrap();
            let taken = register_all(&url(), &[subject(&name, rule, &new)]).await;
            refused.extend(taken.err().map(|error| format!("{old} to {new}: {error}")));
            tried += 1;
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
    assert!(tried >= 20, "only {tried} changes were compatible");
}

/// Pairs that occur when Rust types evolve, both ways.
fn changes() -> Vec<(Value, Value)> {
    let of = |schema: Value| closed(json!({ "x": schema }), json!(["x"]));
    let text = |keyword: &str, value: Value| of(json!({ "type": "string", keyword: value }));
    let number = |format: &str| of(json!({ "type": "integer", "format": format, "minimum": 0 }));
    let variant = |name: &str| {
        let kind = json!({ "type": "string", "const": name });
        json!({ "type": "object", "properties": { "type": kind }, "required": ["type"] })
    };
    let list =
        |items: Value, max: u64| of(json!({ "type": "array", "items": items, "maxItems": max }));
    let map = |values: Value| of(json!({ "type": "object", "additionalProperties": values }));
    let plain = || json!({ "type": "string" });
    let nullable = || json!({ "type": ["string", "null"] });
    let pairs = vec![
        (of(plain()), of(nullable())),
        (
            of(plain()),
            of(json!({ "type": "string", "description": "said" })),
        ),
        (of(plain()), of(json!(true))),
        (
            list(json!({ "type": "integer" }), 3),
            list(json!({ "type": "number" }), 3),
        ),
        (
            map(json!({ "type": "integer" })),
            map(json!({ "type": "number" })),
        ),
        (map(plain()), map(json!(true))),
        (
            of(json!({ "type": "integer" })),
            of(json!({ "type": "number" })),
        ),
        (text("maxLength", json!(3)), text("maxLength", json!(4))),
        (text("minLength", json!(2)), text("minLength", json!(1))),
        (text("pattern", json!("^a$")), of(plain())),
        (
            text("format", json!("uuid")),
            text("format", json!("date-time")),
        ),
        (number("uint32"), number("uint64")),
        (
            of(json!({ "type": "integer", "maximum": 5 })),
            of(json!({ "type": "integer", "maximum": 6 })),
        ),
        (text("enum", json!(["A"])), text("enum", json!(["A", "B"]))),
        (
            text("enum", json!(["A", "B"])),
            text("enum", json!(["B", "A"])),
        ),
        (text("enum", json!(["A", "B"])), of(plain())),
        (
            of(json!({ "oneOf": [variant("A")] })),
            of(json!({ "oneOf": [variant("A"), variant("B")] })),
        ),
        (list(plain(), 3), list(plain(), 4)),
        (list(plain(), 3), list(nullable(), 3)),
        (map(plain()), map(nullable())),
        (
            list(text("enum", json!(["A"])), 3),
            list(text("enum", json!(["A", "B"])), 3),
        ),
        (
            list(text("maxLength", json!(3)), 3),
            list(text("maxLength", json!(4)), 3),
        ),
        (
            list(closed(json!({}), json!([])), 3),
            list(closed(json!({ "z": plain() }), json!([])), 3),
        ),
        (list(plain(), 3), list(json!(true), 3)),
        (
            map(closed(json!({}), json!([]))),
            map(closed(json!({ "z": plain() }), json!([]))),
        ),
        (map(plain()), of(json!({ "type": "object" }))),
        (
            of(json!({ "type": "string", "const": "A" })),
            text("enum", json!(["A"])),
        ),
        (
            of(nullable()),
            of(json!({ "anyOf": [plain(), { "type": "null" }] })),
        ),
        (
            of(closed(json!({}), json!([]))),
            of(json!({ "anyOf": [closed(json!({}), json!([])), { "type": "null" }] })),
        ),
        (
            of(variant("A")),
            of(json!({ "oneOf": [variant("A"), variant("B")] })),
        ),
        (
            text("enum", json!(["A"])),
            of(json!({ "type": ["string", "null"], "enum": ["A", null] })),
        ),
        (
            number("uint32"),
            of(json!({ "type": ["integer", "null"], "format": "uint32", "minimum": 0 })),
        ),
        (
            of(json!({ "type": "object" })),
            of(json!({ "type": "object", "properties": { "a": true } })),
        ),
        (of(plain()), closed(json!({ "x": plain() }), json!([]))),
        (
            of(plain()),
            closed(json!({ "x": plain(), "y": nullable() }), json!(["x"])),
        ),
        (
            of(plain()),
            closed(json!({ "x": plain(), "y": plain() }), json!(["x", "y"])),
        ),
        (
            of(plain()),
            json!({ "type": "object", "properties": { "x": plain() }, "required": ["x"] }),
        ),
        (
            of(closed(json!({}), json!([]))),
            of(closed(json!({ "z": plain() }), json!([]))),
        ),
        (
            of(json!({ "anyOf": [closed(json!({}), json!([])), { "type": "null" }] })),
            of(
                json!({ "anyOf": [closed(json!({ "z": plain() }), json!([])), { "type": "null" }] }),
            ),
        ),
    ];
    let back = pairs
        .iter()
        .map(|(old, new)| (new.clone(), old.clone()))
        .collect::<Vec<_>>();
    pairs.into_iter().chain(back).collect()
}
