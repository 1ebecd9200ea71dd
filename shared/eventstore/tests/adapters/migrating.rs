//! Databases of older versions.

use eventstore::PostgresEventStore;
use eventstore::postgres::{HeldKeys, look, migrate};
use kernel::Timestamp;
use kernel::checksum::Chain;
use kernel::installation::{InstalledKey, Wrapped};
use kernel::port::{
    EventReader as _, EventStore as _, Scrub as _, Snapshot, Snapshots as _, Timers as _, WHOLE,
};
use kernel::topic::PartitionId;
use sqlx::{Connection as _, PgConnection};
use testkit::Writer;
use testkit::contract::{CONTEXTS, PARTITIONS};
use testkit::servers::{Database, Servers, statement};

use crate::databases::installed;

const PARTITION: PartitionId = PartitionId {
    context: CONTEXTS[0],
    partition: PARTITIONS - 1,
};

/// Installed by the first version.
async fn old(database: &Database) {
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let mut migrator = sqlx::migrate!("./migrations");
    migrator.migrations.to_mut().truncate(1);
    migrator.run(&mut connection).await.unwrap();
    sqlx::query("SELECT dealerboard.install($1, 'noted', $2)")
        .bind(PARTITION.context)
        .bind(i32::from(PARTITIONS))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

/// What the first version's program wrote: three events of one command, a letter and a repeat.
const WRITTEN: &str = r#"
    INSERT INTO contract.cursor VALUES (3, '00000000-0000-0000-0000-000000000001', 5, 4, 2, 1);
    INSERT INTO contract.stream_3 VALUES (1, 'demo/a');
    INSERT INTO contract.event_3 SELECT n, 1, n, '{"v":1}' FROM generate_series(1, 3) n;
    INSERT INTO contract.outcome_3
        VALUES ('00000000-0000-0000-0000-000000000007', 7, 1, 1, 3, 3, NULL);
    INSERT INTO contract.dead_letter
        VALUES (3, 4, 'demo/a', '{}', '{}', '{}', 5, 'undecodable', '', 'parked');
    INSERT INTO contract.timer VALUES ('demo/a', 'expiry', 3,
        '00000000-0000-0000-0000-000000000008', 9, '{"type":"Expire"}');
"#;

/// A database of the first version, with what its program wrote, brought to this version; twice, and
/// with a context that is new.
async fn migrated() -> (Database, PostgresEventStore) {
    let database = Servers::shared().database().await;
    old(&database).await;
    statement(&database.url, WRITTEN).await;
    for _ in 0..2 {
        migrate(&database.url, &CONTEXTS.map(installed))
            .await
            .unwrap();
    }
    let store = PostgresEventStore::new(&database.url, 2).unwrap();
    (database, store)
}

#[tokio::test(flavor = "multi_thread")]
async fn contexts_installed_before_snapshots_gain_their_tables() {
    let (database, store) = migrated().await;
    for context in CONTEXTS {
        let partition_id = PartitionId {
            context,
            ..PARTITION
        };
        let snapshot = Snapshot {
            stream: 1,
            version: 2,
            shape: 1,
            checksum: 7,
            state: "{}".into(),
        };
        let kept = [snapshot];
        store.save(partition_id, &kept).await.unwrap();
        assert_eq!(store.stored(partition_id, &[1]).await.unwrap(), kept);
    }
    let streams = store
        .load(PARTITION, &["demo/a".into()], WHOLE)
        .await
        .unwrap();
    assert_eq!(streams[0].events.len(), 3);
    database.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_written_before_checksums_are_believed_and_counted_as_unproven() {
    let (database, store) = migrated().await;
    let events = store.read(PARTITION, 0, 9).await.unwrap();
    assert!(events.iter().all(|row| row.checksum.is_none()));
    let due = store
        .due(PARTITION.context, Timestamp::from_micros(9), 9)
        .await;
    assert!(due.unwrap()[0].is_ok());
    let found = store.rows(&CONTEXTS, PARTITIONS).await.unwrap();
    assert_eq!(found.named, []);
    // The outcome, the letter, the timer; the cursor is counted with those that hold.
    assert_eq!((found.unproven, found.proven), (3, 1));
    database.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_at_once_come_to_one_installation() {
    let database = Servers::shared().database().await;
    let contexts = CONTEXTS.map(installed);
    let begun = (0..4).map(|_| migrate(&database.url, &contexts));
    for migrated in futures::future::join_all(begun).await {
        migrated.unwrap();
    }
    let found = look(&database.url, &contexts, &[]).await.unwrap();
    assert!(found.obstacles.is_empty(), "{:?}", found.obstacles);
    database.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_held_by_one_at_a_time_and_stay_what_they_are() {
    let database = Servers::shared().database().await;
    migrate(&database.url, &[]).await.unwrap();
    let key = |fingerprint: &str, wrapped: Option<&'static [u8]>| InstalledKey {
        purpose: "records".to_owned(),
        id: "local".to_owned(),
        fingerprint: fingerprint.to_owned(),
        wrapped: wrapped.map(|bytes| Wrapped {
            by: "wrapping".to_owned(),
            bytes: bytes.into(),
        }),
    };
    let mut first = HeldKeys::hold(&database.url).await.unwrap();
    assert!(first.keys().await.unwrap().is_empty());
    let second = async {
        let mut second = HeldKeys::hold(&database.url).await.unwrap();
        let seen = second.keys().await.unwrap();
        second
            .settle(&[key("other", Some(b"other"))])
            .await
            .unwrap();
        seen
    };
    let one = [key("one", None)];
    let (settled, seen) = futures::future::join(first.settle(&one), second).await;
    settled.unwrap();
    assert_eq!(seen, one, "the second waited for the first");
    let keys = async || look(&database.url, &[], &[]).await.unwrap().keys;
    assert_eq!(keys().await, one, "a key stays what it is");
    let held = HeldKeys::hold(&database.url).await.unwrap();
    held.settle(&[key("one", Some(b"sealed"))]).await.unwrap();
    assert_eq!(keys().await, [key("one", Some(b"sealed"))]);
    let held = HeldKeys::hold(&database.url).await.unwrap();
    held.settle(&[key("one", None)]).await.unwrap();
    assert_eq!(keys().await, [key("one", Some(b"sealed"))], "and is kept");
    database.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chain_begins_where_the_partition_stood_and_what_was_handled_is_counted() {
    let (database, store) = migrated().await;
    let mut writer = Writer::take_over(&store, PARTITION, 2).await;
    let cursor = writer.cursor();
    assert_eq!((cursor.next_offset, cursor.next_log_position), (5, 4));
    assert_eq!(cursor.handled, 3, "an outcome, a letter and a repeat");
    assert_eq!(cursor.chain, Chain::at(4));
    writer.accept("demo/b", 2);
    writer.commit(&store).await;
    let rows = store.read(PARTITION, 3, 9).await.unwrap();
    let checksums = rows.iter().map(|row| row.checksum.unwrap());
    let cursor = store.cursor(PARTITION).await.unwrap().unwrap();
    assert_eq!(cursor.chain, checksums.fold(Chain::at(4), Chain::with));
    database.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn program_that_knows_no_checksums_is_fenced_and_can_own_nothing_again() {
    let (database, _) = migrated().await;
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let moved = sqlx::query(
        "UPDATE contract.cursor SET next_offset = 6 \
         WHERE partition = 3 AND owner = '00000000-0000-0000-0000-000000000001'",
    );
    let moved = moved.execute(&mut connection).await.unwrap();
    assert_eq!(moved.rows_affected(), 0);
    let taken = sqlx::query(
        "INSERT INTO contract.cursor \
             (partition, owner, next_offset, next_position, next_stream, repeats) \
         VALUES (3, gen_random_uuid(), 0, 1, 1, 0) \
         ON CONFLICT (partition) DO UPDATE SET owner = excluded.owner",
    );
    assert!(taken.execute(&mut connection).await.is_err());
    connection.close().await.unwrap();
    database.discard().await;
}
