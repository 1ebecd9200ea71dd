//! A schema made ready to read what was written with it.

use kernel::port::SchemaError;
use schema_registry_converter::async_impl::json::get_json_schema;
use schema_registry_converter::schema_registry_common::SchemaType;

use crate::avro::AvroReader;
use crate::client::{Lack, Registry, lack};
use crate::json::JsonReader;

/// Reads payloads of one schema.
pub(crate) enum Reader {
    Json(JsonReader),
    Avro(AvroReader),
}

impl Reader {
    pub(crate) async fn of(id: u32, registry: &Registry) -> Result<Self, Lack> {
        let attempt = format!("compile schema {id}");
        let unusable = |detail: String| Lack::Unusable(format!("{attempt}: {detail}"));
        let schema = registry.schema(id).await?;
        let settings = registry.settings();
        match schema.schema_type {
            SchemaType::Json => {
                let schema = get_json_schema(settings, schema).await;
                let schema = schema.map_err(|error| lack(&attempt, error))?;
                JsonReader::new(&schema).map(Self::Json).map_err(unusable)
            }
            SchemaType::Avro => AvroReader::new(&schema, settings, &attempt)
                .await
                .map(Self::Avro),
            SchemaType::Protobuf => Err(unusable("Protobuf is not read".to_owned())),
            other => Err(unusable(format!("{other:?} is not read"))),
        }
    }

    /// The payload as JSON.
    pub(crate) fn read(&self, payload: &[u8]) -> Result<Vec<u8>, SchemaError> {
        let read = match self {
            Self::Json(reader) => reader.read(payload),
            Self::Avro(reader) => reader.read(payload),
        };
        read.map_err(SchemaError::Permanent)
    }
}
