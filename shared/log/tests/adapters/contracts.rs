use std::sync::Arc;

use eventstore::MemoryEventStore;
use kernel::Fault;
use kernel::frame::{Prefix, prefix};
use kernel::port::Framing;
use log::KafkaLog;
use testkit::contract;

use crate::site::Site;

#[tokio::test(flavor = "multi_thread")]
async fn kafka_command_log_keeps_its_contract() {
    contract::command_log(kafka).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kafka_event_log_keeps_its_contract() {
    contract::event_log(async || (MemoryEventStore::default(), kafka().await)).await;
}

/// What a consumer sees does not depend on what precedes it on the wire.
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

/// Topics of its own: empty and not shared.
async fn kafka() -> KafkaLog {
    Site::new().await.log
}
