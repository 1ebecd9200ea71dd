//! What every event store does, whatever it is made of.

mod commit;
mod read;

use kernel::batch::Cursor;
use kernel::port::{EventReader, EventStore};
use kernel::topic::PartitionId;

/// Runs the suite. Each call of `make` gives an empty store.
///
/// # Panics
/// The store breaks the contract of its ports.
pub async fn event_store<S: EventStore + EventReader>(make: impl AsyncFn() -> S) {
    commit::suite(&make).await;
    read::suite(&make).await;
}

async fn cursor(store: &impl EventStore, partition_id: PartitionId) -> Option<Cursor> {
    store.cursor(partition_id).await.expect("a cursor or none")
}
