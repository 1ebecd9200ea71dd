//! The faults of a JSON value against its schema, in words for the person who sent it.

use jsonschema::error::ValidationErrorKind as Kind;
use jsonschema::{Draft, ValidationError, Validator};
use serde_json::Value;

use crate::wanted::{Wanted, quoted};

/// Faults reported of one value; a value that has more is of another type altogether.
const FAULTS_MAX: usize = 32;

/// A schema that values are compared with.
pub struct BodySchema {
    schema: Value,
    validator: Validator,
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyFault {
    /// RFC 6901 pointer to the field; of a missing field, where it should stand.
    pub pointer: String,
    /// The value, cut if long, or `nothing`.
    pub found: String,
    pub wanted: String,
    /// What could stand there, where that is a short list.
    pub values: Vec<String>,
}

/// The document is no JSON Schema.
#[derive(Debug, thiserror::Error)]
#[error("not a JSON Schema")]
pub struct NotASchema(#[source] Box<ValidationError<'static>>);

impl BodySchema {
    /// References are resolved within the document itself.
    ///
    /// # Errors
    /// It is no JSON Schema of 2020-12.
    pub fn new(schema: Value) -> Result<Self, NotASchema> {
        let options = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .should_validate_formats(true);
        let validator = options.build(&schema);
        Ok(Self {
            validator: validator.map_err(|error| NotASchema(Box::new(error)))?,
            schema,
        })
    }

    /// All faults of a value, [`FAULTS_MAX`] at most; none when it fits.
    #[must_use]
    pub fn faults(&self, value: &Value) -> Vec<BodyFault> {
        let mut faults = Vec::new();
        for error in self.validator.iter_errors(value) {
            self.explain(&error, &mut faults);
            if faults.len() >= FAULTS_MAX {
                faults.truncate(FAULTS_MAX);
                break;
            }
        }
        faults
    }

    fn explain(&self, error: &ValidationError<'_>, faults: &mut Vec<BodyFault>) {
        let pointer = error.instance_path().as_str().to_owned();
        match error.kind() {
            Kind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                faults.push(self.fault(below(&pointer, name), "nothing".to_owned()));
            }
            Kind::AdditionalProperties { unexpected } => {
                let known = Wanted::fields(&self.schema, &pointer);
                for name in unexpected {
                    faults.push(BodyFault {
                        pointer: below(&pointer, name),
                        found: "a field that is not known here".to_owned(),
                        wanted: format!("one of the fields {}", known.join(", ")),
                        values: known.clone(),
                    });
                }
            }
            Kind::OneOfNotValid { context } | Kind::AnyOf { context } => {
                match meant(context, &pointer) {
                    Some(errors) => errors.iter().for_each(|error| self.explain(error, faults)),
                    None => faults.push(self.fault(pointer, quoted(error.instance()))),
                }
            }
            _ => faults.push(self.fault(pointer, quoted(error.instance()))),
        }
    }

    fn fault(&self, pointer: String, found: String) -> BodyFault {
        let Wanted { words, values } = Wanted::at(&self.schema, &pointer);
        BodyFault {
            pointer,
            found,
            wanted: words,
            values,
        }
    }
}

/// The one branch that the value is of but for faults further down: every other one refuses the
/// value itself, or the constant that tells the branches apart.
fn meant<'e>(
    context: &'e [Vec<ValidationError<'static>>],
    pointer: &str,
) -> Option<&'e Vec<ValidationError<'static>>> {
    let refuses = |error: &ValidationError<'_>| match error.kind() {
        Kind::Constant { .. } | Kind::Enum { .. } => true,
        Kind::Type { .. } => error.instance_path().as_str() == pointer,
        _ => false,
    };
    let mut branches = context.iter().filter(|errors| !errors.iter().any(refuses));
    match (branches.next(), branches.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

fn below(pointer: &str, name: &str) -> String {
    let name = name.replace('~', "~0").replace('/', "~1");
    format!("{pointer}/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schema() -> BodySchema {
        BodySchema::new(json!({
            "$ref": "#/components/schemas/Booking",
            "components": { "schemas": {
                "Booking": {
                    "type": "object",
                    "required": ["side", "quantity", "traded_at"],
                    "additionalProperties": false,
                    "properties": {
                        "side": { "$ref": "#/components/schemas/Side" },
                        "quantity": { "type": "string", "pattern": "^[0-9]+$", "maxLength": 20 },
                        "traded_at": { "type": "string", "format": "date-time" },
                        "count": { "type": "integer", "minimum": 1, "maximum": 9 },
                        "cause": { "oneOf": [
                            { "type": "object", "required": ["type", "by"], "properties": {
                                "type": { "const": "bust" }, "by": { "type": "string" } } },
                            { "type": "object", "required": ["type"], "properties": {
                                "type": { "const": "none" } } }
                        ] },
                        "parts": { "type": "array", "items": { "type": "string" } }
                    }
                },
                "Side": { "type": "string", "enum": ["BUY", "SELL"] }
            } }
        }))
        .unwrap()
    }

    #[test]
    fn all_faults_are_found_at_once() {
        let faults = schema().faults(&json!({
            "side": "BUYY", "quantity": 100, "price": 1, "count": 12, "parts": ["a", 7]
        }));
        let fault = |pointer: &str| {
            let found = faults.iter().find(|fault| fault.pointer == pointer);
            found
                .unwrap_or_else(|| panic!("{pointer}: {faults:?}"))
                .clone()
        };
        assert_eq!(faults.len(), 6, "{faults:?}");
        assert_eq!(fault("/side").found, "\"BUYY\"");
        assert_eq!(fault("/side").wanted, "one of BUY, SELL");
        assert_eq!(fault("/side").values, ["BUY", "SELL"]);
        assert_eq!(fault("/quantity").found, "100");
        assert_eq!(
            fault("/quantity").wanted,
            "text of the form ^[0-9]+$, at most 20 characters"
        );
        assert_eq!(fault("/traded_at").found, "nothing");
        assert!(fault("/traded_at").wanted.contains("date-time"));
        assert_eq!(fault("/count").wanted, "a whole number from 1 to 9");
        assert!(fault("/price").wanted.starts_with("one of the fields "));
        assert_eq!(fault("/parts/1").wanted, "text");
    }

    #[test]
    fn branch_that_was_meant_is_explained() {
        let body = |cause| json!({ "side": "BUY", "quantity": "1", "traded_at": "2026-03-02T15:30:00Z", "cause": cause });
        let faults = schema().faults(&body(json!({ "type": "bust" })));
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!(faults[0].pointer, "/cause/by");
        let faults = schema().faults(&body(json!({ "type": "other" })));
        assert_eq!(faults[0].pointer, "/cause");
    }

    #[test]
    fn value_that_fits_has_no_fault() {
        let body = json!({ "side": "SELL", "quantity": "1", "traded_at": "2026-03-02T15:30:00Z" });
        assert_eq!(schema().faults(&body), []);
    }

    #[test]
    fn long_values_are_cut() {
        let body = json!({ "side": "é".repeat(500), "quantity": "1", "traded_at": "x" });
        assert!(schema().faults(&body)[0].found.len() < 200);
    }
}
