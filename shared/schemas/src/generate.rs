//! From a tagged enum to one schema per variant.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// The variants of an enum with `#[serde(tag = "type", content = "data")]`: name, and schema of
/// `data` as it is read. The schema for reading is the weaker promise, and must hold permanently:
/// a field with a default may be absent.
///
/// `None` when the type is no such enum.
pub(crate) fn variants<T: JsonSchema>() -> Option<Vec<(String, Map<String, Value>)>> {
    // Inlined, every file explains itself, and a registry compares no references.
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    let mut root = settings
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value();
    merge_constants(&mut root);
    plain_words(&mut root);
    let branches = root.get("oneOf")?.as_array()?;
    branches.iter().map(variant).collect()
}

fn variant(branch: &Value) -> Option<(String, Map<String, Value>)> {
    let name = branch.pointer("/properties/type/const")?.as_str()?;
    let mut data = match branch.pointer("/properties/data") {
        Some(Value::Object(data)) => data.clone(),
        Some(_) => return None,
        None => Map::from_iter([("type".to_owned(), json!("null"))]),
    };
    // The description of the variant's use is more exact than its type's own.
    if let Some(description) = branch.get("description") {
        data.insert("description".to_owned(), description.clone());
    }
    data.remove("title");
    Some((name.to_owned(), data))
}

/// Writes a choice of constant texts as one sorted `enum`. schemars writes `oneOf`, in another
/// order, as soon as a variant has a doc comment, and a registry refuses that as a breaking change.
fn merge_constants(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(merge_constants),
        Value::Object(fields) => {
            fields.values_mut().for_each(merge_constants);
            let texts = fields
                .get("oneOf")
                .and_then(Value::as_array)
                .and_then(|all| texts(all));
            if let Some(texts) = texts {
                fields.remove("oneOf");
                fields.insert("type".to_owned(), json!("string"));
                fields.insert("enum".to_owned(), texts.into());
            }
            if let Some(Value::Array(values)) = fields.get_mut("enum") {
                values.sort_by(|one, other| one.as_str().cmp(&other.as_str()));
            }
        }
        _ => {}
    }
}

fn texts(branches: &[Value]) -> Option<Vec<Value>> {
    let mut texts = Vec::new();
    for branch in branches {
        let branch = branch.as_object()?;
        if branch.get("type")? != "string" {
            return None;
        }
        for (key, value) in branch {
            match key.as_str() {
                "const" => texts.push(value.clone()),
                "enum" => texts.extend_from_slice(value.as_array()?),
                "type" | "description" => {}
                _ => return None,
            }
        }
    }
    Some(texts)
}

/// Takes `null` from properties that may be absent. To serde the two are the same, but a field that
/// becomes optional then keeps its type, and registries let it pass.
pub(crate) fn absent_not_null(schema: &mut Map<String, Value>) {
    let required = schema.get("required").cloned().unwrap_or_default();
    let is_required = |name: &str| {
        required
            .as_array()
            .is_some_and(|all| all.iter().any(|r| r == name))
    };
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        let optional = properties.iter_mut().filter(|(name, _)| !is_required(name));
        optional.for_each(|(_, property)| not_null(property));
    }
    for (keyword, value) in schema {
        match (keyword.as_str(), value) {
            // A property may have the name of a keyword.
            ("properties", Value::Object(properties)) => properties.values_mut().for_each(within),
            ("default" | "const" | "enum", _) => {}
            (_, value) => within(value),
        }
    }
}

fn within(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(within),
        Value::Object(fields) => absent_not_null(fields),
        _ => {}
    }
}

