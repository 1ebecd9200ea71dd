//! Publish: what is committed goes to the event log, in log position order, without a gap.
//!
//! The same routine recovers after a start, a takeover or a fault: ask the event log which events it
//! has and continue from the store. A duplicate is possible, a gap is not.

use std::sync::Arc;

use kernel::Fault;
use kernel::port::{EventLog, EventReader};
use kernel::record::EventRecord;
use kernel::topic::PartitionId;
use tokio::sync::mpsc;
use tracing::warn;

use crate::backoff::Backoff;
use crate::movement::Worker;
use crate::{crash, metric};

/// Committed batches that may wait for the event log before the partition takes no more commands.
const WAITING_MAX: usize = 32;
/// Events read from the store at once while catching up.
const PAGE: usize = 4_096;
/// Events handed to the event log at once.
const CHUNK_MAX: usize = 8_192;

/// Hands committed events to the partition's publisher; waits while too much is unpublished.
#[derive(Clone)]
pub(crate) struct PublishHandle(mpsc::Sender<Vec<EventRecord>>);

impl PublishHandle {
    /// False when the publisher has stopped; the events are safe in the store.
    pub(crate) async fn publish(&self, events: Vec<EventRecord>) -> bool {
        self.0.send(events).await.is_ok()
    }
}

/// Publishes one partition, as long as it is owned.
pub(crate) struct Publisher {
    partition_id: PartitionId,
    store: Arc<dyn EventReader>,
    log: Arc<dyn EventLog>,
    worker: Worker,
    committed: mpsc::Receiver<Vec<EventRecord>>,
}

impl Publisher {
    pub(crate) fn new(
        partition_id: PartitionId,
        store: Arc<dyn EventReader>,
        log: Arc<dyn EventLog>,
        worker: Worker,
    ) -> (Self, PublishHandle) {
        let (sender, committed) = mpsc::channel(WAITING_MAX);
        (
            Self {
                partition_id,
                store,
                log,
                worker,
                committed,
            },
            PublishHandle(sender),
        )
    }

    /// Runs until the handle is gone and everything handed over is published.
    /// `head` is the last log position committed before this publisher came.
    pub(crate) async fn run(mut self, head: u64) {
        let mut published = self.catch_up(head).await;
        while let Some(events) = self.committed.recv().await {
            self.worker.begins();
            let events = self.gather(events);
            let Some(last) = events.last().map(|event| event.log_position) else {
                continue;
            };
            let next = events.first().map(|event| event.log_position);
            if next != Some(published + 1) || self.send(events).await.is_err() {
                published = self.catch_up(last).await;
            } else {
                published = last;
                self.worker.moves();
            }
        }
    }

    fn gather(&mut self, mut events: Vec<EventRecord>) -> Vec<EventRecord> {
        while events.len() < CHUNK_MAX {
            let Ok(more) = self.committed.try_recv() else {
                break;
            };
            events.extend(more);
        }
        events
    }

    async fn send(&self, events: Vec<EventRecord>) -> Result<(), Fault> {
        let count = events.len();
        crash::point("before-publish");
        let sent = self.log.publish(self.partition_id, events).await;
        match &sent {
            Ok(()) => metric::published(self.partition_id, count),
            Err(fault) => {
                warn!(partition_id = %self.partition_id, error = fault as &dyn std::error::Error, "events were not published, will continue from the last published position");
            }
        }
        crash::point("published-not-stored");
        sent
    }

    /// Publishes from the store whatever the event log lacks up to `head`; does not return before.
    async fn catch_up(&self, head: u64) -> u64 {
        let mut backoff = Backoff::new();
        loop {
            match self.catch_up_once(head).await {
                Ok(published) => {
                    self.worker.moves();
                    return published;
                }
                Err(fault) => {
                    self.worker.stands(&fault);
                    warn!(partition_id = %self.partition_id, error = &fault as &dyn std::error::Error, "publication cannot catch up, will try again");
                    backoff.wait().await;
                    self.worker.tries();
                }
            }
        }
    }

    async fn catch_up_once(&self, head: u64) -> Result<u64, Fault> {
        let span = self.log.span(self.partition_id).await?;
        let mut published = span.map_or(0, |span| span.last);
        while published < head {
            let rows = self.store.read(self.partition_id, published, PAGE).await?;
            let Some(last) = rows.last().map(|row| row.record.log_position) else {
                return Err(Fault::bare(
                    "event store",
                    format!("read after {published}, head {head}"),
                ));
            };
            self.send(rows.into_iter().map(|row| row.record).collect())
                .await?;
            published = last;
        }
        Ok(published)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use eventstore::MemoryEventStore;
    use kernel::port::Pace;
    use log::MemoryEventLog;
    use testkit::{ManualClock, Writer, eventually};

    use super::*;
    use crate::movement::{Movement, Work};

    const WITHIN: Duration = Duration::from_secs(20);
    const PARTITION: PartitionId = PartitionId {
        context: "trades",
        partition: 0,
    };

    #[tokio::test]
    async fn log_that_was_recreated_is_filled_from_the_store() {
        let store = MemoryEventStore::default();
        let log = MemoryEventLog::new(1, Arc::new(ManualClock::default()));
        let mut writer = Writer::take_over(&store, PARTITION, 1).await;
        let worker = Movement::default().worker(Work::Publisher, PARTITION);
        let (publisher, publishing) = Publisher::new(
            PARTITION,
            Arc::new(store.clone()),
            Arc::new(log.clone()),
            worker,
        );
        let publisher = tokio::spawn(publisher.run(0));
        let mut commit = async |events| {
            writer.accept("demo/T-1", events);
            let batch = writer.commit(&store).await;
            let records = batch.events.iter().map(|row| row.record.clone()).collect();
            assert!(publishing.publish(records).await);
        };
        commit(3).await;
        published(&log, 3).await;
        log.recreate(PARTITION).unwrap();
        commit(2).await;
        published(&log, 5).await;
        assert_eq!(log_positions(&log, 5).await, [1, 2, 3, 4, 5]);
        drop(publishing);
        publisher.await.unwrap();
    }

    async fn published(log: &MemoryEventLog, last: u64) {
        eventually("the events to be published", WITHIN, async || {
            let span = log.span(PARTITION).await.unwrap();
            (span.map(|span| span.last) == Some(last)).then_some(())
        })
        .await;
    }

    async fn log_positions(log: &MemoryEventLog, count: usize) -> Vec<u64> {
        let mut readers = log.follow(PARTITION.context, Pace::Prompt).await.unwrap();
        let (reader, mut records) = (&mut readers[0], Vec::new());
        reader.seek(0).await.unwrap();
        reader.take(count, &mut records).await.unwrap();
        records
            .iter()
            .filter_map(|record| record.log_position)
            .collect()
    }
}
