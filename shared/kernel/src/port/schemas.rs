//! Records framed by a schema registry.

use async_trait::async_trait;

use crate::code::Fault;

/// First byte of a framed value; bare JSON never starts with it.
pub const FRAME: u8 = 0;

/// Why a framed value cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// No retry will help: the id is unknown, or the value does not fit its schema.
    #[error("{0}")]
    Permanent(String),
    /// The same value may be readable later.
    #[error("schema registry cannot be asked")]
    Fault(#[source] Fault),
}

/// Turns framed values into JSON.
///
/// ```
/// use kernel::Fault;
/// use kernel::port::{FRAME, SchemaError, Schemas};
///
/// /// The JSON of a value; `None` if it will never be readable.
/// async fn json(schemas: &dyn Schemas, value: Vec<u8>) -> Result<Option<Vec<u8>>, Fault> {
///     if value.first() != Some(&FRAME) {
///         return Ok(Some(value));
///     }
///     match schemas.decode(&value).await {
///         Ok(json) => Ok(Some(json)),
///         Err(SchemaError::Permanent(_)) => Ok(None),
///         Err(SchemaError::Fault(fault)) => Err(fault),
///     }
/// }
/// ```
#[async_trait]
pub trait Schemas: Send + Sync {
    /// The value as JSON bytes, whatever its encoding was.
    ///
    /// # Errors
    /// [`SchemaError`].
    async fn decode(&self, framed: &[u8]) -> Result<Vec<u8>, SchemaError>;
}
