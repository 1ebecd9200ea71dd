//! Rows that were changed behind the platform's back.

use bytes::Bytes;
use kernel::batch::{DeadLetter, DeadReason, Timer, TimerChange};
use kernel::id::CommandId;
use kernel::port::{
    Checkpoint, CommandLog, DeadLetters, EventLog, EventReader, EventStore, KeyBindings, NewRecord,
    OutcomeNotice, OutcomeOutbox, Pace, ReadError, ReadModel, Reader, RequestDigest, Scrub, Timers,
    ViewBatch, ViewId, ViewValue, WHOLE,
};
use kernel::topic::{PartitionId, partition_of};
use kernel::{Fault, Timestamp};
use rusqlite::Connection;
use sqlite::SqliteFile;
use testkit::Writer;
use testkit::contract::{CONTEXTS, PARTITIONS};
use uuid::Uuid;

use crate::files::{Files, inspect, open};

const CONTEXT: &str = CONTEXTS[0];
const KEY: &str = "demo/a";
const VIEW: ViewId = ViewId {
    name: "noted",
    version: 1,
};

fn partition_id() -> PartitionId {
    PartitionId {
        context: CONTEXT,
        partition: partition_of(KEY.as_bytes(), PARTITIONS),
    }
}

/// Two commands.
async fn fill_log(file: &SqliteFile) {
    let record = NewRecord {
        context: CONTEXT,
        key: KEY.into(),
        value: Bytes::from_static(b"a command"),
        headers: vec![("signature".to_owned(), Bytes::from_static(b"mine"))],
    };
    file.append(vec![record.clone(), record]).await.unwrap();
}

/// A row of every table.
async fn fill(file: &SqliteFile) {
    fill_log(file).await;
    let mut writer = Writer::take_over(file, partition_id(), 1).await;
    writer.accept(KEY, 2);
    writer.park(|offset| DeadLetter {
        offset,
        key: Some(Bytes::from_static(KEY.as_bytes())),
        value: Some(Bytes::from_static(b"a letter")),
        headers: vec![("tenant".to_owned(), Bytes::from_static(b"demo"))],
        logged_at: Timestamp::from_millis(5),
        reason: DeadReason::Panicked,
        detail: "it is no JSON".to_owned(),
        command: Some(CommandId(Uuid::from_u128(9))),
    });
    for (n, key) in [(1, KEY), (2, "demo/b")] {
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
        value: Bytes::from_static(b"{}"),
    });
    writer.commit(file).await;
    bind(file).await.unwrap();
    let value = ViewValue {
        version: 2,
        partition: partition_id().partition,
        log_position: 2,
        as_of: Timestamp::from_millis(5),
        body: Bytes::from_static(b"{}"),
    };
    let batch = ViewBatch {
        view: VIEW,
        partition: partition_id().partition,
        from: Checkpoint::default(),
        to: Checkpoint {
            log_position: 2,
            next_offset: 2,
        },
        puts: vec![(KEY.into(), value)],
    };
    file.apply(batch).await.unwrap();
}

/// What the key is bound to.
async fn bind(file: &SqliteFile) -> Result<RequestDigest, Fault> {
    let (tenant, key) = ("demo".parse().unwrap(), "once".parse().unwrap());
    file.bind(&tenant, &key, RequestDigest(7)).await
}

/// Changes of single rows, and what a look at the file calls the row.
const CHANGES: [(&str, &str); 23] = [
    (
        "UPDATE command SET value = CAST('b command' AS BLOB) WHERE \"offset\" = 0",
        "command contract/P offset 0",
    ),
    (
        "UPDATE command SET key = 'demo/b' WHERE \"offset\" = 1",
        "command contract/P offset 1",
    ),
    (
        "UPDATE command SET headers = x''",
        "command contract/P offset 0",
    ),
    (
        "UPDATE command SET headers = x'00'",
        "command contract/P offset 0",
    ),
    (
        "UPDATE command SET logged_at = logged_at + 1",
        "command contract/P offset 0",
    ),
    (
        "UPDATE outcome SET version = version + 1",
        "outcome contract/P of command",
    ),
    (
        "UPDATE outcome SET body_hash = 7",
        "outcome contract/P of command",
    ),
    (
        "UPDATE outcome SET command = x'00112233445566778899aabbccddeeff'",
        "outcome contract/P of command 00112233",
    ),
    ("UPDATE outcome SET command = x'00'", "a row of outcome"),
    ("UPDATE outcome SET detail = 'null'", "a row of outcome"),
    (
        "UPDATE stream SET key = 'demo/x'",
        "outcome contract/P of command",
    ),
    (
        "UPDATE dead_letter SET value = NULL",
        "dead letter contract/P/1",
    ),
    (
        "UPDATE dead_letter SET key = CAST('demo/x' AS BLOB)",
        "parked key contract/P demo/x",
    ),
    (
        "UPDATE dead_letter SET detail = 'it is JSON'",
        "dead letter contract/P/1",
    ),
    (
        "UPDATE timer SET command = '{\"type\":\"Extend\"}' WHERE key = 'demo/a'",
        "timer contract expiry of demo/a",
    ),
    (
        "UPDATE timer SET due = due + 1 WHERE key = 'demo/a'",
        "timer contract expiry of demo/a",
    ),
    (
        "UPDATE dead_letter SET command = NULL",
        "dead letter contract/P/1",
    ),
    (
        "UPDATE outcome_notice SET value = '[]'",
        "notice contract/P/1",
    ),
    (
        "UPDATE key_binding SET key = 'demo/other'",
        "binding of key demo/other",
    ),
    (
        "UPDATE key_binding SET request = x'00'",
        "a row of key_binding",
    ),
    ("UPDATE cursor SET next_offset = 1", "cursor contract/P"),
    (
        "UPDATE view_checkpoint SET position = 3",
        "checkpoint noted:v1/P",
    ),
    (
        "UPDATE view_value SET value = CAST(replace(CAST(value AS TEXT), '{}', '[]') AS BLOB)",
        "value of demo/a",
    ),
];

