//! Avro datums.

mod bounds;
mod bytes;
mod write;

use std::sync::Arc;

use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::schema::ResolvedSchema;
use apache_avro::util::max_allocation_bytes;
use schema_registry_converter::avro_common::AvroSchema;

use bytes::Bytes;
use write::Writer;

/// The most memory that one length in a datum may ask for: sixteen times the largest value that is
/// accepted by default. It holds for the whole process, and the first to set it wins.
const ALLOCATION_BYTES_MAX: usize = 16 << 20;

/// Reads datums of one schema into JSON.
pub(crate) struct AvroReader(Arc<AvroSchema>);

impl AvroReader {
    pub(crate) fn new(schema: Arc<AvroSchema>) -> Result<Self, String> {
        max_allocation_bytes(ALLOCATION_BYTES_MAX);
        let resolved = resolve(&schema.parsed)?;
        bounds::check(&schema.parsed, resolved.get_names())?;
        Ok(Self(schema))
    }

    pub(crate) fn read(&self, payload: &[u8]) -> Result<Vec<u8>, String> {
        let schema = &self.0.parsed;
        let resolved = resolve(schema)?;
        let mut bytes = Bytes::new(payload);
        let reader = GenericDatumReader::builder(schema)
            .resolved_writer_schemata(resolved.clone())
            .build()
            .map_err(|error| error.to_string())?;
        let value = reader
            .read_value(&mut bytes)
            .map_err(|error| format!("not a datum: {error}"))?;
        bytes.finish()?;
        let mut writer = Writer::new(resolved.get_names(), payload.len());
        writer.value(schema, &value, None)?;
        Ok(writer.finish())
    }
}

fn resolve(schema: &Schema) -> Result<ResolvedSchema<'_>, String> {
    ResolvedSchema::try_from(schema).map_err(|error| error.to_string())
}
