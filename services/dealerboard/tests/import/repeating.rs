//! An import that is run again changes nothing, and finishes what was cut off.

use std::time::Duration;

use testkit::eventually;
use testkit::process::Process;

use super::agreement::agrees;
use super::oracle::expected;
use super::site::{Site, sample, summary};

/// Until the first position shows.
const FIRST_WAIT: Duration = Duration::from_secs(20);

#[tokio::test]
async fn second_import_finds_everything_there_and_changes_nothing() {
    repeats(Site::embedded().await).await;
}

#[tokio::test]
async fn second_import_into_production_finds_everything_there_and_changes_nothing() {
    repeats(Site::production().await).await;
}

/// As fast as it goes: not every key is looked up before it is sent again.
async fn repeats(site: Site) {
    let (file, rows) = sample(site.folder());
    let first = site.import(&file, "demo").output().unwrap();
    assert_eq!(first.status.code(), Some(0), "{first:?}");
    let before = site.positions("demo").await;
    let second = site.import(&file, "demo").output().unwrap();
    let all = format!("{rows} rows: 0 imported, {rows} already there, 0 rejected");
    assert_eq!(summary(&second), (all, Some(0)), "{second:?}");
    assert_eq!(site.positions("demo").await, before);
    site.discard().await;
}

#[tokio::test]
async fn import_that_was_killed_is_finished_by_the_next() {
    let site = Site::embedded().await;
    let (file, rows) = sample(site.folder());
    let mut first = Process::start(&mut site.import(&file, "demo"), site.folder());
    eventually("a position", FIRST_WAIT, async || {
        (!site.positions("demo").await.is_empty()).then_some(())
    })
    .await;
    assert!(
        first.ended().is_none(),
        "the import was too fast to be killed"
    );
    first.kill();
    let second = site.import(&file, "demo").output().unwrap();
    let (result, code) = summary(&second);
    assert!(result.starts_with(&format!("{rows} rows: ")), "{second:?}");
    assert_eq!(code, Some(0), "{second:?}");
    agrees(&site, "demo", &expected(&file, "FIFO")).await;
    site.discard().await;
}
