//! Topics of a test's own, and what others than the platform do to them.

use std::collections::BTreeMap;
use std::time::Duration;

use kernel::port::{CommandLog as _, Pace, Reader, Record};
use kernel::topic;
use log::kafka::{TopicSettings, create_topics};
use log::{KafkaLog, KafkaSettings};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::message::OwnedHeaders;
use rdkafka::producer::{FutureProducer, FutureRecord};
use testkit::contract::{CONTEXTS, PARTITIONS};
use testkit::servers::{Servers, unique};

/// Longest time one answer of the broker may take.
pub(crate) const WAIT: Duration = Duration::from_secs(30);

pub(crate) struct Site {
    pub(crate) settings: KafkaSettings,
    pub(crate) log: KafkaLog,
}

impl Site {
    pub(crate) async fn new() -> Self {
        Self::on(&Servers::shared().kafka).await
    }

    pub(crate) async fn on(brokers: &str) -> Self {
        let settings = settings(brokers);
        create_topics(&settings, &CONTEXTS, TOPICS).await.unwrap();
        let log = KafkaLog::new(settings.clone()).unwrap();
        Self { settings, log }
    }

    /// The topic of commands.
    pub(crate) fn commands(&self) -> String {
        topic::commands(&self.settings.prefix, CONTEXTS[0])
    }

    /// A producer of another program.
    pub(crate) fn producer(&self, properties: &[(&str, &str)]) -> FutureProducer {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.settings.brokers);
        for (name, value) in properties {
            config.set(*name, *value);
        }
        config.create().unwrap()
    }

    /// Sends to partition 0 of the commands, past the platform.
    pub(crate) async fn send(&self, producer: &FutureProducer, key: &str, value: &[u8]) {
        self.send_with(producer, key, value, OwnedHeaders::new())
            .await;
    }

    pub(crate) async fn send_with(
        &self,
        producer: &FutureProducer,
        key: &str,
        value: &[u8],
        headers: OwnedHeaders,
    ) {
        let topic = self.commands();
        let record = FutureRecord::to(&topic)
            .partition(0)
            .key(key)
            .payload(value)
            .headers(headers);
        producer.send(record, WAIT).await.unwrap();
    }

    /// Sets a topic so; what it is not set to becomes the broker's.
    pub(crate) async fn configure(&self, topic: &str, settings: &[(&str, &str)]) {
        let setting = AlterConfig::new(ResourceSpecifier::Topic(topic));
        let setting = settings
            .iter()
            .fold(setting, |setting, (name, value)| setting.set(name, value));
        let done = self.admin().alter_configs([&setting], &AdminOptions::new());
        for result in done.await.unwrap() {
            result.unwrap();
        }
    }

    pub(crate) fn admin(&self) -> AdminClient<DefaultClientContext> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.settings.brokers);
        config.create().unwrap()
    }

    /// A reader of partition 0 of the commands.
    pub(crate) async fn reader(&self) -> Box<dyn Reader> {
        let readers = self.log.follow(CONTEXTS[0], Pace::Prompt).await;
        readers.unwrap().remove(0)
    }
}

pub(crate) const TOPICS: TopicSettings = TopicSettings {
    partitions: PARTITIONS,
    replication: 1,
};

/// Topics that no other site has.
pub(crate) fn settings(brokers: &str) -> KafkaSettings {
    KafkaSettings {
        brokers: brokers.to_owned(),
        prefix: format!("{}.", unique("contract")),
        instance: None,
        client: BTreeMap::new(),
    }
}

/// Takes until so many records have come.
pub(crate) async fn take(reader: &mut dyn Reader, count: usize) -> Vec<Record> {
    let mut records = Vec::new();
    while records.len() < count {
        let taken = reader.take(count - records.len(), &mut records);
        let taken = tokio::time::timeout(WAIT, taken).await;
        taken.expect("taken in time").expect("taken");
    }
    records
}
