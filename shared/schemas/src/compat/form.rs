//! What a schema looks like, whatever it admits.
//!
//! A registry compares forms, not sets of values: Apicurio 3.3 refuses most schemas that admit
//! another type than before, though no value is lost. A release that is green must not stop in the
//! middle of its migration, so the check here is no laxer.

use serde_json::Value;

use super::inclusion::{fits, type_of};

/// The outline of a schema.
#[derive(PartialEq)]
pub(super) enum Form<'a> {
    Anything,
    Choice,
    /// Sorted, each once.
    Types(Vec<&'a str>),
}

impl Form<'_> {
    /// Whether a reader of the form given may follow.
    pub(super) fn keeps(&self, read: &Self) -> bool {
        match (self, read) {
            (_, Self::Anything) => true,
            (Self::Types(written), Self::Types(read)) => {
                let pairs = written.iter().zip(read);
                written.len() == read.len() && pairs.into_iter().all(|(w, r)| fits(w, r))
            }
            _ => self == read,
        }
    }
}

pub(super) fn form(schema: &Value) -> Form<'_> {
    let field = |keyword: &str| schema.get(keyword);
    if field("oneOf").or_else(|| field("anyOf")).is_some() {
        return Form::Choice;
    }
    let mut types: Vec<&str> = match (field("type"), field("const"), field("enum")) {
        (Some(Value::String(name)), ..) => vec![name],
        (Some(Value::Array(names)), ..) => names.iter().filter_map(Value::as_str).collect(),
        (_, Some(value), _) => vec![type_of(value)],
        (.., Some(Value::Array(values))) => values.iter().map(type_of).collect(),
        _ => return Form::Anything,
    };
    types.sort_unstable();
    types.dedup();
    Form::Types(types)
}
