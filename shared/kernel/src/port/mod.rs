//! The ports: what the pipeline needs from the world, one trait per need.
//!
//! Each has at least two adapters, certified by one contract suite in `testkit`.

mod authority;
mod clock;
mod dead_letters;
mod event_store;
mod framing;
mod log;
mod read_model;
mod replies;
mod schemas;
mod snapshots;
mod timers;

pub use authority::{Authority, SIGNATURE, Sender};
pub use clock::{Clock, Ids};
pub use dead_letters::{DeadLetterState, DeadLetters, StoredDeadLetter};
pub use event_store::{CommitError, EventReader, EventStore, KnownCommand, LoadedStream, WHOLE};
pub use framing::Framing;
pub use log::{
    Appended, Assignments, Change, CommandLog, EventLog, NAME_IS_NOT_TEXT, NewRecord, Pace,
    ReadError, Reader, Record, Span,
};
pub use read_model::{
    Applied, Checkpoint, Listed, READY_PERIOD, ReadModel, ViewBatch, ViewId, ViewValue,
};
pub use replies::{Replies, Reply, ReplyStream};
pub use schemas::{FRAME, SchemaError, Schemas};
pub use snapshots::{Hole, Resumed, Snapshot, Snapshots};
pub use timers::Timers;
