//! The logs in memory against the contracts of their ports, and their groups.

use std::sync::Arc;

use eventstore::MemoryEventStore;
use kernel::port::{Assignments, Change, CommandLog, EventLog, Pace, ReadError, Reader, Span};
use kernel::record::EventRecord;
use kernel::topic::PartitionId;
use testkit::ManualClock;
use testkit::contract::{self, CONTEXTS, PARTITIONS};

use super::{MemoryCommandLog, MemoryEventLog};

const CONTEXT: &str = CONTEXTS[0];
const GROUP: &str = "group";

#[tokio::test]
async fn command_log_keeps_its_contract() {
    contract::command_log(async || command_log()).await;
}

#[tokio::test]
async fn event_log_keeps_its_contract() {
    contract::event_log(async || (MemoryEventStore::default(), event_log())).await;
}

#[tokio::test]
async fn event_beyond_a_gap_is_refused() {
    let log = event_log();
    let partition_id = PARTITION;
    log.publish(partition_id, vec![event(1), event(2)])
        .await
        .unwrap();
    assert!(log.publish(partition_id, vec![event(4)]).await.is_err());
    assert!(
        log.publish(partition_id, vec![event(3), event(5)])
            .await
            .is_err()
    );
    assert_eq!(
        log.span(partition_id).await.unwrap(),
        Some(Span { first: 1, last: 2 }),
        "nothing of a refused call is taken"
    );
}

#[tokio::test]
async fn revoked_partition_moves_once_its_holder_has_finished() {
    let log = command_log();
    let mut first = log.consume(CONTEXT, GROUP, Pace::Prompt).await.unwrap();
    assert_eq!(assigned(&mut first).await, [0, 1, 2, 3]);
    let mut second = log.consume(CONTEXT, GROUP, Pace::Prompt).await.unwrap();
    assert!(log.revoke(CONTEXT, GROUP, 2));
    assert!(matches!(first.next().await.unwrap(), Change::Revoked(2)));
    assert!(
        is_quiet(&mut second),
        "the first has not said that it is done"
    );
    assert!(is_quiet(&mut first));
    assert_eq!(assigned(&mut second).await, [2]);
}

#[tokio::test]
async fn lost_partition_moves_at_once() {
    let log = command_log();
    let mut first = log.consume(CONTEXT, GROUP, Pace::Prompt).await.unwrap();
    assert_eq!(assigned(&mut first).await, [0, 1, 2, 3]);
    let mut second = log.consume(CONTEXT, GROUP, Pace::Prompt).await.unwrap();
    assert!(log.lose(CONTEXT, GROUP, 3));
    assert_eq!(assigned(&mut second).await, [3]);
    assert!(matches!(first.next().await.unwrap(), Change::Lost(3)));
    assert!(!log.lose(CONTEXT, "another", 3), "it has no owner there");
}

#[tokio::test]
async fn partition_comes_back_to_a_member_that_is_alone() {
    let log = command_log();
    let mut only = log.consume(CONTEXT, GROUP, Pace::Prompt).await.unwrap();
    assigned(&mut only).await;
    assert!(log.revoke(CONTEXT, GROUP, 1));
    assert!(matches!(only.next().await.unwrap(), Change::Revoked(1)));
    assert_eq!(assigned(&mut only).await, [1]);
    assert!(log.lose(CONTEXT, GROUP, 0));
    assert!(matches!(only.next().await.unwrap(), Change::Lost(0)));
    assert_eq!(assigned(&mut only).await, [0]);
}

#[tokio::test]
async fn member_that_leaves_hands_its_partitions_on() {
    let log = command_log();
    let mut first = log.consume(CONTEXT, GROUP, Pace::Prompt).await.unwrap();
    assigned(&mut first).await;
    let mut second = log.consume(CONTEXT, GROUP, Pace::Prompt).await.unwrap();
    assert!(is_quiet(&mut second));
    drop(first);
    assert_eq!(assigned(&mut second).await, [0, 1, 2, 3]);
    drop(second);
    let mut third = log.consume(CONTEXT, GROUP, Pace::Prompt).await.unwrap();
    assert_eq!(assigned(&mut third).await, [0, 1, 2, 3]);
}

