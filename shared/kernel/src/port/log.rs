//! The command log and the event log.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::code::Fault;
use crate::record::EventRecord;
use crate::time::Timestamp;
use crate::topic::PartitionId;

/// A record to append to a command topic.
#[derive(Clone, Debug)]
pub struct NewRecord {
    /// Whose command topic.
    pub context: &'static str,
    /// `{tenant}/{aggregate_id}`; decides the partition.
    pub key: Arc<str>,
    /// The envelope, framed or bare.
    pub value: Bytes,
    /// In this order on the record.
    pub headers: Vec<(String, Bytes)>,
}

/// [`Record::unreadable`] of a record with a header whose name is not UTF-8.
pub const NAME_IS_NOT_TEXT: &str = "a header's name is not text";

/// A record as a log gives it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Place in the partition; offsets may have holes.
    pub offset: i64,
    /// When the log took it.
    pub logged_at: Timestamp,
    /// As it was written; a record of another system may have none.
    pub key: Option<Bytes>,
    /// As it was written.
    pub value: Option<Bytes>,
    /// None in an event log: it keeps only the log position beside an event.
    pub headers: Vec<(String, Bytes)>,
    /// An event's log position, where the record names one; none in a command log.
    pub log_position: Option<u64>,
    /// What of the record could not be read and is not here, in a few words; none as a rule.
    pub unreadable: Option<&'static str>,
}

impl Record {
    /// The value of the first header of that name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&Bytes> {
        self.headers
            .iter()
            .find(|(header, _)| header == name)
            .map(|(_, value)| value)
    }
}

/// The place of an appended record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The partition that the key decided.
    pub partition_id: PartitionId,
    /// Place in it.
    pub offset: i64,
}

/// Which events of a partition the event log holds, by their log positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Above 1 when the log was given what lies before, and has deleted it since.
    pub first: u64,
    /// Behind it nothing has been published.
    pub last: u64,
}

/// Why no record was read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A dependency; the same call may succeed later.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The log does not hold the requested offset: the record was deleted, or the log was recreated and
    /// ends before it. It begins at `first`.
    #[error("the offset is not in the log, which begins at {first}")]
    Gone {
        /// The first offset that the log holds.
        first: i64,
    },
    /// What comes next is damaged, or written in a way that cannot be read here. `offset` is the
    /// reader's place; it continues only after a seek, such as to [`Reader::readable_after`].
    #[error("offset {offset} cannot be read: {detail}")]
    Unreadable {
        /// Where reading stands.
        offset: i64,
        /// Why, in a sentence.
        detail: String,
    },
}

/// For roles that can only wait until an operator has looked at it.
impl From<ReadError> for Fault {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Fault(fault) => fault,
            other => Self::bare("log", other.to_string()),
        }
    }
}

/// The input of the platform.
///
/// ```
/// use kernel::Fault;
/// use kernel::port::{CommandLog, NewRecord};
///
/// /// The offset at which the command stands; it is durable by then.
/// async fn append(log: &dyn CommandLog, record: NewRecord) -> Result<i64, Fault> {
///     let appended = log.append(vec![record]).await?;
///     let place = appended.first();
///     place.map(|place| place.offset).ok_or_else(|| Fault::bare("log", "append a command"))
/// }
/// ```
#[async_trait]
pub trait CommandLog: Send + Sync {
    /// Appends in order; every record is durable when this returns. Returns the place of each, in
    /// the order of the records.
    ///
    /// # Errors
    /// After a [`Fault`] some of the records may be in the log: send them again under the same
    /// command ids.
    async fn append(&self, records: Vec<NewRecord>) -> Result<Vec<Appended>, Fault>;

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

    /// A reader for every partition of a context, from the first on, regardless of other readers.
    ///
    /// # Errors
    /// The log cannot be reached.
    async fn follow(
        &self,
        context: &'static str,
        pace: Pace,
    ) -> Result<Vec<Box<dyn Reader>>, Fault>;

    /// A reader for one partition, regardless of other readers.
    ///
    /// # Errors
    /// The log cannot be reached, or has no such partition.
    async fn reader(
        &self,
        partition_id: PartitionId,
        pace: Pace,
    ) -> Result<Box<dyn Reader>, Fault> {
        let readers = self.follow(partition_id.context, pace).await?;
        let mut readers = readers.into_iter();
        let reader = readers.find(|reader| reader.partition() == partition_id.partition);
        reader.ok_or_else(|| Fault::bare("command log", format!("{partition_id} has no reader")))
    }

