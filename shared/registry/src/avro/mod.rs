//! Avro datums.

mod bounds;
mod bytes;
mod references;
mod write;

use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::schema::ResolvedSchema;
use apache_avro::util::max_allocation_bytes;
use schema_registry_converter::async_impl::schema_registry::SrSettings;
use schema_registry_converter::schema_registry_common::RegisteredSchema;

use crate::client::{Lack, lack};
use bytes::Bytes;
use write::Writer;

/// The most memory that one length in a datum may ask for: sixteen times the largest value that is
/// accepted by default. It holds for the whole process, and the first to set it wins.
const ALLOCATION_BYTES_MAX: usize = 16 << 20;

/// Reads datums of one schema into JSON.
pub(crate) struct AvroReader {
    schema: Schema,
    /// The schemas that it refers to, each behind those it refers to itself.
    others: Vec<Schema>,
}

impl AvroReader {
    pub(crate) async fn new(
        schema: &RegisteredSchema,
        settings: &SrSettings,
        attempt: &str,
    ) -> Result<Self, Lack> {
        let others = references::referenced(schema, settings).await;
        let others = others.map_err(|error| lack(attempt, error))?;
        let unusable = |detail| Lack::Unusable(format!("{attempt}: {detail}"));
        Self::compile(&schema.schema, &others).map_err(unusable)
    }

    fn compile(schema: &str, others: &[String]) -> Result<Self, String> {
        max_allocation_bytes(ALLOCATION_BYTES_MAX);
        let parsed = Schema::parse_str_with_list(schema, others);
        let (schema, others) = parsed.map_err(|error| error.to_string())?;
        let reader = Self { schema, others };
        bounds::check(&reader.schema, reader.resolve()?.get_names())?;
        Ok(reader)
    }

    fn resolve(&self) -> Result<ResolvedSchema<'_>, String> {
        let all = self.others.iter().chain([&self.schema]).collect();
        ResolvedSchema::new_with_schemata(all).map_err(|error| error.to_string())
    }

    pub(crate) fn read(&self, payload: &[u8]) -> Result<Vec<u8>, String> {
        let resolved = self.resolve()?;
        let mut bytes = Bytes::new(payload);
        let reader = GenericDatumReader::builder(&self.schema)
            .resolved_writer_schemata(resolved.clone())
            .build()
            .map_err(|error| error.to_string())?;
        let value = reader.read_value(&mut bytes);
        let value = value.map_err(|error| format!("not a datum: {error}"))?;
        bytes.finish()?;
        let mut writer = Writer::new(resolved.get_names(), payload.len());
        writer.value(&self.schema, &value, None)?;
        Ok(writer.finish())
    }
}
