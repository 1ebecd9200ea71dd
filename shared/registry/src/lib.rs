//! The schema registry: reads records that carry a schema's number, registers our own schemas, and
//! holds the numbers that we write.
//!
//! In: framed bytes and subjects. Out: JSON bytes, numbers, and an error that shows whether a retry
//! helps. It never guesses: a registry that does not answer is a fault, not an unknown schema.

mod client;

mod avro;
mod json;
mod reader;

mod decode;

mod framing;
mod register;

pub use decode::RegistrySchemas;
pub use framing::RegistryFraming;
pub use register::{RegisterError, Registered, register_all};
