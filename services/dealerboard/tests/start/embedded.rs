//! Embedded: keys that belong to a file, and the line of a start.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use testkit::process::Process;

use crate::site::{binary, folder, lines, refusal, run, serves, stopped};

fn serve(folder: &TempDir) -> Process {
    Process::start(&mut binary(folder.path(), &["serve"]), folder.path())
}

/// A folder in which the platform ran once.
async fn started() -> TempDir {
    let folder = folder();
    let process = serve(&folder);
    serves(&process).await;
    stopped(process).await;
    folder
}

fn copy(from: &TempDir, to: &TempDir, file: &str) {
    let to = to.path().join(file);
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(from.path().join(file), to).unwrap();
}

fn records_key(folder: &TempDir) -> std::path::PathBuf {
    folder.path().join("var/keys/records.key")
}

#[tokio::test(flavor = "multi_thread")]
async fn token_of_another_folder_is_refused_and_makes_no_keys() {
    let elsewhere = folder();
    let text = refusal(&mut binary(elsewhere.path(), &["token"]));
    let keys = elsewhere.path().canonicalize().unwrap().join("var/keys");
    assert!(text.contains(keys.to_str().unwrap()), "{text}");
    assert!(text.contains("dealerboard serve"), "{text}");
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn token_is_refused_when_the_file_that_serves_has_other_keys() {
    let (ours, theirs) = (folder(), started().await);
    let process = serve(&ours);
    serves(&process).await;
    let (token, code) = run(&mut binary(ours.path(), &["token"]));
    assert_eq!(code, Some(0), "{token}");
    let mut token = binary(ours.path(), &["token"]);
    let keys = theirs.path().join("var/keys");
    let text = refusal(token.env("DEALERBOARD__AUTH__DIRECTORY", &keys));
    assert!(text.contains("fingerprint"), "{text}");
    assert!(text.contains(keys.to_str().unwrap()), "{text}");
    stopped(process).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn file_is_refused_with_keys_it_does_not_belong_to() {
    let (ours, theirs) = (started().await, started().await);
    let moved = folder();
    copy(&ours, &moved, "var/dealerboard.db");
    // With no keys none are made: what is in the file could not be read by any other.
    let text = refusal(&mut binary(moved.path(), &["serve"]));
    assert!(text.contains("holds no key for records"), "{text}");
    assert!(!records_key(&moved).exists());
    copy(&theirs, &moved, "var/keys/records.key");
    copy(&theirs, &moved, "var/keys/token-key.der");
    for arguments in [&["serve"][..], &["verify"], &["dead-letters", "list"]] {
        let text = refusal(&mut binary(moved.path(), arguments));
        assert!(text.contains("auth.directory"), "{text}");
    }
    copy(&ours, &moved, "var/keys/records.key");
    copy(&ours, &moved, "var/keys/token-key.der");
    let process = serve(&moved);
    serves(&process).await;
    stopped(process).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn file_of_before_there_were_fingerprints_keeps_the_keys_it_has() {
    let folder = started().await;
    let before = fs::read(records_key(&folder)).unwrap();
    forget_keys(&folder.path().join("var/dealerboard.db"));
    let process = serve(&folder);
    serves(&process).await;
    stopped(process).await;
    assert_eq!(fs::read(records_key(&folder)).unwrap(), before);
}

fn forget_keys(file: &Path) {
    let file = rusqlite::Connection::open(file).unwrap();
    file.execute("DELETE FROM installation_key", []).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn start_is_one_line_that_says_what_serves() {
    let folder = folder();
    let process = serve(&folder);
    let started = serves(&process).await;
    assert_eq!(started["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(started["mode"], "embedded");
    assert_eq!(started["partitions"], 4);
    assert!(started["ready_in_ms"].as_u64().is_some(), "{started}");
    let log = stopped(process).await;
    assert_eq!(lines(&log).len(), 3, "{log}");
}
