//! The installation as its broker holds it: which topics there are, and their partitions.

use std::collections::BTreeMap;
use std::time::Duration;

use kernel::Fault;
use kernel::installation::{Obstacle, such};
use kernel::topic;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::metadata::Metadata;

use super::{KafkaSettings, fault};

/// Longest time the cluster may take to answer.
const LOOK_WAIT: Duration = Duration::from_secs(3);

/// Looks whether the topics of the contexts are there, with that many partitions.
///
/// # Errors
/// The cluster cannot be reached.
pub async fn look(
    settings: &KafkaSettings,
    contexts: &[&str],
    partitions: u16,
) -> Result<Vec<Obstacle>, Fault> {
    let attempt = "look at the topics";
    let client = settings.client();
    let asked = tokio::task::spawn_blocking(move || {
        let consumer: BaseConsumer = client.create()?;
        // Asked for one by one, they could be created by the question.
        consumer.fetch_metadata(None, LOOK_WAIT)
    });
    let asked = asked.await;
    let metadata = asked
        .map_err(|error| Fault::new("kafka", attempt, error))?
        .map_err(|error| fault(attempt, error))?;
    let prefix = &settings.prefix;
    let wanted = contexts.iter().flat_map(|context| {
        [
            topic::commands(prefix, context),
            topic::events(prefix, context),
        ]
    });
    Ok(obstacles(&metadata, wanted, partitions))
}

/// One for all topics with the same fault.
fn obstacles(
    metadata: &Metadata,
    wanted: impl Iterator<Item = String>,
    partitions: u16,
) -> Vec<Obstacle> {
    let mut unlike: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for name in wanted {
        let topic = metadata.topics().iter().find(|topic| topic.name() == name);
        let found = topic.map_or(0, |topic| topic.partitions().len());
        if found != usize::from(partitions) {
            unlike.entry(found).or_default().push(name);
        }
    }
    let obstacle = |(found, names): (usize, Vec<String>)| match found {
        0 => Obstacle::unmigrated(format!("there is no topic {}", such(&names))),
        found => Obstacle::new(
            format!(
                "topic {} has {found} partitions, not {partitions}",
                such(&names)
            ),
            "set kafka.partitions to what was installed; a topic that has grown cannot be used",
        ),
    };
    unlike.into_iter().map(obstacle).collect()
}
