//! Whether anything is on its way: the states of two contexts only compare while nothing goes from
//! one to the other.

use std::collections::HashMap;

use kernel::Fault;
use kernel::topic::PartitionId;

use crate::roles::Platform;

/// The log positions of some contexts' partitions when the check began.
pub(super) struct Quiet {
    contexts: &'static [&'static str],
    began: Result<Heads, Fault>,
}

/// Next offset and next position, per partition of each context.
type Heads = HashMap<PartitionId, (i64, u64)>;

impl Quiet {
    pub(super) async fn begin(platform: &Platform, contexts: &'static [&'static str]) -> Self {
        Self {
            contexts,
            began: heads(platform, contexts).await,
        }
    }

    /// What is on its way, if anything is or may be; `waiting`: commands not handled yet,
    /// by context.
    pub(super) async fn moving(
        self,
        platform: &Platform,
        waiting: &HashMap<&'static str, u64>,
    ) -> Option<String> {
        let waiting: u64 = self.contexts.iter().filter_map(|of| waiting.get(of)).sum();
        if waiting > 0 {
            return Some(format!("{waiting} commands wait to be handled"));
        }
        self.compared(platform).await.unwrap_or_else(|fault| {
            let cause = fault.source.map(|cause| format!(": {cause}"));
            let cause = cause.unwrap_or_default();
            Some(format!("{}: {}{cause}", fault.dependency, fault.attempt))
        })
    }

    async fn compared(self, platform: &Platform) -> Result<Option<String>, Fault> {
        let began = self.began?;
        if heads(platform, self.contexts).await? != began {
            return Ok(Some("the platform works meanwhile".to_owned()));
        }
        let durable = platform.ports.models.iter().find(|model| model.durable);
        let Some(durable) = durable else {
            return Ok(Some("no model keeps the reactions' progress".to_owned()));
        };
        let reactions = platform.slices.reactions.iter();
        for reaction in reactions.filter(|reaction| self.contexts.contains(&reaction.on)) {
            for partition in 0..platform.config.partitions() {
                let partition_id = PartitionId {
                    context: reaction.on,
                    partition,
                };
                let done = durable
                    .model
                    .checkpoint(reaction.progress, partition)
                    .await?;
                let head = began
                    .get(&partition_id)
                    .map_or(0, |(_, next)| next.saturating_sub(1));
                if done.log_position < head {
                    return Ok(Some(format!(
                        "reaction {} has seen {} of {head} events of {partition_id}",
                        reaction.name, done.log_position
                    )));
                }
            }
        }
        Ok(None)
    }
}

async fn heads(platform: &Platform, contexts: &[&'static str]) -> Result<Heads, Fault> {
    let mut heads = Heads::new();
    for &context in contexts {
        for partition in 0..platform.config.partitions() {
            let partition_id = PartitionId { context, partition };
            if let Some(cursor) = platform.ports.as_stored.store.cursor(partition_id).await? {
                heads.insert(partition_id, (cursor.next_offset, cursor.next_log_position));
            }
        }
    }
    Ok(heads)
}
