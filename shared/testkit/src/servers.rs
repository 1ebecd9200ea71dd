//! The real servers, and a corner of each for one test alone.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use sqlx::{Connection, PgConnection};
use tempfile::TempDir;
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

/// Servers of one test alone, so that it may do to them what it likes; end with the value.
pub struct OwnServers {
    folder: TempDir,
    script: PathBuf,
}

impl OwnServers {
    /// Those with these names, as `infra/local/servers` lists them.
    ///
    /// # Panics
    /// They do not start.
    #[must_use]
    pub fn start(names: &[&str]) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let own = Self {
            folder: TempDir::with_prefix("dealerboard-servers-").expect("a folder can be made"),
            script: root.join("infra/local/servers"),
        };
        let mut start = vec!["start"];
        start.extend(names);
        own.run(&start);
        own
    }

    /// Where the servers keep what is theirs, each in a folder of its name.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A command of the script, such as `["stop", "kafka"]`.
    ///
    /// # Panics
    /// It fails.
    pub fn run(&self, arguments: &[&str]) {
        let done = self.command(arguments).output();
        let done = done.expect("the script runs");
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "servers {arguments:?}: {said}");
    }

    /// The same, while others continue.
    ///
    /// # Panics
    /// It fails.
    pub async fn run_beside(&self, arguments: &[&str]) {
        let mut command = tokio::process::Command::from(self.command(arguments));
        let done = command.output().await.expect("the script runs");
        assert!(done.status.success(), "servers {arguments:?}");
    }

    /// Where they are; empty for those that do not run.
    ///
    /// # Panics
    /// The script does not run.
    #[must_use]
    pub fn servers(&self) -> Servers {
        let printed = self.command(&["env"]).output().expect("the script runs");
        let printed = String::from_utf8_lossy(&printed.stdout).into_owned();
        let of = |name: &str| {
            let line = printed.lines().find_map(|line| {
                let (key, value) = line.split_once('=')?;
                (key == format!("DEALERBOARD_TEST_{name}")).then(|| value.to_owned())
            });
            line.unwrap_or_default()
        };
        Servers {
            kafka: of("KAFKA"),
            postgres: of("POSTGRES"),
            redis: of("REDIS"),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.script);
        command
            .args(arguments)
            .env("DEALERBOARD_LOCAL_DIR", self.folder.path());
        command
    }
}

impl Drop for OwnServers {
    fn drop(&mut self) {
        // Data outside the folder is deleted by the script; what fails here is left to the reader.
        drop(self.command(&["clean"]).output());
    }
}

/// A unique name: a word, then 32 hexadecimal digits.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "a corner of a server for one test alone"
)]
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
