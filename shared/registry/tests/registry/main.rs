//! The adapter against a real registry, and against one that fails in ways a real one cannot be
//! asked to.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot set itself up has failed"
)]

mod avro;
mod away;
mod framing;
mod json;
mod register;
mod stand_in;

use kernel::port::{SchemaError, Schemas};
use registry::RegistrySchemas;
use schema_registry_converter::async_impl::schema_registry::{SrSettings, post_schema};
use schema_registry_converter::schema_registry_common::{SchemaType, SuppliedSchema};

/// Where the registry is.
fn url() -> String {
    std::env::var("DEALERBOARD_TEST_REGISTRY")
        .expect("DEALERBOARD_TEST_REGISTRY is not set: `make test` starts a registry and sets it")
}

fn schemas() -> RegistrySchemas {
    RegistrySchemas::new(&url()).unwrap()
}

/// A name that no other test and no earlier run uses.
#[expect(clippy::disallowed_methods, reason = "a subject of this test alone")]
fn unique(name: &str) -> String {
    format!("{name}-{}", uuid::Uuid::new_v4())
}

/// Registers a schema as a producer's own tools do.
async fn publish(kind: SchemaType, schema: &str) -> u32 {
    let settings = SrSettings::new(url());
    let schema = SuppliedSchema::new(None, kind, schema.to_owned());
    post_schema(&settings, unique("producer"), schema)
        .await
        .unwrap()
        .id
}

/// Why a value will never be read.
async fn refusal(schemas: &RegistrySchemas, framed: &[u8]) -> String {
    match schemas.decode(framed).await {
        Err(SchemaError::Permanent(detail)) => detail,
        other => panic!("not refused for good: {other:?}"),
    }
}
