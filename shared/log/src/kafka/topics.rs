//! The topics of a context, created once.

use kernel::Fault;
use kernel::topic;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode;
use std::time::{Duration, Instant};

use super::{KafkaSettings, fault};

/// Longest time the cluster may take to create topics.
const CREATE_WAIT: Duration = Duration::from_secs(30);

/// How often a new topic is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// How topics are created.
#[derive(Clone, Copy, Debug)]
pub struct TopicSettings {
    /// Of commands and events alike; fixed once installed.
    pub partitions: u16,
    pub replication: u16,
}

/// Creates the topics of the contexts that are missing; those that are there stay as they are.
///
/// # Errors
/// The cluster cannot be reached or refuses, or a topic has another partition count.
pub async fn create_topics(
    settings: &KafkaSettings,
    contexts: &[&str],
    topics: TopicSettings,
) -> Result<(), Fault> {
    let admin: AdminClient<DefaultClientContext> = settings
        .client()
        .create()
        .map_err(|error| fault("create an admin client", error))?;
    let prefix = &settings.prefix;
    let mut wanted = Vec::new();
    for context in contexts {
        wanted.push((topic::commands(prefix, context), "LogAppendTime"));
        wanted.push((topic::events(prefix, context), "CreateTime"));
        wanted.push((topic::outcomes(prefix, context), "CreateTime"));
    }
    let new: Vec<_> = wanted
        .iter()
        .map(|(name, clock)| new_topic(name, clock, topics))
        .collect();
    let options = AdminOptions::new().operation_timeout(Some(CREATE_WAIT));
    let results = admin
        .create_topics(&new, &options)
        .await
        .map_err(|error| fault("create topics", error))?;
    for result in results {
        match result {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((name, code)) => {
                return Err(Fault::bare("kafka", format!("create topic {name}: {code}")));
            }
        }
    }
    check_counts(&admin, &wanted, topics.partitions).await
}

fn new_topic<'a>(name: &'a str, clock: &'a str, topics: TopicSettings) -> NewTopic<'a> {
    let replication = TopicReplication::Fixed(i32::from(topics.replication));
    NewTopic::new(name, i32::from(topics.partitions), replication)
        // A command's time is the log's where its sender names none: no producer can choose it.
        .set("message.timestamp.type", clock)
        // The command log is the input of everything, and events are what a rebuild reads.
        .set("retention.ms", "-1")
        .set("max.message.bytes", "16777216")
}

/// Waits until every partition's leader answers: what was created just now is known to the controller
/// first, and asking a broker that has not heard of it is a fault.
async fn check_counts(
    admin: &AdminClient<DefaultClientContext>,
    wanted: &[(String, &str)],
    partitions: u16,
) -> Result<(), Fault> {
    let until = Instant::now() + CREATE_WAIT;
    for (name, _) in wanted {
        while let Err(fault) = check_count(admin, name, partitions)? {
            if Instant::now() > until {
                return Err(fault);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
    Ok(())
}

/// The inner fault may pass, the outer one will not.
fn check_count(
    admin: &AdminClient<DefaultClientContext>,
    name: &str,
    partitions: u16,
) -> Result<Result<(), Fault>, Fault> {
    let metadata = admin
        .inner()
        .fetch_metadata(Some(name), CREATE_WAIT)
        .map_err(|error| fault(format!("describe topic {name}"), error))?;
    let found = metadata
        .topics()
        .first()
        .map_or(0, |topic| topic.partitions().len());
    if found != 0 && found != usize::from(partitions) {
        let detail = format!("topic {name} has {found} partitions, not {partitions}");
        return Err(Fault::bare("kafka", detail));
    }
    for partition in 0..i32::from(partitions) {
        let asked = admin.inner().fetch_watermarks(name, partition, CREATE_WAIT);
        if let Err(error) = asked {
            let attempt = format!("ask the leader of {name}/{partition}");
            return Ok(Err(fault(attempt, error)));
        }
    }
    Ok(Ok(()))
}
