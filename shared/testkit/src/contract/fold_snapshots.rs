//! What every store of snapshots of live projections does, whatever it is made of.

use bytes::Bytes;
use kernel::port::{FOLD_PART_BYTES, FoldSnapshot, FoldSnapshots};

const FLOOR: &str = "floor";
const SHAPE: u16 = 3;

/// Runs the suite. Each call of `make` gives an empty store.
///
/// # Panics
/// The store breaks the contract of its port.
pub async fn fold_snapshots<S: FoldSnapshots>(make: impl AsyncFn() -> S) {
    nothing_is_current_before_anything_was_published(&make().await).await;
    snapshot_comes_back_as_it_was_put(&make().await).await;
    writer_that_is_killed_between_its_steps_changes_nothing(&make().await).await;
    snapshot_of_fewer_events_takes_no_place(&make().await).await;
    two_writers_do_not_hurt_each_other(&make().await).await;
    shapes_and_projections_do_not_mix(&make().await).await;
    higher_shape_removes_the_lower(&make().await).await;
    discarded_snapshot_makes_room_for_one_of_fewer_events(&make().await).await;
    discard_of_what_is_not_current_leaves_what_is(&make().await).await;
}

fn parts(texts: &[&str]) -> Vec<Bytes> {
    let parts = texts.iter().map(|text| Bytes::from(text.to_string()));
    parts.collect()
}

fn of(events: u64, parts: &[Bytes]) -> FoldSnapshot {
    FoldSnapshot::of(FLOOR, SHAPE, events, parts)
}

async fn put(store: &impl FoldSnapshots, snapshot: &FoldSnapshot, parts: &[Bytes]) {
    for (number, part) in (0..).zip(parts) {
        store.put(snapshot, number, part).await.expect("kept");
    }
}

/// Whether it is current.
async fn save(store: &impl FoldSnapshots, snapshot: &FoldSnapshot, parts: &[Bytes]) -> bool {
    put(store, snapshot, parts).await;
    publish(store, snapshot).await
}

async fn publish(store: &impl FoldSnapshots, snapshot: &FoldSnapshot) -> bool {
    store.publish(snapshot).await.expect("an answer")
}

async fn current(store: &impl FoldSnapshots, projection: &str) -> Vec<FoldSnapshot> {
    store.current(projection).await.expect("snapshots")
}

async fn read(store: &impl FoldSnapshots, snapshot: &FoldSnapshot) -> Vec<Bytes> {
    store.parts(snapshot).await.expect("parts")
}

async fn nothing_is_current_before_anything_was_published(store: &impl FoldSnapshots) {
    let parts = parts(&["a"]);
    assert_eq!(current(store, FLOOR).await, []);
    assert_eq!(read(store, &of(1, &parts)).await, Vec::<Bytes>::new());
    store.discard(&of(1, &parts)).await.expect("nothing");
}

async fn snapshot_comes_back_as_it_was_put(store: &impl FoldSnapshots) {
    let whole = |byte: u8| Bytes::from(vec![byte; FOLD_PART_BYTES]);
    let large: Vec<_> = (0..12)
        .map(whole)
        .chain([Bytes::from_static(&[0, 255])])
        .collect();
    for (events, parts) in [
        (1, parts(&["a"])),
        (2, large),
        (u64::MAX >> 1, parts(&["b", ""])),
    ] {
        let snapshot = of(events, &parts);
        assert!(save(store, &snapshot, &parts).await, "{events}");
        assert_eq!(current(store, FLOOR).await, std::slice::from_ref(&snapshot));
        assert!(read(store, &snapshot).await == parts, "{events}");
    }
}

async fn writer_that_is_killed_between_its_steps_changes_nothing(store: &impl FoldSnapshots) {
    let (old, new) = (parts(&["old"]), parts(&["n", "e", "w"]));
    assert!(save(store, &of(5, &old), &old).await);
    for survived in 0..=3 {
        put(store, &of(9, &new), &new[..survived]).await;
        assert_eq!(current(store, FLOOR).await, [of(5, &old)]);
        assert_eq!(read(store, &of(5, &old)).await, old);
    }
    // One that has lost a part is not published, and the next writer is not in its way.
    let torn = of(7, &new);
    put(store, &torn, &new[..2]).await;
    assert!(!publish(store, &torn).await);
    assert_eq!(current(store, FLOOR).await, [of(5, &old)]);
    let next = parts(&["next"]);
    assert!(save(store, &of(10, &next), &next).await);
    assert_eq!(read(store, &of(9, &new)).await, Vec::<Bytes>::new());
    assert_eq!(read(store, &torn).await, Vec::<Bytes>::new());
    assert_eq!(read(store, &of(10, &next)).await, next);
}

