//! What a start reads.

use std::sync::Arc;
use std::time::Duration;

use kernel::Fault;
use kernel::port::{FoldSnapshot, FoldSnapshots};
use sqlite::SqliteFile;
use testkit::ManualClock;
use testkit::contract::PARTITIONS;

use crate::harm::OnPostgres;
use crate::site::{NEVER, Noted, Process, Site, Store, beside, decoded, in_memory};

/// The tail is what came after the snapshot, however much came before.
async fn start_reads_the_tail_only<S: Store>(mut site: Site<S>) {
    let before = site.note(25, "before").await;
    let process = site.start::<1>(1);
    process.reads(before).await;
    site.saved(before).await;
    process.kill();
    let after = site.note(2, "after").await;
    let whole = site.whole().await;
    decoded();
    let next = site.start::<1>(NEVER);
    assert!(next.followed.age().is_none(), "it has not read anything");
    assert!(next.reads(before + after).await == whole);
    assert_eq!(decoded(), after);
    // It goes on as if it had read all of it.
    let more = site.note(1, "more").await;
    let all = next.reads(before + after + more).await;
    assert_eq!(decoded(), more);
    next.stop().await;
    assert_eq!(all, site.whole().await);
}

#[tokio::test]
async fn start_reads_the_tail_only_in_memory() {
    start_reads_the_tail_only(in_memory()).await;
}

#[tokio::test]
async fn start_reads_the_tail_only_on_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dealerboard.db");
    let file = SqliteFile::open(&path, PARTITIONS, Arc::new(ManualClock::default())).unwrap();
    let log = Arc::new(file.clone());
    start_reads_the_tail_only(Site::new(file, log)).await;
}

#[tokio::test]
async fn start_reads_the_tail_only_on_postgres() {
    let postgres = OnPostgres::create().await;
    start_reads_the_tail_only(beside(postgres.open())).await;
    postgres.discard().await;
}

#[tokio::test]
async fn process_that_stops_saves_what_is_new() {
    let mut site = in_memory();
    let events = site.note(3, "a").await;
    // Too few to be saved while it runs, and enough when it ends.
    let process = site.start::<1>(events * 5);
    process.reads(events).await;
    process.stop().await;
    site.saved(events).await;
    decoded();
    let next = site.start::<1>(NEVER);
    next.reads(events).await;
    assert_eq!(decoded(), 0);
    next.kill();
}

#[tokio::test]
async fn snapshots_of_other_shapes_are_ignored_and_every_shape_has_its_own() {
    let mut site = in_memory();
    let events = site.note(3, "a").await;
    let old = site.start::<1>(1);
    old.reads(events).await;
    site.saved(events).await;
    decoded();
    let new = site.start::<2>(1);
    new.reads(events).await;
    assert_eq!(decoded(), events);
    let saved = async || {
        let current = site.folds().current(crate::site::NAME).await.unwrap();
        current
            .iter()
            .any(|snapshot| snapshot.shape == 2)
            .then_some(())
    };
    testkit::eventually("the new shape", Duration::from_secs(10), saved).await;
    old.kill();
    new.kill();
    decoded();
    let again = site.start::<2>(NEVER);
    again.reads(events).await;
    assert_eq!(decoded(), 0);
    again.kill();
}

#[tokio::test]
async fn processes_that_save_at_once_do_not_hurt_each_other() {
    let mut site = in_memory();
    let processes = [(); 3].map(|()| site.start::<1>(1));
    let mut events = 0;
    for round in 0..5 {
        events += site.note(4, &format!("round-{round}")).await;
        for process in &processes {
            process.reads(events).await;
        }
        site.saved(events).await;
    }
    processes.into_iter().for_each(Process::kill);
    let whole = site.whole().await;
    let next = site.start::<1>(NEVER);
    assert_eq!(next.reads(events).await, whole);
    assert_eq!(decoded(), 0);
    next.kill();
}

/// The log was made again, and with it the store: what was folded of the old one is of no use.
#[tokio::test]
async fn snapshot_that_stands_ahead_of_the_log_is_discarded() {
    let mut site = in_memory();
    let events = site.note(9, "old").await;
    let process = site.start::<1>(1);
    process.reads(events).await;
    site.saved(events).await;
    process.kill();
    // Shorter, as long, and longer.
    for each in [2, 9, 20] {
        let mut site = in_memory().with_folds(Arc::clone(site.folds()));
        let events = site.note(each, &format!("new-{each}")).await;
        decoded();
        let process = site.start::<1>(1);
        assert_eq!(process.reads(events).await, site.whole::<1>().await);
        site.saved(events).await;
        process.kill();
        decoded();
        let next = site.start::<1>(NEVER);
        next.reads(events).await;
        assert_eq!(decoded(), 0, "what is saved is of the new log");
        next.kill();
    }
}

/// Every call fails.
struct Away;

fn away() -> Fault {
    Fault::bare("snapshots", "reach them")
}

#[async_trait::async_trait]
impl FoldSnapshots for Away {
    async fn current(&self, _: &str) -> Result<Vec<FoldSnapshot>, Fault> {
        Err(away())
    }
    async fn parts(&self, _: &FoldSnapshot) -> Result<Vec<bytes::Bytes>, Fault> {
        Err(away())
    }
    async fn put(&self, _: &FoldSnapshot, _: u32, _: &bytes::Bytes) -> Result<(), Fault> {
        Err(away())
    }
    async fn publish(&self, _: &FoldSnapshot) -> Result<bool, Fault> {
        Err(away())
    }
    async fn discard(&self, _: &FoldSnapshot) -> Result<(), Fault> {
        Err(away())
    }
}

#[tokio::test(start_paused = true)]
async fn store_of_snapshots_that_is_away_costs_a_replay_and_nothing_else() {
    let mut site = in_memory().with_folds(Arc::new(Away));
    let events = site.note(3, "a").await;
    let process = site.start::<1>(1);
    let value: Noted<1> = process.reads(events).await;
    assert_eq!(value, site.whole().await);
    process.stop().await;
}
