//! Many callers, few transactions.

use std::path::{Path, PathBuf};

use futures::future::join_all;
use kernel::port::{Change, CommandLog, EventReader, EventStore, NewRecord, Pace};
use kernel::topic::{PartitionId, partition_of};
use testkit::Writer;
use testkit::contract::{CONTEXTS, PARTITIONS};

use crate::files::{Files, open};

#[tokio::test]
async fn appends_at_once_share_their_transactions() {
    const CALLERS: u64 = 64;
    let files = Files::new();
    let file = files.create();
    let before = file.transactions();
    join_all((0..CALLERS).map(async |n| file.append(vec![record(n)]).await.unwrap())).await;
    let made = file.transactions() - before;
    assert!(
        (1..=CALLERS / 4).contains(&made),
        "{CALLERS} appends took {made} transactions"
    );
}

#[tokio::test]
async fn caller_that_gave_up_does_not_lose_the_wake_of_its_readers() {
    let files = Files::new();
    let file = files.create();
    let partition = partition_of(b"demo/1", PARTITIONS);
    let mut assignments = CommandLog::consume(&file, CONTEXTS[0], "group", Pace::Prompt)
        .await
        .unwrap();
    let mut reader = loop {
        match assignments.next().await.unwrap() {
            Change::Assigned(reader) if reader.partition() == partition => break reader,
            _ => {}
        }
    };
    reader.seek(0).await.unwrap();
    let mut append = Box::pin(file.append(vec![record(1)]));
    // Polled once: the job waits in the queue, and then no caller waits for the job.
    assert!(futures::poll!(append.as_mut()).is_pending());
    drop(append);
    let mut records = Vec::new();
    reader.take(1, &mut records).await.unwrap();
    assert_eq!(records.len(), 1);
}

/// Readers that never stop would keep a log that only grows, if checkpoints did not reach them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn write_ahead_log_stays_bounded_while_readers_are_busy() {
    const LOG_BYTES_MAX: u64 = 64 * 1024 * 1024;
    let files = Files::new();
    let path = files.path();
    let file = open(&path);
    let partition_id = PartitionId {
        context: CONTEXTS[0],
        partition: 0,
    };
    let mut writer = Writer::take_over(&file, partition_id, 1).await;
    let keys: Vec<_> = (0..500).map(|n| format!("demo/ACC-{n}")).collect();
    let write = async {
        for _ in 0..100 {
            for key in keys.iter().cycle().take(1_000) {
                writer.accept(key, 1);
            }
            writer.commit(&file).await;
        }
    };
    let read = async {
        loop {
            let pages = [0, 1, 2].map(|page| file.read(partition_id, page * 1_000, 1_000));
            for page in join_all(pages).await {
                page.unwrap();
            }
        }
    };
    tokio::select! {
        () = write => {}
        () = read => {}
    }
    let log = std::fs::metadata(log_of(&path)).unwrap().len();
    assert!(log < LOG_BYTES_MAX, "the log has {log} bytes");
    assert_eq!(
        file.cursor(partition_id).await.unwrap(),
        Some(writer.cursor())
    );
}

fn log_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

fn record(n: u64) -> NewRecord {
    NewRecord {
        context: CONTEXTS[0],
        key: format!("demo/{n}").into(),
        value: format!(r#"{{"n":{n}}}"#).into(),
        headers: Vec::new(),
    }
}
