//! The topics of a platform, as producers and consumers of others use them.

use std::collections::HashMap;
use std::time::Duration;

use kernel::topic;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Header, Headers as _, Message, OwnedHeaders, OwnedMessage};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use serde_json::Value;
use testkit::platform::Platform;
use testkit::servers::Servers;

pub(crate) const PARTITIONS: u16 = 4;
const WAIT: Duration = Duration::from_secs(30);

pub(crate) struct Outsider {
    producer: FutureProducer,
    brokers: String,
    prefix: String,
}

/// A record of an outside producer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Raw<'a> {
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) value: Option<&'a [u8]>,
    pub(crate) headers: Vec<(&'a str, &'a [u8])>,
    /// Where murmur2 puts the key, if it is left out.
    pub(crate) partition: Option<u16>,
}

impl<'a> Raw<'a> {
    /// What was read, to the byte, but in that partition.
    pub(crate) fn copy(read: &'a OwnedMessage, partition: u16) -> Self {
        let headers = read.headers().into_iter().flat_map(OwnedHeaders::iter);
        let headers = headers.map(|header| (header.key, header.value.unwrap_or_default()));
        Self {
            key: read.key(),
            value: read.payload(),
            headers: headers.collect(),
            partition: Some(partition),
        }
    }
}

impl Outsider {
    pub(crate) fn of(platform: &Platform) -> Self {
        Self::with(platform, &[])
    }

    pub(crate) fn with(platform: &Platform, settings: &[(&str, &str)]) -> Self {
        let brokers = Servers::shared().kafka;
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &brokers)
            .set("partitioner", "murmur2_random");
        for (name, value) in settings {
            config.set(*name, *value);
        }
        Self {
            producer: config.create().unwrap(),
            brokers,
            prefix: platform.prefix().to_owned(),
        }
    }

    /// Writes to a context's command topic; the partition and offset it got.
    pub(crate) async fn send(&self, context: &str, raw: Raw<'_>) -> (i32, i64) {
        self.send_to(&topic::commands("", context), raw).await
    }

    /// Writes to a topic of the platform.
    pub(crate) async fn send_to(&self, topic: &str, raw: Raw<'_>) -> (i32, i64) {
        let topic = format!("{}{topic}", self.prefix);
        let mut record = FutureRecord::<[u8], [u8]>::to(&topic);
        record.key = raw.key;
        record.payload = raw.value;
        record.partition = raw.partition.map(i32::from);
        let mut headers = OwnedHeaders::new();
        for (key, value) in &raw.headers {
            let value = Some(*value);
            headers = headers.insert(Header { key, value });
        }
        record.headers = Some(headers);
        let sent = self.producer.send(record, WAIT).await.unwrap();
        (sent.partition, sent.offset)
    }

    /// Everything that is on a topic of the platform now.
    pub(crate) fn read(&self, topic: &str) -> Vec<OwnedMessage> {
        let topic = format!("{}{topic}", self.prefix);
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", &self.brokers)
            .set("group.id", "unused")
            .set("enable.auto.commit", "false")
            .create()
            .unwrap();
        let mut assigned = TopicPartitionList::new();
        let mut left = 0;
        for partition in 0..i32::from(PARTITIONS) {
            let (first, end) = consumer.fetch_watermarks(&topic, partition, WAIT).unwrap();
            left += end - first;
            let offset = Offset::Beginning;
            assigned
                .add_partition_offset(&topic, partition, offset)
                .unwrap();
        }
        consumer.assign(&assigned).unwrap();
        let mut records = Vec::new();
        while left > 0 {
            let message = consumer.poll(WAIT).expect("a record in time").unwrap();
            left -= 1;
            records.push(message.detach());
        }
        records
    }

    /// The notices on a context's topic of outcomes, by partition and offset of their records.
    pub(crate) fn outcomes(&self, context: &str) -> HashMap<(i64, i64), Value> {
        let notices = self.read(&format!("{context}-outcomes"));
        notices
            .into_iter()
            .map(|record| {
                let value = record.payload().unwrap_or_default();
                let notice: Value = serde_json::from_slice(value).unwrap();
                let place = |name: &str| notice[name].as_i64().unwrap();
                ((place("partition"), place("offset")), notice)
            })
            .collect()
    }
}

/// The partition of a trade of tenant `demo`.
pub(crate) fn home(trade: &str) -> u16 {
    topic::partition_of(format!("demo/{trade}").as_bytes(), PARTITIONS)
}
