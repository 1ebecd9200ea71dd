//! Databases of one test.

use std::cell::RefCell;

use eventstore::PostgresEventStore;
use eventstore::postgres::{Installed, migrate};
use testkit::contract::{CONTEXTS, PARTITIONS};
use testkit::servers::{Database, Servers};

/// Connections of one store that read.
const READS: u32 = 8;

/// A context of the contracts, as it is installed.
pub(crate) fn installed(context: &'static str) -> Installed {
    Installed {
        context,
        aggregate_type: "noted",
        partitions: PARTITIONS,
    }
}

/// Every store in it has a database of its own.
#[derive(Default)]
pub(crate) struct Databases(RefCell<Vec<Database>>);

impl Databases {
    /// A store with the contexts of the contracts.
    pub(crate) async fn store(&self) -> PostgresEventStore {
        self.store_of(&CONTEXTS.map(installed)).await.0
    }

    pub(crate) async fn store_of(&self, contexts: &[Installed]) -> (PostgresEventStore, Database) {
        let database = Servers::shared().database().await;
        migrate(&database.url, contexts).await.unwrap();
        self.0.borrow_mut().push(database.clone());
        let store = PostgresEventStore::new(&database.url, READS).unwrap();
        (store, database)
    }

    pub(crate) async fn discard(self) {
        for database in self.0.into_inner() {
            database.discard().await;
        }
    }
}
