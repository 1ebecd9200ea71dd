//! Whether the topics are as they must be.

use kernel::Fault;

use super::admin::Admin;
use super::settings::{self, Topic};
use crate::kafka::KafkaSettings;
use crate::kafka::source::Source;

/// One sentence, with the reasons, for each topic that is missing, has another partition count, may lose
/// records, or has lost them. A few requests.
pub(in crate::kafka) async fn unsafe_topics(
    settings: &KafkaSettings,
    source: &Source,
    contexts: &[&str],
    partitions: u16,
) -> Result<Vec<String>, Fault> {
    let admin = Admin::connect(settings)?;
    let topics = settings::of(&settings.prefix, contexts);
    let (admin, topics, counts) = tokio::task::spawn_blocking(move || {
        let counts = topics.iter().map(|topic| admin.partitions(&topic.name));
        let counts = counts.collect::<Result<Vec<_>, Fault>>()?;
        Ok::<_, Fault>((admin, topics, counts))
    })
    .await
    .map_err(|error| Fault::new("kafka", "describe topics", error))??;
    let there = topics.iter().zip(&counts).filter(|(_, count)| **count > 0);
    let there: Vec<_> = there.map(|(topic, _)| &*topic.name).collect();
    let present = admin.settings(&there).await?;
    let mut findings = Vec::new();
    for (topic, count) in topics.iter().zip(counts) {
        let entries = present.get(&topic.name).map_or(&[][..], Vec::as_slice);
        let reasons = if count == 0 {
            vec!["it does not exist".to_owned()]
        } else {
            let mut reasons = Vec::new();
            if count != usize::from(partitions) {
                reasons.push(format!(
                    "it has {count} partitions, not {partitions}, so keys are not where they are expected"
                ));
            }
            for (name, wanted, found) in topic.differs(entries) {
                reasons.push(format!("{name} is {found}, not {wanted}"));
            }
            reasons.extend(head(source, topic).await?);
            reasons
        };
        if !reasons.is_empty() {
            findings.push(format!("topic {}: {}", topic.name, reasons.join("; ")));
        }
    }
    Ok(findings)
}

/// Of commands the first must still be there: everything is a function of them.
async fn head(source: &Source, topic: &Topic) -> Result<Option<String>, Fault> {
    if !topic.is_of_commands {
        return Ok(None);
    }
    let firsts = source.firsts_of(&topic.name.as_str().into()).await?;
    let cut = firsts.iter().zip(0_u16..).find(|(first, _)| **first > 0);
    Ok(cut.map(|(first, partition)| {
        format!("its first records are deleted, partition {partition} begins at offset {first}")
    }))
}
