//! Databases of older versions.

use eventstore::PostgresEventStore;
use eventstore::postgres::{HeldKeys, Installed, look, migrate};
use kernel::installation::{InstalledKey, Wrapped};
use kernel::port::{EventReader as _, Snapshot, Snapshots as _, WHOLE};
use kernel::topic::Shard;
use sqlx::{Connection as _, PgConnection};
use testkit::Writer;
use testkit::contract::{CONTEXTS, PARTITIONS};
use testkit::servers::{Database, Servers};

const SHARD: Shard = Shard {
    context: CONTEXTS[0],
    partition: PARTITIONS - 1,
};

fn installed(context: &'static str) -> Installed {
    Installed {
        context,
        aggregate_type: "noted",
        partitions: PARTITIONS,
    }
}

/// Installed by the first version.
async fn old(database: &Database) {
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let mut migrator = sqlx::migrate!("./migrations");
    migrator.migrations.to_mut().truncate(1);
    migrator.run(&mut connection).await.unwrap();
    sqlx::query("SELECT dealerboard.install($1, 'noted', $2)")
        .bind(SHARD.context)
        .bind(i32::from(PARTITIONS))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn contexts_installed_before_snapshots_gain_their_tables() {
    let database = Servers::shared().database().await;
    old(&database).await;
    let store = PostgresEventStore::new(&database.url, 2).unwrap();
    let mut writer = Writer::take_over(&store, SHARD, 1).await;
    writer.accept("demo/a", 3);
    writer.commit(&store).await;
    // Twice, and with a context that is new.
    for _ in 0..2 {
        migrate(&database.url, &CONTEXTS.map(installed))
            .await
            .unwrap();
    }
    for context in CONTEXTS {
        let shard = Shard { context, ..SHARD };
        let snapshot = Snapshot {
            stream: 1,
            version: 2,
            shape: 1,
            checksum: 7,
            state: "{}".into(),
        };
        let kept = [snapshot];
        store.save(shard, &kept).await.unwrap();
        assert_eq!(store.stored(shard, &[1]).await.unwrap(), kept);
    }
    let streams = store.load(SHARD, &["demo/a".into()], WHOLE).await.unwrap();
    assert_eq!(streams[0].events.len(), 3);
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
