//! What a reaction asked for in vain, in logs and metrics.

use std::sync::Arc;

use kernel::Code;
use kernel::id::CommandId;
use kernel::topic::PartitionId;
use tracing::error;

use super::decode::Incoming;
use crate::metric;

/// A reaction's command that its target refused, and no rule foresees it.
pub(crate) struct Refusal {
    reaction: Box<str>,
    key: Arc<str>,
    command: CommandId,
    code: Code,
    detail: Box<str>,
}

impl Refusal {
    pub(super) fn new<I>(reaction: &str, incoming: &Incoming<I>, code: Code, detail: &str) -> Self {
        Self {
            reaction: reaction.into(),
            key: Arc::clone(&incoming.key),
            command: incoming.id,
            code,
            detail: detail.into(),
        }
    }

    /// Once it is durable.
    pub(super) fn tell(&self, partition_id: PartitionId) {
        metric::reaction_refused(self.reaction.to_string(), self.code.name.to_owned());
        error!(
            reaction = &*self.reaction,
            %partition_id,
            key = &*self.key,
            command = %self.command,
            code = self.code.name,
            detail = &*self.detail,
            "a reaction's command was refused, its two sides disagree"
        );
    }
}
