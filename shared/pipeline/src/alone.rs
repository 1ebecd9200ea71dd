//! Reading an event log without a part in any group.

use std::collections::VecDeque;
use std::sync::Arc;

use async_trait::async_trait;
use kernel::Fault;
use kernel::port::{Assignments, Change, EventLog, Pace, Reader, Span};
use kernel::record::EventRecord;
use kernel::topic::PartitionId;

/// An event log for a process that is no member of the platform, such as one that rebuilds a view: it
/// has every partition. The platform's projectors keep theirs.
pub struct Alone(pub Arc<dyn EventLog>);

#[async_trait]
impl EventLog for Alone {
    async fn publish(
        &self,
        partition_id: PartitionId,
        events: Vec<EventRecord>,
    ) -> Result<(), Fault> {
        self.0.publish(partition_id, events).await
    }

    async fn span(&self, partition_id: PartitionId) -> Result<Option<Span>, Fault> {
        self.0.span(partition_id).await
    }

    async fn consume(
        &self,
        context: &'static str,
        _group: &str,
        pace: Pace,
    ) -> Result<Box<dyn Assignments>, Fault> {
        let readers = self.0.follow(context, pace).await?;
        Ok(Box::new(Everything(readers.into())))
    }

    async fn follow(
        &self,
        context: &'static str,
        pace: Pace,
    ) -> Result<Vec<Box<dyn Reader>>, Fault> {
        self.0.follow(context, pace).await
    }

    async fn ends(&self, context: &'static str) -> Result<Vec<i64>, Fault> {
        self.0.ends(context).await
    }
}

/// Assigns every partition once, and takes none.
struct Everything(VecDeque<Box<dyn Reader>>);

#[async_trait]
impl Assignments for Everything {
    async fn next(&mut self) -> Result<Change, Fault> {
        match self.0.pop_front() {
            Some(reader) => Ok(Change::Assigned(reader)),
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use log::MemoryEventLog;
    use testkit::ManualClock;

    use super::*;

    #[tokio::test]
    async fn who_reads_alone_has_every_partition_and_takes_none() {
        let log = MemoryEventLog::new(3, Arc::new(ManualClock::default()));
        let mut member = log.consume("trades", "group", Pace::Prompt).await.unwrap();
        let alone = Alone(Arc::new(log.clone()));
        let mut everything = alone
            .consume("trades", "group", Pace::Prompt)
            .await
            .unwrap();
        for assignments in [&mut everything, &mut member] {
            for partition in 0..3 {
                match assignments.next().await.unwrap() {
                    Change::Assigned(reader) => assert_eq!(reader.partition(), partition),
                    Change::Revoked(_) | Change::Lost(_) => panic!("nothing is taken"),
                }
            }
        }
    }
}