#[tokio::test]
async fn every_change_of_a_row_is_named_by_a_look_at_the_file() {
    let files = Files::new();
    for (change, row) in CHANGES {
        let path = files.path();
        fill(&open(&path)).await;
        let changed = Connection::open(&path).unwrap().execute(change, []);
        assert!(changed.unwrap() > 0, "{change} changes nothing");
        let found = inspect(&path).rows(&CONTEXTS, PARTITIONS).await.unwrap();
        let row = row.replace("/P", &format!("/{}", partition_id().partition));
        let named = found
            .named
            .iter()
            .any(|damaged| damaged.row.starts_with(&row));
        assert!(named, "{change}: {:?}", found.named);
    }
}

/// The row that the refusal names.
fn refused<T: std::fmt::Debug>(read: Result<T, Fault>) -> String {
    let fault = read.expect_err("it is refused");
    fault.damage().expect("a damaged row").row.clone()
}

/// A file with a row of every table, after a change.
async fn changed(files: &Files, change: &str) -> SqliteFile {
    let path = files.path();
    fill(&open(&path)).await;
    let changed = Connection::open(&path).unwrap().execute(change, []);
    assert!(changed.unwrap() > 0, "{change} changes nothing");
    inspect(&path)
}

#[tokio::test]
async fn event_that_was_changed_is_refused_by_every_door() {
    let files = Files::new();
    let file = changed(&files, "UPDATE event SET record = '{}' WHERE position = 2").await;
    let named = format!("event {} position 2 of {KEY}", partition_id());
    let keys = [KEY.into()];
    assert_eq!(
        refused(file.load(partition_id(), &keys, WHOLE).await),
        named
    );
    assert_eq!(
        refused(EventReader::read(&file, partition_id(), 0, 9).await),
        named
    );
    let log = EventLog::follow(&file, CONTEXT, Pace::Prompt).await;
    let (offset, detail) = unreadable(stopped(log).await);
    assert_eq!((offset, detail.starts_with(&named)), (1, true), "{detail}");
    // A caller that does its own check gets it.
    let rows = EventReader::read(&file.as_stored(), partition_id(), 0, 9).await;
    assert_eq!(rows.unwrap()[1].record.value, "{}");
}

#[tokio::test]
async fn event_whose_stream_is_gone_is_refused_and_not_passed_over() {
    let files = Files::new();
    let file = changed(&files, "DELETE FROM stream").await;
    let named = format!("event {} position 1 of ", partition_id());
    assert_eq!(
        refused(EventReader::read(&file, partition_id(), 0, 9).await),
        named
    );
    let log = EventLog::follow(&file, CONTEXT, Pace::Prompt).await;
    let (offset, detail) = unreadable(stopped(log).await);
    assert_eq!((offset, detail.starts_with(&named)), (0, true), "{detail}");
}

#[tokio::test]
async fn command_that_was_changed_is_refused() {
    let files = Files::new();
    let file = changed(
        &files,
        "UPDATE command SET value = x'00' WHERE \"offset\" = 1",
    )
    .await;
    let log = CommandLog::follow(&file, CONTEXT, Pace::Prompt).await;
    let (offset, detail) = unreadable(stopped(log).await);
    let named = format!("command {} offset 1", partition_id());
    assert_eq!((offset, detail.starts_with(&named)), (1, true), "{detail}");
}

#[tokio::test]
async fn command_that_is_gone_is_missed_wherever_it_stood() {
    let files = Files::new();
    for (gone, first) in [(0, 1), (1, 2)] {
        let path = files.path();
        let file = open(&path);
        fill(&file).await;
        fill_log(&file).await;
        drop(file);
        let change = format!("DELETE FROM command WHERE \"offset\" = {gone}");
        Connection::open(&path)
            .unwrap()
            .execute(&change, [])
            .unwrap();
        let file = inspect(&path);
        let log = CommandLog::follow(&file, CONTEXT, Pace::Prompt).await;
        let stopped = stopped(log).await;
        assert!(
            matches!(stopped, ReadError::Gone { first: at } if at == first),
            "{stopped}"
        );
    }
}

