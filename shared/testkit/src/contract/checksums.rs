//! What every store does with rows that are not what was written, and with the chain of a partition.

use std::sync::Arc;

use kernel::Fault;
use kernel::batch::EventRow;
use kernel::checksum::{Chain, Checksum, MARK_LOG_POSITIONS, Mark, Row as _};
use kernel::port::{EventReader, EventStore, Scrub, Snapshots, WHOLE};

use super::{CONTEXTS, PARTITIONS, key_of, partition_id};
use crate::Writer;

/// Runs the suite. Each call of `make` gives an empty store.
///
/// # Panics
/// The store breaks the contract of its ports.
pub async fn checksums<S>(make: impl AsyncFn() -> S)
where
    S: EventStore + EventReader + Snapshots + Scrub,
{
    event_comes_back_with_the_checksum_it_was_given(&make().await).await;
    event_that_is_not_what_was_written_is_refused_by_every_read(&make().await).await;
    event_without_a_checksum_is_believed(&make().await).await;
    chain_moves_with_the_cursor(&make().await).await;
    chain_leaves_a_mark_at_every_thousandth_position(&make().await).await;
    refused_batch_leaves_no_mark(&make().await).await;
    sound_store_has_nothing_to_be_found(&make().await).await;
}

async fn event_comes_back_with_the_checksum_it_was_given<S: EventStore + EventReader>(store: &S) {
    let mut writer = Writer::take_over(store, partition_id(1), 1).await;
    writer.accept(&key_of(1, 0), 3);
    writer.commit(store).await;
    for row in store.read(partition_id(1), 0, 9).await.expect("events") {
        assert_eq!(row.checksum, Some(row.checksum(partition_id(1))));
        // Of its place, too: elsewhere the same row is another.
        assert_ne!(row.checksum, Some(row.checksum(partition_id(2))));
    }
}

async fn event_that_is_not_what_was_written_is_refused_by_every_read<S>(store: &S)
where
    S: EventStore + EventReader + Snapshots,
{
    let keys = [key_of(0, 0).into(), key_of(0, 1).into()];
    two_streams(store, &keys, |row| row.checksum = Some(Checksum(1))).await;
    let named = format!("event {} position 2 of {}", partition_id(0), keys[0]);
    let is_named = |fault: Fault| {
        let damaged = fault.damage().expect("a damaged row");
        assert_eq!(damaged.row, named);
    };
    let one = &keys[..1];
    is_named(
        store
            .load(partition_id(0), one, WHOLE)
            .await
            .expect_err("load"),
    );
    is_named(
        store
            .load(partition_id(0), &keys, WHOLE)
            .await
            .expect_err("load"),
    );
    is_named(
        store
            .resume(partition_id(0), one, 1)
            .await
            .expect_err("resume"),
    );
    is_named(store.read(partition_id(0), 0, 9).await.expect_err("read"));
    is_named(store.read(partition_id(0), 1, 1).await.expect_err("read"));
    // The rows beside it are sound.
    let before = store
        .load(partition_id(0), one, 1)
        .await
        .expect("its first event");
    assert_eq!(before[0].events.len(), 1);
    let other = store.load(partition_id(0), &keys[1..], WHOLE).await;
    assert_eq!(other.expect("the other stream")[0].events.len(), 2);
    let behind = store
        .read(partition_id(0), 2, 9)
        .await
        .expect("events behind it");
    assert_eq!(behind.len(), 3);
}

async fn event_without_a_checksum_is_believed<S>(store: &S)
where
    S: EventStore + EventReader + Snapshots,
{
    let keys = [key_of(0, 0).into(), key_of(0, 1).into()];
    two_streams(store, &keys, |row| row.checksum = None).await;
    let streams = store
        .load(partition_id(0), &keys, WHOLE)
        .await
        .expect("streams");
    assert_eq!(streams[0].events[1].checksum, None);
    assert_eq!(
        store
            .read(partition_id(0), 0, 9)
            .await
            .expect("events")
            .len(),
        5
    );
    assert!(store.resume(partition_id(0), &keys, 1).await.is_ok());
}

