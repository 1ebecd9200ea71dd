use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use kernel::port::{Assignments, Clock, EventLog, Pace, Reader, Record, Span};
use kernel::record::EventRecord;
use kernel::topic::PartitionId;
use kernel::{Fault, Timestamp};

use super::topic::{Partition, Topics, offset, place};

const LOCK: &str = "nothing panics while it holds the lock";

/// An event log that ends with its process. Clones share what they hold.
///
/// An event that is published again is in it twice, as on a broker: consumers must drop it.
#[derive(Clone)]
pub struct MemoryEventLog {
    topics: Topics,
    clock: Arc<dyn Clock>,
    /// The highest log position each partition ever had.
    highest: Arc<Mutex<HashMap<PartitionId, u64>>>,
}

impl MemoryEventLog {
    /// An empty log with that many partitions per context.
    #[must_use]
    pub fn new(partitions: u16, clock: Arc<dyn Clock>) -> Self {
        Self {
            topics: Topics::new(partitions),
            clock,
            highest: Arc::default(),
        }
    }

    /// Takes the partition from its owner in the group, who may finish first, and gives it to
    /// the member that joined next (to itself when it is alone). False when it has no owner.
    pub fn revoke(&self, context: &'static str, group: &str, partition: u16) -> bool {
        self.topics.revoke(context, group, partition)
    }

    /// As [`Self::revoke`], but the next member has it at once, whatever the one before still does.
    pub fn lose(&self, context: &'static str, group: &str, partition: u16) -> bool {
        self.topics.lose(context, group, partition)
    }

    /// Makes the record at this offset unreadable.
    ///
    /// # Errors
    /// There is no such partition.
    pub fn damage(&self, partition_id: PartitionId, offset: i64) -> Result<(), Fault> {
        self.partition(partition_id)?.damage(place(offset));
        Ok(())
    }

    /// Deletes everything before an offset, as retention does.
    ///
    /// # Errors
    /// There is no such partition.
    pub fn delete_before(&self, partition_id: PartitionId, offset: i64) -> Result<(), Fault> {
        self.partition(partition_id)?.delete_before(place(offset));
        Ok(())
    }

    /// Deletes everything, as if the log had been recreated.
    ///
    /// # Errors
    /// There is no such partition.
    pub fn recreate(&self, partition_id: PartitionId) -> Result<(), Fault> {
        let mut highest = self.highest.lock().expect(LOCK);
        highest.remove(&partition_id);
        self.partition(partition_id)?.recreate();
        Ok(())
    }

    fn partition(&self, partition_id: PartitionId) -> Result<Arc<Partition>, Fault> {
        let topic = self.topics.of(partition_id.context);
        topic.partition(partition_id.partition).map(Arc::clone)
    }
}

#[async_trait]
impl EventLog for MemoryEventLog {
    /// A log position that leaves a gap is refused with all that came along: a broker would take it, and its
    /// consumers would stop permanently.
    async fn publish(
        &self,
        partition_id: PartitionId,
        events: Vec<EventRecord>,
    ) -> Result<(), Fault> {
        let logged_at = self.clock.now();
        let mut all = self.highest.lock().expect(LOCK);
        let highest = all.entry(partition_id).or_default();
        let mut last = *highest;
        for event in &events {
            if event.log_position > last + 1 {
                let attempt = format!(
                    "publish {} of {partition_id} after {last}",
                    event.log_position
                );
                return Err(Fault::bare("memory", attempt));
            }
            last = last.max(event.log_position);
        }
        self.partition(partition_id)?.append(|next| {
            let records = (next..)
                .zip(events)
                .map(|(place, event)| record(event, place, logged_at));
            records.collect()
        })?;
        *highest = last;
        Ok(())
    }

    async fn span(&self, partition_id: PartitionId) -> Result<Option<Span>, Fault> {
        let partition = self.partition(partition_id)?;
        let held = partition.held();
        let log_position = |record: Option<&Record>| record.and_then(|record| record.log_position);
        let (first, last) = (held.records.first(), held.records.last());
        Ok(log_position(first)
            .zip(log_position(last))
            .map(|(first, last)| Span { first, last }))
    }

    async fn consume(
        &self,
        context: &'static str,
        group: &str,
        _pace: Pace,
    ) -> Result<Box<dyn Assignments>, Fault> {
        Ok(self.topics.join(context, group))
    }

    async fn follow(
        &self,
        context: &'static str,
        _pace: Pace,
    ) -> Result<Vec<Box<dyn Reader>>, Fault> {
        Ok(self.topics.follow(context))
    }

    async fn ends(&self, context: &'static str) -> Result<Vec<i64>, Fault> {
        Ok(self.topics.ends(context))
    }
}

fn record(event: EventRecord, place: usize, logged_at: Timestamp) -> Record {
    Record {
        offset: offset(place),
        logged_at,
        key: Some(Bytes::copy_from_slice(event.key.as_bytes())),
        value: Some(event.value),
        headers: Vec::new(),
        log_position: Some(event.log_position),
        unreadable: None,
    }
}
