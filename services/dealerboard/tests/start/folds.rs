//! Live projections: a start after a day on the floor begins from the snapshots of the process before.

use tempfile::TempDir;
use testkit::process::Process;

use crate::site::{binary, folder, lines, run, serves, stopped};

/// Events of a day that is worth a snapshot when its process stops.
const EVENTS_MIN: u64 = 1_000;

/// Serves until everything has been read, and stops; returns the log.
async fn served(folder: &TempDir) -> String {
    let process = Process::start(&mut binary(folder.path(), &["serve"]), folder.path());
    serves(&process).await;
    stopped(process).await
}

/// Events that the projection did not have to read.
fn begun(log: &str, projection: &str) -> Option<u64> {
    let lines = lines(log);
    let line = lines.iter().find(|line| {
        line["message"] == "live projection begins from its snapshot"
            && line["projection"] == projection
    });
    line?["events"].as_u64()
}

#[tokio::test(flavor = "multi_thread")]
async fn start_begins_from_the_snapshots_of_the_process_before() {
    let folder = folder();
    let day = ["simulate", "floor", "--hours", "1", "--speed", "300"];
    let (text, code) = run(&mut binary(folder.path(), &day));
    assert_eq!(code, Some(0), "{text}");
    // The day had a router, which keeps a floor, and no gateway, which keeps figures as well.
    let first = served(&folder).await;
    assert!(begun(&first, "floor") >= Some(EVENTS_MIN), "{first}");
    assert_eq!(begun(&first, "metrics"), None);
    let second = served(&folder).await;
    assert!(begun(&second, "metrics") >= begun(&second, "floor"));
    assert!(begun(&second, "floor") >= Some(EVENTS_MIN), "{second}");
    let (text, code) = run(&mut binary(folder.path(), &["verify"]));
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains(" 2 snapshots "), "{text}");
}
