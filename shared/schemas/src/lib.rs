//! The shapes of commands and events as JSON Schema: what a producer may send, what a consumer
//! may rely on, and which change of either is allowed.
//!
//! In: the types of the contexts and the folder of shipped schemas. Out: schema documents,
//! registry subjects, and every violation found. It talks to no server and writes no file but
//! schemas.

mod canonical;
mod shape;

mod generate;

mod envelope;

mod catalogue;

mod compat;
mod folder;
mod golden;
mod subject;

mod faults;
mod wanted;

pub use catalogue::Catalogue;
pub use compat::{Change, Compatibility, Direction, Violation, violations};
pub use faults::{BodyFault, BodySchema, NotASchema};
pub use folder::{Break, Difference, Error};
pub use golden::{GoldenFault, Wrong};
pub use shape::{Kind, Shape, ShapeId};
pub use subject::{Subject, Written};
