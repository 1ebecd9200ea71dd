use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use kernel::Fault;
use kernel::port::{Appended, Assignments, Clock, CommandLog, NewRecord, Pace, Reader, Record};
use kernel::topic::{PartitionId, partition_of};

use super::topic::{Topics, offset, place};

/// A command log that ends with its process. Clones share what they hold.
#[derive(Clone)]
pub struct MemoryCommandLog {
    topics: Topics,
    clock: Arc<dyn Clock>,
}

impl MemoryCommandLog {
    /// An empty log with that many partitions per context.
    #[must_use]
    pub fn new(partitions: u16, clock: Arc<dyn Clock>) -> Self {
        Self {
            topics: Topics::new(partitions),
            clock,
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

    /// Makes the record unreadable.
    ///
    /// # Errors
    /// There is no such partition.
    pub fn damage(&self, at: Appended) -> Result<(), Fault> {
        let topic = self.topics.of(at.partition_id.context);
        topic
            .partition(at.partition_id.partition)?
            .damage(place(at.offset));
        Ok(())
    }

    /// Deletes everything before an offset, as retention does.
    ///
    /// # Errors
    /// There is no such partition.
    pub fn delete_before(&self, partition_id: PartitionId, offset: i64) -> Result<(), Fault> {
        let topic = self.topics.of(partition_id.context);
        topic
            .partition(partition_id.partition)?
            .delete_before(place(offset));
        Ok(())
    }
}

#[async_trait]
impl CommandLog for MemoryCommandLog {
    async fn append(&self, records: Vec<NewRecord>) -> Result<Vec<Appended>, Fault> {
        let logged_at = self.clock.now();
        let mut appended = Vec::with_capacity(records.len());
        for new in records {
            let partition_id = PartitionId {
                context: new.context,
                partition: partition_of(new.key.as_bytes(), self.topics.partitions()),
            };
            let topic = self.topics.of(partition_id.context);
            let place = topic.partition(partition_id.partition)?.append(|place| {
                vec![Record {
                    offset: offset(place),
                    logged_at,
                    key: Some(Bytes::copy_from_slice(new.key.as_bytes())),
                    value: Some(new.value),
                    headers: new.headers,
                    log_position: None,
                    unreadable: None,
                }]
            })?;
            let offset = offset(place);
            appended.push(Appended {
                partition_id,
                offset,
            });
        }
        Ok(appended)
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