async fn snapshot_of_fewer_events_takes_no_place(store: &impl FoldSnapshots) {
    let (one, other) = (parts(&["one"]), parts(&["other"]));
    assert!(save(store, &of(8, &one), &one).await);
    for (events, parts) in [(7, &other), (8, &other), (8, &one)] {
        assert!(!save(store, &of(events, parts), parts).await, "{events}");
        assert_eq!(current(store, FLOOR).await, [of(8, &one)]);
        assert_eq!(read(store, &of(8, &one)).await, one);
    }
}

async fn two_writers_do_not_hurt_each_other(store: &impl FoldSnapshots) {
    let (slow, quick) = (parts(&["s", "l"]), parts(&["q"]));
    // Each behind the other; the one that stands behind more events stays.
    for (behind, ahead) in [(3, 4), (6, 5)] {
        put(store, &of(behind, &slow), &slow[..1]).await;
        assert!(save(store, &of(ahead, &quick), &quick).await);
        store
            .put(&of(behind, &slow), 1, &slow[1])
            .await
            .expect("kept");
        let is_newer = behind > ahead;
        assert_eq!(publish(store, &of(behind, &slow)).await, is_newer);
        let stays = if is_newer {
            (behind, &slow)
        } else {
            (ahead, &quick)
        };
        assert_eq!(current(store, FLOOR).await, [of(stays.0, stays.1)]);
        assert_eq!(read(store, &of(stays.0, stays.1)).await, *stays.1);
    }
}

async fn shapes_and_projections_do_not_mix(store: &impl FoldSnapshots) {
    let parts = parts(&["a", "b"]);
    let metrics = FoldSnapshot::of("metrics", SHAPE, 2, &parts);
    let next = FoldSnapshot::of(FLOOR, SHAPE + 1, 2, &parts);
    for snapshot in [&next, &metrics, &of(9, &parts)] {
        assert!(save(store, snapshot, &parts).await);
    }
    assert_eq!(current(store, FLOOR).await, [of(9, &parts), next.clone()]);
    assert_eq!(
        current(store, "metrics").await,
        std::slice::from_ref(&metrics)
    );
    store.discard(&of(9, &parts)).await.expect("done");
    assert_eq!(current(store, FLOOR).await, std::slice::from_ref(&next));
    for snapshot in [next, metrics] {
        assert_eq!(read(store, &snapshot).await, parts);
    }
}

async fn higher_shape_removes_the_lower(store: &impl FoldSnapshots) {
    let parts = parts(&["a"]);
    assert!(save(store, &of(9, &parts), &parts).await);
    let next = FoldSnapshot::of(FLOOR, SHAPE + 1, 2, &parts);
    assert!(save(store, &next, &parts).await);
    assert_eq!(current(store, FLOOR).await, [next]);
    assert_eq!(read(store, &of(9, &parts)).await, Vec::<Bytes>::new());
}

/// As after the log was made again: what is kept stands ahead of it.
async fn discarded_snapshot_makes_room_for_one_of_fewer_events(store: &impl FoldSnapshots) {
    let (ahead, real) = (parts(&["ahead"]), parts(&["real"]));
    assert!(save(store, &of(900, &ahead), &ahead).await);
    put(store, &of(950, &ahead), &ahead).await;
    assert!(!save(store, &of(3, &real), &real).await);
    store.discard(&of(900, &ahead)).await.expect("done");
    assert_eq!(current(store, FLOOR).await, []);
    assert_eq!(read(store, &of(950, &ahead)).await, Vec::<Bytes>::new());
    assert!(save(store, &of(3, &real), &real).await);
    assert_eq!(current(store, FLOOR).await, [of(3, &real)]);
    assert_eq!(read(store, &of(3, &real)).await, real);
}

async fn discard_of_what_is_not_current_leaves_what_is(store: &impl FoldSnapshots) {
    let (old, new) = (parts(&["old"]), parts(&["new"]));
    assert!(save(store, &of(1, &old), &old).await);
    assert!(save(store, &of(2, &new), &new).await);
    store.discard(&of(1, &old)).await.expect("done");
    assert_eq!(current(store, FLOOR).await, [of(2, &new)]);
    assert_eq!(read(store, &of(2, &new)).await, new);
}
