//! Topics: partitions of records, and the groups that share them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use kernel::Fault;
use kernel::port::{Assignments, Reader, Record};
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

/// The records of one partition; the offset of a record is its place.
pub(super) struct Partition {
    number: u16,
    records: Mutex<Vec<Record>>,
    end: watch::Sender<usize>,
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
}

impl Topic {
    fn new(partitions: u16) -> Self {
        let partition = |number| {
            Arc::new(Partition {
                number,
                records: Mutex::default(),
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
    /// Appends what `make` makes of the next offset and of what is there.
    pub(super) fn append(&self, make: impl FnOnce(&[Record]) -> Vec<Record>) -> Result<(), Fault> {
        let mut records = self.records();
        let more = make(&records);
        if records.len() + more.len() > RECORDS_MAX {
            let attempt = format!("partition {} is full at {RECORDS_MAX} records", self.number);
            return Err(Fault::bare("memory", attempt));
        }
        records.extend(more);
        self.end.send_replace(records.len());
        Ok(())
    }

    pub(super) fn records(&self) -> MutexGuard<'_, Vec<Record>> {
        self.records.lock().expect(LOCK)
    }

    pub(super) fn reader(self: &Arc<Self>) -> Box<dyn Reader> {
        Box::new(MemoryReader {
            end: self.end.subscribe(),
            partition: Arc::clone(self),
            next: None,
        })
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

    async fn seek(&mut self, offset: i64) -> Result<(), Fault> {
        let end = self.partition.records().len();
        self.next = usize::try_from(offset).ok().filter(|next| *next <= end);
        match self.next {
            Some(_) => Ok(()),
            None => Err(self.fault(&format!("seek {offset}, the log holds 0 to {end}"))),
        }
    }

    async fn take(&mut self, max: usize, out: &mut Vec<Record>) -> Result<(), Fault> {
        let Some(next) = self.next else {
            return Err(self.fault("take before a seek"));
        };
        let waited = self.end.wait_for(|end| *end > next).await.map(drop);
        waited.map_err(|closed| Fault::new("memory", "wait for a record", closed))?;
        let records = self.partition.records();
        let end = records.len().min(next.saturating_add(max));
        out.extend_from_slice(&records[next..end]);
        self.next = Some(end);
        Ok(())
    }

    async fn end(&self) -> Result<i64, Fault> {
        Ok(offset(self.partition.records().len()))
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
