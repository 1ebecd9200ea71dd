//! An installation of its own on real servers, and the processes that run it.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use kernel::port::{CommandLog as _, Ids, NewRecord};
use log::{KafkaLog, KafkaSettings};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tempfile::TempDir;
use testkit::keys;
use testkit::platform::unconfigured;
use testkit::process::Process;
use testkit::servers::{Database, Servers, unique};
use testkit::topics;
use tokio::sync::{Semaphore, SemaphorePermit};
use uuid::Uuid;

/// Of every topic; few enough that each gets many batches.
pub(crate) const PARTITIONS: u16 = 4;
/// Signs command records; every installation of these tests has the same.
pub(crate) const SECRET: [u8; 32] = *b"the-secret-of-all-crash-tests-32";
/// Installations at once: more would only wait for each other's processor.
const AT_ONCE: usize = 2;
/// Records appended at once.
const APPENDED: usize = 25;
/// What is logged: tests look for partitions that are taken over.
const LOG: &str = "info,pipeline::handle=debug";
/// Everything but the gateway.
pub(crate) const BACK: &str = "processor,projector,reactor";

/// The binary under a name of its own: a build beside the tests would replace it by one that has no
/// points to crash at.
static BINARY: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (own, new) = (folder.join("under-test"), unique("under-test"));
    let new = folder.join(new);
    fs::hard_link(env!("CARGO_BIN_EXE_dealerboard"), &new).unwrap();
    fs::rename(&new, &own).unwrap();
    // Two names of one file are not renamed into each other.
    drop(fs::remove_file(&new));
    own
});

static TURNS: Semaphore = Semaphore::const_new(AT_ONCE);

pub(crate) struct Site {
    pub(crate) servers: Servers,
    pub(crate) database: Database,
    /// Of topics, groups and Redis keys.
    pub(crate) prefix: String,
    pub(crate) pool: PgPool,
    pub(crate) log: KafkaLog,
    folder: TempDir,
    environment: BTreeMap<String, String>,
    _turn: SemaphorePermit<'static>,
}

impl Site {
    pub(crate) async fn prepare() -> Self {
        Self::on(Servers::shared()).await
    }

    /// Installed and empty. A failed test leaves folder and database behind for a look.
    pub(crate) async fn on(servers: Servers) -> Self {
        let turn = TURNS.acquire().await.unwrap();
        let database = servers.database().await;
        let prefix = format!("{}.", unique("crash"));
        let folder = TempDir::with_prefix("dealerboard-crash-").unwrap();
        keys::write(&folder.path().join("keys"), &SECRET);
        let pool = PgPoolOptions::new()
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(10))
            .connect_lazy(&database.url)
            .unwrap();
        let site = Self {
            log: kafka(&servers, &prefix),
            environment: environment(&servers, &database.url, &prefix),
            servers,
            database,
            prefix,
            pool,
            folder,
            _turn: turn,
        };
        let migrated = site.command(&["migrate"]).output().unwrap();
        let said = String::from_utf8_lossy(&migrated.stderr);
        assert!(migrated.status.success(), "migrate: {said}");
        site
    }

    /// Overrides a key of the configuration for every process started from now on.
    pub(crate) fn set(&mut self, key: &str, value: impl Into<String>) {
        self.environment.insert(key.to_owned(), value.into());
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = binary(self.folder());
        command.args(arguments).envs(&self.environment);
        command.env("RUST_LOG", LOG);
        command
    }

    /// A process with a name that outlives it, so that it has its partitions back at once.
    pub(crate) fn start(&self, roles: &str, name: &str) -> Process {
        self.start_armed(roles, name, "")
    }

    /// The same, which aborts at `failpoints`.
    pub(crate) fn start_armed(&self, roles: &str, name: &str, failpoints: &str) -> Process {
        let mut command = self.command(&["serve", "--roles", roles]);
        command
            .env("DEALERBOARD__KAFKA__INSTANCE", name)
            .env("FAILPOINTS", failpoints)
            .env("RUST_BACKTRACE", "0");
        Process::start(&mut command, self.folder())
    }

    /// Appends in order; a log that is away meanwhile is tried again, as a producer would.
    pub(crate) async fn append(&self, records: &[NewRecord]) {
        for chunk in records.chunks(APPENDED) {
            self.log.append(chunk.to_vec()).await.expect("appended");
        }
    }

    /// Leaves nothing behind; for the end of a test that passed.
    pub(crate) async fn discard(self) {
        self.pool.close().await;
        self.database.discard().await;
        topics::delete(&self.servers.kafka, &self.prefix).await;
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.folder.disable_cleanup(true);
            let folder = self.folder.path().display();
            eprintln!(
                "logs are in {folder}, the database is {}",
                self.database.name
            );
        }
    }
}

/// The binary, in a folder of its own and without the caller's configuration.
pub(crate) fn binary(folder: &Path) -> Command {
    let mut command = unconfigured(&*BINARY, folder);
    command.env("DEALERBOARD__HTTP__WORKERS", "1");
    command
}

/// An address that was free just now.
pub(crate) fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

fn kafka(servers: &Servers, prefix: &str) -> KafkaLog {
    KafkaLog::new(KafkaSettings {
        brokers: servers.kafka.clone(),
        prefix: prefix.to_owned(),
        instance: None,
        client: BTreeMap::new(),
    })
    .unwrap()
}

/// Small batches, hasty views and many snapshots: more boundaries for a crash to fall on.
fn environment(servers: &Servers, postgres: &str, prefix: &str) -> BTreeMap<String, String> {
    let partitions = PARTITIONS.to_string();
    [
        ("STORAGE__MODE", "production"),
        ("KAFKA__BROKERS", &servers.kafka),
        ("KAFKA__PREFIX", prefix),
        ("KAFKA__PARTITIONS", &partitions),
        ("POSTGRES__URL", postgres),
        ("REDIS__URL", &servers.redis),
        ("REDIS__PREFIX", prefix),
        ("PROCESSOR__BATCH_COMMANDS_MAX", "20"),
        ("PROCESSOR__CACHED_AGGREGATES_MAX", "10"),
        ("PROCESSOR__SNAPSHOT_EVENTS_MIN", "3"),
        ("PROJECTOR__BATCH_EVENTS_MAX", "20"),
        ("PROJECTOR__DURABLE_LINGER_MS", "10"),
        ("PROJECTOR__CACHED_VALUES_MAX", "10"),
        ("AUTH__DIRECTORY", "keys"),
    ]
    .map(|(key, value)| (format!("DEALERBOARD__{key}"), value.to_owned()))
    .into()
}

/// Every id of these tests is given.
pub(crate) struct NoIds;

impl Ids for NoIds {
    fn ordered(&self) -> Uuid {
        Uuid::nil()
    }

    fn random(&self) -> Uuid {
        Uuid::nil()
    }
}
