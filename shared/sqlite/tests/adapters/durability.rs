//! A process that is killed at any point.
//!
//! The kernel of the machine lives on, so this proves that nothing acknowledged sits in the memory
//! of the process; that it is on the disk is what `synchronous = FULL` is for.

use std::collections::BTreeSet;
use std::env;
use std::io::{BufRead, BufReader, Write, stdout};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use futures::future::join_all;
use kernel::port::{CommandLog, EventReader, EventStore, NewRecord};
use kernel::topic::PartitionId;
use rusqlite::Connection;
use sqlite::SqliteFile;
use testkit::Writer;
use testkit::contract::CONTEXTS;

use crate::files::{Files, open};

/// Names the file to the process that is to be killed.
const VICTIM: &str = "DEALERBOARD_TEST_VICTIM";
const NAME: &str = "durability::what_was_acknowledged_survives_a_kill";
const KILLS: u64 = 25;
/// Acknowledgements after which a victim is killed, at most.
const ACKNOWLEDGED_MAX: u64 = 400;

/// The test and, as a process of its own, its victim.
#[test]
fn what_was_acknowledged_survives_a_kill() {
    if let Some(path) = env::var_os(VICTIM) {
        return write_until_killed(Path::new(&path));
    }
    let files = Files::new();
    let path = files.path();
    let mut acknowledged = BTreeSet::new();
    for kill in 0..KILLS {
        let lines = one_life(&path, pseudo_random(kill) % ACKNOWLEDGED_MAX);
        acknowledged.extend(lines);
        check(&path, &acknowledged, kill);
    }
    assert!(
        acknowledged.len() > 1_000,
        "only {} acknowledgements",
        acknowledged.len()
    );
}

/// Runs a victim until it has acknowledged that many writes, kills it in the midst of the next, and
/// returns all it has printed.
fn one_life(path: &Path, until: u64) -> Vec<String> {
    let mut victim = victim(path);
    let mut said = BufReader::new(victim.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let mut acknowledged = Vec::new();
    while (acknowledged.len() as u64) < until {
        let line = said.next().expect("the victim runs until it is killed");
        acknowledged.extend(acknowledgement(&line));
    }
    victim.kill().unwrap();
    victim.wait().unwrap();
    acknowledged.extend(said.filter_map(|line| acknowledgement(&line)));
    acknowledged
}

fn victim(path: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", NAME, "--nocapture"])
        .env(VICTIM, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// A whole line of the victim's; the last may have been cut off.
fn acknowledgement(line: &str) -> Option<String> {
    Some(
        line.strip_prefix("written ")?
            .strip_suffix(" .")?
            .to_owned(),
    )
}

/// Prints what is written as soon as it is, and not before.
fn write_until_killed(path: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async {
        let file = open(path);
        let life = std::process::id();
        let appends = (0..4).map(|caller| append_until_killed(&file, life, caller));
        tokio::join!(
            join_all(appends),
            commit_until_killed(&file, 0),
            commit_until_killed(&file, 3)
        );
    });
}

async fn append_until_killed(file: &SqliteFile, life: u32, caller: u32) {
    for n in 0_u64.. {
        let name = format!("command/{life}/{caller}/{n}");
        let record = NewRecord {
            context: CONTEXTS[0],
            key: format!("demo/{caller}").into(),
            value: name.clone().into(),
            headers: Vec::new(),
        };
        file.append(vec![record]).await.unwrap();
        say(&name);
    }
}

async fn commit_until_killed(file: &SqliteFile, partition: u16) {
    let partition_id = PartitionId {
        context: CONTEXTS[0],
        partition,
    };
    let mut writer = Writer::take_over(file, partition_id, u128::from(std::process::id())).await;
    // Keys of this life: a writer that starts again remembers no streams.
    let key = format!("demo/{}", std::process::id());
    loop {
        writer.accept(&key, 3);
        let batch = writer.commit(file).await;
        for row in &batch.events {
            say(&format!("event/{partition}/{}", row.record.log_position));
        }
    }
}

fn say(name: &str) {
    let mut out = stdout().lock();
    writeln!(out, "written {name} .").unwrap();
    out.flush().unwrap();
}

/// Everything acknowledged is there, and what is there is whole.
fn check(path: &Path, acknowledged: &BTreeSet<String>, kill: u64) {
    // Opening it recovers the log that the victim left.
    let file = open(path);
    let stored = stored(path);
    let lost: Vec<_> = acknowledged.difference(&stored).collect();
    assert!(
        lost.is_empty(),
        "after kill {kill} these are lost: {lost:?}"
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        for partition in [0, 3] {
            cursor_agrees_with_the_rows(&file, partition).await;
        }
    });
}

fn stored(path: &Path) -> BTreeSet<String> {
    let connection = Connection::open(path).unwrap();
    let verdict: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(verdict, "ok");
    let holes: i64 = connection
        .query_row(
            "SELECT count(*) FROM (SELECT max(\"offset\") + 1 - count(*) AS holes FROM command \
             GROUP BY context, partition) WHERE holes <> 0",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(holes, 0, "offsets have holes");
    let mut select = connection
        .prepare(
            "SELECT CAST(value AS TEXT) FROM command \
             UNION ALL SELECT 'event/' || partition || '/' || position FROM event",
        )
        .unwrap();
    select
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

async fn cursor_agrees_with_the_rows(file: &SqliteFile, partition: u16) {
    let partition_id = PartitionId {
        context: CONTEXTS[0],
        partition,
    };
    let Some(cursor) = file.cursor(partition_id).await.unwrap() else {
        return;
    };
    let events = file.read(partition_id, 0, usize::MAX).await.unwrap();
    let log_positions = events.iter().map(|row| row.record.log_position);
    assert!(
        log_positions.eq(1..cursor.next_log_position),
        "positions of {partition_id}"
    );
    let outcomes = file
        .scan_outcomes(partition_id, None, usize::MAX)
        .await
        .unwrap();
    assert_eq!(
        outcomes.len() as i64,
        cursor.next_offset,
        "outcomes of {partition_id}"
    );
}

/// SplitMix64: the same kills in every run.
pub(crate) fn pseudo_random(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
