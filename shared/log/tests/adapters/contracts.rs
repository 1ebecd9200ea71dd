use std::collections::BTreeMap;

use eventstore::MemoryEventStore;
use log::kafka::{TopicSettings, create_topics};
use log::{KafkaLog, KafkaSettings};
use testkit::contract::{self, CONTEXTS, PARTITIONS};
use testkit::servers::{Servers, unique};

#[tokio::test(flavor = "multi_thread")]
async fn kafka_command_log_keeps_its_contract() {
    contract::command_log(kafka).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kafka_event_log_keeps_its_contract() {
    contract::event_log(async || (MemoryEventStore::default(), kafka().await)).await;
}

/// Topics of its own: empty, and nobody else's.
async fn kafka() -> KafkaLog {
    let settings = KafkaSettings {
        brokers: Servers::shared().kafka,
        prefix: format!("{}.", unique("contract")),
        instance: None,
        client: BTreeMap::new(),
    };
    let topics = TopicSettings {
        partitions: PARTITIONS,
        replication: 1,
    };
    create_topics(&settings, &CONTEXTS, topics).await.unwrap();
    KafkaLog::new(settings).unwrap()
}
