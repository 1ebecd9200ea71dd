//! The inbox as the answer to waiting callers, while replies cannot come.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use kernel::batch::{OutcomeRow, Resolution};
use kernel::id::CommandId;
use kernel::port::{EventReader, Reply};
use kernel::topic::PartitionId;
use resilience::{Deadline, Dependency};
use tracing::debug;

use super::waiting::{Asked, Waiters};
use crate::handle::reused;

/// Pause between two looks: an answer comes so much later than by a reply.
const LOOK_AGAIN: Duration = Duration::from_millis(15);
/// How long one look may take.
const LOOK_WAIT: Duration = Duration::from_millis(500);
/// Commands asked about at once.
const IDS_MAX: usize = 1_000;

/// Where outcomes are looked up.
#[derive(Clone)]
pub struct Inbox {
    /// Of the store that the processors commit to.
    pub reader: Arc<dyn EventReader>,
    /// Of these look-ups alone.
    pub guard: Arc<Dependency>,
}

impl Inbox {
    /// Answers the waiting callers, again and again; never ends.
    pub(super) async fn answer(&self, waiters: &Waiters) -> Infallible {
        loop {
            self.answer_once(waiters).await;
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Answers those whose commands are handled: one question per partition, whatever their number.
    pub(super) async fn answer_once(&self, waiters: &Waiters) {
        for (partition_id, asked) in waiters.asked() {
            for asked in asked.chunks(IDS_MAX) {
                let mut ids: Vec<_> = asked.iter().map(|asked| asked.command).collect();
                ids.sort_unstable();
                ids.dedup();
                for reply in replies(partition_id, asked, self.outcomes(partition_id, &ids).await) {
                    waiters.answer(reply);
                }
            }
        }
    }

    async fn outcomes(&self, partition_id: PartitionId, ids: &[CommandId]) -> Vec<OutcomeRow> {
        let look_up = || self.reader.outcomes(partition_id, ids);
        let found = self.guard.call(Deadline::within(LOOK_WAIT), look_up).await;
        found
            .inspect_err(|error| debug!(%error, "the inbox cannot be asked"))
            .unwrap_or_default()
    }
}

/// What each request is answered with, of those whose commands are handled.
fn replies(partition_id: PartitionId, asked: &[Asked], rows: Vec<OutcomeRow>) -> Vec<Reply> {
    let rows: HashMap<_, _> = rows.into_iter().map(|row| (row.command, row)).collect();
    let replies = asked.iter().filter_map(|asked| {
        let row = rows.get(&asked.command)?;
        let outcome = if row.body_hash == asked.body_hash {
            row.outcome.clone()
        } else {
            reused(row.outcome.key().into())
        };
        Some(Reply {
            request: asked.request,
            command: asked.command,
            partition: partition_id.partition,
            resolution: Resolution::Handled(outcome),
            repeated: false,
        })
    });
    replies.collect()
}
