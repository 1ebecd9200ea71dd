//! The terms every other crate uses: ids, time, decimals, the command envelope, the event
//! record, the code table, what a context is, and the ports the pipeline is built on.
//!
//! In: nothing. Out: types and traits. It never does I/O, reads a clock or draws randomness.

#![warn(missing_docs)]

pub mod access;
pub mod adjacent;
pub mod batch;
pub mod checksum;
pub mod code;
pub mod context;
pub mod decimal;
pub mod effect;
pub mod envelope;
#[cfg(feature = "fixtures")]
pub mod fixtures;
pub mod frame;
pub mod id;
pub mod installation;
pub mod label;
pub mod log_position;
pub mod port;
pub mod question;
pub mod record;
pub mod route;
pub mod tenancy;
pub mod time;
pub mod topic;
pub mod venues;
pub mod zone;

pub use access::{Access, Facts, Role, Standing, Standings, Subject, SubjectKind, Verdict};
pub use code::{Code, Defect, Fault, Kind, Rejection};
pub use context::{BadParameter, Context, LiveProjection, Parameters, Reaction, View};
pub use decimal::{Currency, Decimal};
pub use effect::Effect;
pub use envelope::{Accepted, CommandEnvelope};
pub use id::{Actor, AggregateId, CommandId, CommandKey, EventId, Identity, Owner, Tenant};
pub use label::{Alphabet, Label, LabelKind};
pub use log_position::LogPosition;
pub use question::{Asked, Calculation, Question, Unanswerable};
pub use record::{EventMeta, EventRecord};
pub use route::Permission;
pub use tenancy::{Tenancy, Unserved};
pub use time::Timestamp;
pub use venues::Venues;
pub use zone::zone_named;
