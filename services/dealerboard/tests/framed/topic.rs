//! Topics as an outside consumer and producer see them.

use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Message, OwnedMessage};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::site::{Site, WAIT};

const PARTITIONS: i32 = 2;

impl Site {
    /// Every record of a topic of this installation, from the first to where each partition ends.
    pub(crate) fn records(&self, topic: &str) -> Vec<OwnedMessage> {
        let topic = format!("{}{topic}", self.prefix);
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", &self.servers.kafka)
            .set("group.id", format!("{topic}.test"))
            .set("enable.auto.commit", "false")
            .create()
            .unwrap();
        let (mut all, mut left) = (TopicPartitionList::new(), 0);
        for partition in 0..PARTITIONS {
            let watermarks = consumer.fetch_watermarks(&topic, partition, WAIT);
            left += watermarks.unwrap().1;
            all.add_partition_offset(&topic, partition, Offset::Beginning)
                .unwrap();
        }
        consumer.assign(&all).unwrap();
        let (mut records, until) = (Vec::new(), Instant::now() + WAIT);
        while left > 0 {
            assert!(
                Instant::now() < until,
                "{left} records of {topic} are missing"
            );
            if let Some(message) = consumer.poll(Duration::from_millis(100)) {
                records.push(message.unwrap().detach());
                left -= 1;
            }
        }
        records
    }

    /// Sends a record again, with another value.
    pub(crate) async fn send_again(&self, record: &OwnedMessage, value: &[u8]) {
        let producer: FutureProducer = ClientConfig::new()
            .set("bootstrap.servers", &self.servers.kafka)
            .set("partitioner", "murmur2_random")
            .create()
            .unwrap();
        let again = FutureRecord::to(record.topic())
            .key(record.key().unwrap())
            .payload(value)
            .headers(record.headers().unwrap().clone());
        producer.send(again, WAIT).await.unwrap();
    }
}
