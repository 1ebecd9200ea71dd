use std::collections::BTreeMap;
use std::sync::Arc;

use eventstore::MemoryEventStore;
use kernel::Fault;
use kernel::frame::{Prefix, prefix};
use kernel::port::Framing;
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

/// What a consumer sees does not depend on what stands before it on the wire.
#[tokio::test(flavor = "multi_thread")]
async fn kafka_event_log_keeps_its_contract_when_events_are_framed() {
    let framed = async || {
        let log = kafka().await.framing(Some(Arc::new(Sevens)));
        (MemoryEventStore::default(), log)
    };
    contract::event_log(framed).await;
}

/// Every schema is number seven.
struct Sevens;

impl Framing for Sevens {
    fn command(&self, _context: &str, _kind: &str) -> Result<Prefix, Fault> {
        Ok(prefix(7))
    }

    fn event(&self, _context: &str, _kind: &str, _version: u16) -> Result<Prefix, Fault> {
        Ok(prefix(7))
    }
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
