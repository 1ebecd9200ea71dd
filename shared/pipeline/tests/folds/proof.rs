//! `verify` folds again what a snapshot stands behind.

use bytes::Bytes;
use kernel::port::FoldSnapshot;
use pipeline::{Findings, folds};
use testkit::contract::PARTITIONS;

use crate::site::{NAME, NEVER, Noted, Site, Store, in_memory};

async fn verify<const SHAPE: u16, S: Store>(site: &Site<S>) -> Findings {
    folds::<Noted<SHAPE>>(&**site.folds(), site.reader(), PARTITIONS).await
}

/// A snapshot as some process wrote it, changed.
async fn change<S: Store>(site: &Site<S>, snapshot: &FoldSnapshot, from: &str, to: &str) {
    let parts = site.folds().parts(snapshot).await.unwrap();
    let json = String::from_utf8(zstd::decode_all(&*parts.concat()).unwrap()).unwrap();
    assert!(json.contains(from), "{json}");
    let changed = zstd::encode_all(json.replace(from, to).as_bytes(), 1).unwrap();
    let parts = [Bytes::from(changed)];
    let changed = FoldSnapshot::of(NAME, 1, snapshot.events, &parts);
    site.folds().discard(snapshot).await.unwrap();
    site.folds().put(&changed, 0, &parts[0]).await.unwrap();
    assert!(site.folds().publish(&changed).await.unwrap());
}

#[tokio::test]
async fn snapshot_is_the_fold_of_its_events_or_is_named() {
    let mut site = in_memory();
    assert_eq!(verify::<1, _>(&site).await.snapshots, 0);
    let events = site.note(5, "a").await;
    let process = site.start::<1>(1);
    process.reads(events).await;
    let snapshot = site.saved(events).await;
    process.kill();
    // Events that came later are none of its own.
    site.note(3, "b").await;
    let found = verify::<1, _>(&site).await;
    assert_eq!((found.snapshots, found.violated, found.skipped), (1, 0, 0));
    let found = verify::<2, _>(&site).await;
    assert_eq!((found.snapshots, found.violated), (0, 0));
    assert!(
        found.notes[0].contains("another shape"),
        "{:?}",
        found.notes
    );

    change(&site, &snapshot, "\"a-3\"", "\"a-4\"").await;
    let found = verify::<1, _>(&site).await;
    assert_eq!((found.snapshots, found.violated), (1, 1));
    let named = &found.violations[0];
    assert!(named.starts_with("I5 snapshot of noted behind"), "{named}");
    assert!(named.contains("not the fold of its events"), "{named}");

    let current = site.folds().current(NAME).await.unwrap();
    change(
        &site,
        &current[0],
        "\"log_position\":5",
        "\"log_position\":500",
    )
    .await;
    let named = verify::<1, _>(&site).await.violations;
    assert!(named[0].contains("stands ahead of"), "{named:?}");
    // No process begins from it either.
    let process = site.start::<1>(NEVER);
    assert_eq!(process.reads(0).await, site.whole().await);
    process.kill();
}

#[tokio::test]
async fn snapshot_with_a_lost_part_is_named() {
    let mut site = in_memory();
    let events = site.note(2, "a").await;
    let process = site.start::<1>(1);
    process.reads(events).await;
    let snapshot = site.saved(events).await;
    process.kill();
    let torn = Bytes::from_static(b"torn");
    site.folds().put(&snapshot, 0, &torn).await.unwrap();
    let found = verify::<1, _>(&site).await;
    assert!(found.violations[0].contains("checksum"), "{found:?}");
}
