//! Handle: typed and ordered per partition, from records of the command log to one encoded batch.
//!
//! While a batch is on its way to disk the next one grows on the same aggregates; a failure rolls
//! both back to the last durable head, by taking the partition over again.

mod batch_builder;
mod binary;
mod blocked_keys;
mod cache;
mod decode;
mod forward;
mod known;
mod notices;
mod ownership;
mod partition;
mod permitted;
mod processor;
mod proof;
mod refusal;
mod rehearsal;
mod resuming;
mod saving;
mod sender;
mod snapshot;

pub(crate) use batch_builder::reused;
pub(crate) use binary::structured;
pub use decode::REDRIVE;
pub(crate) use decode::command_id;
pub use processor::{Processor, ProcessorPorts, ProcessorSettings};
pub(crate) use rehearsal::rehearse;
pub use rehearsal::{Foreseen, RehearsalPorts};
pub use snapshot::Proof;
pub(crate) use snapshot::prove;