#[tokio::test]
async fn reader_stands_before_a_damaged_record_and_goes_on_behind_it() {
    let log = event_log();
    let partition_id = PARTITION;
    log.publish(partition_id, (1..=6).map(event).collect())
        .await
        .unwrap();
    log.damage(partition_id, 2).unwrap();
    log.damage(partition_id, 3).unwrap();
    let mut reader = reader(&log).await;
    reader.seek(0).await.unwrap();
    assert_eq!(log_positions(&mut reader).await, [1, 2]);
    for _ in 0..2 {
        let stands = reader.take(9, &mut Vec::new()).await;
        assert!(matches!(
            stands,
            Err(ReadError::Unreadable { offset: 2, .. })
        ));
    }
    assert_eq!(reader.readable_after(2).await.unwrap(), 4);
    reader.seek(4).await.unwrap();
    assert_eq!(log_positions(&mut reader).await, [5, 6]);
    log.damage(partition_id, 5).unwrap();
    assert_eq!(reader.readable_after(5).await.unwrap(), 6, "the end");
}

#[tokio::test]
async fn offset_that_was_deleted_is_gone_and_the_error_names_where_the_log_begins() {
    let log = event_log();
    let partition_id = PARTITION;
    log.publish(partition_id, (1..=6).map(event).collect())
        .await
        .unwrap();
    let mut reader = reader(&log).await;
    reader.seek(1).await.unwrap();
    log.delete_before(partition_id, 4).unwrap();
    let gone = reader.take(9, &mut Vec::new()).await;
    assert!(matches!(gone, Err(ReadError::Gone { first: 4 })));
    assert!(matches!(
        reader.seek(3).await,
        Err(ReadError::Gone { first: 4 })
    ));
    reader.seek(4).await.unwrap();
    assert_eq!(log_positions(&mut reader).await, [5, 6]);
    assert_eq!(
        log.span(partition_id).await.unwrap(),
        Some(Span { first: 5, last: 6 })
    );
    log.recreate(partition_id).unwrap();
    let gone = reader.take(9, &mut Vec::new()).await;
    assert!(matches!(gone, Err(ReadError::Gone { first: 0 })));
    assert_eq!(log.span(partition_id).await.unwrap(), None);
    let middle = log.publish(partition_id, vec![event(7)]).await;
    assert!(middle.is_err(), "a recreated log begins at position 1");
    log.publish(partition_id, vec![event(1)]).await.unwrap();
}

const PARTITION: PartitionId = PartitionId {
    context: CONTEXT,
    partition: 1,
};

fn event(log_position: u64) -> EventRecord {
    EventRecord {
        log_position,
        key: "demo/a".into(),
        value: "{}".into(),
    }
}

async fn reader(log: &MemoryEventLog) -> Box<dyn Reader> {
    let readers = log.follow(CONTEXT, Pace::Prompt).await.unwrap();
    let mut readers = readers.into_iter();
    readers.find(|reader| reader.partition() == 1).unwrap()
}

async fn log_positions(reader: &mut Box<dyn Reader>) -> Vec<u64> {
    let mut records = Vec::new();
    reader.take(9, &mut records).await.unwrap();
    records
        .iter()
        .filter_map(|record| record.log_position)
        .collect()
}

fn command_log() -> MemoryCommandLog {
    MemoryCommandLog::new(PARTITIONS, Arc::new(ManualClock::default()))
}

fn event_log() -> MemoryEventLog {
    MemoryEventLog::new(PARTITIONS, Arc::new(ManualClock::default()))
}

/// The partitions that the member is given before it has to wait.
async fn assigned(member: &mut Box<dyn Assignments>) -> Vec<u16> {
    let mut partitions = Vec::new();
    loop {
        tokio::select! {
            biased;
            change = member.next() => match change.unwrap() {
                Change::Assigned(reader) => partitions.push(reader.partition()),
                Change::Revoked(n) | Change::Lost(n) => panic!("{n} is taken away"),
            },
            () = std::future::ready(()) => return partitions,
        }
    }
}

fn is_quiet(member: &mut Box<dyn Assignments>) -> bool {
    futures::FutureExt::now_or_never(member.next()).is_none()
}
