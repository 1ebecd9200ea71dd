//! What only the controller of a cluster can be asked for.

use std::collections::BTreeMap;
use std::time::Duration;

use kernel::Fault;
use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, ConfigEntry, NewTopic, OwnedResourceSpecifier,
    ResourceSpecifier,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::kafka::{KafkaSettings, fault};

/// Longest time the cluster may take to create topics.
pub(super) const CREATE_WAIT: Duration = Duration::from_secs(30);
/// Longest wait for any other answer.
const ANSWER_WAIT: Duration = Duration::from_secs(5);

/// A client for a few questions; it has threads of its own until it is dropped.
pub(in crate::kafka) struct Admin(Option<AdminClient<DefaultClientContext>>);

impl Admin {
    pub(in crate::kafka) fn connect(settings: &KafkaSettings) -> Result<Self, Fault> {
        let client = settings.client().create();
        let client = client.map_err(|error| fault("create an admin client", error))?;
        Ok(Self(Some(client)))
    }

    /// Deletes all records of a partition. Its offsets continue where they are.
    pub(in crate::kafka) async fn empty(&self, topic: &str, partition: i32) -> Result<(), Fault> {
        let attempt = || format!("delete the records of {topic}/{partition}");
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition, Offset::End)
            .map_err(|error| fault(attempt(), error))?;
        let options = AdminOptions::new().operation_timeout(Some(ANSWER_WAIT));
        let deleted = self.client().delete_records(&list, &options).await;
        let deleted = deleted.map_err(|error| fault(attempt(), error))?;
        for element in deleted.elements() {
            element.error().map_err(|error| fault(attempt(), error))?;
        }
        Ok(())
    }

    /// Creates those that are missing.
    pub(super) async fn create(&self, topics: &[NewTopic<'_>]) -> Result<(), Fault> {
        let options = AdminOptions::new().operation_timeout(Some(CREATE_WAIT));
        let created = self.client().create_topics(topics, &options).await;
        for result in created.map_err(|error| fault("create topics", error))? {
            match result {
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((name, code)) => {
                    return Err(Fault::bare("kafka", format!("create topic {name}: {code}")));
                }
            }
        }
        Ok(())
    }

    /// How many partitions the topic has; 0 when there is no such topic.
    pub(super) fn partitions(&self, topic: &str) -> Result<usize, Fault> {
        let metadata = self
            .client()
            .inner()
            .fetch_metadata(Some(topic), ANSWER_WAIT);
        let metadata = metadata.map_err(|error| fault(format!("describe topic {topic}"), error))?;
        let found = metadata.topics().first();
        Ok(found.map_or(0, |topic| topic.partitions().len()))
    }

    /// Whether the partition's leader answers.
    pub(super) fn leads(&self, topic: &str, partition: u16) -> Result<(), Fault> {
        let client = self.client().inner();
        let asked = client.fetch_watermarks(topic, partition.into(), ANSWER_WAIT);
        asked
            .map(drop)
            .map_err(|error| fault(format!("ask the leader of {topic}/{partition}"), error))
    }

    /// The settings of topics that exist.
    pub(super) async fn settings(
        &self,
        topics: &[&str],
    ) -> Result<BTreeMap<String, Vec<ConfigEntry>>, Fault> {
        let attempt = "read the settings of topics";
        if topics.is_empty() {
            return Ok(BTreeMap::new());
        }
        let asked: Vec<_> = topics
            .iter()
            .map(|topic| ResourceSpecifier::Topic(topic))
            .collect();
        let options = AdminOptions::new().request_timeout(Some(ANSWER_WAIT));
        let described = self.client().describe_configs(&asked, &options).await;
        let mut settings = BTreeMap::new();
        for topic in described.map_err(|error| fault(attempt, error))? {
            let topic = topic.map_err(|code| Fault::bare("kafka", format!("{attempt}: {code}")))?;
            if let OwnedResourceSpecifier::Topic(name) = topic.specifier {
                settings.insert(name, topic.entries);
            }
        }
        Ok(settings)
    }

    /// Sets all settings of a topic: those that are not named become the broker's.
    pub(super) async fn set(
        &self,
        topic: &str,
        settings: &BTreeMap<&str, &str>,
    ) -> Result<(), Fault> {
        let attempt = || format!("change the settings of {topic}");
        let mut change = AlterConfig::new(ResourceSpecifier::Topic(topic));
        for (name, value) in settings {
            change = change.set(name, value);
        }
        let options = AdminOptions::new().request_timeout(Some(ANSWER_WAIT));
        let changed = self.client().alter_configs([&change], &options).await;
        for result in changed.map_err(|error| fault(attempt(), error))? {
            result.map_err(|(_, code)| Fault::bare("kafka", format!("{}: {code}", attempt())))?;
        }
        Ok(())
    }

    fn client(&self) -> &AdminClient<DefaultClientContext> {
        self.0.as_ref().expect("it is there until it is dropped")
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        // It waits for its thread.
        let client = self.0.take();
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || drop(client))),
            Err(_) => drop(client),
        }
    }
}
