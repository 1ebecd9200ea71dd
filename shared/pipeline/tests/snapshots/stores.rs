//! Stores of one test.

use std::path::PathBuf;
use std::sync::Arc;

use eventstore::postgres::{Installed, migrate};
use eventstore::{MemoryEventStore, PostgresEventStore};
use rusqlite::Connection;
use sqlite::SqliteFile;
use tempfile::TempDir;
use testkit::ManualClock;
use testkit::contract::PARTITIONS;
use testkit::servers::{Database, Servers, statement};

use crate::desk::{Desk, Records, Store, slices};

/// Never reached: no snapshot is ever taken.
pub(crate) const NEVER: u64 = u64::MAX;

/// The result of the commands in one go and without a snapshot.
pub(crate) async fn clean(desk: &Desk) -> Records {
    let store = MemoryEventStore::default();
    desk.handle(&store, NEVER).await;
    desk.records(&store).await
}

/// A store that can be opened again and whose tables can be reached behind its back.
pub(crate) trait Harmed {
    type Store: Store;

    async fn open(&self) -> Self::Store;

    /// Runs a statement on the snapshots of all partitions of both contexts; `{}` is their table,
    /// after `WHERE` comes what picks them.
    async fn harm(&self, statement: &str);
}

pub(crate) struct OnPostgres(Database);

impl OnPostgres {
    pub(crate) async fn create() -> Self {
        let database = Servers::shared().database().await;
        let slices = slices();
        let contexts = slices.contexts.iter().map(|context| Installed {
            context: context.name,
            aggregate_type: context.aggregate_type,
            partitions: PARTITIONS,
        });
        migrate(&database.url, &contexts.collect::<Vec<_>>())
            .await
            .unwrap();
        Self(database)
    }

    pub(crate) async fn discard(self) {
        self.0.discard().await;
    }
}

impl Harmed for OnPostgres {
    type Store = PostgresEventStore;

    async fn open(&self) -> PostgresEventStore {
        PostgresEventStore::new(&self.0.url, 4).unwrap()
    }

    async fn harm(&self, sql: &str) {
        let mut all = String::new();
        for context in slices().names() {
            for partition in 0..PARTITIONS {
                let table = format!("{context}.snapshot_{partition}");
                all.push_str(&sql.replace("{}", &table));
                all.push(';');
            }
        }
        statement(&self.0.url, &all).await;
    }
}

pub(crate) struct OnFile(TempDir);

impl OnFile {
    pub(crate) fn create() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("dealerboard.db")
    }
}

impl Harmed for OnFile {
    type Store = SqliteFile;

    async fn open(&self) -> SqliteFile {
        SqliteFile::open(&self.path(), PARTITIONS, Arc::new(ManualClock::default())).unwrap()
    }

    async fn harm(&self, sql: &str) {
        let connection = Connection::open(self.path()).unwrap();
        connection
            .execute_batch(&sql.replace("{}", "snapshot"))
            .unwrap();
    }
}
