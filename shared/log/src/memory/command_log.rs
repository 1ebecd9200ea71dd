use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use kernel::Fault;
use kernel::port::{Assignments, Clock, CommandLog, NewRecord, Pace, Record};
use kernel::topic::partition_of;

use super::topic::{Topics, offset};

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

    /// Takes the partition from whoever has it in the group, who may finish first, and gives it to
    /// the member that joined next (to itself when it is alone). False when nobody has it.
    pub fn revoke(&self, context: &'static str, group: &str, partition: u16) -> bool {
        self.topics.revoke(context, group, partition)
    }

    /// As [`Self::revoke`], but the next member has it at once, whatever the one before still does.
    pub fn lose(&self, context: &'static str, group: &str, partition: u16) -> bool {
        self.topics.lose(context, group, partition)
    }
}

#[async_trait]
impl CommandLog for MemoryCommandLog {
    async fn append(&self, records: Vec<NewRecord>) -> Result<(), Fault> {
        let logged_at = self.clock.now();
        for new in records {
            let number = partition_of(new.key.as_bytes(), self.topics.partitions());
            let topic = self.topics.of(new.context);
            topic.partition(number)?.append(|before| {
                vec![Record {
                    offset: offset(before.len()),
                    logged_at,
                    key: Some(Bytes::copy_from_slice(new.key.as_bytes())),
                    value: Some(new.value),
                    headers: new.headers,
                    position: None,
                }]
            })?;
        }
        Ok(())
    }

    async fn consume(
        &self,
        context: &'static str,
        group: &str,
        _pace: Pace,
    ) -> Result<Box<dyn Assignments>, Fault> {
        Ok(self.topics.join(context, group))
    }
}
