//! A log that breaks every promise it makes, beside a store that has everything.

use std::collections::VecDeque;
use std::sync::Arc;

use async_trait::async_trait;
use eventstore::MemoryEventStore;
use kernel::port::{Checkpoint, ReadError, Reader, Record};
use kernel::topic::{self, PartitionId};
use kernel::{Fault, Timestamp};
use testkit::Writer;

use super::{Broken, Course, Events, Published};

const EVENTS: u32 = 10;
const KEY: &str = "demo/T-1";

fn partition_id() -> PartitionId {
    PartitionId {
        context: "trades",
        partition: topic::partition_of(KEY.as_bytes(), 4),
    }
}

/// Returns the scripted records, in order, then waits; seeks are remembered.
struct Script {
    gives: VecDeque<Result<Record, ReadError>>,
    readable: i64,
}

#[async_trait]
impl Reader for Script {
    fn partition(&self) -> u16 {
        partition_id().partition
    }

    async fn seek(&mut self, _: i64) -> Result<(), ReadError> {
        Ok(())
    }

    async fn take(&mut self, _: usize, out: &mut Vec<Record>) -> Result<(), ReadError> {
        match self.gives.pop_front() {
            Some(given) => out.push(given?),
            None => std::future::pending().await,
        }
        Ok(())
    }

    async fn readable_after(&self, _: i64) -> Result<i64, Fault> {
        Ok(self.readable)
    }

    async fn end(&self) -> Result<i64, Fault> {
        Ok(0)
    }

    fn done(&self, _: i64) {}
}

fn record(
    offset: i64,
    log_position: Option<u64>,
    key: &'static str,
    value: &'static str,
) -> Record {
    Record {
        offset,
        logged_at: Timestamp::default(),
        key: Some(key.as_bytes().into()),
        value: Some(value.as_bytes().into()),
        headers: Vec::new(),
        log_position,
        unreadable: None,
    }
}

fn event(offset: i64, log_position: u64) -> Result<Record, ReadError> {
    Ok(record(offset, Some(log_position), KEY, "{}"))
}

/// What came of a script: every log position that was given out, and where it ended.
async fn follow(gives: Vec<Result<Record, ReadError>>, upto: u64) -> (Vec<u64>, Checkpoint) {
    follow_in(store(&[KEY]).await, gives, upto).await
}

/// Ten events of these keys, in turn.
async fn store(keys: &[&str]) -> MemoryEventStore {
    let store = MemoryEventStore::default();
    let mut writer = Writer::take_over(&store, partition_id(), 1).await;
    for n in 0..EVENTS {
        writer.accept(keys[n as usize % keys.len()], 1);
    }
    writer.commit(&store).await;
    store
}

async fn follow_in(
    store: MemoryEventStore,
    gives: Vec<Result<Record, ReadError>>,
    upto: u64,
) -> (Vec<u64>, Checkpoint) {
    let reader = Script {
        gives: gives.into(),
        readable: 7,
    };
    let course = Course {
        partition_id: partition_id(),
        partitions: 4,
        role: "test",
    };
    let mut events = Events::new(course, Box::new(reader), Arc::new(store));
    events.seek(Checkpoint::default()).await.unwrap();
    let mut log_positions = Vec::new();
    while events.seen().log_position < upto {
        events.take(3, &mut log_positions, read).await.unwrap();
    }
    (log_positions, events.seen())
}

/// Refuses a record that asks for it.
fn read(published: Published) -> Result<u64, Broken> {
    if published.value == "garbage" {
        return Err(published.unknown(None));
    }
    Ok(published.log_position)
}

fn all(upto: u64) -> Vec<u64> {
    (1..=upto).collect()
}

#[tokio::test]
async fn repeats_are_dropped() {
    let gives = vec![
        event(0, 1),
        event(1, 2),
        event(2, 1),
        event(3, 2),
        event(4, 3),
    ];
    let (log_positions, seen) = follow(gives, 3).await;
    assert_eq!(log_positions, all(3));
    assert_eq!(seen.next_offset, 5);
}

#[tokio::test]
async fn positions_that_are_missing_are_read_from_the_store() {
    let (log_positions, seen) = follow(vec![event(0, 1), event(1, 5)], 5).await;
    assert_eq!(log_positions, all(5));
    assert_eq!(seen.next_offset, 2);
}

#[tokio::test]
async fn head_that_is_gone_is_read_from_the_store() {
    let gives = vec![Err(ReadError::Gone { first: 5 }), event(5, 6), event(6, 10)];
    let (log_positions, seen) = follow(gives, 10).await;
    assert_eq!(log_positions, all(10));
    assert!(seen.next_offset <= 5, "it goes on where the log begins");
}

#[tokio::test]
async fn what_cannot_be_read_is_read_from_the_store() {
    let unreadable = ReadError::Unreadable {
        offset: 1,
        detail: "damaged".to_owned(),
    };
    let (log_positions, _) = follow(vec![event(0, 1), Err(unreadable), event(7, 8)], 10).await;
    assert_eq!(log_positions, all(10));
}

#[tokio::test]
async fn records_of_somebody_else_are_passed() {
    let gives = vec![
        Ok(record(0, None, "x", "junk")),
        event(1, 1),
        Ok(record(2, Some(2), KEY, "garbage")),
        Ok(record(3, Some(1_000_000), KEY, "{}")),
        event(4, 2),
        Ok(record(5, Some(11), KEY, "garbage")),
        event(6, 3),
    ];
    let (log_positions, _) = follow(gives, 10).await;
    assert_eq!(log_positions, all(10));
}

#[tokio::test]
async fn event_of_another_partition_is_skipped() {
    let stranger = (0..)
        .map(|n| format!("demo/S-{n}"))
        .find(|key| topic::partition_of(key.as_bytes(), 4) != partition_id().partition)
        .unwrap();
    let store = store(&[KEY, &stranger]).await;
    let (log_positions, seen) = follow_in(store, vec![event(0, 1), event(1, 11)], 10).await;
    assert_eq!(log_positions, [1, 3, 5, 7, 9]);
    assert_eq!(seen.log_position, 10);
}

#[tokio::test]
async fn event_that_cannot_be_read_is_named_and_not_passed() {
    let store = Arc::new(store(&[KEY]).await);
    let reader = Script {
        gives: vec![Ok(record(0, Some(1), KEY, "garbage"))].into(),
        readable: 0,
    };
    let course = Course {
        partition_id: partition_id(),
        partitions: 4,
        role: "test",
    };
    let mut events = Events::new(course, Box::new(reader), store);
    events.seek(Checkpoint::default()).await.unwrap();
    let unknown = |published: Published| Err::<(), _>(published.unknown(None));
    for _ in 0..2 {
        let refused = events.take(3, &mut Vec::new(), unknown).await.unwrap_err();
        let cause = std::error::Error::source(&refused).unwrap().to_string();
        assert!(cause.contains("position 1 is not an event"), "{cause}");
    }
    assert_eq!(events.seen(), Checkpoint::default());
}