#[tokio::test]
async fn outcome_that_was_changed_is_refused() {
    let files = Files::new();
    let file = changed(&files, "UPDATE outcome SET version = version + 1").await;
    let rows = file
        .as_stored()
        .scan_outcomes(partition_id(), None, 1)
        .await;
    let id = rows.unwrap()[0].command;
    let named = format!("outcome {} of command {id}", partition_id());
    assert_eq!(refused(file.outcomes(partition_id(), &[id]).await), named);
    assert_eq!(
        refused(EventReader::find(&file, &CONTEXTS, id..=id).await),
        named
    );
    assert_eq!(
        refused(file.scan_outcomes(partition_id(), None, 9).await),
        named
    );
}

#[tokio::test]
async fn letter_that_was_changed_is_neither_listed_nor_its_key_believed() {
    let files = Files::new();
    let change = "UPDATE dead_letter SET key = CAST('demo/x' AS BLOB)";
    let file = changed(&files, change).await;
    let named = format!("dead letter {}/1", partition_id());
    assert_eq!(
        refused(DeadLetters::list(&file, partition_id(), None, 9).await),
        named
    );
    let command = CommandId(Uuid::from_u128(9));
    let found = DeadLetters::find(&file, &CONTEXTS, command..=command).await;
    assert_eq!(refused(found), named);
    let named = format!("parked key {} demo/x", partition_id());
    assert_eq!(refused(file.parked_keys(partition_id()).await), named);
}

#[tokio::test]
async fn notice_that_was_changed_is_not_published() {
    let files = Files::new();
    let file = changed(&files, "UPDATE outcome_notice SET value = '[]'").await;
    let named = format!("notice {}/1", partition_id());
    assert_eq!(refused(file.unpublished(partition_id(), 9).await), named);
}

#[tokio::test]
async fn binding_that_was_changed_binds_nothing() {
    let files = Files::new();
    let change = "UPDATE key_binding SET bound_at = bound_at + 1";
    let file = changed(&files, change).await;
    assert_eq!(refused(bind(&file).await), "binding of key demo/once");
}

#[tokio::test]
async fn timer_that_was_changed_keeps_no_other_waiting() {
    let files = Files::new();
    let change = "UPDATE timer SET command = '{}' WHERE key = 'demo/a'";
    let file = changed(&files, change).await;
    let due = file
        .due(CONTEXT, Timestamp::from_millis(7), 9)
        .await
        .unwrap();
    let sound: Vec<_> = due.iter().filter_map(|due| due.as_ref().ok()).collect();
    assert_eq!(sound[0].1.key, "demo/b".into());
    let damaged: Vec<_> = due.iter().filter_map(|due| due.as_ref().err()).collect();
    assert_eq!(damaged[0].row, "timer contract expiry of demo/a");
}

#[tokio::test]
async fn cursor_that_was_changed_is_not_taken_over() {
    let files = Files::new();
    let file = changed(&files, "UPDATE cursor SET next_offset = next_offset + 1").await;
    let named = format!("cursor {}", partition_id());
    assert_eq!(refused(file.cursor(partition_id()).await), named);
    let owner = kernel::Owner(Uuid::from_u128(2));
    assert_eq!(refused(file.take_over(partition_id(), owner).await), named);
}

#[tokio::test]
async fn view_that_was_changed_is_refused() {
    let files = Files::new();
    let file = changed(&files, "UPDATE view_value SET key = 'demo/x'").await;
    let get = file.get(VIEW, &["demo/x".into()]).await;
    assert_eq!(refused(get), "value of demo/x");
    assert_eq!(
        refused(ReadModel::list(&file, VIEW, "", None, 9).await),
        "value of demo/x"
    );
    let file = changed(&files, "UPDATE view_checkpoint SET position = position + 1").await;
    let named = format!("checkpoint noted:v1/{}", partition_id().partition);
    assert_eq!(
        refused(file.checkpoint(VIEW, partition_id().partition).await),
        named
    );
}

/// Why a reader of the partition never reaches the end.
async fn stopped(log: Result<Vec<Box<dyn Reader>>, Fault>) -> ReadError {
    let mut readers = log.unwrap().into_iter();
    let mine = readers.find(|reader| reader.partition() == partition_id().partition);
    let (mut reader, mut records) = (mine.unwrap(), Vec::new());
    reader.seek(0).await.unwrap();
    loop {
        if let Err(error) = reader.take(9, &mut records).await {
            return error;
        }
    }
}

fn unreadable(stopped: ReadError) -> (i64, String) {
    let ReadError::Unreadable { offset, detail } = stopped else {
        panic!("{stopped}");
    };
    (offset, detail)
}
