//! Which process may open a file.

use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use kernel::id::Owner;
use kernel::installation::InstalledKey;
use kernel::port::{EventStore, Snapshot, Snapshots};
use kernel::topic::PartitionId;
use rusqlite::Connection;
use sqlite::{OpenError, SqliteFile, installed_keys};
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
    let partition_id = PartitionId {
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
    file.save(partition_id, &kept).await.unwrap();
    drop(file);
    let file = open(&path);
    assert_eq!(file.stored(partition_id, &[1]).await.unwrap(), kept);
    let streams = file
        .resume(partition_id, &["demo/a".into()], 1)
        .await
        .unwrap();
    assert_eq!(streams[0].tail.events.len(), 1);
}

#[test]
fn file_is_refused_under_every_name_it_has() {
    let files = Files::new();
    let path = files.path();
    let file = open(&path);
    let (symlink, hard_link) = (files.path(), files.path());
    std::os::unix::fs::symlink(&path, &symlink).unwrap();
    std::fs::hard_link(&path, &hard_link).unwrap();
    let name = path.file_name().unwrap();
    let dotted = path
        .parent()
        .unwrap()
        .join("..")
        .join(path.parent().unwrap().file_name().unwrap());
    for other in [symlink, hard_link, dotted.join(name)] {
        let second = SqliteFile::open(&other, PARTITIONS, clock());
        assert!(matches!(second, Err(OpenError::InUse(_))), "{other:?}");
    }
    drop(file);
    open(&path);
}

/// A process's locks on a file all go when it closes any handle of it.
#[test]
fn refused_second_opening_leaves_the_locks_of_the_first() {
    let files = Files::new();
    let path = files.path();
    let _file = open(&path);
    let held = locks(&path);
    assert!(held.iter().any(|lock| lock.contains("POSIX")), "{held:?}");
    assert!(held.iter().any(|lock| lock.contains("FLOCK")), "{held:?}");
    assert!(SqliteFile::open(&path, PARTITIONS, clock()).is_err());
    assert_eq!(locks(&path), held);
}

/// The locks of this process on the file, as the system reports them.
fn locks(path: &Path) -> Vec<String> {
    let inode = format!(":{} ", std::fs::metadata(path).unwrap().ino());
    let pid = format!(" {} ", std::process::id());
    let all = std::fs::read_to_string("/proc/locks").unwrap();
    let ours = all
        .lines()
        .filter(|lock| lock.contains(&inode) && lock.contains(&pid));
    let without_number = ours.map(|lock| lock.split_once(": ").unwrap().1.to_owned());
    let mut locks: Vec<_> = without_number.collect();
    locks.sort();
    locks
}

#[test]
fn empty_file_is_refused_and_left_alone() {
    let files = Files::new();
    let path = files.path();
    std::fs::write(&path, b"").unwrap();
    let opened = SqliteFile::open(&path, PARTITIONS, clock());
    assert!(matches!(opened, Err(OpenError::Empty(empty)) if empty == path));
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
}

#[test]
fn file_that_was_emptied_is_refused() {
    let files = Files::new();
    let path = files.path();
    drop(open(&path));
    File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(0)
        .unwrap();
    let opened = SqliteFile::open(&path, PARTITIONS, clock());
    assert!(matches!(opened, Err(OpenError::Empty(_))));
}

#[test]
fn new_file_is_not_made_beside_the_log_of_one_that_is_gone() {
    let files = Files::new();
    let path = files.path();
    let log = path.with_extension("db-wal");
    std::fs::write(&log, b"frames").unwrap();
    let opened = SqliteFile::open(&path, PARTITIONS, clock());
    assert!(matches!(opened, Err(OpenError::Orphaned(orphan)) if orphan == log));
    assert!(!path.exists());
}

#[test]
fn new_file_is_whole_and_nothing_else_is_left_of_its_making() {
    let files = Files::new();
    let path = files.path();
    let begun = std::thread::scope(|scope| {
        let open = || scope.spawn(|| SqliteFile::open(&path, PARTITIONS, clock()));
        let begun: Vec<_> = (0..4).map(|_| open()).collect();
        begun
            .into_iter()
            .map(|open| open.join().unwrap())
            .collect::<Vec<_>>()
    });
    let in_use = |opened: &&Result<_, _>| matches!(opened, Err(OpenError::InUse(_)));
    assert_eq!(begun.iter().filter(in_use).count(), 3, "one has it");
    drop(begun);
    let names = std::fs::read_dir(path.parent().unwrap()).unwrap();
    let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    names.sort_unstable();
    // And the hash of what it was closed with.
    let mut sum = path.file_name().unwrap().to_owned();
    sum.push("-sum");
    assert_eq!(names, [path.file_name().unwrap(), &sum]);
    open(&path);
}

#[test]
fn new_file_is_made_where_a_link_leads() {
    let files = Files::new();
    let (link, place) = (files.path(), files.path());
    std::os::unix::fs::symlink(place.file_name().unwrap(), &link).unwrap();
    let _file = open(&link);
    assert!(std::fs::symlink_metadata(&place).unwrap().is_file());
    let second = SqliteFile::open(&place, PARTITIONS, clock());
    assert!(matches!(second, Err(OpenError::InUse(_))));
}

#[tokio::test]
async fn fingerprints_of_keys_can_be_read_while_the_file_is_in_use() {
    let files = Files::new();
    let path = files.path();
    assert!(
        installed_keys(&path).unwrap().is_empty(),
        "there is no file"
    );
    let key = |purpose: &str| InstalledKey {
        purpose: purpose.to_owned(),
        id: "local".to_owned(),
        fingerprint: "0123456789abcdef".to_owned(),
        wrapped: None,
    };
    let file = open(&path);
    assert!(file.installed_keys().await.unwrap().is_empty());
    let keys = vec![key("records"), key("tokens")];
    file.install_keys(keys.clone()).await.unwrap();
    assert_eq!(installed_keys(&path).unwrap(), keys);
    let twice = file.install_keys(vec![key("tokens")]).await;
    assert!(twice.is_err(), "a key stays what it is");
    drop(file);
    assert_eq!(open(&path).installed_keys().await.unwrap(), keys);
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
    let partition_id = PartitionId {
        context: CONTEXTS[0],
        partition: 0,
    };
    let owner = Owner(Uuid::from_u128(1));
    file.take_over(partition_id, owner).await.unwrap();
    // Read, so that there is a reader's connection to be closed as well.
    file.cursor(partition_id).await.unwrap();
    drop(file);
    let mut log = path.into_os_string();
    log.push("-wal");
    assert!(!std::fs::exists(log).unwrap());
}
