//! The words every other crate speaks: ids, time, decimals, the command envelope, the event
//! record, the code table, what a context is, and the ports the pipeline stands on.
//!
//! In: nothing. Out: types and traits. It never does I/O, reads a clock or draws randomness.

pub mod adjacent;
pub mod batch;
pub mod checksum;
pub mod code;
pub mod context;
pub mod decimal;
pub mod envelope;
#[cfg(feature = "fixtures")]
pub mod fixtures;
pub mod frame;
pub mod id;
pub mod installation;
pub mod label;
pub mod log_position;
pub mod port;
pub mod record;
pub mod route;
pub mod time;
pub mod topic;
pub mod zone;

pub use code::{Code, Fault, Kind, Rejection};
pub use context::{BadParameter, Context, LiveProjection, Parameters, Reaction, View};
pub use decimal::{Currency, Decimal};
pub use envelope::{Accepted, CommandEnvelope};
pub use id::{Actor, AggregateId, CommandId, CommandKey, EventId, Owner, Tenant};
pub use label::{Alphabet, Label, LabelKind};
pub use log_position::LogPosition;
pub use record::{EventMeta, EventRecord};
pub use time::Timestamp;
pub use zone::zone_named;
