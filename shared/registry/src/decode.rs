//! The port: framed bytes to JSON bytes.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kernel::Fault;
use kernel::frame::{Framed, unframe};
use kernel::port::{SchemaError, Schemas};
use moka::future::Cache;

use crate::client::{DEPENDENCY, Lack, Registry};
use crate::reader::Reader;

/// Schemas kept ready; a number's schema never changes, so they are kept until room is needed.
/// Ten times what a desk of hundreds of producers has, at some 20 KiB each.
const READERS_MAX: u64 = 5_000;

/// Numbers kept that lead to nothing: each record of a lost producer would otherwise ask again.
const UNUSABLE_MAX: u64 = 10_000;

/// How long a number stays unusable. A registry's replica may be seconds behind.
const UNUSABLE_FOR: Duration = Duration::from_secs(30);

/// Reads values framed with the number of a JSON or Avro schema.
///
/// What comes out has the form that the producer's schema describes: the command envelope, or the
/// bare command of a record whose headers hold the rest. JSON is checked and handed on byte for
/// byte. Of Avro:
///
/// | Avro | JSON |
/// |---|---|
/// | record, map | object; a map's keys are sorted |
/// | a field of a union with `null`, when null | left out, so that it takes its default |
/// | union | the value, without a tag |
/// | int, long, float, double | number; not a number and infinity are refused |
/// | decimal | string with all its decimal places, `"12.50"` |
/// | bytes, fixed | string, base64 |
/// | string, enum, uuid | string |
/// | timestamp-millis, -micros, -nanos | string, RFC 3339 in UTC, to the microsecond |
/// | date | string, `"2013-10-07"` |
/// | local-timestamp, time, duration, big-decimal | refused: they name no instant, or no bounded number |
///
/// A schema that refers to itself is refused, and one whose values could be larger without bound
/// than their bytes.
pub struct RegistrySchemas {
    registry: Registry,
    readers: Cache<u32, Arc<Reader>>,
    unusable: Cache<u32, Arc<str>>,
}

impl RegistrySchemas {
    /// `url` ends where Confluent's API begins, such as `http://127.0.0.1:8081/apis/ccompat/v7`,
    /// and may carry `user:password@`. Asks nothing yet.
    ///
    /// This client brings its own TLS provider if none is installed. A process that links two of
    /// them, as one with sqlx does, must call
    /// `rustls::crypto::aws_lc_rs::default_provider().install_default()` before anything else, or
    /// a library that cannot choose panics at its first connection.
    ///
    /// # Errors
    /// The address is none, or TLS cannot be set up.
    pub fn new(url: &str) -> Result<Self, Fault> {
        Ok(Self {
            registry: Registry::new(url)?,
            readers: Cache::new(READERS_MAX),
            unusable: Cache::builder()
                .max_capacity(UNUSABLE_MAX)
                .time_to_live(UNUSABLE_FOR)
                .build(),
        })
    }

    /// Asks again for schema ids that led to nothing, such as after a schema was registered.
    pub fn forget_unusable(&self) {
        self.unusable.invalidate_all();
    }

    async fn reader(&self, id: u32) -> Result<Arc<Reader>, SchemaError> {
        if let Some(reader) = self.readers.get(&id).await {
            return Ok(reader);
        }
        if let Some(detail) = self.unusable.get(&id).await {
            return Err(SchemaError::Permanent(detail.to_string()));
        }
        let compile = async { Reader::of(id, &self.registry).await.map(Arc::new) };
        // Many partitions meet a new schema at once; one of them asks.
        match self.readers.try_get_with(id, compile).await {
            Ok(reader) => Ok(reader),
            Err(lack) => Err(self.lacking(id, lack).await),
        }
    }

    async fn lacking(&self, id: u32, lack: Arc<Lack>) -> SchemaError {
        match &*lack {
            Lack::Unusable(detail) => {
                self.unusable.insert(id, detail.as_str().into()).await;
                SchemaError::Permanent(detail.clone())
            }
            Lack::Fault(fault) => {
                SchemaError::Fault(Fault::new(DEPENDENCY, "decode", Arc::clone(fault)))
            }
        }
    }
}

#[async_trait]
impl Schemas for RegistrySchemas {
    async fn decode(&self, framed: &[u8]) -> Result<Vec<u8>, SchemaError> {
        let Some(Framed { id, payload }) = unframe(framed) else {
            let detail = "shorter than the prefix of a schema registry";
            return Err(SchemaError::Permanent(detail.to_owned()));
        };
        self.reader(id).await?.read(payload)
    }
}
