//! Snapshots that were changed behind the platform's back.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use eventstore::PostgresEventStore;
use eventstore::postgres::{Installed, migrate};
use kernel::port::FoldSnapshot;
use rusqlite::Connection;
use sqlite::SqliteFile;
use tempfile::TempDir;
use testkit::ManualClock;
use testkit::contract::{CONTEXTS, PARTITIONS};
use testkit::servers::{Database, Servers, statement};

use crate::site::{NAME, NEVER, Site, Store, beside, decoded, in_memory};

/// `{}` stands before the names of the tables.
const HARM: [&str; 7] = [
    "DELETE FROM {}fold_snapshot_part",
    "UPDATE {}fold_snapshot_part SET part = part + 1, events = events + 1",
    "UPDATE {}fold_snapshot SET checksum = checksum - 1",
    "UPDATE {}fold_snapshot SET parts = parts + 1",
    "UPDATE {}fold_snapshot SET events = events + 1",
    "UPDATE {}fold_snapshot SET projection = 'noted' || projection",
    "DELETE FROM {}fold_snapshot",
];

pub(crate) struct OnPostgres(Database);

impl OnPostgres {
    pub(crate) async fn create() -> Self {
        let database = Servers::shared().database().await;
        let contexts = CONTEXTS.map(|context| Installed {
            context,
            aggregate_type: "noted",
            partitions: PARTITIONS,
        });
        migrate(&database.url, &contexts).await.unwrap();
        Self(database)
    }

    pub(crate) fn open(&self) -> PostgresEventStore {
        PostgresEventStore::new(&self.0.url, 4).unwrap()
    }

    pub(crate) async fn discard(self) {
        self.0.discard().await;
    }
}

/// Each harm costs a replay, and the snapshot after it is as good as any.
async fn harm_costs_a_replay<S: Store>(
    site: &mut Site<S>,
    zero: &str,
    mut harm: impl AsyncFnMut(String),
) {
    let bytes = format!("UPDATE {{}}fold_snapshot_part SET bytes = {zero}");
    let all: Vec<_> = HARM
        .iter()
        .map(|sql| (*sql).to_owned())
        .chain([bytes])
        .collect();
    let mut events = 0;
    for sql in all {
        events += site.note(2, "a").await;
        let process = site.start::<1>(1);
        process.reads(events).await;
        site.saved(events).await;
        process.kill();
        harm(sql.clone()).await;
        let whole = site.whole::<1>().await;
        decoded();
        let next = site.start::<1>(1);
        assert_eq!(next.reads(events).await, whole, "{sql}");
        assert_eq!(decoded(), events, "{sql}");
        site.saved(events).await;
        next.kill();
        let last = site.start::<1>(NEVER);
        assert_eq!(last.reads(events).await, whole, "{sql}");
        assert_eq!(decoded(), 0, "{sql}");
        last.kill();
    }
}

#[tokio::test]
async fn harm_costs_a_replay_and_nothing_else_on_a_file() {
    let folder: TempDir = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("dealerboard.db");
    let file = SqliteFile::open(&path, PARTITIONS, Arc::new(ManualClock::default())).unwrap();
    let mut site = Site::new(file.clone(), Arc::new(file));
    harm_costs_a_replay(&mut site, "x'00'", async |sql: String| {
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch(&sql.replace("{}", "")).unwrap();
    })
    .await;
}

#[tokio::test]
async fn harm_costs_a_replay_and_nothing_else_on_postgres() {
    let postgres = OnPostgres::create().await;
    let mut site = beside(postgres.open());
    harm_costs_a_replay(&mut site, r"'\x00'", async |sql: String| {
        statement(&postgres.0.url, &sql.replace("{}", "dealerboard.")).await;
    })
    .await;
    drop(site);
    postgres.discard().await;
}

/// Its checksum fits, and yet it says what no program reads.
#[tokio::test]
async fn snapshot_that_was_written_wrong_costs_a_replay_and_nothing_else() {
    let mut site = in_memory();
    let events = site.note(2, "a").await;
    let whole = site.whole::<1>().await;
    let places = r#"{"places":[],"state":{}}"#;
    for text in [
        "",
        "{",
        "[]",
        places,
        r#"{"places":[],"state":{"panic":[]}}"#,
    ] {
        let packed = zstd::encode_all(text.as_bytes(), 1).unwrap();
        for bytes in [Bytes::from(packed), Bytes::copy_from_slice(text.as_bytes())] {
            let parts = [bytes];
            let wrong = FoldSnapshot::of(NAME, 1, events, &parts);
            site.folds().put(&wrong, 0, &parts[0]).await.unwrap();
            assert!(site.folds().publish(&wrong).await.unwrap());
            let process = site.start::<1>(NEVER);
            assert_eq!(process.reads(events).await, whole, "{text}");
            assert_eq!(decoded(), events, "{text}");
            process.kill();
            assert_eq!(site.folds().current(NAME).await.unwrap(), [], "{text}");
        }
    }
}