/// Three events of the first key and two of the second; the second of all is bent.
async fn two_streams<S: EventStore>(
    store: &S,
    keys: &[Arc<str>; 2],
    bend: impl FnOnce(&mut EventRow),
) {
    let mut writer = Writer::take_over(store, partition_id(0), 1).await;
    writer.accept(&keys[0], 3);
    writer.accept(&keys[1], 2);
    let mut batch = (*writer.seal()).clone();
    bend(&mut batch.events[1]);
    let refused = store.commit(&[Arc::new(batch)]).await.expect("committed");
    assert_eq!(refused, []);
}

async fn chain_moves_with_the_cursor<S: EventStore + EventReader>(store: &S) {
    let mut writer = Writer::take_over(store, partition_id(3), 1).await;
    for n in 0..3 {
        writer.accept(&key_of(3, n), 2);
        writer.reject(&key_of(3, n));
        writer.commit(store).await;
    }
    let rows = store.read(partition_id(3), 0, 9).await.expect("events");
    let taken = Writer::take_over(store, partition_id(3), 2).await;
    assert_eq!(taken.cursor().chain, chained(&rows));
    assert_eq!(taken.cursor().handled, 6);
}

async fn chain_leaves_a_mark_at_every_thousandth_position<S>(store: &S)
where
    S: EventStore + EventReader + Scrub,
{
    let mut writer = Writer::take_over(store, partition_id(2), 1).await;
    for events in [999, 2, 1_500] {
        writer.accept(&key_of(2, 0), events);
        writer.commit(store).await;
    }
    let rows = store.read(partition_id(2), 0, 9_999).await.expect("events");
    let marks: Vec<Mark> = [1_000, 2_000]
        .map(|count| Mark {
            log_position: count as u64,
            head: chained(&rows[..count]).head,
        })
        .to_vec();
    assert_eq!(marks[0].log_position, MARK_LOG_POSITIONS);
    assert_eq!(marks_after(store, 0, 9).await, marks);
    assert_eq!(marks_after(store, 0, 1).await, marks[..1]);
    assert_eq!(marks_after(store, 1_000, 9).await, marks[1..]);
    assert_eq!(marks_after(store, 2_000, 9).await, []);
    assert_eq!(store.marks(partition_id(1), 0, 9).await.expect("marks"), []);
}

async fn refused_batch_leaves_no_mark<S: EventStore + Scrub>(store: &S) {
    let mut stale = Writer::take_over(store, partition_id(2), 1).await;
    Writer::take_over(store, partition_id(2), 2).await;
    stale.accept(&key_of(2, 0), 1_000);
    let refused = store.commit(&[stale.seal()]).await.expect("an answer");
    assert_eq!(refused, [partition_id(2)]);
    assert_eq!(marks_after(store, 0, 9).await, []);
}

async fn sound_store_has_nothing_to_be_found<S: EventStore + Scrub>(store: &S) {
    let mut writer = Writer::take_over(store, partition_id(0), 1).await;
    for n in 0..3 {
        writer.accept(&key_of(0, n), 2);
        writer.reject(&key_of(0, n));
        writer.accept(&key_of(0, n), 0);
    }
    writer.commit(store).await;
    assert_eq!(store.structure().await.expect("a look"), []);
    let found = store.rows(&CONTEXTS, PARTITIONS).await.expect("a look");
    assert_eq!((found.damaged, found.unproven), (0, 0), "{:?}", found.named);
    assert!(found.proven >= 9, "{}", found.proven);
}

fn chained(rows: &[EventRow]) -> Chain {
    let checksums = rows.iter().map(|row| row.checksum.expect("a checksum"));
    checksums.fold(Chain::at(1), Chain::with)
}

async fn marks_after(store: &impl Scrub, log_position: u64, max: usize) -> Vec<Mark> {
    store
        .marks(partition_id(2), log_position, max)
        .await
        .expect("marks")
}
