//! What the verdict promises, tried on generated schemas and values, with an independent validator.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::Compatibility::BackwardTransitive;
use super::violations;

/// Schemas of few names and small bounds, so that two of them often touch.
fn schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!({ "type": "null" })),
        Just(json!({ "type": "boolean" })),
        Just(json!({ "type": ["string", "null"] })),
        Just(json!(true)),
        Just(json!({ "enum": ["a", 1, null] })),
        Just(json!({ "type": ["string", "number"], "enum": ["a", 1.0, null], "maxLength": 0 })),
        Just(json!({ "const": "ab", "minLength": 2, "maximum": -1 })),
        proptest::sample::subsequence(vec!["", "a", "ab"], 1..=3)
            .prop_map(|values| json!({ "type": "string", "enum": values })),
        (0..3_u32, 0..3_u32).prop_map(|(min, more)| {
            json!({ "type": "string", "minLength": min, "maxLength": min + more })
        }),
        (-2..3_i32, prop::bool::ANY, prop::bool::ANY).prop_map(|(bound, low, open)| {
            let keyword = match (low, open) {
                (true, false) => "minimum",
                (true, true) => "exclusiveMinimum",
                (false, false) => "maximum",
                (false, true) => "exclusiveMaximum",
            };
            json!({ "type": if open { "number" } else { "integer" }, keyword: bound })
        }),
    ];
    leaf.prop_recursive(3, 24, 3, |inner| {
        prop_oneof![
            object(inner.clone()),
            (inner.clone(), 0..3_u32).prop_map(
                |(items, max)| json!({ "type": "array", "items": items, "maxItems": max })
            ),
            prop::collection::vec(inner, 1..=2).prop_map(|branches| json!({ "anyOf": branches })),
        ]
    })
}

fn object(inner: impl Strategy<Value = Value> + Clone) -> impl Strategy<Value = Value> {
    let names = proptest::sample::subsequence(vec!["a", "b"], 0..=2);
    let others = prop_oneof![
        Just(None),
        Just(Some(json!(false))),
        inner.clone().prop_map(Some)
    ];
    (
        names.clone(),
        names,
        prop::collection::vec(inner, 2),
        others,
    )
        .prop_map(|(declared, required, schemas, others)| {
            let properties: Map<_, _> = declared
                .into_iter()
                .map(str::to_owned)
                .zip(schemas)
                .collect();
            let mut schema =
                json!({ "type": "object", "properties": properties, "required": required });
            if let Some(others) = others {
                schema["additionalProperties"] = others;
            }
            schema
        })
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        prop::bool::ANY.prop_map(Value::from),
        (-3..4_i32).prop_map(Value::from),
        Just(json!(0.5)),
        "[ab]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[abc]", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// A schema and one that lacks one of its keywords, properties or values somewhere: neighbours, of
/// which one often may follow the other, in either order.
fn neighbours() -> impl Strategy<Value = (Value, Value)> {
    let pair = (schema(), any::<prop::sample::Index>(), prop::bool::ANY);
    pair.prop_map(|(schema, at, swap)| {
        let lesser = lessened(&schema, at);
        if swap {
            (lesser, schema)
        } else {
            (schema, lesser)
        }
    })
}

fn lessened(schema: &Value, at: prop::sample::Index) -> Value {
    let count = parts(&mut schema.clone(), usize::MAX);
    let mut lesser = schema.clone();
    if count > 0 {
        parts(&mut lesser, at.index(count));
    }
    lesser
}

/// Counts the parts of a schema, and takes out the one of that number.
fn parts(schema: &mut Value, take: usize) -> usize {
    let mut count = 0;
    let met = |count: &mut usize| {
        *count += 1;
        *count - 1 == take
    };
    match schema {
        Value::Object(fields) => fields.retain(|_, field| {
            let taken = met(&mut count);
            let inner = parts(field, take.wrapping_sub(count));
            count += inner;
            !taken
        }),
        Value::Array(items) if items.len() > 1 => items.retain_mut(|item| {
            let taken = met(&mut count);
            let inner = parts(item, take.wrapping_sub(count));
            count += inner;
            !taken
        }),
        _ => {}
    }
    count
}

/// Enough to meet each pair of keywords; `PROPTEST_CASES` may ask for more.
fn cases() -> u32 {
    ProptestConfig::default().cases.max(2_000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn what_the_old_schema_admits_the_new_one_admits_when_it_is_compatible(
        (old, new) in neighbours(), values in prop::collection::vec(value(), 20),
    ) {
        if violations(BackwardTransitive, &old, &new).is_empty() {
            let (old, new) =
                (jsonschema::validator_for(&old).unwrap(), jsonschema::validator_for(&new).unwrap());
            for value in values {
                prop_assert!(!old.is_valid(&value) || new.is_valid(&value), "{value}");
            }
        }
    }

    #[test]
    fn schema_takes_its_own_place(schema in schema()) {
        prop_assert_eq!(violations(BackwardTransitive, &schema, &schema), []);
    }
}

/// The laws above do not cover pairs that break. Enough pairs do not.
#[test]
fn many_neighbours_are_compatible_and_many_are_not() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let compatible = (0..500).filter(|_| {
        let (old, new) = neighbours().new_tree(&mut runner).unwrap().current();
        violations(BackwardTransitive, &old, &new).is_empty()
    });
    let compatible = compatible.count();
    assert!((50..450).contains(&compatible), "{compatible} of 500");
}
