//! What is remembered of closed conversations: what a later `Queued` does not repeat.

use std::collections::{BTreeSet, HashMap};

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::conversation::Conversation;
use super::moment::after_s;
use crate::label::{Channel, ConversationId, Intent};

/// Seconds after which a closed conversation is forgotten: a day longer than it may be reopened.
const KEPT_S: u32 = 8 * 86_400;

/// Those of one partition, whose own closings are the clock: what is forgotten does not depend on how
/// far other partitions have been read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Closed {
    by_id: HashMap<ConversationId, Remembered>,
    by_time: BTreeSet<(Timestamp, ConversationId)>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Remembered {
    version: u64,
    closed_at: Timestamp,
    channel: Channel,
    intent: Intent,
}

impl Closed {
    pub(crate) fn version(&self, id: &ConversationId) -> Option<u64> {
        self.by_id.get(id).map(|closed| closed.version)
    }

    pub(crate) fn pass(&mut self, id: &ConversationId, version: u64) {
        if let Some(closed) = self.by_id.get_mut(id) {
            closed.version = closed.version.max(version);
        }
    }

    pub(crate) fn take(&mut self, id: &ConversationId) -> Option<Conversation> {
        let (id, closed) = self.by_id.remove_entry(id)?;
        self.by_time.remove(&(closed.closed_at, id));
        Some(Conversation::new(closed.channel, closed.intent))
    }

    pub(crate) fn keep(&mut self, id: ConversationId, conversation: &Conversation) {
        let closed_at = conversation.since;
        let remembered = Remembered {
            version: conversation.version,
            closed_at,
            channel: conversation.channel.clone(),
            intent: conversation.intent.clone(),
        };
        self.remember(id, remembered);
        self.forget(closed_at);
    }

    pub(crate) fn remember(&mut self, id: ConversationId, remembered: Remembered) {
        let time = (remembered.closed_at, id.clone());
        if let Some(before) = self.by_id.insert(id.clone(), remembered) {
            self.by_time.remove(&(before.closed_at, id));
        }
        self.by_time.insert(time);
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&ConversationId, &Remembered)> {
        self.by_id.iter()
    }

    fn forget(&mut self, now: Timestamp) {
        while let Some((closed_at, _)) = self.by_time.first() {
            if after_s(*closed_at, KEPT_S) > now {
                return;
            }
            if let Some((_, id)) = self.by_time.pop_first() {
                self.by_id.remove(&id);
            }
        }
    }
}
