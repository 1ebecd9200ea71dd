//! What is remembered of closed conversations: what a later `Queued` does not repeat.

use std::collections::{HashMap, VecDeque};

use kernel::Timestamp;

use super::conversation::Conversation;
use super::moment::after_s;
use crate::label::{Channel, ConversationId, Intent};

/// Seconds after which a closed conversation is forgotten: a day longer than it may be reopened.
const KEPT_S: u32 = 8 * 86_400;

#[derive(Debug, Default)]
pub(crate) struct Closed {
    by_id: HashMap<ConversationId, Remembered>,
    /// In the order of closing; who was reopened is skipped.
    closed_at: VecDeque<(Timestamp, ConversationId)>,
}

#[derive(Debug)]
struct Remembered {
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
        let closed = self.by_id.remove(id)?;
        Some(Conversation::new(closed.channel, closed.intent))
    }

    pub(crate) fn keep(&mut self, id: ConversationId, conversation: Conversation) {
        let closed_at = conversation.since;
        let remembered = Remembered {
            version: conversation.version,
            closed_at,
            channel: conversation.channel,
            intent: conversation.intent,
        };
        self.by_id.insert(id.clone(), remembered);
        self.closed_at.push_back((closed_at, id));
        self.forget(closed_at);
    }

    fn forget(&mut self, now: Timestamp) {
        while let Some((closed_at, id)) = self.closed_at.front() {
            if after_s(*closed_at, KEPT_S) > now {
                return;
            }
            let is_same = |closed: &Remembered| closed.closed_at == *closed_at;
            if self.by_id.get(id).is_some_and(is_same) {
                self.by_id.remove(id);
            }
            self.closed_at.pop_front();
        }
    }
}
