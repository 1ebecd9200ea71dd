//! What every store of timers does, whatever it is made of.

use bytes::Bytes;
use kernel::batch::{Timer, TimerChange};
use kernel::port::{EventStore, Timers};
use kernel::time::Timestamp;
use kernel::topic::PartitionId;
use uuid::Uuid;

use super::{CONTEXTS, key_of, partition_id};
use crate::Writer;

/// Runs the suite. Each call of `make` gives an empty store.
///
/// # Panics
/// The store breaks the contract of its port.
pub async fn timers<S: EventStore + Timers>(make: impl AsyncFn() -> S) {
    due_timers_come_earliest_first_and_no_others(&make().await).await;
    timer_set_again_replaces_the_one_before(&make().await).await;
    cancelled_timer_is_gone(&make().await).await;
    fired_timer_is_gone_and_others_stay(&make().await).await;
    firing_a_replaced_timer_leaves_its_heir(&make().await).await;
    timer_of_a_refused_batch_is_not_there(&make().await).await;
}

async fn due_timers_come_earliest_first_and_no_others<S: EventStore + Timers>(store: &S) {
    let mut expected = Vec::new();
    for (partition, dues) in [(0, [40, 10, 1_000]), (3, [20, 999, 30])] {
        let mut writer = Writer::take_over(store, partition_id(partition), 1).await;
        for (n, due) in dues.into_iter().enumerate() {
            let timer = timer(&key_of(partition, n), "expiry", due);
            writer.time(TimerChange::Set(timer.clone()));
            expected.push((partition_id(partition), timer));
        }
        writer.commit(store).await;
    }
    expected.sort_by_key(|(_, timer)| timer.due);
    assert_eq!(due(store, 9, 100).await, []);
    assert_eq!(due(store, 999, 100).await, expected[..5]);
    assert_eq!(due(store, 1_000, 100).await, expected);
    assert_eq!(due(store, 1_000, 3).await, expected[..3]);
    let elsewhere = store.due(CONTEXTS[1], at(1_000), 100).await;
    assert_eq!(elsewhere.expect("timers"), []);
}

async fn timer_set_again_replaces_the_one_before<S: EventStore + Timers>(store: &S) {
    let mut writer = Writer::take_over(store, partition_id(0), 1).await;
    let other = timer("demo/a", "reminder", 5);
    let first = timer("demo/a", "expiry", 10);
    let second = timer("demo/a", "expiry", 20);
    for set in [&other, &first] {
        writer.time(TimerChange::Set(set.clone()));
    }
    writer.commit(store).await;
    writer.time(TimerChange::Set(second.clone()));
    writer.commit(store).await;
    assert_eq!(due(store, 10, 9).await, [(partition_id(0), other.clone())]);
    assert_eq!(
        due(store, 20, 9).await,
        [(partition_id(0), other.clone()), (partition_id(0), second)]
    );
    // In one batch the last change counts, too.
    let third = timer("demo/a", "expiry", 1);
    writer.time(TimerChange::Set(timer("demo/a", "expiry", 2)));
    writer.time(TimerChange::Set(third.clone()));
    writer.commit(store).await;
    assert_eq!(
        due(store, 99, 9).await,
        [(partition_id(0), third), (partition_id(0), other)]
    );
}

async fn cancelled_timer_is_gone<S: EventStore + Timers>(store: &S) {
    let mut writer = Writer::take_over(store, partition_id(0), 1).await;
    let stays = timer("demo/b", "expiry", 10);
    for set in [
        timer("demo/a", "expiry", 10),
        stays.clone(),
        timer("demo/c", "expiry", 10),
    ] {
        writer.time(TimerChange::Set(set));
    }
    writer.time(cancel("demo/c", "expiry"));
    writer.commit(store).await;
    writer.time(cancel("demo/a", "expiry"));
    writer.time(cancel("demo/b", "another"));
    writer.commit(store).await;
    assert_eq!(due(store, 10, 9).await, [(partition_id(0), stays)]);
}

async fn fired_timer_is_gone_and_others_stay<S: EventStore + Timers>(store: &S) {
    let mut writer = Writer::take_over(store, partition_id(0), 1).await;
    let timers: Vec<_> = (1..=3)
        .map(|n| timer(&key_of(0, n), "expiry", n as i64))
        .collect();
    for set in &timers {
        writer.time(TimerChange::Set(set.clone()));
    }
    writer.commit(store).await;
    let stranger = Uuid::from_u128(1);
    fired(store, &[timers[0].id, timers[2].id, stranger]).await;
    fired(store, &[timers[0].id]).await;
    fired(store, &[]).await;
    store
        .fired(CONTEXTS[1], &[timers[1].id])
        .await
        .expect("forgotten");
    assert_eq!(
        due(store, 9, 9).await,
        [(partition_id(0), timers[1].clone())]
    );
}

async fn firing_a_replaced_timer_leaves_its_heir<S: EventStore + Timers>(store: &S) {
    let mut writer = Writer::take_over(store, partition_id(0), 1).await;
    let first = timer("demo/a", "expiry", 10);
    let heir = timer("demo/a", "expiry", 11);
    writer.time(TimerChange::Set(first.clone()));
    writer.commit(store).await;
    writer.time(TimerChange::Set(heir.clone()));
    writer.commit(store).await;
    fired(store, &[first.id]).await;
    assert_eq!(due(store, 11, 9).await, [(partition_id(0), heir)]);
}

async fn timer_of_a_refused_batch_is_not_there<S: EventStore + Timers>(store: &S) {
    let mut stale = Writer::take_over(store, partition_id(0), 1).await;
    let kept = timer("demo/a", "expiry", 10);
    stale.time(TimerChange::Set(kept.clone()));
    stale.commit(store).await;
    Writer::take_over(store, partition_id(0), 2).await;
    stale.accept("demo/a", 1);
    stale.time(cancel("demo/a", "expiry"));
    stale.time(TimerChange::Set(timer("demo/b", "expiry", 10)));
    let refused = store.commit(&[stale.seal()]).await.expect("an answer");
    assert_eq!(refused, [partition_id(0)]);
    assert_eq!(due(store, 99, 9).await, [(partition_id(0), kept)]);
}

/// A timer whose id follows from what it is.
fn timer(key: &str, name: &str, due: i64) -> Timer {
    let id = Uuid::new_v5(
        &Uuid::NAMESPACE_OID,
        format!("{key}/{name}/{due}").as_bytes(),
    );
    Timer {
        id,
        key: key.into(),
        name: name.into(),
        due: at(due),
        command: Bytes::from_static(
            "{\"type\":\"Expire\",\"data\":{\"of\":\"Zürich\"}}".as_bytes(),
        ),
    }
}

fn cancel(key: &str, name: &str) -> TimerChange {
    TimerChange::Cancel {
        key: key.into(),
        name: name.into(),
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(1_381_132_800_000_001 + second * 1_000_000)
}

async fn due(store: &impl Timers, second: i64, max: usize) -> Vec<(PartitionId, Timer)> {
    let due = store.due(CONTEXTS[0], at(second), max).await;
    let timers = due.expect("timers").into_iter();
    timers.map(|timer| timer.expect("a sound one")).collect()
}

async fn fired(store: &impl Timers, ids: &[Uuid]) {
    store.fired(CONTEXTS[0], ids).await.expect("forgotten");
}
