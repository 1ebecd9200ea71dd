//! The store in memory against the contracts of its ports, and its troubles.

use std::sync::Arc;

use kernel::port::{CommitError, EventReader, EventStore};
use kernel::topic::PartitionId;
use testkit::Writer;
use testkit::contract::{self, CONTEXTS};

use super::{MemoryEventStore, Trouble};

const PARTITION: PartitionId = PartitionId {
    context: CONTEXTS[0],
    partition: 0,
};

#[tokio::test]
async fn event_store_keeps_its_contract() {
    contract::event_store(async || MemoryEventStore::default()).await;
}

#[tokio::test]
async fn checksums_keep_their_contract() {
    contract::checksums(async || MemoryEventStore::default()).await;
}

#[tokio::test]
async fn snapshots_keep_their_contract() {
    contract::snapshots(async || MemoryEventStore::default()).await;
}

#[tokio::test]
async fn fold_snapshots_keep_their_contract() {
    contract::fold_snapshots(async || MemoryEventStore::default()).await;
}

#[tokio::test]
async fn parked_calls_keep_their_contract() {
    contract::parked_calls(async || MemoryEventStore::default()).await;
}

#[tokio::test]
async fn dead_letters_keep_their_contract() {
    contract::dead_letters(async || MemoryEventStore::default()).await;
}

#[tokio::test]
async fn timers_keep_their_contract() {
    contract::timers(async || MemoryEventStore::default()).await;
}

#[tokio::test]
async fn troubled_commit_does_what_its_trouble_says_and_the_next_is_well() {
    for (trouble, unknown, written) in [
        (Trouble::NotMade, false, false),
        (Trouble::UnknownWritten, true, true),
        (Trouble::UnknownNotWritten, true, false),
    ] {
        let store = MemoryEventStore::default();
        let mut writer = Writer::take_over(&store, PARTITION, 1).await;
        writer.accept("demo/a", 2);
        let batch = writer.seal();
        store.trouble(trouble);
        let error = store.commit(&[Arc::clone(&batch)]).await.unwrap_err();
        assert_eq!(
            matches!(error, CommitError::Unknown(_)),
            unknown,
            "{trouble:?}"
        );
        let cursor = store.cursor(PARTITION).await.unwrap();
        assert_eq!(
            cursor,
            Some(if written { batch.to } else { batch.from }),
            "{trouble:?}"
        );
        let events = store.read(PARTITION, 0, 9).await.unwrap();
        assert_eq!(events == batch.events, written, "{trouble:?}");
        let again = store.commit(&[batch]).await.unwrap();
        assert_eq!(again.is_empty(), !written, "{trouble:?}");
    }
}
