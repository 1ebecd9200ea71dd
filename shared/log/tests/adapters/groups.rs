//! Processes that share the partitions of several topics by one membership each.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kernel::port::{Assignments, Change, EventLog as _, Pace};
use log::KafkaLog;
use testkit::contract::{CONTEXTS, PARTITIONS};
use testkit::eventually;
use tokio::task::JoinHandle;

use crate::site::Site;

/// Longest time until a group has settled.
const SETTLES_WITHIN: Duration = Duration::from_secs(60);
/// Long enough for a rebalance to have come.
const QUIET: Duration = Duration::from_secs(2);

/// Reads nothing, and hands back what it must at once; leaves when it is dropped.
struct Reading {
    owned: Arc<Mutex<BTreeSet<u16>>>,
    changes: Arc<Mutex<usize>>,
    task: JoinHandle<()>,
}

impl Reading {
    async fn of(log: &KafkaLog, context: &'static str, group: &str) -> Self {
        let assignments = log.consume(context, group, Pace::Prompt).await.unwrap();
        let (owned, changes) = (Arc::default(), Arc::default());
        let task = tokio::spawn(read(assignments, Arc::clone(&owned), Arc::clone(&changes)));
        Self {
            owned,
            changes,
            task,
        }
    }

    fn owned(&self) -> BTreeSet<u16> {
        self.owned.lock().unwrap().clone()
    }

    fn changes(&self) -> usize {
        *self.changes.lock().unwrap()
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn read(
    mut assignments: Box<dyn Assignments>,
    owned: Arc<Mutex<BTreeSet<u16>>>,
    changes: Arc<Mutex<usize>>,
) {
    while let Ok(change) = assignments.next().await {
        let mut owned = owned.lock().unwrap();
        match change {
            Change::Assigned(reader) => owned.insert(reader.partition()),
            Change::Revoked(partition) | Change::Lost(partition) => owned.remove(&partition),
        };
        *changes.lock().unwrap() += 1;
    }
}

fn all() -> BTreeSet<u16> {
    (0..PARTITIONS).collect()
}

async fn settled(what: &str, is_settled: impl Fn() -> bool) {
    eventually(what, SETTLES_WITHIN, async || is_settled().then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_share_every_topic_of_a_role_and_take_over_from_each_other() {
    let site = Site::new().await;
    let other = KafkaLog::new(site.settings.clone()).unwrap();
    let mut first = Vec::new();
    let readings = [
        (CONTEXTS[0], "projector.fast.a"),
        (CONTEXTS[1], "projector.fast.b"),
        (CONTEXTS[0], "projector.slow.a"),
    ];
    for (context, group) in readings {
        first.push(Reading::of(&site.log, context, group).await);
    }
    settled("all partitions", || {
        first.iter().all(|one| one.owned() == all())
    })
    .await;
    let mut second = Vec::new();
    for (context, group) in readings {
        second.push(Reading::of(&other, context, group).await);
    }
    settled("half of the partitions each", || {
        first.iter().zip(&second).all(|(one, two)| {
            let (one, two) = (one.owned(), two.owned());
            one.len() == 2 && one.is_disjoint(&two) && &one | &two == all()
        })
    })
    .await;
    // Members that read the same topic have the same partitions of it.
    assert_eq!(first[0].owned(), first[2].owned());
    first.clear();
    settled("all partitions again", || {
        second.iter().all(|two| two.owned() == all())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn revoked_partition_is_held_back_until_its_holder_has_finished() {
    let site = Site::new().await;
    let other = KafkaLog::new(site.settings.clone()).unwrap();
    let mut holder = consume(&site.log).await;
    for _ in 0..PARTITIONS {
        assert!(matches!(holder.next().await, Ok(Change::Assigned(_))));
    }
    // Reads another topic in the same role, and has nothing to do with it.
    let beside = Reading::of(&site.log, CONTEXTS[1], "projector.b").await;
    let taking = Reading::of(&other, CONTEXTS[0], "projector.a").await;
    let mut revoked = 0;
    // The subscription to the second topic is a rebalance of its own.
    while taking.owned().is_empty() {
        match tokio::time::timeout(QUIET, holder.next()).await {
            Ok(Ok(Change::Revoked(_))) => {
                assert_eq!(taking.owned(), BTreeSet::new(), "it is still held");
                revoked += 1;
            }
            Ok(Ok(Change::Assigned(_))) | Err(_) => {}
            Ok(_) => panic!("lost"),
        }
    }
    assert!(revoked >= PARTITIONS, "{revoked}");
    drop(beside);
}

#[tokio::test(flavor = "multi_thread")]
async fn reader_that_comes_back_after_a_fault_disturbs_no_other_of_its_role() {
    let site = Site::new().await;
    let staying = Reading::of(&site.log, CONTEXTS[0], "reactor.a").await;
    let leaving = Reading::of(&site.log, CONTEXTS[1], "reactor.b").await;
    settled("all partitions", || {
        staying.owned() == all() && leaving.owned() == all()
    })
    .await;
    let before = staying.changes();
    drop(leaving);
    let back = Reading::of(&site.log, CONTEXTS[1], "reactor.b").await;
    settled("its partitions", || back.owned() == all()).await;
    let disturbed = eventually_within(QUIET, || staying.changes() != before).await;
    assert!(!disturbed, "nothing was taken from anybody");
}

/// Whether it reaches that state before the time is over.
async fn eventually_within(within: Duration, is_so: impl Fn() -> bool) -> bool {
    let so = eventually("it", SETTLES_WITHIN, async || is_so().then_some(()));
    tokio::time::timeout(within, so).await.is_ok()
}

async fn consume(log: &KafkaLog) -> Box<dyn Assignments> {
    let joined = log.consume(CONTEXTS[0], "projector.a", Pace::Prompt).await;
    joined.unwrap()
}
