//! An embedded installation of its own: one file, and the processes that use it in turn.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use kernel::port::{CommandLog as _, NewRecord};
use rusqlite::{Connection, OpenFlags};
use sqlite::SqliteFile;
use tempfile::TempDir;
use testkit::platform::unconfigured;
use testkit::process::{Process, Signal};
use testkit::{ManualClock, eventually, keys};

use crate::record::SECRET;

const PARTITIONS: u16 = 4;
/// Longest time a few commands take on a busy machine.
const WAIT: Duration = Duration::from_secs(60);

/// Whether everything in the logs has been handled, reacted to and projected.
const SETTLED: &str = "
    SELECT (SELECT count(*) FROM command) = (SELECT coalesce(sum(next_offset), 0) FROM cursor)
       AND (SELECT count(*) FROM event WHERE context = 'trades') * 3 =
           (SELECT coalesce(sum(position), 0) FROM view_checkpoint
             WHERE view IN ('trade', 'fills_to_positions', 'handed_fills'))
       AND (SELECT count(*) FROM event WHERE context = 'positions') * 2 =
           (SELECT coalesce(sum(position), 0) FROM view_checkpoint
             WHERE view IN ('position', 'refusals_to_trades'))";

pub(crate) struct Desk {
    folder: TempDir,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let folder = TempDir::with_prefix("dealerboard-letters-").unwrap();
        keys::write(&folder.path().join("var/keys"), &SECRET);
        Self { folder }
    }

    /// A desk with the records in its log, all handled.
    pub(crate) async fn with(records: Vec<NewRecord>) -> Self {
        let desk = Self::new();
        desk.append(records).await;
        desk.work().await;
        desk
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("var/dealerboard.db")
    }

    /// The file, while no process has it.
    pub(crate) fn open(&self) -> SqliteFile {
        SqliteFile::open(&self.file(), PARTITIONS, Arc::new(ManualClock::default())).unwrap()
    }

    pub(crate) async fn append(&self, records: Vec<NewRecord>) {
        self.open().append(records).await.unwrap();
    }

    /// Runs the platform until nothing is left to do, then stops it.
    pub(crate) async fn work(&self) {
        self.work_with(&[]).await;
    }

    pub(crate) async fn work_with(&self, environment: &[(&str, &str)]) {
        let mut serve = self.command(&["serve", "--roles", "processor,projector,reactor"]);
        serve.envs(environment.iter().copied());
        let process = Process::start(&mut serve, self.folder.path());
        eventually("everything to be handled", WAIT, async || {
            self.ask::<bool>(SETTLED).filter(|settled| *settled)
        })
        .await;
        process.signal(Signal::Terminate);
        let process = RefCell::new(process);
        let ended = async || process.borrow_mut().ended();
        let status = eventually("the process to end", WAIT, ended).await;
        assert!(status.success(), "{}", process.borrow().log());
    }

    /// One value of the file, also while it is in use; `None` while it is being made.
    pub(crate) fn ask<T: rusqlite::types::FromSql>(&self, select: &str) -> Option<T> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let connection = Connection::open_with_flags(self.file(), flags).ok()?;
        connection.query_row(select, [], |row| row.get(0)).ok()
    }

    /// Changes the file behind the platform's back.
    pub(crate) fn tamper(&self, sql: &str) {
        let changed = Connection::open(self.file())
            .unwrap()
            .execute(sql, [])
            .unwrap();
        assert!(changed > 0, "{sql} changes nothing");
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = binary(self.folder.path());
        command.args(arguments);
        command
    }

    /// What a command prints; it must succeed.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        let text = text(&output);
        assert!(output.status.success(), "{arguments:?}: {text}");
        text
    }

    /// What a command prints that must end with the code.
    pub(crate) fn fails(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        let text = text(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
        text
    }
}

pub(crate) fn text(output: &Output) -> String {
    let (out, error) = (&output.stdout, &output.stderr);
    String::from_utf8_lossy(&[out.as_slice(), error].concat()).into_owned()
}

/// The binary, in a folder of its own and without the caller's configuration.
pub(crate) fn binary(folder: &Path) -> Command {
    unconfigured(env!("CARGO_BIN_EXE_dealerboard"), folder)
}
