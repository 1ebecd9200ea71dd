//! The real servers, and a corner of each for one test alone.

use std::env;

use sqlx::{Connection, PgConnection};
use uuid::Uuid;

/// Where the servers are.
#[derive(Clone, Debug)]
pub struct Servers {
    /// `host:port`.
    pub kafka: String,
    /// Of the maintenance database.
    pub postgres: String,
    pub redis: String,
}

impl Servers {
    /// Those that the environment names. A test that needs a server fails without one: a test that
    /// was skipped looks like one that passed.
    ///
    /// # Panics
    /// A variable is not set.
    #[must_use]
    pub fn shared() -> Self {
        Self {
            kafka: variable("DEALERBOARD_TEST_KAFKA"),
            postgres: variable("DEALERBOARD_TEST_POSTGRES"),
            redis: variable("DEALERBOARD_TEST_REDIS"),
        }
    }

    /// Creates an empty database.
    ///
    /// # Panics
    /// The server refuses.
    pub async fn database(&self) -> Database {
        let name = unique("test");
        let database = Database {
            server: self.postgres.clone(),
            url: replace_path(&self.postgres, &name),
            name,
        };
        statement(
            &database.server,
            &format!("CREATE DATABASE {}", database.name),
        )
        .await;
        database
    }
}

/// A database of its own; left behind for a look when the test fails.
#[derive(Clone, Debug)]
pub struct Database {
    server: String,
    pub name: String,
    pub url: String,
}

impl Database {
    /// # Panics
    /// The server refuses.
    pub async fn discard(&self) {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        statement(&self.server, &drop).await;
    }
}

/// A name that nobody else has: a word, then 32 hexadecimal digits.
#[must_use]
pub fn unique(word: &str) -> String {
    format!("{word}_{}", Uuid::new_v4().simple())
}

/// Runs one statement on a connection of its own.
///
/// # Panics
/// The server refuses.
pub async fn statement(url: &str, sql: &str) {
    let mut connection = PgConnection::connect(url).await.expect("connected");
    sqlx::raw_sql(sql)
        .execute(&mut connection)
        .await
        .expect("done");
    connection.close().await.expect("closed");
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| {
        unset(name);
    })
}

#[expect(clippy::panic, reason = "a test without its servers has failed")]
fn unset(name: &str) -> ! {
    panic!("{name} is not set; `make test` starts the servers and sets it")
}

fn replace_path(url: &str, path: &str) -> String {
    let (server, _) = url
        .rsplit_once('/')
        .expect("a Postgres URL ends in a database");
    format!("{server}/{path}")
}
