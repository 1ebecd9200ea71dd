//! Who may open a file.

use kernel::id::Owner;
use kernel::port::{EventStore, Snapshot, Snapshots};
use kernel::topic::Shard;
use rusqlite::Connection;
use sqlite::{OpenError, SqliteFile};
use testkit::contract::{CONTEXTS, PARTITIONS};
use uuid::Uuid;

use crate::files::{Files, clock, open};

#[tokio::test]
async fn file_is_refused_while_it_is_open_and_free_once_it_is_dropped() {
    let files = Files::new();
    let path = files.path();
    let file = open(&path);
    let second = SqliteFile::open(&path, PARTITIONS, clock());
    assert!(matches!(second, Err(OpenError::InUse(in_use)) if in_use == path));
    let clone = file.clone();
    drop(file);
    assert!(
        SqliteFile::open(&path, PARTITIONS, clock()).is_err(),
        "a clone holds it"
    );
    drop(clone);
    open(&path);
}

#[test]
fn partition_count_is_fixed_when_the_file_is_created() {
    let files = Files::new();
    let path = files.path();
    drop(open(&path));
    let other = SqliteFile::open(&path, PARTITIONS + 1, clock());
    assert!(matches!(
        other,
        Err(OpenError::Partitions { file: PARTITIONS, asked }) if asked == PARTITIONS + 1
    ));
    open(&path);
}

#[test]
fn file_of_a_newer_program_is_refused_and_left_alone() {
    let files = Files::new();
    let path = files.path();
    drop(open(&path));
    let version = |path| -> i32 {
        let connection = Connection::open(path).unwrap();
        connection
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap()
    };
    let newer = version(&path) + 1;
    let connection = Connection::open(&path).unwrap();
    connection
        .pragma_update(None, "user_version", newer)
        .unwrap();
    drop(connection);
    let opened = SqliteFile::open(&path, PARTITIONS, clock());
    assert!(matches!(opened, Err(OpenError::Newer { found }) if found == newer));
    assert_eq!(version(&path), newer);
}

/// A file of the first version, with an event in it.
#[tokio::test]
async fn file_of_an_older_program_gains_what_is_new_and_keeps_what_it_has() {
    let files = Files::new();
    let path = files.path();
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(include_str!("../../src/schema.sql"))
        .unwrap();
    connection
        .execute_batch(&format!(
            "INSERT INTO meta VALUES (1, {PARTITIONS});
             INSERT INTO stream VALUES ('contract', 0, 1, 'demo/a');
             INSERT INTO event VALUES ('contract', 0, 1, 1, 1, 0, '{{}}');
             PRAGMA application_id = 0x444c5242;
             PRAGMA user_version = 1;"
        ))
        .unwrap();
    drop(connection);
    let shard = Shard {
        context: CONTEXTS[0],
        partition: 0,
    };
    let snapshot = Snapshot {
        stream: 1,
        version: 1,
        shape: 1,
        checksum: 7,
        state: "{}".into(),
    };
    let file = open(&path);
    let kept = [snapshot];
    file.save(shard, &kept).await.unwrap();
    drop(file);
    let file = open(&path);
    assert_eq!(file.stored(shard, &[1]).await.unwrap(), kept);
    let streams = file.resume(shard, &["demo/a".into()], 1).await.unwrap();
    assert_eq!(streams[0].tail.events.len(), 1);
}

#[test]
fn database_of_another_program_is_refused() {
    let files = Files::new();
    let path = files.path();
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch("CREATE TABLE theirs (n INTEGER)")
        .unwrap();
    drop(connection);
    let opened = SqliteFile::open(&path, PARTITIONS, clock());
    assert!(matches!(opened, Err(OpenError::Foreign)));
}

#[tokio::test]
async fn closed_file_leaves_no_write_ahead_log_behind() {
    let files = Files::new();
    let path = files.path();
    let file = open(&path);
    let shard = Shard {
        context: CONTEXTS[0],
        partition: 0,
    };
    let owner = Owner(Uuid::from_u128(1));
    file.take_over(shard, owner).await.unwrap();
    // Read, so that there is a reader's connection to be closed as well.
    file.cursor(shard).await.unwrap();
    drop(file);
    let mut log = path.into_os_string();
    log.push("-wal");
    assert!(!std::fs::exists(log).unwrap());
}
