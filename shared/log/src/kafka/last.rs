//! The last record of a partition, asked for when a partition is taken over.

use std::time::{Duration, Instant};

use kernel::Fault;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::copies::{POSITION, number};
use super::fault;

/// Longest time each of the two questions may take.
const ANSWER_WAIT: Duration = Duration::from_secs(5);

/// Position of the partition's last event; 0 when there never was one. Blocks.
pub(super) fn position(client: &ClientConfig, topic: &str, partition: u16) -> Result<u64, Fault> {
    let attempt = || format!("read the last record of {topic}/{partition}");
    let partition = i32::from(partition);
    let consumer: BaseConsumer = client
        .clone()
        // librdkafka assigns nothing without a group's name, though no group is joined.
        .set("group.id", format!("{topic}.last"))
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "error")
        .create()
        .map_err(|error| fault(attempt(), error))?;
    let (low, high) = consumer
        .fetch_watermarks(topic, partition, ANSWER_WAIT)
        .map_err(|error| fault(attempt(), error))?;
    if high == 0 {
        return Ok(0);
    }
    if low == high {
        // Retention has emptied the topic: nothing tells what was published.
        return Err(Fault::bare(
            "kafka",
            format!("{}: its records are deleted", attempt()),
        ));
    }
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, Offset::Offset(high - 1))
        .and_then(|()| consumer.assign(&list))
        .map_err(|error| fault(attempt(), error))?;
    let until = Instant::now() + ANSWER_WAIT;
    while Instant::now() < until {
        if let Some(message) = consumer.poll(Duration::from_millis(100)) {
            let message = message.map_err(|error| fault(attempt(), error))?;
            let position = message.headers().and_then(|headers| {
                let header = headers.iter().find(|header| header.key == POSITION)?;
                number(header.value?)
            });
            return position
                .ok_or_else(|| Fault::bare("kafka", format!("{}: not an event", attempt())));
        }
    }
    Err(Fault::bare("kafka", format!("{}: no answer", attempt())))
}
