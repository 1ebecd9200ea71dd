//! The logs on Kafka.

mod consumer;
mod copies;
mod fetch;
mod kept;
mod look;
mod membership;
mod producer;
mod quiet;
mod reader;
mod tail;
mod tails;
mod topics;
mod trouble;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use kernel::Fault;
use kernel::port::{
    Appended, Assignments, CommandLog, EventLog, Framing, NewRecord, Pace, Reader, Span,
};
use kernel::record::EventRecord;
use kernel::topic::{self, Shard};
use rdkafka::ClientConfig;

use copies::Carries;
use look::Look;
use producer::{OnGap, Outgoing, Producer};
use tails::Tails;

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

    async fn follow_topic(
        &self,
        topic: String,
        carries: Carries,
        pace: Pace,
    ) -> Result<Vec<Box<dyn Reader>>, Fault> {
        let (settings, tails) = (Arc::clone(&self.settings), Arc::clone(&self.tails));
        blocking("follow a topic", move || {
            membership::follow(&settings, &tails, &topic, carries, pace)
        })
        .await
    }

    async fn ends_of(&self, topic: String) -> Result<Vec<i64>, Fault> {
        let settings = Arc::clone(&self.settings);
        blocking("ask for the ends", move || {
            membership::ends(&settings, &topic)
        })
        .await
    }
}

#[async_trait]
impl CommandLog for KafkaLog {
    async fn append(&self, records: Vec<NewRecord>) -> Result<Vec<Appended>, Fault> {
        let prefix = &self.settings.prefix;
        let contexts: Vec<_> = records.iter().map(|record| record.context).collect();
        let outgoing = records.into_iter().map(|record| Outgoing {
            topic: topic::commands(prefix, record.context),
            partition: None,
            key: record.key,
            value: record.value,
            headers: record.headers,
        });
        let placed = self.commands.send(outgoing.collect()).await?;
        let appended = contexts
            .into_iter()
            .zip(placed)
            .map(|(context, placed)| Appended {
                shard: Shard {
                    context,
                    partition: membership::number(placed.partition),
                },
                offset: placed.offset,
            });
        Ok(appended.collect())
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

    async fn follow(
        &self,
        context: &'static str,
        pace: Pace,
    ) -> Result<Vec<Box<dyn Reader>>, Fault> {
        let topic = topic::commands(&self.settings.prefix, context);
        self.follow_topic(topic, Carries::Commands, pace).await
    }

    async fn ends(&self, context: &'static str) -> Result<Vec<i64>, Fault> {
        self.ends_of(topic::commands(&self.settings.prefix, context))
            .await
    }
}

#[async_trait]
impl EventLog for KafkaLog {
    async fn publish(&self, shard: Shard, events: Vec<EventRecord>) -> Result<(), Fault> {
        let topic = topic::events(&self.settings.prefix, shard.context);
        self.events
            .send_events(&topic, shard, events, self.framing.as_deref())
            .await
            .map(drop)
    }

    async fn span(&self, shard: Shard) -> Result<Option<Span>, Fault> {
        let topic = topic::events(&self.settings.prefix, shard.context);
        let client = self.settings.client();
        let partition = i32::from(shard.partition);
        blocking("look at the first and the last event", move || {
            Look::at(&client, &topic, partition)?.span()
        })
        .await
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

    async fn follow(
        &self,
        context: &'static str,
        pace: Pace,
    ) -> Result<Vec<Box<dyn Reader>>, Fault> {
        let topic = topic::events(&self.settings.prefix, context);
        self.follow_topic(topic, Carries::Events, pace).await
    }

    async fn ends(&self, context: &'static str) -> Result<Vec<i64>, Fault> {
        self.ends_of(topic::events(&self.settings.prefix, context))
            .await
    }
}

async fn blocking<T: Send + 'static>(
    attempt: &'static str,
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Fault::new("kafka", attempt, error))?
}

fn fault(attempt: impl Into<String>, error: rdkafka::error::KafkaError) -> Fault {
    Fault::new("kafka", attempt, error)
}
