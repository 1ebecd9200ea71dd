//! Readers that leave: every command does what it was asked to, and none panics.

use std::fs;
use std::io::Read as _;
use std::process::{Child, Command, Stdio};

use reqwest::Client;
use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;
use testkit::eventually;
use testkit::process::Process;

use crate::site::{WAIT, binary, folder, free_address, serves, stopped};

/// Letters in the file: more than a pipe holds.
const LETTERS: usize = 3_000;

/// A folder in which the platform ran once, with many dead letters in its file.
async fn desk() -> TempDir {
    let folder = folder();
    let process = Process::start(&mut binary(folder.path(), &["serve"]), folder.path());
    serves(&process).await;
    stopped(process).await;
    let file = Connection::open(folder.path().join("var/dealerboard.db")).unwrap();
    file.execute(
        "WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < ?1 - 1)
         INSERT INTO dead_letter
             (context, partition, \"offset\", key, value, headers, logged_at, reason, detail, state)
         SELECT 'trades', 0, n, CAST('demo/T-' || n AS BLOB), x'7b7d', x'', 0, 'undecodable', 'no json', 'parked'
           FROM n",
        [LETTERS],
    )
    .unwrap();
    folder
}

/// Runs a command whose outputs have no reader; returns its exit code.
fn without_readers(command: &mut Command) -> Option<i32> {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    child.wait().unwrap().code()
}

/// The same, with its standard error.
fn without_reader_of_results(command: &mut Command) -> (Option<i32>, String) {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut text = String::new();
    let mut stderr = child.stderr.take().unwrap();
    stderr.read_to_string(&mut text).unwrap();
    (child.wait().unwrap().code(), text)
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_end_alike_without_a_reader() {
    let desk = desk().await;
    fs::write(desk.path().join("empty.csv"), "nothing\n").unwrap();
    let simulation = "simulate floor --hours 0.05 --agents 2 --handle-s 10 --speed 100";
    let simulation: Vec<_> = simulation.split(' ').collect();
    let commands: [(&[&str], i32); 18] = [
        (&["--help"], 0),
        (&["--version"], 0),
        (&["serve", "--help"], 0),
        (&["nonsense"], 2),
        (&["token"], 0),
        (&["migrate"], 0),
        // There is no folder of schemas here, and none of golden files.
        (&["schemas"], 1),
        (&["schemas", "--write", "--directory", "written"], 1),
        (&["dead-letters", "list"], 0),
        (&["dead-letters", "show", "trades/0/7"], 0),
        (&["dead-letters", "redrive", "--all", "--by", "ann"], 0),
        (&["dead-letters", "discard", "trades/0/8"], 0),
        (&["replay", "trade"], 0),
        (&["replay", "nonsense"], 2),
        (&["verify"], 1),
        (&["import", "empty.csv"], 2),
        (&["import", "missing.csv"], 2),
        (&simulation, 0),
    ];
    for (arguments, code) in commands {
        let quiet = without_readers(&mut binary(desk.path(), arguments));
        assert_eq!(quiet, Some(code), "{arguments:?}");
        let (code_too, text) = without_reader_of_results(&mut binary(desk.path(), arguments));
        assert_eq!(code_too, Some(code), "{arguments:?}: {text}");
        assert!(!text.contains("panicked"), "{arguments:?}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redrive_is_done_to_its_end_when_its_reader_has_left() {
    let desk = desk().await;
    let arguments = ["dead-letters", "discard", "trades/0/8", "--yes"];
    assert_eq!(
        without_readers(&mut binary(desk.path(), &arguments)),
        Some(0)
    );
    let arguments = [
        "dead-letters",
        "redrive",
        "--all",
        "--by",
        "ann",
        "--approved-by",
        "ben",
        "--yes",
    ];
    assert_eq!(
        without_readers(&mut binary(desk.path(), &arguments)),
        Some(0)
    );
    let file = Connection::open(desk.path().join("var/dealerboard.db")).unwrap();
    let count = |state: &str| -> usize {
        let count = "SELECT count(*) FROM dead_letter WHERE state = ?1";
        file.query_row(count, [state], |row| row.get(0)).unwrap()
    };
    assert_eq!((count("redriven"), count("discarded")), (LETTERS - 1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn result_that_cannot_be_written_is_a_failure() {
    let desk = desk().await;
    for arguments in [&["token"][..], &["dead-letters", "list"], &["verify"]] {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let output = binary(desk.path(), arguments)
            .stdout(full)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
        assert!(text.contains("write the result"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn platform_goes_on_without_anybody_who_reads() {
    let folder = folder();
    let address = free_address();
    let mut serve = binary(
        folder.path(),
        &["serve", "--hello", "--demo", "--speed", "50"],
    );
    serve.env("DEALERBOARD__HTTP__BIND", &address);
    let mut child: Child = serve
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    let ready = format!("http://{address}/readyz");
    eventually("the platform to be ready", WAIT, async || {
        let answer = reqwest::get(&ready).await.ok()?;
        answer.status().is_success().then_some(())
    })
    .await;
    let token = binary(folder.path(), &["token"]).output().unwrap();
    let token = String::from_utf8(token.stdout).unwrap();
    let trades = format!("http://{address}/v1/trades");
    eventually("the demo to trade", WAIT, async || {
        let request = Client::new().get(&trades).bearer_auth(token.trim());
        let page: Value = request.send().await.ok()?.json().await.ok()?;
        (!page["items"].as_array()?.is_empty()).then_some(())
    })
    .await;
    let pid = child.id().to_string();
    Command::new("kill").args(["-TERM", &pid]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
