//! A crash at every boundary of the path, several times in one run.

use std::time::Duration;

use kernel::port::NewRecord;
use testkit::eventually;
use testkit::process::Process;
use testkit::proxy::CommitBreaker;

use crate::site::{BACK, Site};
use crate::state::clean;
use crate::workload::{self, Draw, RECORDS, SEED};

/// Crashes in one run; after each comes a fresh part of the list.
const CRASHES: u32 = 3;
/// Records between two crashes.
const PART: usize = RECORDS / (CRASHES as usize + 1);
/// Longest time until an armed process has come to its point.
const CRASHES_WITHIN: Duration = Duration::from_secs(40);

#[tokio::test(flavor = "multi_thread")]
async fn crash_before_a_batch_is_submitted_changes_nothing() {
    crashes_at("handled-not-submitted").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_before_the_commit_changes_nothing() {
    crashes_at("before-commit").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_between_commit_and_publication_changes_nothing() {
    crashes_at("committed-not-published").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_before_the_publication_changes_nothing() {
    crashes_at("before-publish").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_behind_the_publication_changes_nothing() {
    crashes_at("published-not-stored").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_while_the_outcome_of_a_commit_is_unknown_changes_nothing() {
    clean().await;
    let (site, breaker) = behind_a_breaker().await;
    let records = workload::records(&site.prefix);
    for part in parts(&records) {
        breaker.break_after(1);
        let mut process = site.start_armed(BACK, "unknown", "commit-unknown=return");
        site.append(part).await;
        crashed(&mut process).await;
    }
    finish(site, &records).await;
    assert_eq!(breaker.broken(), CRASHES);
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_whose_answers_are_lost_are_neither_lost_nor_doubled() {
    clean().await;
    let (site, breaker) = behind_a_breaker().await;
    let records = workload::records(&site.prefix);
    let process = site.start(BACK, "unknown");
    for (index, part) in records.chunks(RECORDS / 8).enumerate() {
        if index % 2 == 0 {
            breaker.break_after(2);
        } else {
            breaker.break_before(1);
        }
        site.append(part).await;
        let until = part_end(index + 1);
        eventually("the part to be handled", CRASHES_WITHIN, async || {
            (site.handled("trades").await.ok()? >= until).then_some(())
        })
        .await;
    }
    assert!(breaker.broken() >= 8, "{} broken", breaker.broken());
    assert!(process.log().contains("outcome of a commit is unknown"));
    site.ends_as_the_clean_run().await;
}

fn part_end(parts: usize) -> i64 {
    (RECORDS / 8 * parts) as i64
}

async fn crashes_at(point: &str) {
    clean().await;
    let site = Site::prepare().await;
    let records = workload::records(&site.prefix);
    let mut draw = Draw(SEED ^ point.len() as u64);
    for part in parts(&records) {
        let passes = draw.below(4);
        let failpoints = format!("{point}={passes}*off->return");
        let mut process = site.start_armed(BACK, "crashing", &failpoints);
        site.append(part).await;
        crashed(&mut process).await;
    }
    finish(site, &records).await;
}

fn parts<R>(records: &[R]) -> impl Iterator<Item = &[R]> {
    records.chunks(PART).take(CRASHES as usize)
}

async fn crashed(process: &mut Process) {
    let process = std::sync::Mutex::new(process);
    eventually("the crash", CRASHES_WITHIN, async || {
        process.lock().unwrap().crashed().then_some(())
    })
    .await;
}

async fn finish(site: Site, records: &[NewRecord]) {
    let _process = site.start(BACK, "crashing");
    site.append(&records[PART * CRASHES as usize..]).await;
    site.ends_as_the_clean_run().await;
}

/// An installation whose every connection to Postgres goes through a breaker; the tests' own do not.
async fn behind_a_breaker() -> (Site, CommitBreaker) {
    let mut site = Site::prepare().await;
    let options: sqlx::postgres::PgConnectOptions = site.database.url.parse().unwrap();
    let breaker = CommitBreaker::before(options.get_host(), options.get_port()).await;
    let url = format!(
        "postgres://{}@{}/{}",
        options.get_username(),
        breaker.address,
        site.database.name
    );
    site.set("DEALERBOARD__POSTGRES__URL", url);
    (site, breaker)
}
