//! The logs on Kafka.

mod consumer;
mod copies;
mod fetch;
mod installation;
mod kept;
mod last;
mod membership;
mod producer;
mod reader;
mod tail;
mod tails;
mod topics;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use kernel::Fault;
use kernel::port::{Assignments, CommandLog, EventLog, Framing, NewRecord, Pace};
use kernel::record::EventRecord;
use kernel::topic::{self, Shard};
use rdkafka::ClientConfig;

use copies::Carries;
use producer::{OnGap, Outgoing, Producer};
use tails::Tails;

pub use installation::look;
pub use topics::{TopicSettings, create_topics};

/// How to reach Kafka.
#[derive(Clone, Debug)]
pub struct KafkaSettings {
    /// `host:port`, comma-separated.
    pub brokers: String,
    /// Put before every topic and group name, such as `staging.`.
    pub prefix: String,
    /// Name of this process that outlives a restart, such as a pod's. With it a restarted process
    /// gets its partitions back at once; without it after the session timeout.
    pub instance: Option<String>,
    /// Any further client properties, such as `security.protocol`.
    pub client: BTreeMap<String, String>,
}

impl KafkaSettings {
    fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", "dealerboard");
        // Half-open connections must not wait for the kernel's idea of dead.
        config
            .set("socket.keepalive.enable", "true")
            .set("reconnect.backoff.max.ms", "2000");
        for (key, value) in &self.client {
            config.set(key, value);
        }
        config
    }
}

/// Command and event topics of one cluster.
#[derive(Clone)]
pub struct KafkaLog {
    settings: Arc<KafkaSettings>,
    commands: Arc<Producer>,
    events: Arc<Producer>,
    tails: Arc<Tails>,
    framing: Option<Arc<dyn Framing>>,
}

impl KafkaLog {
    /// Connects in the background: a cluster that is away is a fault of the call, not of the start.
    ///
    /// # Errors
    /// A client property is not one.
    pub fn new(settings: KafkaSettings) -> Result<Self, Fault> {
        let client = settings.client();
        let settings = Arc::new(settings);
        Ok(Self {
            commands: Arc::new(Producer::new(client.clone(), OnGap::Continue)?),
            events: Arc::new(Producer::new(client, OnGap::Stop)?),
            tails: Tails::new(Arc::clone(&settings)),
            settings,
            framing: None,
        })
    }

    /// The same, with a schema's number before each event that is published.
    #[must_use]
    pub fn framing(self, framing: Option<Arc<dyn Framing>>) -> Self {
        Self { framing, ..self }
    }

    /// Asks the cluster for an answer, for readiness.
    ///
    /// # Errors
    /// There is none.
    pub async fn ping(&self) -> Result<(), Fault> {
        let producer = Arc::clone(&self.commands);
        tokio::task::spawn_blocking(move || producer.ping())
            .await
            .map_err(|error| Fault::new("kafka", "ping", error))?
    }

    fn join(
        &self,
        topic: String,
        group: &str,
        carries: Carries,
        pace: Pace,
    ) -> Result<Box<dyn Assignments>, Fault> {
        let group = format!("{}{group}", self.settings.prefix);
        membership::join(&self.settings, &self.tails, &topic, &group, carries, pace)
    }
}

#[async_trait]
impl CommandLog for KafkaLog {
    async fn append(&self, records: Vec<NewRecord>) -> Result<(), Fault> {
        let prefix = &self.settings.prefix;
        let outgoing = records.into_iter().map(|record| Outgoing {
            topic: topic::commands(prefix, record.context),
            partition: None,
            key: record.key,
            value: record.value,
            headers: record.headers,
        });
        self.commands.send(outgoing.collect()).await
    }

    async fn consume(
        &self,
        context: &'static str,
        group: &str,
        pace: Pace,
    ) -> Result<Box<dyn Assignments>, Fault> {
        let group = format!("{group}.{context}");
        let topic = topic::commands(&self.settings.prefix, context);
        self.join(topic, &group, Carries::Commands, pace)
    }
}

#[async_trait]
impl EventLog for KafkaLog {
    async fn publish(&self, shard: Shard, events: Vec<EventRecord>) -> Result<(), Fault> {
        let topic = topic::events(&self.settings.prefix, shard.context);
        self.events
            .send_events(&topic, shard, events, self.framing.as_deref())
            .await
    }

    async fn last_position(&self, shard: Shard) -> Result<u64, Fault> {
        let topic = topic::events(&self.settings.prefix, shard.context);
        let client = self.settings.client();
        tokio::task::spawn_blocking(move || last::position(&client, &topic, shard.partition))
            .await
            .map_err(|error| Fault::new("kafka", "ask for the last position", error))?
    }

    async fn consume(
        &self,
        context: &'static str,
        group: &str,
        pace: Pace,
    ) -> Result<Box<dyn Assignments>, Fault> {
        let topic = topic::events(&self.settings.prefix, context);
        self.join(topic, group, Carries::Events, pace)
    }
}

fn fault(attempt: impl Into<String>, error: rdkafka::error::KafkaError) -> Fault {
    Fault::new("kafka", attempt, error)
}
