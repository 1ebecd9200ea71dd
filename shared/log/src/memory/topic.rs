//! Topics: partitions of records, and the groups that share them.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use kernel::Fault;
use kernel::port::{Assignments, ReadError, Reader, Record};
use tokio::sync::watch;

use super::group::{self, Group};

/// Records a partition may hold: about 1 GB when one has 1,000 bytes.
const RECORDS_MAX: usize = 1_000_000;

const LOCK: &str = "nothing panics while it holds the lock";

/// The topics of one log by context. Clones share them.
#[derive(Clone)]
pub(super) struct Topics {
    partitions: u16,
    topics: Arc<Mutex<HashMap<&'static str, Arc<Topic>>>>,
}

/// The topic of one context.
pub(super) struct Topic {
    partitions: Vec<Arc<Partition>>,
    groups: Mutex<HashMap<String, Group>>,
}

/// The records of one partition.
pub(super) struct Partition {
    number: u16,
    held: Mutex<Held>,
    /// Notified of every change.
    end: watch::Sender<usize>,
}

/// What a partition holds; the offset of a record is its place behind `first`.
#[derive(Default)]
pub(super) struct Held {
    pub(super) first: usize,
    pub(super) records: Vec<Record>,
    /// Places of unreadable records.
    damaged: BTreeSet<usize>,
}

impl Topics {
    pub(super) fn new(partitions: u16) -> Self {
        Self {
            partitions,
            topics: Arc::default(),
        }
    }

    pub(super) fn partitions(&self) -> u16 {
        self.partitions
    }

    pub(super) fn of(&self, context: &'static str) -> Arc<Topic> {
        let mut topics = self.topics.lock().expect(LOCK);
        let topic = topics
            .entry(context)
            .or_insert_with(|| Arc::new(Topic::new(self.partitions)));
        Arc::clone(topic)
    }

    pub(super) fn revoke(&self, context: &'static str, group: &str, partition: u16) -> bool {
        self.of(context)
            .group(group, |group| group.revoke(partition))
    }

    pub(super) fn lose(&self, context: &'static str, group: &str, partition: u16) -> bool {
        self.of(context).group(group, |group| group.lose(partition))
    }

    pub(super) fn join(&self, context: &'static str, group: &str) -> Box<dyn Assignments> {
        group::join(self.of(context), group)
    }

    pub(super) fn follow(&self, context: &'static str) -> Vec<Box<dyn Reader>> {
        let topic = self.of(context);
        topic.partitions.iter().map(Partition::reader).collect()
    }

    pub(super) fn ends(&self, context: &'static str) -> Vec<i64> {
        let topic = self.of(context);
        let ends = topic.partitions.iter().map(|partition| partition.end());
        ends.collect()
    }
}

impl Topic {
    fn new(partitions: u16) -> Self {
        let partition = |number| {
            Arc::new(Partition {
                number,
                held: Mutex::default(),
                end: watch::Sender::new(0),
            })
        };
        Self {
            partitions: (0..partitions).map(partition).collect(),
            groups: Mutex::default(),
        }
    }

    pub(super) fn partition(&self, number: u16) -> Result<&Arc<Partition>, Fault> {
        self.partitions
            .get(usize::from(number))
            .ok_or_else(|| Fault::bare("memory", format!("there is no partition {number}")))
    }

    pub(super) fn group<T>(&self, name: &str, with: impl FnOnce(&mut Group) -> T) -> T {
        let mut groups = self.groups.lock().expect(LOCK);
        with(
            groups
                .entry(name.to_owned())
                .or_insert_with(|| Group::new(self.partitions.len())),
        )
    }
}

impl Partition {
    /// Appends what `make` returns for the next offset, and returns that offset.
    pub(super) fn append(&self, make: impl FnOnce(usize) -> Vec<Record>) -> Result<usize, Fault> {
        let mut held = self.held();
        let next = held.end();
        let more = make(next);
        if held.records.len() + more.len() > RECORDS_MAX {
            let attempt = format!("partition {} is full at {RECORDS_MAX} records", self.number);
            return Err(Fault::bare("memory", attempt));
        }
        held.records.extend(more);
        self.end.send_replace(held.end());
        Ok(next)
    }

