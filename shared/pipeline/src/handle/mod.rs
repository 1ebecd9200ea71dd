//! Handle: typed and ordered per partition, from records of the command log to one encoded batch.
//!
//! While a batch is on its way to disk the next one grows on the same aggregates; a failure rolls
//! both back to the last durable head, by taking the partition over again.

mod binary;
mod cache;
mod decode;
mod forward;
mod growing;
mod known;
mod notices;
mod ownership;
mod parked;
mod partition;
mod processor;
mod refusal;
mod resuming;
mod saving;
mod snapshot;

pub use decode::REDRIVE;
pub(crate) use decode::command_id;
pub(crate) use growing::reused;
pub use processor::{Processor, ProcessorPorts, ProcessorSettings};
pub use snapshot::Proof;
pub(crate) use snapshot::prove;
