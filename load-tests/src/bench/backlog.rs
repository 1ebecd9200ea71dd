//! Logs in memory, for measuring what runs between them: commands that are all there already, and an
//! event log that takes everything and keeps nothing.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use kernel::port::{
    Appended, Assignments, Change, CommandLog, EventLog, NewRecord, Pace, ReadError, Reader,
    Record, Span,
};
use kernel::record::EventRecord;
use kernel::topic::{PartitionId, partition_of};
use kernel::{Fault, Timestamp};

/// The dependency's name in a fault.
const BACKLOG: &str = "backlog";

/// A command log that is filled before it is read.
pub(super) struct Backlog(Vec<Arc<[Record]>>);

impl Backlog {
    pub(super) fn of(commands: impl IntoIterator<Item = NewRecord>, partitions: u16) -> Self {
        let mut records: Vec<Vec<Record>> = vec![Vec::new(); partitions.into()];
        for command in commands {
            let partition = partition_of(command.key.as_bytes(), partitions);
            let records = &mut records[usize::from(partition)];
            records.push(Record {
                offset: i64::try_from(records.len()).unwrap_or(i64::MAX),
                logged_at: Timestamp::default(),
                key: Some(command.key.as_bytes().to_vec().into()),
                value: Some(command.value),
                headers: command.headers,
                log_position: None,
                unreadable: None,
            });
        }
        Self(records.into_iter().map(Into::into).collect())
    }
}

#[async_trait]
impl CommandLog for Backlog {
    async fn append(&self, _: Vec<NewRecord>) -> Result<Vec<Appended>, Fault> {
        Err(Fault::bare(BACKLOG, "append to what has been filled"))
    }

    async fn consume(
        &self,
        _: &'static str,
        _: &str,
        _pace: Pace,
    ) -> Result<Box<dyn Assignments>, Fault> {
        Ok(Box::new(All(self.rest().collect())))
    }

    async fn follow(&self, _: &'static str, _: Pace) -> Result<Vec<Box<dyn Reader>>, Fault> {
        let boxed = |rest| Box::new(rest) as Box<dyn Reader>;
        Ok(self.rest().map(boxed).collect())
    }

    async fn ends(&self, _: &'static str) -> Result<Vec<i64>, Fault> {
        Ok(self.rest().map(|rest| rest.ends_at()).collect())
    }
}

impl Backlog {
    fn rest(&self) -> impl Iterator<Item = Rest> {
        self.0.iter().zip(0..).map(|(records, partition)| Rest {
            partition,
            records: Arc::clone(records),
            next: 0,
        })
    }
}

/// Assigns every partition, once.
struct All(VecDeque<Rest>);

#[async_trait]
impl Assignments for All {
    async fn next(&mut self) -> Result<Change, Fault> {
        match self.0.pop_front() {
            Some(reader) => Ok(Change::Assigned(Box::new(reader))),
            None => std::future::pending().await,
        }
    }
}

/// What of a partition has not been taken yet.
struct Rest {
    partition: u16,
    records: Arc<[Record]>,
    next: usize,
}

#[async_trait]
impl Reader for Rest {
    fn partition(&self) -> u16 {
        self.partition
    }

    async fn seek(&mut self, offset: i64) -> Result<(), ReadError> {
        self.next = usize::try_from(offset).unwrap_or_default();
        Ok(())
    }

    async fn take(&mut self, max: usize, out: &mut Vec<Record>) -> Result<(), ReadError> {
        let end = self.records.len().min(self.next.saturating_add(max));
        if self.next >= end {
            std::future::pending::<()>().await;
        }
        out.extend_from_slice(&self.records[self.next..end]);
        self.next = end;
        Ok(())
    }

    async fn readable_after(&self, offset: i64) -> Result<i64, Fault> {
        Ok(offset.min(self.ends_at()))
    }

    async fn end(&self) -> Result<i64, Fault> {
        Ok(self.ends_at())
    }

    fn done(&self, _: i64) {}
}

impl Rest {
    fn ends_at(&self) -> i64 {
        i64::try_from(self.records.len()).unwrap_or(i64::MAX)
    }
}

/// Remembers the last log position of each partition and nothing else.
pub(super) struct Sink(Vec<AtomicU64>);

impl Sink {
    pub(super) fn new(partitions: u16) -> Self {
        Self((0..partitions).map(|_| AtomicU64::default()).collect())
    }
}

#[async_trait]
impl EventLog for Sink {
    async fn publish(
        &self,
        partition_id: PartitionId,
        events: Vec<EventRecord>,
    ) -> Result<(), Fault> {
        if let Some(last) = events.last() {
            self.0[usize::from(partition_id.partition)].store(last.log_position, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn span(&self, partition_id: PartitionId) -> Result<Option<Span>, Fault> {
        let last = self.0[usize::from(partition_id.partition)].load(Ordering::Relaxed);
        Ok((last > 0).then_some(Span { first: 1, last }))
    }

    async fn consume(
        &self,
        _: &'static str,
        _: &str,
        _: Pace,
    ) -> Result<Box<dyn Assignments>, Fault> {
        Err(Fault::bare(BACKLOG, "read what was not kept"))
    }

    async fn follow(&self, _: &'static str, _: Pace) -> Result<Vec<Box<dyn Reader>>, Fault> {
        Err(Fault::bare(BACKLOG, "read what was not kept"))
    }

    async fn ends(&self, _: &'static str) -> Result<Vec<i64>, Fault> {
        Err(Fault::bare(BACKLOG, "read what was not kept"))
    }
}
