//! The real servers, and a corner of each for one test alone.

use std::env;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use readmodel::{PostgresReadModel, RedisOptions, SESSION};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool};
use tempfile::TempDir;
use testkit::contract::{PARTITIONS, VIEWS};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use uuid::Uuid;

/// Connections of one test's pool: more than the racers of a contract need to be truly at once.
const CONNECTIONS: u32 = 10;

/// The URL that `variable` holds. A test that needs a server fails without one: a test that was
/// skipped looks like one that passed.
fn url(variable: &str) -> String {
    env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} is not set; `make test` starts the servers and sets it")
    })
}

/// Options with a key prefix of their own, and time enough on a machine that is busy otherwise.
pub(crate) fn redis() -> RedisOptions {
    #[expect(clippy::disallowed_methods, reason = "keys of this test alone")]
    let prefix = format!("test:{}:", Uuid::new_v4().simple());
    let mut options = RedisOptions::new(url("DEALERBOARD_TEST_REDIS"), prefix, PARTITIONS);
    options.read_timeout = Duration::from_secs(5);
    options.write_timeout = Duration::from_secs(5);
    options
}

/// A database of its own with the contract's views; left behind for a look when the test fails.
pub(crate) struct Database {
    name: String,
    pub(crate) options: PgConnectOptions,
}

impl Database {
    pub(crate) async fn create() -> Self {
        #[expect(clippy::disallowed_methods, reason = "a database of this test alone")]
        let name = format!("readmodel_{}", Uuid::new_v4().simple());
        // It sorts like a dictionary, so that an order by bytes can only come from the tables.
        let sorted = "LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C.UTF-8' TEMPLATE template0";
        statement(&format!("CREATE DATABASE {name} {sorted}")).await;
        let options = server()
            .database(&name)
            .options(postgres::BY_KEY)
            .options(SESSION);
        let database = Self { name, options };
        for view in VIEWS {
            let model = PostgresReadModel::new(database.pool());
            model.install(view).await.unwrap();
        }
        database
    }

    /// A pool of new connections.
    pub(crate) fn pool(&self) -> PgPool {
        PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .connect_lazy_with(self.options.clone())
    }

    pub(crate) async fn discard(&self) {
        statement(&format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
    }
}

pub(crate) fn server() -> PgConnectOptions {
    url("DEALERBOARD_TEST_POSTGRES").parse().unwrap()
}

async fn statement(sql: &str) {
    let mut connection = PgConnection::connect_with(&server()).await.unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// A Redis server of the test's own, for what would harm everyone else on a shared one.
pub(crate) struct PrivateRedis {
    folder: TempDir,
    process: Child,
}

impl PrivateRedis {
    pub(crate) async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let process = spawn_redis(&folder);
        let server = Self { folder, process };
        server.answers().await;
        server
    }

    /// Ends the server at once; what it held is gone.
    pub(crate) async fn kill(&mut self) {
        self.process.kill().await.unwrap();
    }

    pub(crate) async fn start_again(&mut self) {
        self.process = spawn_redis(&self.folder);
        self.answers().await;
    }

    pub(crate) fn options(&self) -> RedisOptions {
        let socket = socket(&self.folder);
        RedisOptions::new(format!("unix://{}", socket.display()), "test:", PARTITIONS)
    }

    /// Runs a command that the adapters have no need of.
    pub(crate) async fn command<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        command(&self.options().url, words).await.unwrap()
    }

    async fn answers(&self) {
        let url = self.options().url;
        let asked = eventually("redis-server to answer", async || {
            command::<String>(&url, &["PING"]).await.ok()
        });
        assert_eq!(asked.await, "PONG");
    }
}

/// Runs a command on a connection of its own.
pub(crate) async fn command<T: redis::FromRedisValue>(
    url: &str,
    words: &[&str],
) -> redis::RedisResult<T> {
    let client = redis::Client::open(url)?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    let mut command = redis::cmd(words[0]);
    command.arg(&words[1..]).query_async(&mut connection).await
}

/// Asks until there is an answer.
pub(crate) async fn eventually<T>(what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    };
    let answer = timeout(Duration::from_secs(10), asking).await;
    answer.unwrap_or_else(|_| panic!("waited for {what} in vain"))
}

fn spawn_redis(folder: &TempDir) -> Child {
    Command::new("redis-server")
        .args(["--port", "0", "--save", "", "--enable-debug-command", "yes"])
        .arg("--unixsocket")
        .arg(socket(folder))
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("redis-server is on the path")
}

fn socket(folder: &TempDir) -> PathBuf {
    folder.path().join("redis.sock")
}
