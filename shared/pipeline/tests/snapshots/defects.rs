//! What cqrs-es's snapshot store gets wrong, and ours must not: each defect by name, on Postgres and
//! through the processor.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::Fault;
use kernel::batch::Outcome;
use kernel::port::{Resumed, Snapshot, Snapshots};
use kernel::topic::PartitionId;

use crate::desk::{Desk, kept, proofs};
use crate::stores::{Harmed as _, OnPostgres, clean};
use pipeline::Proof;

/// There, five deposits of ten load as 70 or 100: the events after a snapshot, or all of them, are
/// applied twice.
#[tokio::test(flavor = "multi_thread")]
async fn five_fills_of_ten_are_fifty_whatever_was_a_snapshot() {
    let (postgres, mut desk) = (OnPostgres::create().await, Desk::open());
    let store = postgres.open().await;
    desk.book("T-1").await;
    for number in 0..5 {
        desk.fill("T-1", number, 10).await;
        // From a cold start each, and with a snapshot behind it.
        desk.handle(&store, 1).await;
    }
    assert_eq!(kept(&store).await.len(), 1);
    // Exactly so much is left, and no more.
    desk.fill("T-1", 5, 1_000_000 - 49).await;
    desk.handle(&store, 1).await;
    assert!(matches!(
        desk.last(&store).await,
        Outcome::Accepted { events: 1.., .. }
    ));
    let break_of = desk.records(&store).await;
    assert_eq!(break_of, clean(&desk).await);
    drop(store);
    postgres.discard().await;
}

/// There, a snapshot that is taken in the middle of a commit leaves out its last events.
#[tokio::test(flavor = "multi_thread")]
async fn snapshot_swallows_no_event_wherever_it_falls() {
    let (postgres, mut desk) = (OnPostgres::create().await, Desk::open());
    let store = postgres.open().await;
    desk.book("T-1").await;
    let mut number = 0;
    // Batches of other lengths, so that snapshots fall before, between and behind their ends.
    for (fills, events_min) in [(1, 1), (7, 3), (31, 5), (2, 2), (90, 4), (13, 1), (60, 11)] {
        for _ in 0..fills {
            desk.fill("T-1", number, 1).await;
            desk.trade("ACC-1/AGENCY/IBM", number).await;
            number += 1;
        }
        desk.handle(&store, events_min).await;
        let proofs = proofs(&store).await;
        assert!(
            proofs.iter().all(|proof| *proof == Proof::Holds),
            "{proofs:?}"
        );
    }
    assert_eq!(desk.records(&store).await, clean(&desk).await);
    drop(store);
    postgres.discard().await;
}

/// Saves nothing, like a store in which another writer was quicker; reads as the store does.
struct Conflict<S>(S);

#[async_trait]
impl<S: Snapshots> Snapshots for Conflict<S> {
    async fn save(&self, partition_id: PartitionId, _: &[Snapshot]) -> Result<(), Fault> {
        Err(Fault::bare(
            "snapshots",
            format!("conflict in {partition_id}"),
        ))
    }

    async fn resume(
        &self,
        partition_id: PartitionId,
        keys: &[Arc<str>],
        shape: u16,
    ) -> Result<Vec<Resumed>, Fault> {
        self.0.resume(partition_id, keys, shape).await
    }

    async fn stored(
        &self,
        partition_id: PartitionId,
        streams: &[i64],
    ) -> Result<Vec<Snapshot>, Fault> {
        self.0.stored(partition_id, streams).await
    }
}

/// There, the command is answered with an error after its events were committed.
#[tokio::test(flavor = "multi_thread")]
async fn conflict_of_a_snapshot_is_no_conflict_of_the_command() {
    let (postgres, mut desk) = (OnPostgres::create().await, Desk::open());
    let store = postgres.open().await;
    desk.book("T-1").await;
    for number in 0..20 {
        desk.fill("T-1", number, 1).await;
    }
    let conflict = Arc::new(Conflict(store.clone()));
    desk.handle_with(&store, conflict, 1).await;
    assert!(matches!(
        desk.last(&store).await,
        Outcome::Accepted { version: 21, .. }
    ));
    assert_eq!(desk.records(&store).await, clean(&desk).await);
    drop(store);
    postgres.discard().await;
}
