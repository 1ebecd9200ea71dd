//! A schema as the list of its alternatives, each of one type or one constant.

use serde_json::{Map, Value};

use super::inclusion::{Place, fits, type_of};

/// Values of one type, or one value, that a schema admits.
#[derive(Clone)]
pub(super) struct Alternative<'a> {
    pub(super) at: String,
    fields: Option<&'a Map<String, Value>>,
    pub(super) admits: Admits<'a>,
}

/// Which values, before any keyword narrows them.
#[derive(Clone, Copy)]
pub(super) enum Admits<'a> {
    Any,
    Type(&'a str),
    Constant(&'a Value),
}

/// Keywords that do not decide which values are valid. A `default` takes effect where the sender leaves
/// the property out, and is checked there.
const ANNOTATIONS: [&str; 10] = [
    "$schema",
    "$id",
    "$comment",
    "title",
    "description",
    "default",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
];

pub(super) fn is_annotation(keyword: &str) -> bool {
    ANNOTATIONS.contains(&keyword)
}

impl<'a> Alternative<'a> {
    /// Keywords that narrow the values further than [`Admits`] does.
    pub(super) fn constraints(&self) -> impl Iterator<Item = &'a str> {
        let keywords = self
            .fields
            .into_iter()
            .flat_map(Map::keys)
            .map(String::as_str);
        let admitting = ["type", "enum", "const"];
        keywords.filter(move |keyword| !is_annotation(keyword) && !admitting.contains(keyword))
    }

    pub(super) fn get(&self, keyword: &str) -> Option<&'a Value> {
        self.fields?.get(keyword)
    }

    pub(super) fn place(&self, keyword: &str) -> Option<Place<'a>> {
        let schema = self.get(keyword)?;
        Some(Place {
            at: format!("{}/{keyword}", self.at),
            schema,
        })
    }
}

/// Every value of the schema belongs to one of its alternatives; none, when it admits no value.
pub(super) fn alternatives<'a>(place: &Place<'a>) -> Vec<Alternative<'a>> {
    let at = place.at.clone();
    match place.schema {
        Value::Bool(false) => Vec::new(),
        Value::Object(fields) => of_object(at, fields),
        _ => vec![Alternative {
            at,
            fields: None,
            admits: Admits::Any,
        }],
    }
}

fn of_object(at: String, fields: &Map<String, Value>) -> Vec<Alternative<'_>> {
    let alternative = |admits| Alternative {
        at: at.clone(),
        fields: Some(fields),
        admits,
    };
    if let Some(branches) = choice(&at, fields) {
        return branches.iter().flat_map(alternatives).collect();
    }
    let constants = match (fields.get("const"), fields.get("enum")) {
        (Some(value), _) => Some(std::slice::from_ref(value)),
        (None, Some(Value::Array(values))) => Some(values.as_slice()),
        _ => None,
    };
    if let Some(constants) = constants {
        let typed = constants.iter().filter(|value| is_typed(fields, value));
        return typed
            .map(|value| alternative(Admits::Constant(value)))
            .collect();
    }
    match fields.get("type") {
        Some(Value::String(name)) => vec![alternative(Admits::Type(name))],
        Some(Value::Array(names)) => {
            let names = names.iter().filter_map(Value::as_str);
            names.map(|name| alternative(Admits::Type(name))).collect()
        }
        _ => vec![alternative(Admits::Any)],
    }
}

fn is_typed(fields: &Map<String, Value>, value: &Value) -> bool {
    let is = |name: &str| fits(type_of(value), name);
    match fields.get("type") {
        Some(Value::String(name)) => is(name),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).any(is),
        _ => true,
    }
}

/// The branches of a schema that is nothing but a choice. One that has constraints beside the
/// choice is left whole, so that the choice is a keyword that must be equal.
fn choice<'a>(at: &str, fields: &'a Map<String, Value>) -> Option<Vec<Place<'a>>> {
    let mut keywords = fields.keys().filter(|keyword| !is_annotation(keyword));
    let (keyword, None) = (keywords.next()?, keywords.next()) else {
        return None;
    };
    if !matches!(keyword.as_str(), "oneOf" | "anyOf") {
        return None;
    }
    let branches = fields.get(keyword)?.as_array()?;
    let places = branches.iter().enumerate();
    Some(
        places
            .map(|(n, schema)| Place {
                at: format!("{at}/{keyword}/{n}"),
                schema,
            })
            .collect(),
    )
}
