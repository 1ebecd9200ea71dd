//! Making the topics of contexts, and setting right those that are there.

use std::time::{Duration, Instant};

use kernel::Fault;
use rdkafka::admin::{NewTopic, TopicReplication};

use super::admin::{Admin, CREATE_WAIT};
use super::settings::{self, Topic};
use crate::kafka::KafkaSettings;

/// How often a new topic is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// Largest record, bytes.
const RECORD_BYTES_MAX: &str = "16777216";

/// How topics are created.
#[derive(Clone, Copy, Debug)]
pub struct TopicSettings {
    /// Of all topics alike; fixed once installed.
    pub partitions: u16,
    pub replication: u16,
}

/// Creates the topics of the contexts that are missing, and sets those that are there to keep what they
/// hold. Answers what it changed of these, or could not change: one sentence for each topic.
///
/// # Errors
/// The cluster cannot be reached or refuses, or a topic has another partition count.
pub async fn create_topics(
    settings: &KafkaSettings,
    contexts: &[&str],
    topics: TopicSettings,
) -> Result<Vec<String>, Fault> {
    let admin = Admin::connect(settings)?;
    let wanted = settings::of(&settings.prefix, contexts);
    let new: Vec<_> = wanted
        .iter()
        .map(|topic| new_topic(topic, topics))
        .collect();
    admin.create(&new).await?;
    wait_for_leaders(&admin, &wanted, topics.partitions).await?;
    correct(&admin, &wanted).await
}

fn new_topic(topic: &Topic, topics: TopicSettings) -> NewTopic<'_> {
    let replication = TopicReplication::Fixed(i32::from(topics.replication));
    let new = NewTopic::new(&topic.name, i32::from(topics.partitions), replication)
        .set("max.message.bytes", RECORD_BYTES_MAX);
    topic
        .wanted()
        .fold(new, |new, (name, value)| new.set(name, value))
}

/// Waits until every partition's leader answers: what was created just now is known to the controller
/// first, and asking a broker that does not know it yet is a fault.
async fn wait_for_leaders(admin: &Admin, wanted: &[Topic], partitions: u16) -> Result<(), Fault> {
    let until = Instant::now() + CREATE_WAIT;
    for topic in wanted {
        while let Err(fault) = has_leaders(admin, &topic.name, partitions)? {
            if Instant::now() > until {
                return Err(fault);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
    Ok(())
}

/// The inner fault may pass, the outer one will not.
fn has_leaders(admin: &Admin, name: &str, partitions: u16) -> Result<Result<(), Fault>, Fault> {
    let found = admin.partitions(name)?;
    if found != 0 && found != usize::from(partitions) {
        let detail = format!("topic {name} has {found} partitions, not {partitions}");
        return Err(Fault::bare("kafka", detail));
    }
    Ok((0..partitions).try_for_each(|partition| admin.leads(name, partition)))
}

async fn correct(admin: &Admin, topics: &[Topic]) -> Result<Vec<String>, Fault> {
    let names: Vec<_> = topics.iter().map(|topic| &*topic.name).collect();
    let present = admin.settings(&names).await?;
    let mut findings = Vec::new();
    for topic in topics {
        let entries = present.get(&topic.name).map_or(&[][..], Vec::as_slice);
        let Some(corrected) = topic.corrected(entries) else {
            continue;
        };
        let differs = topic.differs(entries);
        let differs: Vec<_> = differs
            .iter()
            .map(|(name, wanted, found)| format!("{name} was {found} and is {wanted} now"))
            .collect();
        match admin.set(&topic.name, &corrected).await {
            // What only the broker had set so is the topic's own now, which is no news.
            Ok(()) if differs.is_empty() => {}
            Ok(()) => findings.push(format!("topic {}: {}", topic.name, differs.join(", "))),
            Err(fault) => findings.push(format!("topic {}: {fault}", topic.name)),
        }
    }
    Ok(findings)
}
