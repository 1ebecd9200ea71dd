//! Installations of one test, and the processes that try to start on them.

use std::cell::RefCell;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use testkit::eventually;
use testkit::platform::unconfigured;
use testkit::process::{Process, Signal};
use testkit::servers::{Database, Servers, unique};

/// Longest time a start, or the end of one that is refused, may take on a busy machine.
pub(crate) const WAIT: Duration = Duration::from_secs(60);
/// Exit code of a start that is refused.
pub(crate) const REFUSED: i32 = 2;

pub(crate) fn folder() -> TempDir {
    TempDir::with_prefix("dealerboard-start-").unwrap()
}

/// The binary, in a folder and without the caller's configuration.
pub(crate) fn binary(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = unconfigured(env!("CARGO_BIN_EXE_dealerboard"), folder);
    command.args(arguments).stdin(Stdio::null());
    command
}

/// An address that was free just now.
pub(crate) fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// What a command prints, and its exit code.
pub(crate) fn run(command: &mut Command) -> (String, Option<i32>) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let text = String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned();
    (text, status.code())
}

/// The output of a command that must be refused.
pub(crate) fn refusal(command: &mut Command) -> String {
    let (text, code) = run(command);
    assert_eq!(code, Some(REFUSED), "{command:?}: {text}");
    assert!(!text.contains("panicked"), "{text}");
    text
}

/// Waits for a process that ends by itself; returns its log and exit code.
pub(crate) async fn ended(process: Process) -> (String, Option<i32>) {
    let process = RefCell::new(process);
    let ended = async || process.borrow_mut().ended();
    let status = eventually("the process to end", WAIT, ended).await;
    (process.borrow().log(), status.code())
}

/// Tells a process to stop; it must end well.
pub(crate) async fn stopped(process: Process) -> String {
    process.signal(Signal::Terminate);
    let (log, code) = ended(process).await;
    assert_eq!(code, Some(0), "{log}");
    log
}

/// The line of a log with that message.
pub(crate) fn line(log: &str, message: &str) -> Option<Value> {
    lines(log)
        .into_iter()
        .find(|line| line["message"] == message)
}

/// The lines of a log that are no output of a panic or a command.
pub(crate) fn lines(log: &str) -> Vec<Value> {
    let lines = log.lines();
    lines
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// The readiness line.
pub(crate) async fn serves(process: &Process) -> Value {
    eventually("the line of a start", WAIT, async || {
        line(&process.log(), "dealerboard serves")
    })
    .await
}

/// Topics, keys of Redis and a database of its own on the servers that the environment names; nothing
/// is installed there yet.
pub(crate) struct Site {
    pub(crate) servers: Servers,
    pub(crate) database: Database,
    pub(crate) prefix: String,
    folder: TempDir,
}

impl Site {
    pub(crate) async fn bare() -> Self {
        let servers = Servers::shared();
        Self {
            database: servers.database().await,
            prefix: format!("{}.", unique("start")),
            folder: folder(),
            servers,
        }
    }

    /// Installed by one that makes the keys in the first of its folders.
    pub(crate) async fn installed() -> Self {
        let site = Self::bare().await;
        let (text, code) = run(&mut site.command("one", &["migrate"]));
        assert_eq!(code, Some(0), "{text}");
        site
    }

    /// A folder of one process: its keys are there by default.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().join(name);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    pub(crate) fn keys(&self, name: &str) -> PathBuf {
        self.folder(name).join("var/keys")
    }

    pub(crate) fn command(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = binary(&self.folder(name), arguments);
        command.envs(
            [
                ("STORAGE__MODE", "production"),
                ("KAFKA__BROKERS", &self.servers.kafka),
                ("KAFKA__PREFIX", &self.prefix),
                ("KAFKA__PARTITIONS", "3"),
                ("POSTGRES__URL", &self.database.url),
                ("REDIS__URL", &self.servers.redis),
                ("REDIS__PREFIX", &self.prefix),
                ("HTTP__WORKERS", "1"),
            ]
            .map(|(key, value)| (format!("DEALERBOARD__{key}"), value)),
        );
        command
    }

    pub(crate) fn start(&self, command: &mut Command) -> Process {
        Process::start(command, self.folder.path())
    }

    /// The database by another way.
    pub(crate) fn database_at(&self, address: &str) -> String {
        let url = &self.database.url;
        let (scheme, rest) = url.split_once("://").unwrap();
        let (authority, path) = rest.split_once('/').unwrap();
        let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
        format!("{scheme}://{user}@{address}/{path}")
    }

    /// `host:port` of the database's server.
    pub(crate) fn database_address(&self) -> String {
        let (_, rest) = self.database.url.split_once("://").unwrap();
        let (authority, _) = rest.split_once('/').unwrap();
        let address = authority.rsplit_once('@').map_or(authority, |(_, at)| at);
        address.to_owned()
    }

    /// Leaves nothing behind; for the end of a test that passed.
    pub(crate) async fn discard(self) {
        self.database.discard().await;
    }
}
