use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use futures::future::{join, join3};
use kernel::checksum::Damaged;
use kernel::port::CommitError;
use rusqlite::Connection;
use tempfile::TempDir;
use testkit::{ManualClock, eventually};
use tokio::sync::oneshot;

use super::{SqliteFile, damaged};

const TABLES: &str = "CREATE TABLE number (n INTEGER PRIMARY KEY);
    CREATE TABLE debt (of INTEGER REFERENCES number (n) DEFERRABLE INITIALLY DEFERRED);";

#[tokio::test]
async fn failed_job_is_undone_alone() {
    let (file, _directory) = file().await;
    let before = file.transactions();
    let failing = run(
        &file,
        "INSERT INTO number VALUES (2); INSERT INTO number VALUES (1)",
    );
    let (first, failed, last) = together(
        &file,
        join3(
            run(&file, "INSERT INTO number VALUES (1)"),
            failing,
            run(&file, "INSERT INTO number VALUES (3)"),
        ),
    )
    .await;
    assert!(first.is_ok() && last.is_ok());
    assert!(matches!(failed, Err(CommitError::NotMade(_))));
    assert_eq!(numbers(&file).await, [1, 3]);
    assert_eq!(
        file.transactions() - before,
        2,
        "one for the job that holds, one for the three"
    );
}

#[tokio::test]
async fn job_that_panics_is_undone_alone() {
    let (file, _directory) = file().await;
    let work = |connection: &Connection| -> rusqlite::Result<()> {
        connection.execute_batch("INSERT INTO number VALUES (2)")?;
        panic!("as the test wants it")
    };
    let (first, panicked) = together(
        &file,
        join(
            run(&file, "INSERT INTO number VALUES (1)"),
            file.write("panic".to_owned(), work, |()| {}),
        ),
    )
    .await;
    assert!(first.is_ok());
    assert!(matches!(panicked, Err(CommitError::NotMade(_))));
    run(&file, "INSERT INTO number VALUES (3)").await.unwrap();
    assert_eq!(numbers(&file).await, [1, 3]);
}

#[tokio::test]
async fn job_that_ends_the_whole_transaction_leaves_nothing_of_it() {
    let (file, _directory) = file().await;
    run(&file, "INSERT INTO number VALUES (7)").await.unwrap();
    let (before, ending, after) = together(
        &file,
        join3(
            run(&file, "INSERT INTO number VALUES (1)"),
            run(&file, "INSERT OR ROLLBACK INTO number VALUES (7)"),
            run(&file, "INSERT INTO number VALUES (2)"),
        ),
    )
    .await;
    for result in [before, ending, after] {
        assert!(matches!(result, Err(CommitError::NotMade(_))));
    }
    assert_eq!(numbers(&file).await, [7]);
    run(&file, "INSERT INTO number VALUES (2)").await.unwrap();
    assert_eq!(numbers(&file).await, [2, 7]);
}

#[tokio::test]
async fn refused_commit_leaves_nothing_of_its_jobs() {
    let (file, _directory) = file().await;
    let jobs = join(
        run(&file, "INSERT INTO number VALUES (1)"),
        run(&file, "INSERT INTO debt VALUES (99)"),
    );
    let (fine, owing) = together(&file, jobs).await;
    assert!(matches!(fine, Err(CommitError::NotMade(_))));
    assert!(matches!(owing, Err(CommitError::NotMade(_))));
    assert!(numbers(&file).await.is_empty());
    run(&file, "INSERT INTO number VALUES (2)").await.unwrap();
    assert_eq!(numbers(&file).await, [2]);
}

#[tokio::test]
async fn full_disk_is_reported_and_writing_continues_by_itself_once_there_is_room() {
    let (file, _directory) = file().await;
    run(&file, "INSERT INTO number VALUES (1)").await.unwrap();
    assert_eq!(file.refusing(), None);
    // Of this connection: the one that is opened after a failure has room again.
    run(&file, "PRAGMA max_page_count = 1").await.unwrap();
    let fill = "WITH RECURSIVE n (n) AS (SELECT 10 UNION ALL SELECT n + 1 FROM n LIMIT 100000)
        INSERT INTO number SELECT n FROM n";
    let full = run(&file, fill).await;
    assert!(matches!(full, Err(CommitError::NotMade(_))), "{full:?}");
    let reason = file.refusing().expect("it takes no writes");
    assert!(reason.contains("full"), "{reason}");
    assert_eq!(file.damage(), None);
    assert_eq!(numbers(&file).await, [1], "it is read from meanwhile");
    // There is no other write, but the question makes it try.
    eventually("room", Duration::from_secs(10), async || {
        file.refusing().is_none().then_some(())
    })
    .await;
    run(&file, "INSERT INTO number VALUES (2)").await.unwrap();
    assert_eq!(numbers(&file).await, [1, 2]);
}

#[tokio::test]
async fn row_that_is_refused_is_reported_as_damage_of_the_file() {
    let (file, _directory) = file().await;
    assert_eq!(file.damage(), None);
    let read = |_: &Connection| -> rusqlite::Result<()> {
        Err(damaged(Damaged::new(
            "event trades/3 position 17",
            "as the test wants it",
        )))
    };
    let fault = file.read("read".to_owned(), read).await.unwrap_err();
    assert_eq!(fault.damage().unwrap().row, "event trades/3 position 17");
    let damage = file.damage().unwrap();
    assert!(
        damage.starts_with("event trades/3 position 17 is damaged"),
        "{damage}"
    );
}

#[tokio::test]
async fn file_that_is_dropped_finishes_what_waits() {
    let (file, directory) = file().await;
    let mut write = Box::pin(run(&file, "INSERT INTO number VALUES (5)"));
    assert!(futures::poll!(write.as_mut()).is_pending());
    drop(write);
    drop(file);
    assert_eq!(numbers(&open(&directory)).await, [5]);
}

async fn file() -> (SqliteFile, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let file = open(&directory);
    run(&file, TABLES).await.unwrap();
    (file, directory)
}

fn open(directory: &TempDir) -> SqliteFile {
    let path = directory.path().join("file.db");
    SqliteFile::open(&path, 1, Arc::new(ManualClock::default())).unwrap()
}

async fn run(file: &SqliteFile, sql: &'static str) -> Result<(), CommitError> {
    let work = |connection: &Connection| connection.execute_batch(sql);
    file.write(sql.to_owned(), work, |()| {}).await
}

/// Has the jobs wait behind one that holds the writer, so that they share the next transaction.
async fn together<T>(file: &SqliteFile, jobs: impl Future<Output = T>) -> T {
    let (release, held) = mpsc::channel::<()>();
    let (begin, begun) = oneshot::channel();
    let work = move |_: &Connection| {
        begin.send(()).unwrap();
        Ok(held.recv().is_err())
    };
    let mut hold = Box::pin(file.write("hold".to_owned(), work, |_| {}));
    assert!(futures::poll!(hold.as_mut()).is_pending());
    begun.await.unwrap();
    let mut jobs = Box::pin(jobs);
    assert!(futures::poll!(jobs.as_mut()).is_pending());
    drop(release);
    hold.await.unwrap();
    jobs.await
}

async fn numbers(file: &SqliteFile) -> Vec<i64> {
    let select = |connection: &Connection| {
        let mut select = connection.prepare("SELECT n FROM number ORDER BY n")?;
        select.query_map([], |row| row.get(0))?.collect()
    };
    file.read("select".to_owned(), select).await.unwrap()
}
