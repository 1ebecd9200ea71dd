//! The logs on Kafka.

mod asks;
mod consumer;
mod copies;
mod ends;
mod family;
mod fetch;
mod fetchers;
mod installation;
mod kept;
mod look;
mod membership;
mod producer;
mod published;
mod quiet;
mod reader;
mod reasons;
mod source;
mod tail;
mod tails;
mod topics;
mod trouble;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use kernel::Fault;
use kernel::port::{
    Appended, Assignments, CommandLog, EventLog, Framing, NewRecord, OutcomeLog, OutcomeNotice,
    Pace, Reader, Span,
};
use kernel::record::EventRecord;
use kernel::topic::{self, PartitionId};
use rdkafka::ClientConfig;

use copies::Carries;
use fetch::Place;
use membership::Families;
use producer::{OnGap, Outgoing, Producer};
use published::Published;
use source::Source;
use topics::Admin;

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
    source: Arc<Source>,
    families: Arc<Families>,
    published: Arc<Published>,
    framing: Option<Arc<dyn Framing>>,
}

impl KafkaLog {
    /// Connects in the background: a cluster that is away is a fault of the call, not of the start.
    ///
    /// # Errors
    /// A client property is not one.
    pub fn new(settings: KafkaSettings) -> Result<Self, Fault> {
        let client = settings.client();
        Ok(Self {
            commands: Arc::new(Producer::new(client.clone(), OnGap::Continue)?),
            events: Arc::new(Producer::new(client, OnGap::Stop)?),
            source: Arc::new(Source::new(&settings)),
            families: Arc::default(),
            published: Arc::default(),
            settings: Arc::new(settings),
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

    /// One sentence, with the reasons, for each topic of the contexts that is missing, has another
    /// partition count, may lose records, or has lost commands. Cheap enough to be asked twice a minute.
    ///
    /// # Errors
    /// The cluster cannot be reached, or does not answer.
    pub async fn unsafe_topics(
        &self,
        contexts: &[&str],
        partitions: u16,
    ) -> Result<Vec<String>, Fault> {
        topics::unsafe_topics(&self.settings, &self.source, contexts, partitions).await
    }

    /// Deletes all records of a partition of events, so that they are published again from the store.
    /// Its offsets continue where they are.
    ///
    /// # Errors
    /// The cluster cannot be reached, or refuses.
    pub async fn empty_events(&self, partition_id: PartitionId) -> Result<(), Fault> {
        let place = self.place(partition_id);
        let admin = Admin::connect(&self.settings)?;
        admin.empty(&place.topic, place.partition).await
    }

    fn place(&self, partition_id: PartitionId) -> Place {
        Place {
            topic: topic::events(&self.settings.prefix, partition_id.context).into(),
            partition: i32::from(partition_id.partition),
            carries: Carries::Events,
        }
    }

    fn join(
        &self,
        topic: String,
        group: &str,
        carries: Carries,
        pace: Pace,
    ) -> Result<Box<dyn Assignments>, Fault> {
        let (settings, source) = (&self.settings, &self.source);
        let topic = topic.into();
        self.families
            .join(settings, source, group, topic, carries, pace)
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
            key: Bytes::copy_from_slice(record.key.as_bytes()),
            value: record.value,
            headers: record.headers,
        });
        let placed = self.commands.send(outgoing.collect()).await?;
        let appended = contexts
            .into_iter()
            .zip(placed)
            .map(|(context, placed)| Appended {
                partition_id: PartitionId {
                    context,
                    partition: number(placed.partition),
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
        self.source
            .follow(topic.into(), Carries::Commands, pace)
            .await
    }

    async fn ends(&self, context: &'static str) -> Result<Vec<i64>, Fault> {
        let topic = topic::commands(&self.settings.prefix, context);
        self.source.ends_of(&topic.into()).await
    }
}

#[async_trait]
impl EventLog for KafkaLog {
    async fn publish(
        &self,
        partition_id: PartitionId,
        events: Vec<EventRecord>,
    ) -> Result<(), Fault> {
        let place = self.place(partition_id);
        let framing = self.framing.as_deref();
        let placed = self
            .events
            .send_events(&place.topic, partition_id, events, framing)
            .await?;
        let Some(before) = self.published.went_back(partition_id, &placed) else {
            return Ok(());
        };
        let (settings, looks) = (&self.settings, &self.source.looks);
        Err(published::recreated(settings, looks, &place, &placed, before).await)
    }

    async fn span(&self, partition_id: PartitionId) -> Result<Option<Span>, Fault> {
        self.published.forget(partition_id);
        self.source.looks.span(&self.place(partition_id)).await
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
        self.source
            .follow(topic.into(), Carries::Events, pace)
            .await
    }

    async fn ends(&self, context: &'static str) -> Result<Vec<i64>, Fault> {
        let topic = topic::events(&self.settings.prefix, context);
        self.source.ends_of(&topic.into()).await
    }
}

#[async_trait]
impl OutcomeLog for KafkaLog {
    async fn publish_outcomes(
        &self,
        partition_id: PartitionId,
        notices: Vec<OutcomeNotice>,
    ) -> Result<(), Fault> {
        let topic = topic::outcomes(&self.settings.prefix, partition_id.context);
        let outgoing = notices.into_iter().map(|notice| Outgoing {
            topic: topic.clone(),
            partition: Some(i32::from(partition_id.partition)),
            key: notice.key.unwrap_or_default(),
            value: notice.value,
            headers: Vec::new(),
        });
        self.commands.send(outgoing.collect()).await.map(drop)
    }
}

fn fault(attempt: impl Into<String>, error: rdkafka::error::KafkaError) -> Fault {
    Fault::new("kafka", attempt, error)
}

fn number(partition: i32) -> u16 {
    u16::try_from(partition).expect("Kafka numbers partitions from 0, and we create at most 1,024")
}
