//! The events of a partition, each once and in order, whatever the log gives.
//!
//! The log delivers events soon, the store is the truth. Where the log breaks its promises (its
//! head was deleted, a batch cannot be read, a log position is missing, a record is not ours) what is
//! missing is read from the store, and the log is followed from where it can be.

use std::sync::Arc;

use kernel::Fault;
use kernel::port::{Checkpoint, EventReader, ReadError, Reader, Record};
use kernel::topic::{self, PartitionId};
use tracing::error;

use super::{Broken, Published};
use crate::metric;

/// Events read from the store at once.
const PAGE: usize = 1_000;

/// Which partition, and for which consumer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Course {
    pub(crate) partition_id: PartitionId,
    /// Partitions of the topic.
    pub(crate) partitions: u16,
    /// The consumer's role: a metric label.
    pub(crate) role: &'static str,
}

/// Follows one partition.
pub(crate) struct Events {
    course: Course,
    reader: Box<dyn Reader>,
    store: Arc<dyn EventReader>,
    seen: Checkpoint,
    /// Read from the log and not looked at yet.
    records: Vec<Record>,
    hole: Option<Hole>,
    /// Whether the store has been read to its end for it.
    filled: bool,
}

/// Why the log cannot be followed any further before the store was read.
#[derive(Clone, Copy, Debug)]
enum Hole {
    /// The next record is not the next event.
    Record,
    /// The log continues at this offset, and has nothing before it.
    Deleted { first: i64 },
    /// The record at this offset is unreadable.
    Unreadable { offset: i64 },
}

impl Events {
    pub(crate) fn new(
        course: Course,
        reader: Box<dyn Reader>,
        store: Arc<dyn EventReader>,
    ) -> Self {
        Self {
            course,
            reader,
            store,
            seen: Checkpoint::default(),
            records: Vec::new(),
            hole: None,
            filled: false,
        }
    }

    pub(crate) fn partition_id(&self) -> PartitionId {
        self.course.partition_id
    }

    /// What has been taken.
    pub(crate) fn seen(&self) -> Checkpoint {
        self.seen
    }

    /// As [`Reader::end`].
    pub(crate) async fn end(&mut self) -> Result<i64, Fault> {
        self.reader.end().await
    }

    /// Continues behind what was seen; must be called before the first `take`.
    ///
    /// # Errors
    /// The log cannot be reached.
    pub(crate) async fn seek(&mut self, seen: Checkpoint) -> Result<(), Fault> {
        (self.seen, self.hole) = (seen, None);
        self.records.clear();
        match self.reader.seek(seen.next_offset).await {
            Ok(()) => Ok(()),
            Err(error) => self.breaks(error),
        }
    }

    /// Waits until it has [seen](Self::seen) more, then moves what `read` makes of the events, at most
    /// `max`, to the end of `out`: none when no event seen concerns the consumer. Cancelling it loses
    /// nothing.
    ///
    /// # Errors
    /// Log or store cannot be reached, or hold what `read` refuses.
    pub(crate) async fn take<T>(
        &mut self,
        max: usize,
        out: &mut Vec<T>,
        read: impl Fn(Published) -> Result<T, Broken>,
    ) -> Result<(), Fault> {
        let before = self.seen;
        loop {
            match self.hole {
                Some(hole) if self.filled => self.close(hole).await?,
                Some(hole) => self.fill(hole, max.min(PAGE), out, &read).await?,
                None if self.records.is_empty() => self.receive(max).await?,
                None => self.sort(max, out, &read),
            }
            if self.seen != before {
                return Ok(());
            }
        }
    }

    async fn receive(&mut self, max: usize) -> Result<(), Fault> {
        match self.reader.take(max, &mut self.records).await {
            Ok(()) => Ok(()),
            Err(error) => self.breaks(error),
        }
    }

    /// A dependency is away, or the log has a hole.
    fn breaks(&mut self, error: ReadError) -> Result<(), Fault> {
        let hole = match &error {
            ReadError::Gone { first } => Hole::Deleted { first: *first },
            ReadError::Unreadable { offset, .. } => Hole::Unreadable { offset: *offset },
            ReadError::Fault(_) => return Err(error.into()),
        };
        self.alarm(
            &error,
            "event log has a hole, events are read from the store",
        );
        self.opens(hole);
        Ok(())
    }

    fn opens(&mut self, hole: Hole) {
        (self.hole, self.filled) = (Some(hole), false);
    }

