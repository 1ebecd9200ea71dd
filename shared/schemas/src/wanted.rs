//! What a schema wants at a place, in words.

use serde_json::Value;

/// Longest part of a value that is repeated to its sender, characters.
const QUOTED_MAX: usize = 60;
/// Most values that are listed.
const VALUES_MAX: usize = 40;
/// References followed before a schema counts as circular.
const REFERENCES_MAX: usize = 32;

/// What may stand at a place.
pub(crate) struct Wanted {
    pub(crate) words: String,
    pub(crate) values: Vec<String>,
}

impl Wanted {
    /// At the place of a value that the pointer names.
    pub(crate) fn at(schema: &Value, pointer: &str) -> Self {
        let Some(found) = find(schema, pointer) else {
            return Self {
                words: "another value".to_owned(),
                values: Vec::new(),
            };
        };
        let values = choices(schema, found);
        Self {
            words: words(schema, found, &values),
            values,
        }
    }

    /// Names of the fields that an object may have.
    pub(crate) fn fields(schema: &Value, pointer: &str) -> Vec<String> {
        let properties = find(schema, pointer).and_then(|found| found["properties"].as_object());
        let names = properties
            .into_iter()
            .flat_map(|properties| properties.keys());
        names.take(VALUES_MAX).cloned().collect()
    }
}

/// A value as its sender may recognise it.
pub(crate) fn quoted(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(QUOTED_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The schema of the value at the pointer, where one can be named without knowing the value.
fn find<'s>(root: &'s Value, pointer: &str) -> Option<&'s Value> {
    let mut at = resolved(root, root)?;
    for part in pointer.split('/').skip(1) {
        let name = part.replace("~1", "/").replace("~0", "~");
        at = resolved(root, member(root, at, &name)?)?;
    }
    Some(at)
}

fn member<'s>(root: &'s Value, schema: &'s Value, name: &str) -> Option<&'s Value> {
    if let Some(property) = schema.get("properties").and_then(|all| all.get(name)) {
        return Some(property);
    }
    if name.bytes().all(|byte| byte.is_ascii_digit())
        && let Some(items) = schema.get("items")
    {
        return Some(items);
    }
    let branches = ["allOf", "oneOf", "anyOf"].into_iter();
    let mut branches = branches.filter_map(|keyword| schema.get(keyword)?.as_array());
    let branch = branches.find_map(|branches| {
        let mut branches = branches.iter().filter_map(|branch| resolved(root, branch));
        branches.find_map(|branch| member(root, branch, name))
    });
    let rest = schema.get("additionalProperties");
    branch.or_else(|| rest.filter(|rest| rest.is_object()))
}

/// What the references of a schema lead to.
fn resolved<'s>(root: &'s Value, schema: &'s Value) -> Option<&'s Value> {
    let mut at = schema;
    for _ in 0..REFERENCES_MAX {
        let Some(reference) = at.get("$ref").and_then(Value::as_str) else {
            return Some(at);
        };
        at = root.pointer(reference.strip_prefix('#')?)?;
    }
    None
}

fn choices(root: &Value, schema: &Value) -> Vec<String> {
    let one = schema.get("const").into_iter();
    let listed = schema
        .get("enum")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let branches = ["oneOf", "anyOf"].into_iter();
    let branches = branches.filter_map(|keyword| schema.get(keyword)?.as_array());
    let branches = branches
        .flatten()
        .filter_map(|branch| resolved(root, branch));
    let further = branches.flat_map(|branch| choices(root, branch));
    let own = one
        .chain(listed)
        .filter_map(Value::as_str)
        .map(str::to_owned);
    own.chain(further).take(VALUES_MAX).collect()
}

fn words(root: &Value, schema: &Value, values: &[String]) -> String {
    if !values.is_empty() {
        return format!("one of {}", values.join(", "));
    }
    let kinds = match schema.get("type") {
        Some(Value::String(kind)) => vec![kind.as_str()],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let described: Vec<_> = kinds.iter().map(|kind| described(kind, schema)).collect();
    if !described.is_empty() {
        return described.join(" or ");
    }
    let branches = ["oneOf", "anyOf"].into_iter();
    let branches = branches.filter_map(|keyword| schema.get(keyword)?.as_array());
    let branches = branches
        .flatten()
        .filter_map(|branch| resolved(root, branch));
    let branches: Vec<_> = branches.map(|branch| words(root, branch, &[])).collect();
    match branches.as_slice() {
        [] => "another value".to_owned(),
        branches => branches.join(" or "),
    }
}

fn described(kind: &str, schema: &Value) -> String {
    let length = || match schema.get("maxLength").and_then(Value::as_u64) {
        Some(most) => format!(", at most {most} characters"),
        None => String::new(),
    };
    match kind {
        "string" if schema["format"] == "date-time" => {
            "a date-time with offset, such as 2026-03-02T15:30:00Z".to_owned()
        }
        "string" => match schema.get("pattern").and_then(Value::as_str) {
            Some(pattern) => format!("text of the form {pattern}{}", length()),
            None => format!("text{}", length()),
        },
        "integer" => format!("a whole number{}", range(schema)),
        "number" => format!("a number{}", range(schema)),
        "boolean" => "true or false".to_owned(),
        "array" => match schema.get("maxItems").and_then(Value::as_u64) {
            Some(most) => format!("a list of at most {most}"),
            None => "a list".to_owned(),
        },
        "object" => "an object".to_owned(),
        "null" => "null".to_owned(),
        other => other.to_owned(),
    }
}

fn range(schema: &Value) -> String {
    match (schema.get("minimum"), schema.get("maximum")) {
        (Some(least), Some(most)) => format!(" from {least} to {most}"),
        (Some(least), None) => format!(" from {least} on"),
        (None, Some(most)) => format!(" up to {most}"),
        (None, None) => String::new(),
    }
}