    /// The offset behind the last record of every partition of a context, from the first on, by one
    /// question.
    ///
    /// # Errors
    /// The log cannot be reached.
    async fn ends(&self, context: &'static str) -> Result<Vec<i64>, Fault>;
}

/// The published events, per context and partition in log position order.
///
/// ```
/// use kernel::port::EventLog;
/// use kernel::record::EventRecord;
/// use kernel::topic::PartitionId;
/// use kernel::Fault;
///
/// /// Publishes those of the events that the log does not hold yet.
/// async fn catch_up(
///     log: &dyn EventLog,
///     partition_id: PartitionId,
///     mut events: Vec<EventRecord>,
/// ) -> Result<(), Fault> {
///     let last = log.span(partition_id).await?.map_or(0, |span| span.last);
///     events.retain(|event| event.log_position > last);
///     log.publish(partition_id, events).await
/// }
/// ```
#[async_trait]
pub trait EventLog: Send + Sync {
    /// Publishes in order; all are durable when this returns. Publishing a log position again is
    /// harmless, skipping one is not.
    ///
    /// # Errors
    /// After a [`Fault`] a prefix of the records may be published: ask `span`.
    async fn publish(
        &self,
        partition_id: PartitionId,
        events: Vec<EventRecord>,
    ) -> Result<(), Fault>;

    /// The first and the last event that the partition's log holds; none when it is empty.
    ///
    /// # Errors
    /// The log cannot be reached, or holds something that is not an event. A log that holds a tail but
    /// never received the head is a fault too, which says what to do: the log was recreated, and
    /// publishing on would permanently hide what is missing.
    async fn span(&self, partition_id: PartitionId) -> Result<Option<Span>, Fault>;

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

    /// As [`CommandLog::follow`].
    ///
    /// # Errors
    /// The log cannot be reached.
    async fn follow(
        &self,
        context: &'static str,
        pace: Pace,
    ) -> Result<Vec<Box<dyn Reader>>, Fault>;

    /// As [`CommandLog::ends`].
    ///
    /// # Errors
    /// The log cannot be reached.
    async fn ends(&self, context: &'static str) -> Result<Vec<i64>, Fault>;
}

/// How soon a consumer needs what has just been published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// At once, record by record if they come so.
    Prompt,
    /// A tenth of a second later will do: several come at a time, and cost less.
    Leisurely,
}

/// A change of what this process owns.
pub enum Change {
    /// This process reads the partition from now on.
    Assigned(Box<dyn Reader>),
    /// Another process is about to take the partition: finish or abandon what is in flight.
    Revoked(u16),
    /// Another process may already have it: drop everything, write nothing.
    Lost(u16),
}

/// A membership in a group.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use kernel::Fault;
/// use kernel::port::{Assignments, Change, Reader};
///
/// /// Keeps a reader for each partition that this process owns, until the membership ends.
/// async fn own(mut group: Box<dyn Assignments>) -> Result<(), Fault> {
///     let mut readers: BTreeMap<u16, Box<dyn Reader>> = BTreeMap::new();
///     loop {
///         match group.next().await? {
///             Change::Assigned(reader) => drop(readers.insert(reader.partition(), reader)),
///             // The next call of `next` says that this has been done.
///             Change::Revoked(partition) | Change::Lost(partition) => {
///                 readers.remove(&partition);
///             }
///         }
///     }
/// }
/// ```
#[async_trait]
pub trait Assignments: Send {
    /// Waits for the next change. The next call confirms that the one before has been carried out,
    /// so a revoked partition is held back until then (bounded by the log's session timeout).
    ///
    /// # Errors
    /// The membership ended; join again.
    async fn next(&mut self) -> Result<Change, Fault>;
}

/// The records of one partition.
///
/// ```
/// use kernel::port::{ReadError, Reader, Record};
///
/// /// Handles what stands behind an offset, at most 100 records at a time.
/// async fn read(
///     reader: &mut dyn Reader,
///     from: i64,
///     handle: impl Fn(&Record),
/// ) -> Result<(), ReadError> {
///     reader.seek(from).await?;
///     let mut records = Vec::new();
///     loop {
///         reader.take(100, &mut records).await?;
///         for record in records.drain(..) {
///             handle(&record);
///             reader.done(record.offset + 1);
///         }
///     }
/// }
/// ```
#[async_trait]
pub trait Reader: Send {
    /// Which partition of the context it reads.
    fn partition(&self) -> u16;

    /// Continues at `offset`; must be called before the first `take`.
    ///
    /// # Errors
    /// The log cannot be reached, or does not hold the offset: skipping records silently is never
    /// right. A log that cannot check this at once reports it when a record is taken.
    async fn seek(&mut self, offset: i64) -> Result<(), ReadError>;

    /// Waits until there is a record, then moves what is there, at most `max`, to the end of `out`.
    /// Cancelling it loses nothing.
    ///
    /// # Errors
    /// The log cannot be reached, or what comes next is not there or cannot be read; nothing was moved
    /// then. The next take gives the same answer until a seek, or until the log is repaired.
    async fn take(&mut self, max: usize, out: &mut Vec<Record>) -> Result<(), ReadError>;

    /// Offset of the first record that can be read at or behind `offset`, where a record cannot be; the
    /// end when there is none. Takes a while, and moves nothing.
    ///
    /// # Errors
    /// The log cannot be reached.
    async fn readable_after(&self, offset: i64) -> Result<i64, Fault>;

    /// The offset behind the last record that is in the log now: how far there is to go.
    ///
    /// # Errors
    /// The log cannot be reached.
    async fn end(&self) -> Result<i64, Fault>;

    /// Reports to the log, for lag tools only, that everything below `next_offset` is done.
    fn done(&self, next_offset: i64);
}
