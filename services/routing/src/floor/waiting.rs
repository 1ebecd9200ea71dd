//! Conversations come into lines and leave them.

use std::collections::BTreeSet;
use std::sync::Arc;

use kernel::EventMeta;

use super::conversation::{Conversation, Place, Stage};
use super::desk::{Desk, Open};
use super::event::ConversationEvent;
use super::line::Spot;
use super::timer::Alarm;
use crate::label::{ConversationId, QueueId, Skill};

/// A conversation's place in line; it may have changed since.
#[derive(Debug)]
pub(crate) struct Spotted {
    queue: QueueId,
    required: BTreeSet<Skill>,
    spot: Spot,
}

impl Desk {
    pub(crate) fn conversation(
        &mut self,
        partition: u16,
        id: &ConversationId,
        meta: &EventMeta,
        event: ConversationEvent,
    ) {
        if self.version_of(partition, id) >= meta.sequence {
            return;
        }
        self.offer_seen(id, &event);
        if !self.opens(partition, id, &event) {
            self.pass_closed(partition, id, meta.sequence);
            return;
        }
        self.leave_line(id);
        let Some(open) = self.conversations.get_mut(id) else {
            return;
        };
        let before = open.conversation.offered_in().cloned();
        Arc::make_mut(&mut open.conversation).apply(meta, event);
        let after = open.conversation.offered_in().cloned();
        if open.conversation.stage == Stage::Closed {
            self.close(partition, id);
        } else {
            open.alarm = Alarm::new(meta.at);
            self.enter_line(id);
        }
        self.count_offered(before, after);
    }

    fn count_offered(&mut self, before: Option<QueueId>, after: Option<QueueId>) {
        if before == after {
            return;
        }
        if let Some(queue) = before.and_then(|id| self.queues.get_mut(&id)) {
            queue.offered -= 1;
        }
        if let Some(id) = after {
            self.queues.entry(id).or_default().offered += 1;
        }
    }

    pub(crate) fn pass_conversation(
        &mut self,
        partition: u16,
        id: &ConversationId,
        meta: &EventMeta,
    ) {
        if let Some(open) = self.conversations.get_mut(id) {
            let version = &mut Arc::make_mut(&mut open.conversation).version;
            *version = meta.sequence.max(*version);
        }
        self.pass_closed(partition, id, meta.sequence);
    }

    fn pass_closed(&mut self, partition: u16, id: &ConversationId, version: u64) {
        if let Some(closed) = self.closed.get_mut(&partition)
            && closed.version(id).is_some_and(|known| known < version)
        {
            Arc::make_mut(closed).pass(id, version);
        }
    }

    fn version_of(&self, partition: u16, id: &ConversationId) -> u64 {
        let closed = || self.closed.get(&partition)?.version(id);
        match self.conversations.get(id) {
            Some(open) => open.conversation.version,
            None => closed().unwrap_or_default(),
        }
    }

    /// Whether there is such a conversation, now at least.
    fn opens(&mut self, partition: u16, id: &ConversationId, event: &ConversationEvent) -> bool {
        if self.conversations.contains_key(id) {
            return true;
        }
        let conversation = match event {
            ConversationEvent::ConversationCreated(created) => Some(Conversation::new(
                created.channel.clone(),
                created.intent.clone(),
            )),
            // Nothing else wakes the dead.
            ConversationEvent::Reopened(_) => {
                let closed = self.closed.get_mut(&partition);
                closed.and_then(|closed| Arc::make_mut(closed).take(id))
            }
            _ => None,
        };
        let Some(conversation) = conversation else {
            return false;
        };
        let open = Open {
            conversation: Arc::new(conversation),
            spotted: None,
            alarm: Alarm::default(),
        };
        self.conversations.insert(id.clone(), open);
        true
    }

    fn close(&mut self, partition: u16, id: &ConversationId) {
        if let Some(open) = self.conversations.remove(id) {
            let closed = self.closed.entry(partition).or_default();
            Arc::make_mut(closed).keep(id.clone(), &open.conversation);
        }
    }

    pub(crate) fn leave_line(&mut self, id: &ConversationId) {
        let Some(open) = self.conversations.get_mut(id) else {
            return;
        };
        self.alarms.disarm(id, &mut open.alarm);
        let Some(spotted) = open.spotted.take() else {
            return;
        };
        if let Some(queue) = self.queues.get_mut(&spotted.queue) {
            let channel = &open.conversation.channel;
            queue.lines.leave(channel, &spotted.required, &spotted.spot);
        }
    }

    pub(crate) fn enter_line(&mut self, id: &ConversationId) {
        let Some(open) = self.conversations.get(id) else {
            return;
        };
        let conversation = &open.conversation;
        let Some(place) = conversation.waits() else {
            return;
        };
        let Place {
            queue,
            requirements,
            ..
        } = place;
        let (queue_id, required) = (queue.clone(), requirements.clone());
        let channel = conversation.channel.clone();
        self.open_pool(&queue_id, &channel);
        for skill in &required {
            self.index_skill(&queue_id, &channel, skill);
        }
        let Some(open) = self.conversations.get_mut(id) else {
            return;
        };
        let queue = self.queues.entry(queue_id.clone()).or_default();
        if let Some(place) = open.conversation.waits() {
            let spot = Spot::of(id, &open.conversation, place, &queue.settings);
            queue.lines.enter(&channel, &required, spot.clone());
            open.spotted = Some(Spotted {
                queue: queue_id.clone(),
                required,
                spot,
            });
        }
        self.alarms.arm(id, open, &queue.settings);
        self.woken.insert(queue_id);
    }
}
