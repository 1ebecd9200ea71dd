//! Read connections, used on blocking threads.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use kernel::Fault;
use rusqlite::Connection;
use tokio::sync::Semaphore;
use tokio::task;

use super::condition::Condition;
use super::open;

/// Reads under way at once. They come from the page cache, so more would only share the cores.
const READS_MAX: usize = 4;

const LOCK: &str = "nothing panics while it holds the lock";

pub(super) struct Readers {
    path: PathBuf,
    permits: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Connection>>>,
    condition: Arc<Condition>,
}

impl Readers {
    pub(super) fn new(path: &Path, condition: Arc<Condition>) -> Self {
        Self {
            path: path.to_owned(),
            permits: Arc::new(Semaphore::new(READS_MAX)),
            idle: Arc::default(),
            condition,
        }
    }

    pub(super) async fn run<T, W>(&self, attempt: String, work: W) -> Result<T, Fault>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.expect("the semaphore is never closed");
        let (path, idle) = (self.path.clone(), Arc::clone(&self.idle));
        let reading = task::spawn_blocking(move || {
            let connection = idle.lock().expect(LOCK).pop();
            let connection = connection.map_or_else(|| open::reader(&path), Ok)?;
            // One that failed is closed instead of kept.
            let read = on_a_snapshot(&connection, work)?;
            idle.lock().expect(LOCK).push(connection);
            drop(permit);
            Ok(read)
        });
        match reading.await {
            Ok(read) => read.map_err(|error| self.condition.fault(attempt, error)),
            Err(error) => Err(Fault::new("sqlite", attempt, error)),
        }
    }
}

/// A transaction holds one snapshot for all statements of `work`, and takes the lock once.
fn on_a_snapshot<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let snapshot = connection.unchecked_transaction()?;
    let read = work(&snapshot)?;
    snapshot.commit()?;
    Ok(read)
}
