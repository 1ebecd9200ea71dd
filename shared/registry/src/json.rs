//! JSON with a JSON Schema.

use jsonschema::{Draft, Registry, Validator};
use schema_registry_converter::async_impl::json::JsonSchema;

/// Checks JSON against its schema, and hands it on as it is.
pub(crate) struct JsonReader(Validator);

/// What a schema that names no draft is taken for; Confluent's tools do the same.
const DEFAULT_DRAFT: Draft = Draft::Draft7;

impl JsonReader {
    /// Compiles the schema with those it refers to. Nothing is fetched: a reference that the
    /// registry does not know of is an error.
    ///
    /// The converter's own validation is not used, since it keeps validators by the schema's
    /// `$id`: two versions that share one would be checked against whichever came first.
    pub(crate) fn new(schema: &JsonSchema) -> Result<Self, String> {
        let mut resources = Vec::new();
        references(schema, &mut resources);
        let registry = Registry::new()
            .extend(resources)
            .and_then(|registry| registry.prepare())
            .map_err(|error| error.to_string())?;
        let validator = jsonschema::options()
            .with_draft(DEFAULT_DRAFT.detect(&schema.schema))
            .with_base_uri(schema.url.as_str())
            .with_registry(&registry)
            .build(&schema.schema);
        validator.map(Self).map_err(|error| error.to_string())
    }

    pub(crate) fn read(&self, payload: &[u8]) -> Result<Vec<u8>, String> {
        let value =
            serde_json::from_slice(payload).map_err(|error| format!("not JSON: {error}"))?;
        match self.0.validate(&value) {
            Ok(()) => Ok(payload.to_vec()),
            Err(error) => Err(format!(
                "does not fit its schema: {error} at `{}`",
                error.instance_path()
            )),
        }
    }
}

fn references(schema: &JsonSchema, resources: &mut Vec<(String, jsonschema::Resource)>) {
    for reference in &schema.references {
        let draft = DEFAULT_DRAFT.detect(&reference.schema);
        let resource = draft.create_resource(reference.schema.clone());
        resources.push((reference.url.to_string(), resource));
        references(reference, resources);
    }
}
