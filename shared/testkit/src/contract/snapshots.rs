//! What every store of snapshots does, whatever it is made of.

use std::sync::Arc;

use bytes::Bytes;
use kernel::port::{EventReader, EventStore, Resumed, Snapshot, Snapshots, WHOLE};
use kernel::topic::PartitionId;

use super::{CONTEXTS, key_of, partition_id};
use crate::Writer;

/// The shape that most snapshots of the suite have.
const SHAPE: u16 = 3;

/// Runs the suite. Each call of `make` gives an empty store.
///
/// # Panics
/// The store breaks the contract of its ports.
pub async fn snapshots<S: EventStore + EventReader + Snapshots>(make: impl AsyncFn() -> S) {
    nothing_is_kept_before_anything_was_saved(&make().await).await;
    snapshot_comes_back_as_it_was_given(&make().await).await;
    stream_is_resumed_from_the_event_its_snapshot_stands_on(&make().await).await;
    stream_without_a_snapshot_is_resumed_whole(&make().await).await;
    snapshot_of_another_shape_is_ignored_when_resuming(&make().await).await;
    later_snapshot_takes_the_place_of_the_earlier(&make().await).await;
    snapshot_beyond_the_end_of_its_stream_comes_without_events(&make().await).await;
    hole_after_the_snapshot_is_refused(&make().await).await;
    save_leaves_cursor_and_events_alone(&make().await).await;
    superseded_owner_may_save_what_is_durable(&make().await).await;
    many_streams_are_saved_and_resumed_at_once(&make().await).await;
    partitions_do_not_mix(&make().await).await;
}

async fn nothing_is_kept_before_anything_was_saved<S: Snapshots>(store: &S) {
    let keys = [key_of(0, 0).into()];
    assert_eq!(resume(store, &keys).await, []);
    assert_eq!(resume(store, &[]).await, []);
    assert_eq!(stored(store, &[1, 2]).await, []);
    assert_eq!(stored(store, &[]).await, []);
}