fn not_null(property: &mut Value) {
    let Value::Object(fields) = property else {
        return;
    };
    for keyword in ["type", "enum"] {
        if let Some(Value::Array(all)) = fields.get_mut(keyword) {
            all.retain(|one| !one.is_null() && one != "null");
        }
    }
    if let Some([only]) = fields
        .get("type")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
    {
        let only = only.clone();
        fields.insert("type".to_owned(), only);
    }
    if fields.get("default").is_some_and(Value::is_null) {
        fields.remove("default");
    }
    let null = json!({ "type": "null" });
    let Some(Value::Array(branches)) = fields.get_mut("anyOf") else {
        return;
    };
    branches.retain(|branch| *branch != null);
    if let [Value::Object(_)] = branches.as_slice()
        && let Some(Value::Object(only)) = branches.pop()
    {
        fields.remove("anyOf");
        // The field's description comes before its type's.
        for (keyword, value) in only {
            fields.entry(keyword).or_insert(value);
        }
    }
}

/// Doc comments are written for Rust: without its links and line breaks they serve all readers.
fn plain_words(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(plain_words),
        Value::Object(fields) => {
            fields.values_mut().for_each(plain_words);
            if let Some(Value::String(words)) = fields.get_mut("description") {
                *words = words
                    .replace("[`", "`")
                    .replace("`]", "`")
                    .replace('\n', " ");
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;

    #[derive(Serialize, JsonSchema)]
    #[serde(tag = "type", content = "data")]
    #[expect(dead_code, reason = "only its schema is looked at")]
    enum Toy {
        /// Said of the use.
        Moved(Step),
        Rested,
        Halted(Step),
    }

    /// Said of the type, with a link to a [`Way`] and
    /// a line break.
    #[derive(Serialize, JsonSchema)]
    struct Step {
        way: Way,
        plain: Plain,
    }

    #[derive(Serialize, JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    enum Way {
        /// Against the clock.
        Left,
        Right,
    }

    #[derive(Serialize, JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    enum Plain {
        Left,
        Right,
    }

    #[test]
    fn variants_carry_the_schema_of_their_data() {
        let variants = variants::<Toy>().unwrap();
        let names: Vec<_> = variants.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["Moved", "Rested", "Halted"]);
        assert_eq!(variants[0].1["description"], "Said of the use.");
        let of_type = "Said of the type, with a link to a `Way` and a line break.";
        assert_eq!(variants[2].1["description"], of_type);
        assert_eq!(variants[0].1["required"], json!(["way", "plain"]));
        assert_eq!(
            Value::Object(variants[1].1.clone()),
            json!({ "type": "null" })
        );
    }

    #[test]
    fn choice_of_texts_looks_the_same_with_and_without_comments() {
        let variants = variants::<Toy>().unwrap();
        let properties = &variants[0].1["properties"];
        assert_eq!(properties["way"], properties["plain"]);
        assert_eq!(
            properties["way"],
            json!({ "type": "string", "enum": ["Left", "Right"] })
        );
    }

    #[test]
    fn property_that_may_be_absent_is_not_null() {
        #[derive(JsonSchema)]
        #[expect(dead_code, reason = "only its schema is looked at")]
        struct Optional {
            /// Said of the field.
            step: Option<Step>,
            way: Option<Way>,
            #[serde(default)]
            count: Option<u32>,
            properties: Option<Vec<Option<bool>>>,
            #[schemars(required)]
            sure: Option<bool>,
        }
        let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
        let mut schema = settings
            .into_generator()
            .into_root_schema_for::<Optional>()
            .to_value();
        merge_constants(&mut schema);
        let Value::Object(mut schema) = schema else {
            panic!("no object");
        };
        absent_not_null(&mut schema);
        let properties = &schema["properties"];
        assert_eq!(properties["step"]["type"], "object");
        assert_eq!(properties["step"]["description"], "Said of the field.");
        assert_eq!(
            properties["way"],
            json!({ "type": "string", "enum": ["Left", "Right"] })
        );
        let count = json!({ "type": "integer", "format": "uint32", "minimum": 0 });
        assert_eq!(properties["count"], count);
        let list = json!({ "type": "array", "items": { "type": ["boolean", "null"] } });
        assert_eq!(properties["properties"], list);
        assert_eq!(properties["sure"]["type"], "boolean");
    }

    #[test]
    fn type_that_is_no_tagged_enum_has_no_variants() {
        assert!(variants::<Step>().is_none());
        assert!(variants::<Way>().is_none());
    }
}
