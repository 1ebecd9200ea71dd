//! What is fetched of one partition, from one place on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use kernel::port::Record;
use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::topic_partition_list::TopicPartitionList;

use super::copies::{Carries, Copies};
use super::fetchers::Lease;
use super::reasons::Reasons;
use super::trouble::{Trouble, trouble};

/// One partition of a topic, and what its records are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) topic: Arc<str>,
    pub(super) partition: i32,
    pub(super) carries: Carries,
}

impl Place {
    /// The place in the client's form, without an offset.
    pub(super) fn list(&self) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        list.add_partition(&self.topic, self.partition);
        list
    }
}

/// Why reading is stalled.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum Failed {
    #[error("{reason}")]
    Kafka {
        reason: String,
        #[source]
        source: KafkaError,
    },
    /// A bug, ours or the library's, that one message brings out.
    #[error("reading it panicked")]
    Panicked,
}

impl Failed {
    pub(super) fn trouble(&self) -> Trouble {
        match self {
            Self::Kafka { source, .. } => trouble(source),
            Self::Panicked => Trouble::Unreadable,
        }
    }
}

/// A partition that is being fetched.
pub(super) struct Fetch {
    // Dropped first: nothing comes to it any more when the lease ends.
    queue: PartitionQueue<Reasons>,
    lease: Lease,
    /// Offset of the next record.
    next: i64,
    /// Why there is nothing behind what was read last.
    failed: Option<Failed>,
    has_answered: bool,
    has_caught_up: bool,
}

/// What one poll of the client gave.
enum Polled {
    /// Nothing more for now.
    Nothing,
    /// A message was copied; this offset is next.
    Copied(i64),
    /// Everything that was there has been read.
    End,
}

impl Fetch {
    pub(super) fn new(lease: Lease, queue: PartitionQueue<Reasons>, next: i64) -> Self {
        Self {
            queue,
            lease,
            next,
            failed: None,
            has_answered: false,
            has_caught_up: false,
        }
    }

    pub(super) fn next(&self) -> i64 {
        self.next
    }

    /// Whether the broker has answered for the partition yet.
    pub(super) fn has_answered(&self) -> bool {
        self.has_answered
    }

    /// Whether everything has been read that was there at some moment since it was opened; that nothing
    /// is there to be read may also mean that nothing has come yet.
    pub(super) fn has_caught_up(&self) -> bool {
        self.has_caught_up
    }

    /// Moves what has been fetched, at most `max`, to the end of `out`. Once it has failed it fails
    /// permanently: librdkafka continues behind what it could not read.
    pub(super) fn drain(&mut self, max: usize, out: &mut Vec<Record>) -> Result<(), Failed> {
        let mut copies = Copies::new(self.lease.place().carries);
        while self.failed.is_none() && copies.len() < max {
            let polled = catch_unwind(AssertUnwindSafe(|| self.copy_next(&mut copies)));
            match polled.unwrap_or(Err(Failed::Panicked)) {
                Ok(Polled::Nothing) => break,
                Ok(Polled::Copied(next)) => self.next = next,
                Ok(Polled::End) => self.has_caught_up = true,
                Err(failed) => self.failed = Some(failed),
            }
            self.has_answered = true;
        }
        match &self.failed {
            Some(failed) if copies.len() == 0 => Err(failed.clone()),
            // What comes before the failure is read first.
            _ => {
                copies.finish(out);
                Ok(())
            }
        }
    }

    fn copy_next(&self, copies: &mut Copies) -> Result<Polled, Failed> {
        match self.queue.poll(Duration::ZERO) {
            None => Ok(Polled::Nothing),
            // Of a batch that holds the place, the client may return what comes before it, too.
            Some(Ok(message)) if message.offset() < self.next => Ok(Polled::Copied(self.next)),
            Some(Ok(message)) => {
                copies.add(&message);
                Ok(Polled::Copied(message.offset() + 1))
            }
            Some(Err(KafkaError::PartitionEOF(_))) => Ok(Polled::End),
            Some(Err(source)) => {
                let reason = self.lease.reason().unwrap_or_else(|| source.to_string());
                Err(Failed::Kafka { reason, source })
            }
        }
    }
}
