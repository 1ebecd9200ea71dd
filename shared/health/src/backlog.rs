//! Commands that no process handles: the log grows, and the cursor of the partition stays.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kernel::Fault;
use kernel::port::{CommandLog, EventStore, Pace, ReadError};
use kernel::topic::PartitionId;
use tokio::time::Instant;

/// How long a cursor may be stalled before commands.
const STANDS_AFTER: Duration = Duration::from_secs(10);
/// Longest time until a record that is there has been read.
const LOOK_WAIT: Duration = Duration::from_secs(3);

/// Looks at every partition of commands, no matter which process handles it.
pub struct Backlog {
    pub log: Arc<dyn CommandLog>,
    pub store: Arc<dyn EventStore>,
    pub contexts: Vec<&'static str>,
    pub partitions: u16,
    pub waiting: Mutex<HashMap<PartitionId, Waiting>>,
}

/// A partition with commands before its cursor.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The offset of the cursor.
    at: i64,
    since: Instant,
    /// The record there, once it was looked at: the end of a transaction is no command.
    found: Option<Found>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Command,
    Nothing,
}

impl Backlog {
    /// One sentence for each partition whose commands have waited for long, as far as was seen.
    pub fn sentences(&self) -> Vec<String> {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sentences: Vec<_> = waiting
            .iter()
            .filter(|(_, waiting)| waiting.found == Some(Found::Command))
            .map(|(partition_id, waiting)| {
                let seconds = waiting.since.elapsed().as_secs();
                let at = waiting.at;
                format!("no process handles the commands of {partition_id}, which is at offset {at} for {seconds} s")
            })
            .collect();
        sentences.sort_unstable();
        sentences
    }

    /// For how long commands have waited before the partition's cursor, as far as was seen.
    #[must_use]
    pub fn waits(&self, partition_id: PartitionId) -> Option<Duration> {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = waiting.get(&partition_id)?;
        (waits.found != Some(Found::Nothing)).then(|| waits.since.elapsed())
    }

    /// Looks once; a few questions.
    ///
    /// # Errors
    /// Log or store cannot be reached: what was seen before is kept.
    pub async fn look(&self) -> Result<(), Fault> {
        for context in &self.contexts {
            let ends = self.log.ends(context);
            let cursors = self.store.cursors(context, self.partitions);
            let (ends, cursors) = tokio::try_join!(ends, cursors)?;
            for ((end, cursor), partition) in ends.into_iter().zip(cursors).zip(0..) {
                let at = cursor.map_or(0, |cursor| cursor.next_offset);
                self.see(PartitionId { context, partition }, at, end);
            }
        }
        for (partition_id, at) in self.suspects() {
            let found = self.find(partition_id, at).await?;
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(waiting) = waiting.get_mut(&partition_id)
                && waiting.at == at
            {
                waiting.found = Some(found);
            }
        }
        Ok(())
    }

    fn see(&self, partition_id: PartitionId, at: i64, end: i64) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        // A log that ends before the cursor was recreated, and its commands are not handled either.
        if at == end {
            waiting.remove(&partition_id);
        } else if waiting
            .get(&partition_id)
            .is_none_or(|before| before.at != at)
        {
            let new = Waiting {
                at,
                since: Instant::now(),
                found: None,
            };
            waiting.insert(partition_id, new);
        }
    }

    /// Partitions stalled for long that were not looked at.
    fn suspects(&self) -> Vec<(PartitionId, i64)> {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let long = waiting.iter().filter(|(_, waiting)| {
            // What came after nothing may be a command.
            waiting.found != Some(Found::Command) && waiting.since.elapsed() >= STANDS_AFTER
        });
        long.map(|(partition_id, waiting)| (*partition_id, waiting.at))
            .collect()
    }

    /// What is at the offset, or after it.
    async fn find(&self, partition_id: PartitionId, at: i64) -> Result<Found, Fault> {
        let mut reader = self.log.reader(partition_id, Pace::Leisurely).await?;
        match reader.seek(at).await {
            Ok(()) => {}
            Err(ReadError::Fault(fault)) => return Err(fault),
            Err(ReadError::Gone { .. } | ReadError::Unreadable { .. }) => {
                return Ok(Found::Command);
            }
        }
        let mut records = Vec::new();
        let taken = reader.take(1, &mut records);
        match tokio::time::timeout(LOOK_WAIT, taken).await {
            Ok(Err(ReadError::Fault(fault))) => Err(fault),
            Ok(_) => Ok(Found::Command),
            Err(_) => Ok(Found::Nothing),
        }
    }
}