async fn snapshot_comes_back_as_it_was_given<S: EventStore + Snapshots>(store: &S) {
    let mut writer = Writer::take_over(store, partition_id(0), 1).await;
    writer.accept(&key_of(0, 0), 4);
    writer.commit(store).await;
    for (checksum, state) in [
        (i64::MIN, "{}".to_owned()),
        (i64::MAX, r#"{"of":"Zürich  \\ 取引 🦀"}"#.to_owned()),
        (-1, format!("[{}0]", "1234567,".repeat(40_000))),
    ] {
        let given = Snapshot {
            checksum,
            state: state.into(),
            ..snapshot(1, 3)
        };
        save(store, std::slice::from_ref(&given)).await;
        assert!(stored(store, &[1, 2]).await == [given], "{checksum}");
    }
    store
        .save(partition_id(0), &[])
        .await
        .expect("saved nothing");
}

async fn stream_is_resumed_from_the_event_its_snapshot_stands_on<S>(store: &S)
where
    S: EventStore + EventReader + Snapshots,
{
    let mut writer = Writer::take_over(store, partition_id(0), 1).await;
    let key: Arc<str> = key_of(0, 0).into();
    writer.accept(&key, 3);
    writer.accept(&key_of(0, 1), 2);
    writer.accept(&key, 4);
    writer.commit(store).await;
    let whole = load(store, &key).await;
    for version in 1..=7 {
        let kept = snapshot(1, version);
        save(store, std::slice::from_ref(&kept)).await;
        let resumed = resume(store, &[Arc::clone(&key)]).await;
        let [Resumed { snapshot, tail }] = &*resumed else {
            unreachable!("{} streams were resumed", resumed.len());
        };
        assert_eq!(*snapshot, Some(kept));
        assert_eq!((&tail.key, tail.stream), (&key, 1));
        let from = usize::try_from(version).expect("a small number") - 1;
        assert_eq!(tail.events, whole[from..], "from version {version}");
    }
}

async fn stream_without_a_snapshot_is_resumed_whole<S>(store: &S)
where
    S: EventStore + EventReader + Snapshots,
{
    let mut writer = Writer::take_over(store, partition_id(0), 1).await;
    let keys: [Arc<str>; 3] = [0, 1, 2].map(|n| key_of(0, n).into());
    writer.accept(&keys[0], 3);
    writer.accept(&keys[1], 5);
    writer.commit(store).await;
    save(store, &[snapshot(2, 4)]).await;
    let mut resumed = resume(store, &keys).await;
    resumed.sort_by_key(|resumed| resumed.tail.stream);
    assert_eq!(resumed.len(), 2);
    assert_eq!(resumed[0].snapshot, None);
    assert_eq!(resumed[0].tail.events, load(store, &keys[0]).await);
    assert_eq!(resumed[1].snapshot, Some(snapshot(2, 4)));
    assert_eq!(resumed[1].tail.events.len(), 2);
}

async fn snapshot_of_another_shape_is_ignored_when_resuming<S>(store: &S)
where
    S: EventStore + EventReader + Snapshots,
{
    let mut writer = Writer::take_over(store, partition_id(0), 1).await;
    let key: Arc<str> = key_of(0, 0).into();
    writer.accept(&key, 3);
    writer.commit(store).await;
    for shape in [0, SHAPE - 1, SHAPE + 1, u16::MAX] {
        let other = Snapshot {
            shape,
            ..snapshot(1, 2)
        };
        save(store, std::slice::from_ref(&other)).await;
        let resumed = resume(store, &[Arc::clone(&key)]).await;
        assert_eq!(resumed[0].snapshot, None);
        assert_eq!(resumed[0].tail.events, load(store, &key).await);
        assert_eq!(stored(store, &[1]).await, [other]);
    }
}

async fn later_snapshot_takes_the_place_of_the_earlier<S>(store: &S)
where
    S: EventStore + Snapshots,
{
    let mut writer = Writer::take_over(store, partition_id(0), 1).await;
    writer.accept(&key_of(0, 0), 9);
    writer.accept(&key_of(0, 1), 9);
    writer.commit(store).await;
    save(store, &[snapshot(1, 2), snapshot(2, 3)]).await;
    // Also one of a lower version: what was there may be what has to go.
    for version in [6, 8, 4] {
        save(store, &[snapshot(1, version)]).await;
        let kept = [snapshot(1, version), snapshot(2, 3)];
        assert_eq!(stored(store, &[1, 2]).await, kept);
    }
}

async fn snapshot_beyond_the_end_of_its_stream_comes_without_events<S>(store: &S)
where
    S: EventStore + Snapshots,
{
    let mut writer = Writer::take_over(store, partition_id(0), 1).await;
    let key: Arc<str> = key_of(0, 0).into();
    writer.accept(&key, 3);
    writer.commit(store).await;
    for version in [4, 1_000_000] {
        save(store, &[snapshot(1, version)]).await;
        let resumed = resume(store, &[Arc::clone(&key)]).await;
        assert_eq!(resumed[0].snapshot, Some(snapshot(1, version)));
        assert_eq!(resumed[0].tail.events, []);
    }
}

async fn hole_after_the_snapshot_is_refused<S: EventStore + Snapshots>(store: &S) {
    let mut writer = Writer::take_over(store, partition_id(0), 1).await;
    let key: Arc<str> = key_of(0, 0).into();
    writer.accept(&key, 6);
    // Events 1 to 4, 6 and 7.
    writer.growing().events[5].sequence = 7;
    writer.growing().events[4].sequence = 6;
    writer.commit(store).await;
    for (version, refused) in [(1, true), (4, true), (5, true), (6, false), (7, false)] {
        save(store, &[snapshot(1, version)]).await;
        let resumed = store
            .resume(partition_id(0), &[Arc::clone(&key)], SHAPE)
            .await;
        assert_eq!(resumed.is_err(), refused, "from version {version}");
    }
}

async fn save_leaves_cursor_and_events_alone<S>(store: &S)
where
    S: EventStore + EventReader + Snapshots,
{
    let mut writer = Writer::take_over(store, partition_id(0), 1).await;
    writer.accept(&key_of(0, 0), 3);
    let batch = writer.commit(store).await;
    save(store, &[snapshot(1, 3)]).await;
    let cursor = store.cursor(partition_id(0)).await.expect("a cursor");
    assert_eq!(cursor, Some(batch.to));
    let events = store.read(partition_id(0), 0, 9).await.expect("events");
    assert_eq!(events, batch.events);
    // And the next batch is none the wiser.
    writer.accept(&key_of(0, 0), 1);
    writer.commit(store).await;
}

/// A durable version is the same whichever owner saves it.
async fn superseded_owner_may_save_what_is_durable<S>(store: &S)
where
    S: EventStore + Snapshots,
{
    let mut stale = Writer::take_over(store, partition_id(0), 1).await;
    stale.accept(&key_of(0, 0), 3);
    stale.commit(store).await;
    Writer::take_over(store, partition_id(0), 2).await;
    save(store, &[snapshot(1, 3)]).await;
    assert_eq!(stored(store, &[1]).await, [snapshot(1, 3)]);
}

async fn many_streams_are_saved_and_resumed_at_once<S>(store: &S)
where
    S: EventStore + Snapshots,
{
    let mut writer = Writer::take_over(store, partition_id(0), 1).await;
    let keys: Vec<Arc<str>> = (0..200).map(|n| key_of(0, n).into()).collect();
    for _ in 0..5 {
        for key in &keys {
            writer.accept(key, 2);
        }
    }
    writer.commit(store).await;
    let kept: Vec<_> = (1..=200).map(|stream| snapshot(stream, 7)).collect();
    save(store, &kept).await;
    let mut resumed = resume(store, &keys).await;
    resumed.sort_by_key(|resumed| resumed.tail.stream);
    assert_eq!(resumed.len(), keys.len());
    for ((resumed, kept), key) in resumed.iter().zip(&kept).zip(&keys) {
        assert_eq!(resumed.snapshot.as_ref(), Some(kept));
        assert_eq!(resumed.tail.key, *key);
        let sequences = resumed.tail.events.iter().map(|row| row.sequence);
        assert!(sequences.eq(7..=10), "{key}");
    }
}

async fn partitions_do_not_mix<S: EventStore + Snapshots>(store: &S) {
    let (context, partition) = (CONTEXTS[1], 0);
    let elsewhere = [partition_id(1), PartitionId { context, partition }];
    for partition_id in [partition_id(0), elsewhere[0], elsewhere[1]] {
        let mut writer = Writer::take_over(store, partition_id, 1).await;
        writer.accept(&key_of(partition_id.partition, 0), 3);
        writer.commit(store).await;
    }
    save(store, &[snapshot(1, 2)]).await;
    for other in elsewhere {
        let keys = [key_of(other.partition, 0).into()];
        let resumed = store.resume(other, &keys, SHAPE).await.expect("streams");
        assert_eq!(resumed[0].snapshot, None, "{other}");
        assert_eq!(store.stored(other, &[1]).await.expect("snapshots"), []);
    }
}

fn snapshot(stream: i64, version: u64) -> Snapshot {
    Snapshot {
        stream,
        version,
        shape: SHAPE,
        checksum: 7_000 + stream,
        state: Bytes::from(format!(r#"{{"stream":{stream},"version":{version}}}"#)),
    }
}

async fn save(store: &impl Snapshots, snapshots: &[Snapshot]) {
    store.save(partition_id(0), snapshots).await.expect("saved");
}

async fn resume(store: &impl Snapshots, keys: &[Arc<str>]) -> Vec<Resumed> {
    store
        .resume(partition_id(0), keys, SHAPE)
        .await
        .expect("streams")
}

/// Sorted by stream: a store may answer in any order.
async fn stored(store: &impl Snapshots, streams: &[i64]) -> Vec<Snapshot> {
    let mut stored = store
        .stored(partition_id(0), streams)
        .await
        .expect("snapshots");
    stored.sort_by_key(|snapshot| snapshot.stream);
    stored
}

async fn load(store: &impl EventReader, key: &Arc<str>) -> Vec<kernel::batch::EventRow> {
    let keys = [Arc::clone(key)];
    let mut loaded = store
        .load(partition_id(0), &keys, WHOLE)
        .await
        .expect("streams");
    loaded.pop().expect("a stream").events
}
