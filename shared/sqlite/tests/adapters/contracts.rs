use kernel::Timestamp;
use kernel::port::{
    Assignments, Change, CommandLog, EventLog, EventStore, NewRecord, Pace, Reader,
};
use kernel::record::EventRecord;
use kernel::topic::PartitionId;
use testkit::Writer;
use testkit::contract::{self, CONTEXTS, Listing};

use crate::files::Files;

#[tokio::test]
async fn command_log_keeps_its_contract() {
    let files = Files::new();
    contract::command_log(async || files.create()).await;
}

#[tokio::test]
async fn event_log_keeps_its_contract() {
    let files = Files::new();
    contract::event_log(async || {
        let file = files.create();
        (file.clone(), file)
    })
    .await;
}

#[tokio::test]
async fn event_store_keeps_its_contract() {
    let files = Files::new();
    contract::event_store(async || files.create()).await;
}

#[tokio::test]
async fn checksums_keep_their_contract() {
    let files = Files::new();
    contract::checksums(async || files.create()).await;
}

#[tokio::test]
async fn snapshots_keep_their_contract() {
    let files = Files::new();
    contract::snapshots(async || files.create()).await;
}

#[tokio::test]
async fn fold_snapshots_keep_their_contract() {
    let files = Files::new();
    contract::fold_snapshots(async || files.create()).await;
}

#[tokio::test]
async fn dead_letters_keep_their_contract() {
    let files = Files::new();
    contract::dead_letters(async || files.create()).await;
}

#[tokio::test]
async fn parked_calls_keep_their_contract() {
    let files = Files::new();
    contract::parked_calls(async || files.create()).await;
}

#[tokio::test]
async fn timers_keep_their_contract() {
    let files = Files::new();
    contract::timers(async || files.create()).await;
}

#[tokio::test]
async fn key_bindings_keep_their_contract() {
    let files = Files::new();
    contract::key_bindings(async || files.create()).await;
}

#[tokio::test]
async fn outcome_outbox_keeps_its_contract() {
    let files = Files::new();
    contract::outcome_outbox(async || files.create()).await;
}

#[tokio::test]
async fn read_model_keeps_its_contract() {
    let files = Files::new();
    contract::read_model(Listing::InKeyOrder, async || {
        let file = files.create();
        async move || file.clone()
    })
    .await;
}

#[tokio::test]
async fn event_that_is_not_committed_cannot_be_published() {
    let files = Files::new();
    let file = files.create();
    let event = EventRecord {
        log_position: 1,
        key: "demo/a".into(),
        value: "{}".into(),
    };
    let partition_id = PartitionId {
        context: CONTEXTS[0],
        partition: 0,
    };
    assert!(file.publish(partition_id, vec![event]).await.is_err());
}

/// Even one that takes no taken key: it was made from a memory that is not the store's.
#[tokio::test]
async fn batch_that_does_not_begin_at_the_cursor_is_refused() {
    let files = Files::new();
    let file = files.create();
    let partition_id = PartitionId {
        context: CONTEXTS[0],
        partition: 0,
    };
    let mut writer = Writer::take_over(&file, partition_id, 1).await;
    writer.repeat();
    let batch = writer.commit(&file).await;
    let again = file.commit(&[batch]).await.unwrap();
    assert_eq!(again, [partition_id]);
    assert_eq!(
        file.cursor(partition_id).await.unwrap(),
        Some(writer.cursor())
    );
}

#[tokio::test]
async fn record_is_dated_by_the_clock_of_the_platform() {
    let files = Files::new();
    let file = files.create();
    let key = "demo/a";
    let record = NewRecord {
        context: CONTEXTS[0],
        key: key.into(),
        value: "{}".into(),
        headers: Vec::new(),
    };
    file.append(vec![record]).await.unwrap();
    let partition = kernel::topic::partition_of(key.as_bytes(), contract::PARTITIONS);
    let assignments = CommandLog::consume(&file, CONTEXTS[0], "group", Pace::Prompt)
        .await
        .unwrap();
    let mut reader = reader_of(assignments, partition).await;
    let mut records = Vec::new();
    assert!(
        reader.take(1, &mut records).await.is_err(),
        "a reader must seek first"
    );
    reader.seek(0).await.unwrap();
    reader.take(1, &mut records).await.unwrap();
    assert_eq!(
        records[0].logged_at,
        Timestamp::from_micros(1_381_132_800_688_001)
    );
    assert!(
        reader.seek(-1).await.is_err(),
        "there is nothing before the beginning"
    );
}

async fn reader_of(mut assignments: Box<dyn Assignments>, partition: u16) -> Box<dyn Reader> {
    loop {
        if let Change::Assigned(reader) = assignments.next().await.unwrap()
            && reader.partition() == partition
        {
            return reader;
        }
    }
}
