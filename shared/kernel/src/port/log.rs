//! The command log and the event log.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::code::Fault;
use crate::record::EventRecord;
use crate::time::Timestamp;
use crate::topic::Shard;

/// A record to append to a command topic.
#[derive(Clone, Debug)]
pub struct NewRecord {
    pub context: &'static str,
    /// `{tenant}/{aggregate_id}`; decides the partition.
    pub key: Arc<str>,
    pub value: Bytes,
    pub headers: Vec<(String, Bytes)>,
}

/// A record as a log gives it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub offset: i64,
    /// When the log took it.
    pub logged_at: Timestamp,
    pub key: Option<Bytes>,
    pub value: Option<Bytes>,
    /// None in an event log: what stands beside an event is its position.
    pub headers: Vec<(String, Bytes)>,
    /// An event's position, where the record names one; none in a command log.
    pub position: Option<u64>,
}

impl Record {
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&Bytes> {
        self.headers
            .iter()
            .find(|(header, _)| header == name)
            .map(|(_, value)| value)
    }
}

/// The input of the platform.
#[async_trait]
pub trait CommandLog: Send + Sync {
    /// Appends in order; every record is durable when this returns.
    ///
    /// # Errors
    /// After a [`Fault`] some of the records may be in the log: send them again under the same
    /// command ids.
    async fn append(&self, records: Vec<NewRecord>) -> Result<(), Fault>;

    /// Joins the group of processes that share a context's command partitions.
    ///
    /// # Errors
    /// The log cannot be reached.
    async fn consume(
        &self,
        context: &'static str,
        group: &str,
        pace: Pace,
    ) -> Result<Box<dyn Assignments>, Fault>;
}

/// The published events, per context and partition in position order.
#[async_trait]
pub trait EventLog: Send + Sync {
    /// Publishes in order; all are durable when this returns. Publishing a position again is
    /// harmless, skipping one is not.
    ///
    /// # Errors
    /// After a [`Fault`] a prefix of the records may be published: ask `last_position`.
    async fn publish(&self, shard: Shard, events: Vec<EventRecord>) -> Result<(), Fault>;

    /// Position of the partition's last published event, 0 when there is none.
    ///
    /// # Errors
    /// The log cannot be reached.
    async fn last_position(&self, shard: Shard) -> Result<u64, Fault>;

    /// Joins the group of processes that share a context's event partitions.
    ///
    /// # Errors
    /// The log cannot be reached.
    async fn consume(
        &self,
        context: &'static str,
        group: &str,
        pace: Pace,
    ) -> Result<Box<dyn Assignments>, Fault>;
}

/// How soon a consumer wants what has just been published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// At once, record by record if they come so.
    Prompt,
    /// A tenth of a second later will do: several come at a time, and cost less.
    Leisurely,
}

/// A change of what this process owns.
pub enum Change {
    Assigned(Box<dyn Reader>),
    /// Another process is about to take the partition: finish or abandon what is in flight.
    Revoked(u16),
    /// Another process may already have it: drop everything, write nothing.
    Lost(u16),
}

/// A membership in a group.
#[async_trait]
pub trait Assignments: Send {
    /// Waits for the next change. Calling it again says that the one before has been carried out,
    /// so a revoked partition is held back until then (bounded by the log's session timeout).
    ///
    /// # Errors
    /// The membership ended; join again.
    async fn next(&mut self) -> Result<Change, Fault>;
}

/// The records of one assigned partition.
#[async_trait]
pub trait Reader: Send {
    fn partition(&self) -> u16;

    /// Continues at `offset`; must be called before the first `take`.
    ///
    /// # Errors
    /// The log cannot be reached. An offset that the log no longer holds is a fault too: skipping
    /// records silently is never right.
    async fn seek(&mut self, offset: i64) -> Result<(), Fault>;

    /// Waits until there is a record, then moves what is there, at most `max`, to the end of `out`.
    /// Cancelling it loses nothing.
    ///
    /// # Errors
    /// The log cannot be reached.
    async fn take(&mut self, max: usize, out: &mut Vec<Record>) -> Result<(), Fault>;

    /// The offset behind the last record that is in the log now: how far there is to go.
    ///
    /// # Errors
    /// The log cannot be reached.
    async fn end(&self) -> Result<i64, Fault>;

    /// Tells the log, for lag tools only, that everything below `next_offset` is done.
    fn done(&self, next_offset: i64);
}