    /// Takes records while they are the next events.
    fn sort<T>(
        &mut self,
        max: usize,
        out: &mut Vec<T>,
        read: &impl Fn(Published) -> Result<T, Broken>,
    ) {
        let mut records = std::mem::take(&mut self.records);
        let mut sorted = 0;
        for record in &mut records {
            if sorted == max || self.hole.is_some() {
                break;
            }
            match super::next_log_position(record, self.seen.log_position) {
                Ok(None) => self.seen.next_offset = record.offset + 1,
                Ok(Some(log_position)) => {
                    // What cannot be made anything of is fetched from the store: its bytes are needed
                    // no more.
                    let event = Published {
                        log_position,
                        key: record.key.take().unwrap_or_default(),
                        value: record.value.take().unwrap_or_default(),
                    };
                    // Which aggregate has an event is for the store to decide.
                    let taken = if self.belongs(&event) {
                        self.accept(event, out, read)
                    } else {
                        Err(Broken::WrongKey { log_position })
                    };
                    match taken {
                        Ok(()) => self.seen.next_offset = record.offset + 1,
                        Err(broken) => self.misses(&broken),
                    }
                }
                Err(Broken::WithoutLogPosition { .. }) => self.skip(record),
                Err(broken) => self.misses(&broken),
            }
            sorted += usize::from(self.hole.is_none());
        }
        records.drain(..sorted);
        self.records = records;
    }

    fn misses(&mut self, broken: &Broken) {
        self.alarm(
            broken,
            "event log is broken, events are read from the store",
        );
        self.opens(Hole::Record);
    }

    fn belongs(&self, event: &Published) -> bool {
        let Course {
            partition_id,
            partitions,
            ..
        } = self.course;
        topic::partition_of(&event.key, partitions) == partition_id.partition
    }

    /// The next event.
    fn accept<T>(
        &mut self,
        event: Published,
        out: &mut Vec<T>,
        read: &impl Fn(Published) -> Result<T, Broken>,
    ) -> Result<(), Broken> {
        let log_position = event.log_position;
        out.push(read(event)?);
        self.seen.log_position = log_position;
        Ok(())
    }

    /// The next event, of an aggregate that belongs to another partition: no consumer here needs it.
    fn pass(&mut self, event: &Published) {
        let Course {
            partition_id, role, ..
        } = self.course;
        metric::misplaced(partition_id.context, role);
        let (log_position, key) = (event.log_position, String::from_utf8_lossy(&event.key));
        error!(%partition_id, log_position, %key, "event of another partition's aggregate, passed");
        self.seen.log_position = log_position;
    }

    /// One page of the store.
    async fn fill<T>(
        &mut self,
        hole: Hole,
        max: usize,
        out: &mut Vec<T>,
        read: &impl Fn(Published) -> Result<T, Broken>,
    ) -> Result<(), Fault> {
        let (partition_id, seen) = (self.course.partition_id, self.seen.log_position);
        let rows = self.store.read(partition_id, seen, max).await?;
        self.filled = rows.len() < max;
        for row in rows {
            let event = Published::from(row.record);
            if !self.belongs(&event) {
                self.pass(&event);
                continue;
            }
            if let Err(broken) = self.accept(event, out, read) {
                if self.seen.log_position > seen {
                    break;
                }
                self.filled = false;
                let attempt = format!("follow {partition_id}");
                return Err(Fault::new("event store", attempt, broken));
            }
        }
        // What is missing before the record is there now, or some of it.
        if matches!(hole, Hole::Record) && self.seen.log_position > seen {
            self.hole = None;
        }
        Ok(())
    }

    /// The store has no more: what the log holds next is followed, or skipped.
    async fn close(&mut self, hole: Hole) -> Result<(), Fault> {
        let next = match hole {
            Hole::Record => {
                let record = self.records.remove(0);
                self.skip(&record);
                self.hole = None;
                return Ok(());
            }
            Hole::Deleted { first } => first,
            Hole::Unreadable { offset } => self.reader.readable_after(offset).await?,
        };
        self.hole = None;
        self.seen.next_offset = next;
        match self.reader.seek(next).await {
            Ok(()) => Ok(()),
            Err(error) => self.breaks(error),
        }
    }

    /// Passes a record that is none of ours.
    fn skip(&mut self, record: &Record) {
        let Course {
            partition_id, role, ..
        } = self.course;
        metric::foreign(partition_id.context, role);
        error!(%partition_id, offset = record.offset, "record of the event log is no event of ours, skipped");
        self.seen.next_offset = record.offset + 1;
    }

    fn alarm(&self, why: &(dyn std::error::Error + 'static), message: &'static str) {
        let Course {
            partition_id, role, ..
        } = self.course;
        metric::gap(partition_id.context, role);
        error!(%partition_id, role, error = why, "{message}");
    }
}
