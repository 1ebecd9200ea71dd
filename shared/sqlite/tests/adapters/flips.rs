//! Bytes that changed on the disk, anywhere in the file or in the log beside it: what is served is right,
//! or it is refused by name.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use kernel::batch::{DeadLetter, DeadReason, Timer, TimerChange};
use kernel::checksum::Damaged;
use kernel::id::CommandId;
use kernel::port::{
    Checkpoint, CommandLog, DeadLetters, EventReader, EventStore, NewRecord, Pace, ReadError,
    ReadModel, Record, Timers, ViewBatch, ViewId, ViewValue, WHOLE,
};
use kernel::topic::PartitionId;
use kernel::{Fault, Timestamp};
use sqlite::{OpenError, SqliteFile};
use testkit::Writer;
use testkit::contract::{CONTEXTS, PARTITIONS};
use uuid::Uuid;

use crate::durability::pseudo_random;
use crate::files::{Files, clock, open};

const PARTITION: PartitionId = PartitionId {
    context: CONTEXTS[0],
    partition: 1,
};
const VIEW: ViewId = ViewId {
    name: "noted",
    version: 1,
};
/// Aggregates, each of a few events: enough for trees of two levels.
const KEYS: u64 = 150;
/// Flips of either test; others than the first are tried by naming more in the environment.
const FLIPS: u64 = 300;
const FLIPS_WANTED: &str = "DEALERBOARD_TEST_FLIPS";

fn flips() -> u64 {
    let wanted = std::env::var(FLIPS_WANTED).ok();
    wanted.map_or(FLIPS, |wanted| wanted.parse().unwrap())
}

fn key(n: u64) -> Arc<str> {
    format!("demo/ACC-{n}/AGENCY").into()
}

async fn fill(file: &SqliteFile, keys: std::ops::Range<u64>) {
    let mut writer = Writer::take_over(file, PARTITION, 1).await;
    let cursor = writer.cursor();
    let (mut puts, mut records) = (Vec::new(), Vec::new());
    for n in keys {
        for events in [1, 2] {
            writer.accept(&key(n), events);
            records.push(NewRecord {
                context: PARTITION.context,
                key: key(n),
                value: Bytes::from(format!("command {n}/{events}")),
                headers: Vec::new(),
            });
        }
        writer.reject(&format!("demo/none-{n}"));
        writer.time(TimerChange::Set(Timer {
            id: Uuid::from_u128(n.into()),
            key: key(n),
            name: "expiry".into(),
            due: Timestamp::from_millis(7),
            command: Bytes::from_static(b"{\"type\":\"Expire\"}"),
        }));
        if n % 10 == 0 {
            writer.park(|offset| DeadLetter {
                offset,
                key: Some(Bytes::copy_from_slice(key(n).as_bytes())),
                value: Some(Bytes::from_static(b"a letter")),
                headers: Vec::new(),
                logged_at: Timestamp::from_millis(5),
                reason: DeadReason::Panicked,
                detail: "it is no JSON".to_owned(),
                command: Some(CommandId(Uuid::from_u128(n.into()))),
            });
        }
        let value = ViewValue {
            version: 3,
            partition: PARTITION.partition,
            log_position: writer.cursor().next_log_position - 1,
            as_of: Timestamp::from_millis(5),
            body: Bytes::from(format!("{{\"of\":{n}}}")),
        };
        puts.push((key(n), value));
    }
    let batch = writer.commit(file).await;
    let at = |log_position| Checkpoint {
        log_position,
        next_offset: i64::try_from(log_position).unwrap(),
    };
    let from = match cursor.next_log_position - 1 {
        0 => Checkpoint::default(),
        log_position => at(log_position),
    };
    let to = at(batch.to.next_log_position - 1);
    let (view, partition) = (VIEW, PARTITION.partition);
    let batch = ViewBatch {
        view,
        partition,
        from,
        to,
        puts,
    };
    file.apply(batch).await.unwrap();
    file.append(records).await.unwrap();
}

/// Everything that can be asked of the file, each with its answer.
type Answers = BTreeMap<String, String>;

