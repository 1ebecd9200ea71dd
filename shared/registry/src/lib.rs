//! The schema registry: reads records that carry a schema's number, registers our own schemas, and
//! frames what we write with their numbers.
//!
//! In: framed bytes and subjects. Out: JSON bytes, numbers, and an error that says whether a retry
//! helps. It never guesses: a registry that does not answer is a fault, not an unknown schema.

mod frame;

mod client;

mod avro;
mod json;
mod reader;

mod decode;

mod encode;
mod register;

pub use decode::RegistrySchemas;
pub use encode::{Framer, Misfit};
pub use frame::{Framed, frame, unframe};
pub use register::{RegisterError, Registered, register_all};
