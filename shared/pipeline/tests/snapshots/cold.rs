//! What a cold start reads, and when snapshots are taken.

use std::sync::Arc;

use eventstore::MemoryEventStore;
use kernel::Context as _;
use kernel::port::Snapshots as _;
use trades::Trade;

use crate::desk::{Desk, kept, partition_of, proofs};
use crate::stores::{NEVER, clean};
use pipeline::Proof;

#[tokio::test(flavor = "multi_thread")]
async fn cold_aggregate_reads_its_snapshot_and_the_tail() {
    let (store, mut desk) = (MemoryEventStore::default(), Desk::open());
    desk.book("T-1").await;
    for number in 0..900 {
        desk.fill("T-1", number, 1).await;
    }
    desk.handle(&store, 64).await;
    let partition_id = partition_of(Trade::NAME, "demo/T-1");
    let keys = [Arc::from("demo/T-1")];
    let resumed = store
        .resume(partition_id, &keys, Trade::SHAPE)
        .await
        .unwrap();
    let snapshot = resumed[0].snapshot.as_ref().unwrap();
    let tail = resumed[0].tail.events.len() as u64;
    // One event more than the tail: the one that the snapshot was taken at.
    assert_eq!(snapshot.version + tail - 1, 901);
    assert!(tail <= 901 / 4 + 50 + 1, "a tail of {tail} events");
    assert_eq!(proofs(&store).await, [Proof::Holds]);
    desk.fill("T-1", 900, 1).await;
    desk.handle(&store, 64).await;
    assert_eq!(desk.records(&store).await, clean(&desk).await);
}

/// A stream of 2,000 events and snapshots at every quarter: their cost is linear in the events.
#[tokio::test(flavor = "multi_thread")]
async fn snapshots_become_rarer_as_their_stream_grows() {
    let (store, mut desk) = (MemoryEventStore::default(), Desk::open());
    desk.book("T-1").await;
    let mut versions = Vec::new();
    for start in 0..40 {
        for number in start * 50..(start + 1) * 50 {
            desk.fill("T-1", number, 1).await;
        }
        desk.handle(&store, 16).await;
        versions.extend(kept(&store).await.iter().map(|(_, kept)| kept.version));
    }
    versions.dedup();
    assert!((6..=20).contains(&versions.len()), "{versions:?}");
    for pair in versions.windows(2) {
        assert!(pair[1] - pair[0] >= (pair[1] / 4).max(16), "{versions:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stream_that_was_long_before_snapshots_gets_one_at_its_next_command() {
    let (store, mut desk) = (MemoryEventStore::default(), Desk::open());
    desk.book("T-1").await;
    for number in 0..300 {
        desk.fill("T-1", number, 1).await;
    }
    desk.handle(&store, NEVER).await;
    assert_eq!(kept(&store).await, []);
    // It changes nothing, and yet the state is worth keeping.
    desk.fill("T-1", 7, 1).await;
    desk.handle(&store, 256).await;
    let kept = kept(&store).await;
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].1.version, 301);
    assert_eq!(proofs(&store).await, [Proof::Holds]);
}