/// A refusal names the damaged row.
async fn answers(file: &SqliteFile) -> Result<Answers, Fault> {
    let mut given = Answers::new();
    for n in 0..KEYS + 5 {
        let keys = [key(n)];
        note(
            &mut given,
            format!("load {n}"),
            file.load(PARTITION, &keys, WHOLE).await,
        )?;
        note(&mut given, format!("get {n}"), file.get(VIEW, &keys).await)?;
    }
    for offset in 0..KEYS * 3 {
        let name = format!("{PARTITION}/{offset}");
        let id = CommandId(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()));
        let outcome = file.outcomes(PARTITION, &[id]).await;
        note(&mut given, format!("outcome {offset}"), outcome)?;
    }
    let list = ReadModel::list(file, VIEW, "demo/", None, 1_000).await;
    note(&mut given, "list".to_owned(), list)?;
    let seen = file.checkpoint(VIEW, PARTITION.partition).await;
    note(&mut given, "checkpoint".to_owned(), seen)?;
    let letters = DeadLetters::list(file, PARTITION, None, 1_000).await;
    note(&mut given, "letters".to_owned(), letters)?;
    note(
        &mut given,
        "parked".to_owned(),
        file.parked_keys(PARTITION).await,
    )?;
    note(
        &mut given,
        "cursor".to_owned(),
        file.cursor(PARTITION).await,
    )?;
    let events = EventReader::read(file, PARTITION, 0, 10_000).await;
    note(&mut given, "events".to_owned(), events)?;
    for due in file
        .due(PARTITION.context, Timestamp::from_millis(7), 1_000)
        .await?
    {
        match due {
            Ok((_, timer)) => {
                drop(given.insert(format!("timer {}", timer.key), format!("{timer:?}")))
            }
            Err(damaged) => drop(given.insert(damaged.row.clone(), refused(&damaged))),
        }
    }
    for partition in 0..PARTITIONS {
        let (records, ended) = commands(file, partition).await?;
        given.insert(
            format!("commands {partition}"),
            format!("{records:?}{ended}"),
        );
    }
    Ok(given)
}

fn note<T: std::fmt::Debug>(
    given: &mut Answers,
    question: String,
    answer: Result<T, Fault>,
) -> Result<(), Fault> {
    let answer = match answer {
        Ok(answer) => format!("{answer:?}"),
        Err(fault) => match fault.damage() {
            Some(damaged) => refused(damaged),
            None => return Err(fault),
        },
    };
    given.insert(question, answer);
    Ok(())
}

const REFUSED: &str = "refused: ";

fn refused(damaged: &Damaged) -> String {
    format!("{REFUSED}{damaged}")
}

/// The records of a partition, up to the first that is refused.
async fn commands(file: &SqliteFile, partition: u16) -> Result<(Vec<Record>, String), Fault> {
    let readers = CommandLog::follow(file, PARTITION.context, Pace::Prompt).await?;
    let mut readers = readers.into_iter();
    let mut reader = readers
        .find(|reader| reader.partition() == partition)
        .unwrap();
    let (mut records, end) = (Vec::new(), reader.end().await?);
    reader.seek(0).await?;
    while records.last().map_or(0, |last: &Record| last.offset + 1) < end {
        match reader.take(1_000, &mut records).await {
            Ok(()) => {}
            Err(ReadError::Fault(fault)) => return Err(fault),
            Err(error) => return Ok((records, format!("{REFUSED}{error}"))),
        }
    }
    Ok((records, String::new()))
}

