//! Snapshots that cannot be saved or read at all.

use std::sync::Arc;

use async_trait::async_trait;
use eventstore::MemoryEventStore;
use kernel::Fault;
use kernel::port::{Resumed, Snapshot, Snapshots};
use kernel::topic::PartitionId;

use crate::desk::Desk;
use crate::stores::{Harmed as _, OnPostgres, clean};

struct Away;

#[async_trait]
impl Snapshots for Away {
    async fn save(&self, _: PartitionId, _: &[Snapshot]) -> Result<(), Fault> {
        Err(Fault::bare("snapshots", "save"))
    }

    async fn resume(&self, _: PartitionId, _: &[Arc<str>], _: u16) -> Result<Vec<Resumed>, Fault> {
        Err(Fault::bare("snapshots", "resume"))
    }

    async fn stored(&self, _: PartitionId, _: &[i64]) -> Result<Vec<Snapshot>, Fault> {
        Err(Fault::bare("snapshots", "read"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_handled_when_snapshots_are_away() {
    let (store, mut desk) = (MemoryEventStore::default(), Desk::open());
    desk.book("T-1").await;
    for start in 0..5 {
        for number in start * 20..(start + 1) * 20 {
            desk.fill("T-1", number, 1).await;
        }
        desk.handle_with(&store, Arc::new(Away), 4).await;
    }
    assert_eq!(desk.records(&store).await, clean(&desk).await);
}

/// As on an installation that was not migrated to its end.
#[tokio::test(flavor = "multi_thread")]
async fn commands_are_handled_without_the_tables() {
    let (postgres, mut desk) = (OnPostgres::create().await, Desk::open());
    postgres.harm("DROP TABLE {}").await;
    let store = postgres.open().await;
    desk.book("T-1").await;
    for start in 0..3 {
        for number in start * 20..(start + 1) * 20 {
            desk.fill("T-1", number, 1).await;
        }
        desk.handle_with(&store, Arc::new(store.clone()), 4).await;
    }
    assert_eq!(desk.records(&store).await, clean(&desk).await);
    drop(store);
    postgres.discard().await;
}
