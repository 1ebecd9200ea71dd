//! One suite per port: every adapter of the port passes it.

mod checksums;
mod command_log;
mod dead_letters;
mod event_log;
mod event_store;
mod fold_snapshots;
mod group;
mod heartbeats;
mod key_bindings;
mod outcome_outbox;
mod parked_calls;
mod rates;
mod read_model;
mod replies;
mod sessions;
mod snapshots;
mod timers;

pub use checksums::checksums;
pub use command_log::command_log;
pub use dead_letters::dead_letters;
pub use event_log::event_log;
pub use event_store::event_store;
pub use fold_snapshots::fold_snapshots;
pub use heartbeats::heartbeats;
pub use key_bindings::key_bindings;
pub use outcome_outbox::outcome_outbox;
pub use parked_calls::{PARKED_AT, parked_call, parked_calls};
pub use rates::rates;
pub use read_model::{Listing, PARTITIONS, VIEWS, read_model};
pub use replies::replies;
pub use sessions::sessions;
pub use snapshots::snapshots;
pub use timers::timers;

use kernel::topic::{PartitionId, partition_of};

/// The contexts that the suites of logs and stores use, each with [`PARTITIONS`] partitions; an
/// adapter that needs topics or tables must have them.
pub const CONTEXTS: [&str; 2] = ["contract", "contrast"];

/// A partition of the first context.
const fn partition_id(partition: u16) -> PartitionId {
    PartitionId {
        context: CONTEXTS[0],
        partition,
    }
}

/// The `n`th key that belongs to a partition.
fn key_of(partition: u16, n: usize) -> String {
    (0..)
        .map(|n| format!("demo/ACC-{n}/AGENCY"))
        .filter(|key| partition_of(key.as_bytes(), PARTITIONS) == partition)
        .nth(n)
        .expect("every partition has keys without end")
}
