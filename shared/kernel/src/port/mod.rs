//! The ports: what the pipeline needs from the world, one trait per need.
//!
//! Each has at least two adapters, certified by one contract suite in `testkit`.

mod authority;
mod clock;
mod dead_letters;
mod event_store;
mod fold_snapshots;
mod framing;
mod heartbeats;
mod key_bindings;
mod log;
mod outcomes;
mod outside;
mod parked_calls;
mod rates;
mod read_model;
mod replies;
mod schemas;
mod scrub;
mod sessions;
mod snapshots;
mod timers;

pub use authority::{
    AUTHORIZATION, Authority, Bearers, Misplaced, Outcomes, Producer, SIGNATURE, Sender, Unproven,
};
pub use clock::{Clock, Ids};
pub use dead_letters::{DeadLetterState, DeadLetters, StoredDeadLetter};
pub use event_store::{
    CommitError, EventReader, EventStore, FOUND_MAX, KnownCommand, LoadedStream, WHOLE,
};
pub use fold_snapshots::{FOLD_PART_BYTES, FoldSnapshot, FoldSnapshots};
pub use framing::Framing;
pub use heartbeats::{HEARD_FOR, Heard, Heartbeats};
pub use key_bindings::{KEY_BOUND_FOR, KeyBindings, RequestDigest};
pub use log::{
    Appended, Assignments, Change, CommandLog, EventLog, NAME_IS_NOT_TEXT, NewRecord, Pace,
    ReadError, Reader, Record, Span,
};
pub use outcomes::{OutcomeLog, OutcomeNotice, OutcomeOutbox};
pub use outside::{NoAnswer, Outside};
pub use parked_calls::{
    CallPlace, CallReason, CallState, EffectPartition, ParkedCall, ParkedCalls,
};
pub use rates::{Rate, Rates, Taken};
pub use read_model::{
    Applied, Checkpoint, Listed, READY_PERIOD, ReadModel, ViewBatch, ViewId, ViewValue,
};
pub use replies::{NotAnAddress, Replies, Reply, ReplyStream, ReplyTo};
pub use schemas::{FRAME, SchemaError, Schemas};
pub use scrub::{Scrub, Scrubbed};
pub use sessions::{SessionKey, Sessions};
pub use snapshots::{Hole, Resumed, Snapshot, Snapshots};
pub use timers::{Due, Timers};
