//! Single records of a partition, looked at for what they say: which is the first, which the last, where
//! reading can go on behind a damage.

use std::time::{Duration, Instant};

use kernel::Fault;
use kernel::port::Span;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::copies::{Carries, Copies};
use super::fault;
use super::trouble::{Trouble, trouble};

/// Longest time one question may take.
const ANSWER_WAIT: Duration = Duration::from_secs(5);
/// Bytes fetched of a partition at once; a larger batch comes whole all the same.
const FETCH_BYTES_MAX: &str = "65536";

/// What stands at an offset.
enum Looked {
    /// The first record from there on: its offset, and its position if it is an event.
    Record { offset: i64, position: Option<u64> },
    /// What stands there cannot be read.
    Unreadable,
    /// Nothing any more.
    End,
}

/// Looks at one partition. Blocks.
pub(super) struct Look {
    consumer: BaseConsumer,
    topic: String,
    partition: i32,
}

impl Look {
    pub(super) fn at(client: &ClientConfig, topic: &str, partition: i32) -> Result<Self, Fault> {
        let consumer = client
            .clone()
            // librdkafka assigns nothing without a group's name, though no group is joined.
            .set("group.id", format!("{topic}.look"))
            .set("enable.auto.commit", "false")
            .set("auto.offset.reset", "error")
            .set("enable.partition.eof", "true")
            .set("check.crcs", "true")
            .set("fetch.message.max.bytes", FETCH_BYTES_MAX)
            .set("queued.min.messages", "1")
            .create()
            .map_err(|error| fault("create a consumer", error))?;
        Ok(Self {
            consumer,
            topic: topic.to_owned(),
            partition,
        })
    }

    /// Which events the partition holds.
    pub(super) fn span(&self) -> Result<Option<Span>, Fault> {
        let (low, high) = self.range()?;
        if low == high {
            return Ok(None);
        }
        let (first, last) = (self.position(low)?, self.position(high - 1)?);
        if first > 1 && low == 0 {
            let attempt = format!(
                "{}/{} begins at position {first} and was never given those before: delete its records \
                 up to its end (kafka-delete-records), and all are published again from the store",
                self.topic, self.partition
            );
            return Err(Fault::bare("kafka", attempt));
        }
        Ok(Some(Span { first, last }))
    }

    /// Offset of the first record from `offset` on that can be read, or the end. What cannot be read
    /// stands together, so its end is found by halving.
    pub(super) fn readable_after(&self, offset: i64) -> Result<i64, Fault> {
        let (low, high) = self.range()?;
        let from = offset.max(low);
        if from >= high {
            return Ok(high);
        }
        if let Some(readable) = self.readable(from, high)? {
            return Ok(readable);
        }
        let (mut bad, mut step) = (from, 1);
        let (mut good, mut readable) = loop {
            let probed = from.saturating_add(step).min(high);
            match self.readable(probed, high)? {
                Some(readable) => break (probed, readable),
                None => bad = probed,
            }
            step *= 2;
        };
        while good - bad > 1 {
            let probed = bad + (good - bad) / 2;
            match self.readable(probed, high)? {
                Some(found) => (good, readable) = (probed, found),
                None => bad = probed,
            }
        }
        Ok(readable)
    }

    /// Offset of the first record from `offset` on, or the end; none when it cannot be read.
    fn readable(&self, offset: i64, end: i64) -> Result<Option<i64>, Fault> {
        if offset >= end {
            return Ok(Some(end));
        }
        Ok(match self.look(offset)? {
            Looked::Record { offset, .. } => Some(offset),
            Looked::End => Some(end),
            Looked::Unreadable => None,
        })
    }

    /// Position of the event at an offset.
    fn position(&self, offset: i64) -> Result<u64, Fault> {
        match self.look(offset)? {
            Looked::Record {
                position: Some(position),
                ..
            } => Ok(position),
            _ => Err(Fault::bare(
                "kafka",
                format!("{} at {offset}: not an event", self.attempt()),
            )),
        }
    }

    /// The first offset, and the one behind the last.
    fn range(&self) -> Result<(i64, i64), Fault> {
        self.consumer
            .fetch_watermarks(&self.topic, self.partition, ANSWER_WAIT)
            .map_err(|error| fault(self.attempt(), error))
    }

    fn look(&self, offset: i64) -> Result<Looked, Fault> {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&self.topic, self.partition, Offset::Offset(offset))
            .and_then(|()| self.consumer.assign(&list))
            .map_err(|error| fault(self.attempt(), error))?;
        let until = Instant::now() + ANSWER_WAIT;
        let mut latest = None;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            match self.consumer.poll(left) {
                None => {}
                Some(Ok(message)) => return Ok(looked(&message)),
                Some(Err(KafkaError::PartitionEOF(_))) => return Ok(Looked::End),
                Some(Err(error)) => match trouble(&error) {
                    Trouble::Unreadable => return Ok(Looked::Unreadable),
                    // A connection that fails is tried again, and may have an answer in time.
                    Trouble::Gone | Trouble::Fault => latest = Some(error),
                },
            }
        }
        let attempt = format!("{} at {offset}: no answer", self.attempt());
        Err(latest.map_or_else(
            || Fault::bare("kafka", attempt.clone()),
            |error| fault(attempt.clone(), error),
        ))
    }

    fn attempt(&self) -> String {
        format!("look at {}/{}", self.topic, self.partition)
    }
}

fn looked(message: &BorrowedMessage<'_>) -> Looked {
    let (mut copies, mut records) = (Copies::new(Carries::Events), Vec::new());
    copies.add(message);
    copies.finish(&mut records);
    Looked::Record {
        offset: message.offset(),
        position: records.first().and_then(|record| record.position),
    }
}