/// What a file with changed bytes gives: a refusal to open it, or answers that are right or refused.
/// Returns whether it was opened.
async fn holds(path: &Path, truth: &Answers, what: &str) -> bool {
    let file = match SqliteFile::open(path, PARTITIONS, clock()) {
        Ok(file) => file,
        Err(OpenError::Damaged(_) | OpenError::Sqlite(_) | OpenError::Foreign) => return false,
        Err(OpenError::Newer { .. } | OpenError::Partitions { .. }) => return false,
        Err(error) => panic!("{what}: {error}"),
    };
    let given = answers(&file).await;
    let given = given.unwrap_or_else(|fault| panic!("{what}: {fault} {:?}", fault.source));
    // Damaged views are folded again: they report that they have seen nothing.
    let refolded = given["checkpoint"] != truth["checkpoint"];
    for (question, right) in truth {
        let answer = given.get(question);
        let is_refused = answer.is_none_or(|answer| answer.contains(REFUSED));
        let is_refolded = refolded
            && ["get ", "list", "checkpoint"]
                .iter()
                .any(|of| question.starts_with(of));
        if answer != Some(right) && !is_refolded {
            assert!(
                is_refused,
                "{what}: {question} is answered {answer:?}, right is {right}"
            );
            assert!(
                file.damage().is_some(),
                "{what}: {question} is refused in silence"
            );
        }
    }
    true
}

/// A copy of the file and of its companions.
fn copy(from: &Path, to: &Path) {
    for suffix in ["", "-wal", "-shm", "-sum"] {
        let with = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
        if with(from).exists() {
            fs::copy(with(from), with(to)).unwrap();
        }
    }
}

/// Changes one byte, or a few in a row, somewhere.
fn flip(path: &Path, draw: u64) -> String {
    let mut bytes = fs::read(path).unwrap();
    let place = usize::try_from(pseudo_random(draw)).unwrap() % bytes.len();
    let length = [1, 1, 1, 4, 64][usize::try_from(draw % 5).unwrap()];
    let end = bytes.len().min(place + length);
    let mask = u8::try_from(1 + pseudo_random(draw ^ 0xf11b) % 255).unwrap();
    for byte in &mut bytes[place..end] {
        *byte ^= mask;
    }
    fs::write(path, bytes).unwrap();
    format!("flip {draw}: {length} bytes from {place} on by {mask:#04x}")
}

#[tokio::test]
async fn file_with_changed_bytes_is_refused_or_answers_right_or_refuses_by_name() {
    let files = Files::new();
    let path = files.path();
    let file = open(&path);
    fill(&file, 0..KEYS).await;
    let truth = answers(&file).await.unwrap();
    drop(file);
    let mut opened = 0;
    for draw in 0..flips() {
        let flipped = files.path();
        copy(&path, &flipped);
        let what = flip(&flipped, draw);
        opened += u64::from(holds(&flipped, &truth, &what).await);
    }
    let whole = fs::read(&path).unwrap();
    for part in 1..8 {
        let cut = files.path();
        fs::write(&cut, &whole[..whole.len() * part / 8]).unwrap();
        assert!(!holds(&cut, &truth, &format!("cut to {part} eighths")).await);
    }
    // Both happen, or the test shows nothing.
    assert!((1..flips()).contains(&opened), "{opened} were opened");
}

#[tokio::test]
async fn log_with_changed_bytes_is_refused_or_loses_nothing() {
    let files = Files::new();
    let path = files.path();
    let file = open(&path);
    for keys in (0..KEYS).step_by(25) {
        fill(&file, keys..keys + 25).await;
    }
    let truth = answers(&file).await.unwrap();
    // As a process leaves it that is killed here.
    let killed = files.path();
    copy(&path, &killed);
    drop(file);
    let (log, mut refused) = (PathBuf::from(format!("{}-wal", killed.display())), 0);
    assert!(fs::metadata(&log).unwrap().len() > 100_000);
    for draw in 0..flips() {
        let flipped = files.path();
        copy(&killed, &flipped);
        let what = flip(&PathBuf::from(format!("{}-wal", flipped.display())), draw);
        refused += u64::from(!holds(&flipped, &truth, &what).await);
    }
    assert!(refused > flips() / 2, "{refused} were refused");
    for length in [0, 16, 40, 4_000, 50_000] {
        let cut = files.path();
        copy(&killed, &cut);
        let log = fs::read(&log).unwrap();
        let shorter = PathBuf::from(format!("{}-wal", cut.display()));
        fs::write(shorter, &log[..length]).unwrap();
        let opened = SqliteFile::open(&cut, PARTITIONS, clock());
        assert!(
            opened.is_err() || length == 0,
            "a log cut to {length} bytes"
        );
    }
    assert!(holds(&killed, &truth, "nothing changed").await);
}
