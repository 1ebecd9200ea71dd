//! The one text of a JSON value: sorted keys, two spaces, a final line break.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Bytes that are equal exactly when the values are, whatever order a map was built in.
pub(crate) fn text(value: &Value) -> String {
    format!("{:#}\n", sorted(value))
}

/// Cargo unites features: any crate of the build may switch serde_json's maps to insertion order.
/// Built in key order, a map is sorted either way.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Object(fields) => {
            let by_key: BTreeMap<&String, &Value> = fields.iter().collect();
            let fields = by_key
                .into_iter()
                .map(|(key, value)| (key.clone(), sorted(value)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        plain => plain.clone(),
    }
}
