//! Real events of the trades context in a store, as its processor writes them.

use cqrs_es::Aggregate as _;
use eventstore::PostgresEventStore;
use eventstore::postgres::Installed;
use kernel::context::Context as _;
use kernel::id::EventId;
use kernel::record::encode;
use kernel::topic::{PartitionId, partition_of};
use kernel::{Accepted, EventMeta, Timestamp};
use testkit::Writer;
use testkit::contract::PARTITIONS;
use testkit::servers::Database;
use trades::{Trade, TradeCommand, TradeEvent};

use crate::databases::Databases;

pub(crate) const KEY: &str = "demo/T-1";

/// One trade in a store of its own.
pub(crate) struct Desk {
    pub(crate) store: PostgresEventStore,
    pub(crate) database: Database,
    pub(crate) writer: Writer,
    pub(crate) trade: Trade,
    /// All that happened to it.
    pub(crate) events: Vec<TradeEvent>,
}

impl Desk {
    pub(crate) async fn open(databases: &Databases) -> Self {
        let installed = Installed {
            context: Trade::NAME,
            aggregate_type: Trade::TYPE,
            partitions: PARTITIONS,
        };
        let (store, database) = databases.store_of(&[installed]).await;
        let writer = Writer::take_over(&store, partition_id(), 1).await;
        Self {
            store,
            database,
            writer,
            trade: Trade::default(),
            events: Vec::new(),
        }
    }

    /// Books a trade of 1,000.
    pub(crate) fn book(&mut self) {
        self.send(
            r#"{"type":"BookTrade","data":{"account":"ACC-1","book":"AGENCY","instrument":"IBM",
                "side":"BUY","quantity":"1000","price":"181.52","currency":"USD",
                "traded_at":"2013-10-07T13:30:00Z"}}"#,
        );
    }

    /// Fills it a number of times, 10 at a time.
    pub(crate) fn fill(&mut self, times: usize) {
        for _ in 0..times {
            let exec = self.events.len();
            self.send(&format!(
                r#"{{"type":"RecordFill","data":{{"exec_id":"E-{exec}","quantity":"10",
                    "price":"181.5","fee":"0.35","traded_at":"2013-10-07T13:30:01Z"}}}}"#
            ));
        }
    }

    fn send(&mut self, command: &str) {
        let accepted = Accepted {
            id: "T-1".parse().unwrap(),
            actor: "trader".parse().unwrap(),
            identity: None,
            at: Timestamp::from_millis(1_381_152_600_688),
            command: serde_json::from_str::<TradeCommand>(command).unwrap(),
        };
        let events = self.trade.decide(&accepted, &()).unwrap();
        let command = self
            .writer
            .accept(KEY, u32::try_from(events.len()).unwrap());
        let first = self.writer.growing().events.len() - events.len();
        for (index, event) in events.into_iter().enumerate() {
            self.trade.apply(event.clone());
            let row = &mut self.writer.growing().events[first + index];
            let meta = EventMeta {
                id: EventId::of(command, index),
                command,
                tenant: "demo".parse().unwrap(),
                aggregate: accepted.id.clone(),
                sequence: row.sequence,
                at: accepted.at,
                actor: accepted.actor.clone(),
                correlation: None,
                causation: None,
                v: 1,
                kind: Box::default(),
                log_position: row.record.log_position,
            };
            let mut value = Vec::new();
            encode(&meta, &event, &mut value).unwrap();
            row.record.value = value.into();
            self.events.push(event);
        }
    }

    pub(crate) async fn commit(&mut self) {
        self.writer.commit(&self.store).await;
    }
}

pub(crate) fn partition_id() -> PartitionId {
    PartitionId {
        context: Trade::NAME,
        partition: partition_of(KEY.as_bytes(), PARTITIONS),
    }
}
