//! The schemas that operations refer to, each under one name.

use std::collections::BTreeMap;

use kernel::route::SchemaOf;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

const FOLDER: &str = "#/components/schemas/";

/// Schemas by name.
#[derive(Default)]
pub(super) struct Components(Map<String, Value>);

impl Components {
    /// What is answered, as it is written; names that `owner` shares with others for another schema
    /// begin with it.
    pub(super) fn answer(&mut self, owner: &str, schema: SchemaOf) -> Value {
        self.add(owner, schema, settings().for_serialize())
    }

    /// What is sent, as it is read.
    pub(super) fn body(&mut self, owner: &str, schema: SchemaOf) -> Value {
        self.add(owner, schema, settings())
    }

    /// A schema without references of its own.
    pub(super) fn named(&mut self, name: &str, schema: Value) -> Value {
        self.0.insert(name.to_owned(), schema);
        json!({ "$ref": format!("{FOLDER}{name}") })
    }

    fn add(&mut self, owner: &str, schema: SchemaOf, settings: SchemaSettings) -> Value {
        let mut generator = settings.into_generator();
        let mut root = schema(&mut generator).to_value();
        let definitions = generator.take_definitions(true);
        let mut renamed = BTreeMap::new();
        for (name, definition) in &definitions {
            let known = self.0.get(name);
            if known.is_some_and(|known| known != definition) {
                renamed.insert(
                    format!("{FOLDER}{name}"),
                    format!("{}{name}", pascal(owner)),
                );
            }
        }
        for (name, mut definition) in definitions {
            let own = renamed.get(&format!("{FOLDER}{name}")).cloned();
            rename(&mut definition, &renamed);
            self.0.insert(own.unwrap_or(name), definition);
        }
        rename(&mut root, &renamed);
        root
    }

    pub(super) fn finish(self) -> Value {
        json!({
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "an access token; its tenant is the tenant of the request",
                },
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "__Host-dealerboard-session",
                    "description": "a browser's session; every request but GET and HEAD needs `X-CSRF-Token`, see `/v1/session`",
                },
            },
            "schemas": self.0,
        })
    }
}

fn settings() -> SchemaSettings {
    SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    })
}

fn rename(schema: &mut Value, renamed: &BTreeMap<String, String>) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get_mut("$ref")
                && let Some(name) = renamed.get(reference.as_str())
            {
                *reference = format!("{FOLDER}{name}");
            }
            fields.values_mut().for_each(|field| rename(field, renamed));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, renamed)),
        _ => {}
    }
}

fn pascal(owner: &str) -> String {
    let mut letters = owner.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
