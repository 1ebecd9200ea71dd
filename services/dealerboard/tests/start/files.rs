//! One embedded file, and who may have it.

use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;
use testkit::eventually;
use testkit::process::Process;

use crate::site::{WAIT, binary, folder, refusal, serves, stopped};

/// First starts that are killed, each a little later than the one before.
const KILLS: u64 = 12;
/// How much later: a first start takes some hundred milliseconds.
const LATER: Duration = Duration::from_millis(15);

const FILE: &str = "var/dealerboard.db";

fn serve(folder: &TempDir) -> Process {
    Process::start(&mut binary(folder.path(), &["serve"]), folder.path())
}

/// Whether the file is one that can be worked on.
fn is_whole(file: &Path) -> bool {
    let file = Connection::open(file).unwrap();
    let partitions = file.query_row("SELECT partitions FROM meta", [], |row| row.get(0));
    partitions == Ok(4_u16)
}

#[tokio::test(flavor = "multi_thread")]
async fn second_process_is_refused_by_whatever_name_it_has_the_file() {
    let ours = folder();
    let process = serve(&ours);
    serves(&process).await;
    let file = ours.path().join(FILE);
    let beside = |name: &str| ours.path().join("var").join(name);
    std::os::unix::fs::symlink(&file, beside("symlink.db")).unwrap();
    fs::hard_link(&file, beside("hard-link.db")).unwrap();
    std::os::unix::fs::symlink(ours.path().join("var"), ours.path().join("other")).unwrap();
    for name in [
        "var/symlink.db",
        "var/hard-link.db",
        "other/dealerboard.db",
        "./var/../var/dealerboard.db",
        file.to_str().unwrap(),
    ] {
        for arguments in [&["serve"][..], &["verify"], &["dead-letters", "list"]] {
            let mut second = binary(ours.path(), arguments);
            let text = refusal(second.env("DEALERBOARD__EMBEDDED__FILE", name));
            assert!(text.contains("is in use by another process"), "{text}");
        }
    }
    stopped(process).await;
    assert!(is_whole(&file));
}

#[tokio::test(flavor = "multi_thread")]
async fn starts_at_once_are_one_that_serves_and_others_that_are_refused() {
    let ours = folder();
    let mut starts: Vec<_> = (0..4).map(|_| serve(&ours)).collect();
    eventually("all but one to end", WAIT, async || {
        // A `Process` is asked by `&mut`, which this closure has not.
        let refused = starts.iter().filter(|start| start.log().contains("in use"));
        (refused.count() == 3).then_some(())
    })
    .await;
    starts.retain(|start| !start.log().contains("in use"));
    let process = starts.pop().unwrap();
    serves(&process).await;
    stopped(process).await;
    assert!(is_whole(&ours.path().join(FILE)));
    let keys = fs::read_dir(ours.path().join("var/keys")).unwrap();
    assert_eq!(keys.count(), 2, "one set of keys");
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_file_is_refused_with_what_to_do() {
    let ours = folder();
    fs::create_dir(ours.path().join("var")).unwrap();
    File::create(ours.path().join(FILE)).unwrap();
    let text = refusal(&mut binary(ours.path(), &["serve"]));
    assert!(text.contains("is empty"), "{text}");
    assert!(text.contains("(-wal, -shm)"), "{text}");
    fs::remove_file(ours.path().join(FILE)).unwrap();
    let process = serve(&ours);
    serves(&process).await;
    stopped(process).await;
}

/// Wherever a first start is killed, it has left no file or a whole one, and the next start serves.
#[tokio::test(flavor = "multi_thread")]
async fn first_start_that_is_killed_leaves_no_half_file() {
    for kill in 0..KILLS {
        let ours = folder();
        let mut process = serve(&ours);
        tokio::time::sleep(LATER * u32::try_from(kill).unwrap()).await;
        process.kill();
        let file = ours.path().join(FILE);
        assert!(!file.exists() || is_whole(&file), "kill {kill}");
        let process = serve(&ours);
        serves(&process).await;
        stopped(process).await;
    }
}
