//! Rows that were changed behind the platform's back.

use bytes::Bytes;
use eventstore::PostgresEventStore;
use kernel::batch::{DeadLetter, DeadReason, Timer, TimerChange};
use kernel::id::CommandId;
use kernel::port::{
    DeadLetters, EventReader, EventStore as _, OutcomeNotice, OutcomeOutbox as _, Scrub as _,
    Snapshots as _, Timers as _, WHOLE,
};
use kernel::topic::PartitionId;
use kernel::{Fault, Timestamp};
use testkit::Writer;
use testkit::contract::{CONTEXTS, PARTITIONS};
use testkit::servers::statement;
use uuid::Uuid;

use crate::databases::{Databases, installed};

const PARTITION: PartitionId = PartitionId {
    context: CONTEXTS[0],
    partition: 2,
};

/// A row of every table.
async fn fill(store: &PostgresEventStore) {
    let mut writer = Writer::take_over(store, PARTITION, 1).await;
    writer.accept("demo/a", 2);
    writer.park(|offset| DeadLetter {
        offset,
        key: Some(Bytes::from_static(b"demo/a")),
        value: Some(Bytes::from_static(b"a letter")),
        headers: vec![("tenant".to_owned(), Bytes::from_static(b"demo"))],
        logged_at: Timestamp::from_millis(5),
        reason: DeadReason::Panicked,
        detail: "a \0 in it".to_owned(),
        command: Some(CommandId(Uuid::from_u128(9))),
    });
    for (n, key) in [(1, "demo/a"), (2, "demo/b")] {
        writer.time(TimerChange::Set(Timer {
            id: Uuid::from_u128(n),
            key: key.into(),
            name: "expiry".into(),
            due: Timestamp::from_millis(7),
            command: Bytes::from_static(b"{\"type\":\"Expire\"}"),
        }));
    }
    writer.growing().notices.push(OutcomeNotice {
        offset: 1,
        key: None,
        value: Bytes::from_static(b"{\"status\":\"parked\"}"),
    });
    writer.commit(store).await;
}

/// The row that the refusal names.
fn refused<T: std::fmt::Debug>(read: Result<T, Fault>) -> String {
    let fault = read.expect_err("it is refused");
    fault.damage().expect("a damaged row").row.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_a_row_is_refused_by_name_and_found() {
    let databases = Databases::default();
    let (store, database) = databases.store_of(&CONTEXTS.map(installed)).await;
    fill(&store).await;
    let found = store.rows(&CONTEXTS, PARTITIONS).await.unwrap();
    assert_eq!((found.damaged, found.proven), (0, 6), "{:?}", found.named);
    let change = |sql: &'static str| statement(&database.url, sql);

    change("UPDATE contract.event_2 SET record = '{}' WHERE position = 2").await;
    let event = "event contract/2 position 2 of demo/a";
    let keys = ["demo/a".into()];
    assert_eq!(refused(store.load(PARTITION, &keys, WHOLE).await), event);
    assert_eq!(refused(store.read(PARTITION, 0, 9).await), event);
    assert_eq!(refused(store.resume(PARTITION, &keys, 1).await), event);
    let rows = store.as_stored().read(PARTITION, 0, 9).await.unwrap();
    assert_eq!(rows[1].record.value, "{}");

    change("UPDATE contract.outcome_2 SET version = 3").await;
    let rows = store.as_stored().scan_outcomes(PARTITION, None, 9).await;
    let id = rows.unwrap()[0].command;
    let outcome = format!("outcome contract/2 of command {id}");
    assert_eq!(refused(store.outcomes(PARTITION, &[id]).await), outcome);
    assert_eq!(
        refused(EventReader::find(&store, &CONTEXTS, id..=id).await),
        outcome
    );

    change("UPDATE contract.dead_letter SET key = 'demo/x'").await;
    let letter = "dead letter contract/2/1";
    assert_eq!(refused(store.list(PARTITION, None, 9).await), letter);
    let command = CommandId(Uuid::from_u128(9));
    let found = DeadLetters::find(&store, &CONTEXTS, command..=command).await;
    assert_eq!(refused(found), letter);
    let key = "parked key contract/2 demo/x";
    assert_eq!(refused(store.parked_keys(PARTITION).await), key);

    change("UPDATE contract.outcome_notice SET value = '{}'").await;
    let notice = "notice contract/2/1";
    assert_eq!(refused(store.unpublished(PARTITION, 9).await), notice);

    change("UPDATE contract.timer SET due = due - 1 WHERE key = 'demo/b'").await;
    let due = store
        .due(PARTITION.context, Timestamp::from_millis(7), 9)
        .await;
    let due = due.unwrap();
    let timer = "timer contract expiry of demo/b";
    assert_eq!(due[0].as_ref().unwrap_err().row, timer);
    assert_eq!(&*due[1].as_ref().unwrap().1.key, "demo/a");

    change("UPDATE contract.cursor SET handled = handled + 1").await;
    let cursor = "cursor contract/2";
    assert_eq!(refused(store.cursor(PARTITION).await), cursor);

    let found = store.rows(&CONTEXTS, PARTITIONS).await.unwrap();
    let named: Vec<_> = found.named.iter().map(|damaged| &*damaged.row).collect();
    assert_eq!(named, [cursor, &outcome, letter, notice, timer]);
    databases.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn event_whose_stream_is_gone_is_refused_and_not_passed_over() {
    let databases = Databases::default();
    let (store, database) = databases.store_of(&CONTEXTS.map(installed)).await;
    fill(&store).await;
    statement(&database.url, "DELETE FROM contract.stream_2").await;
    let named = "event contract/2 position 1 of ";
    assert_eq!(refused(store.read(PARTITION, 0, 9).await), named);
    databases.discard().await;
}