    /// Makes the record at this offset unreadable.
    pub(super) fn damage(&self, offset: usize) {
        self.held().damaged.insert(offset);
    }

    /// Deletes everything before an offset, as retention does.
    pub(super) fn delete_before(&self, offset: usize) {
        let mut held = self.held();
        let first = offset.clamp(held.first, held.end());
        let count = first - held.first;
        held.records.drain(..count);
        held.first = first;
    }

    /// Deletes everything and counts from 0 again, as if the log had been recreated.
    pub(super) fn recreate(&self) {
        let mut held = self.held();
        *held = Held::default();
        self.end.send_replace(0);
    }

    pub(super) fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().expect(LOCK)
    }

    pub(super) fn end(&self) -> i64 {
        offset(self.held().end())
    }

    pub(super) fn reader(self: &Arc<Self>) -> Box<dyn Reader> {
        Box::new(MemoryReader {
            end: self.end.subscribe(),
            partition: Arc::clone(self),
            next: None,
        })
    }
}

impl Held {
    /// The offset that the next record gets.
    fn end(&self) -> usize {
        self.first + self.records.len()
    }

    /// The records from `next` on, at most `max`, up to the first that is damaged.
    fn read(&self, next: usize, max: usize) -> Result<&[Record], ReadError> {
        if next < self.first || next > self.end() {
            let first = offset(self.first);
            return Err(ReadError::Gone { first });
        }
        if self.damaged.contains(&next) {
            return Err(ReadError::Unreadable {
                offset: offset(next),
                detail: "it is damaged".to_owned(),
            });
        }
        let mut end = self.end().min(next.saturating_add(max));
        if let Some(damaged) = self.damaged.range(next..end).next() {
            end = *damaged;
        }
        Ok(&self.records[next - self.first..end - self.first])
    }
}

struct MemoryReader {
    partition: Arc<Partition>,
    end: watch::Receiver<usize>,
    /// Place of the record to be taken next; known once it was sought.
    next: Option<usize>,
}

#[async_trait]
impl Reader for MemoryReader {
    fn partition(&self) -> u16 {
        self.partition.number
    }

    async fn seek(&mut self, offset: i64) -> Result<(), ReadError> {
        let held = self.partition.held();
        let next = usize::try_from(offset).unwrap_or(usize::MAX);
        match held.read(next, 0) {
            // Damage is reported when it is taken.
            Ok(_) | Err(ReadError::Unreadable { .. }) => self.next = Some(next),
            Err(error) => {
                self.next = None;
                return Err(error);
            }
        }
        Ok(())
    }

    async fn take(&mut self, max: usize, out: &mut Vec<Record>) -> Result<(), ReadError> {
        let Some(next) = self.next else {
            return Err(self.fault("take before a seek").into());
        };
        // A recreated log may end before.
        let waited = self.end.wait_for(|end| *end != next).await.map(drop);
        waited.map_err(|closed| Fault::new("memory", "wait for a record", closed))?;
        let held = self.partition.held();
        let records = held.read(next, max)?;
        out.extend_from_slice(records);
        self.next = Some(next + records.len());
        Ok(())
    }

    async fn readable_after(&self, offset: i64) -> Result<i64, Fault> {
        let held = self.partition.held();
        let from = usize::try_from(offset).unwrap_or_default().max(held.first);
        let readable = (from..held.end()).find(|offset| !held.damaged.contains(offset));
        Ok(self::offset(readable.unwrap_or_else(|| held.end())))
    }

    async fn end(&self) -> Result<i64, Fault> {
        Ok(self.partition.end())
    }

    fn done(&self, _next_offset: i64) {}
}

impl MemoryReader {
    fn fault(&self, attempt: &str) -> Fault {
        Fault::bare(
            "memory",
            format!("partition {}: {attempt}", self.partition.number),
        )
    }
}

/// The offset of a place.
pub(super) fn offset(place: usize) -> i64 {
    i64::try_from(place).expect("a partition holds fewer than 2^63 records")
}

/// The place of an offset.
pub(super) fn place(offset: i64) -> usize {
    usize::try_from(offset).unwrap_or_default()
}
