//! Whether anything is on its way: what two contexts say only compares on a quiet platform.

use std::collections::HashMap;

use kernel::Fault;
use kernel::topic::Shard;

use crate::roles::Platform;

/// Positions of all partitions when the check began.
pub(super) struct Quiet(Heads);

/// Next offset and next position, per partition of each context.
type Heads = HashMap<Shard, (i64, u64)>;

impl Quiet {
    pub(super) async fn begin(platform: &Platform) -> Result<Self, Fault> {
        heads(platform).await.map(Self)
    }

    /// What is on its way, if anything is.
    pub(super) async fn moving(
        &self,
        platform: &Platform,
        waiting: u64,
    ) -> Result<Option<String>, Fault> {
        if waiting > 0 {
            return Ok(Some(format!("{waiting} commands wait to be handled")));
        }
        if heads(platform).await? != self.0 {
            return Ok(Some("the platform works meanwhile".to_owned()));
        }
        let durable = platform.ports.models.iter().find(|model| model.durable);
        let Some(durable) = durable else {
            return Ok(Some("no model keeps the reactions' progress".to_owned()));
        };
        for reaction in &platform.slices.reactions {
            for partition in 0..platform.config.partitions() {
                let shard = Shard {
                    context: reaction.on,
                    partition,
                };
                let done = durable
                    .model
                    .checkpoint(reaction.progress, partition)
                    .await?;
                let head = self.0.get(&shard).map_or(0, |(_, next)| next - 1);
                if done.position < head {
                    return Ok(Some(format!(
                        "reaction {} has seen {} of {head} events of {shard}",
                        reaction.name, done.position
                    )));
                }
            }
        }
        Ok(None)
    }
}

async fn heads(platform: &Platform) -> Result<Heads, Fault> {
    let mut heads = Heads::new();
    for context in platform.slices.names() {
        for partition in 0..platform.config.partitions() {
            let shard = Shard { context, partition };
            if let Some(cursor) = platform.ports.store.cursor(shard).await? {
                heads.insert(shard, (cursor.next_offset, cursor.next_position));
            }
        }
    }
    Ok(heads)
}
