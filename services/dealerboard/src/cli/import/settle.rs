//! Waiting until the positions show what was imported.
//!
//! A reaction turns each fill into a command for its position, in the order of the fill's partition.
//! So once the last of each pair of partition and position is handled, all before it are.

use std::collections::HashMap;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use kernel::{CommandId, EventId, Reaction as _};
use positions::FillsToPositions;

use super::api::Api;
use super::send::Filled;

/// Questions under way at once: what the gateway looks up at the same time.
const ASKED_AT_ONCE: usize = 16;

/// The last fill of each pair of trades partition and position.
#[derive(Default)]
pub(super) struct Settling(HashMap<(u16, [String; 3]), Last>);

struct Last {
    position: u64,
    command: CommandId,
}

impl Settling {
    pub(super) fn note(&mut self, fill: Filled) {
        let last = Last {
            position: fill.at.position,
            command: fill.command,
        };
        let known = self.0.entry((fill.at.partition, fill.position));
        known
            .and_modify(|known| {
                if known.position < last.position {
                    *known = Last { ..last };
                }
            })
            .or_insert(last);
    }

    /// Returns when every position can be read with all the fills in it.
    pub(super) async fn wait(&self, api: &Api) -> anyhow::Result<()> {
        let handled: Vec<_> = stream::iter(&self.0)
            .map(|((_, position), last)| async move {
                let command = applied_by(last.command);
                anyhow::Ok((position, api.outcome(command).await?))
            })
            .buffer_unordered(ASKED_AT_ONCE)
            .try_collect()
            .await?;
        let mut newest = HashMap::new();
        for (position, outcome) in handled {
            let answer = outcome
                .map_err(|reason| anyhow::anyhow!("position {}: {reason}", position.join("/")))?;
            let known = newest.entry(position).or_insert((0, None));
            if answer.version > known.0 {
                *known = (answer.version, answer.position);
            }
        }
        stream::iter(newest)
            .map(anyhow::Ok)
            .try_for_each_concurrent(ASKED_AT_ONCE, |(position, (_, token))| async move {
                api.shown(position, token.as_deref()).await
            })
            .await
    }
}

/// The command that takes a fill to its position. The fill is the first event of its command.
fn applied_by(fill: CommandId) -> CommandId {
    CommandId::of_reaction(EventId::of(fill, 0), FillsToPositions::NAME, 0)
}
