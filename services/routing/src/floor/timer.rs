//! What is due by the clock.

use std::collections::BTreeSet;

use kernel::{Tenant, Timestamp};

use super::conversation::{Conversation, Place};
use super::desk::{Desk, Open};
use super::moment::after_s;
use crate::label::{ConversationId, QueueId, Skill};
use crate::settings::{QueueSettings, Relaxation};

/// Something to ask of a conversation. `version` is the conversation's: a command that came while it
/// was offered is refused, and the same is due again once it waits again.
#[derive(Clone, Debug, PartialEq)]
pub enum Due {
    Relax {
        tenant: Tenant,
        conversation: ConversationId,
        version: u64,
        /// Of its place.
        seq: u64,
        /// 1 for the first step.
        ring: u32,
        /// Of what it requires, by this step and all before it.
        dropped: BTreeSet<Skill>,
    },
    Overflow {
        tenant: Tenant,
        conversation: ConversationId,
        version: u64,
        /// Of its place.
        seq: u64,
        queue: QueueId,
    },
}

/// When each conversation that waits is to be looked at next.
#[derive(Debug, Default)]
pub(crate) struct Alarms {
    by_time: BTreeSet<(Timestamp, ConversationId)>,
}

/// What was done for a conversation since it came to its place.
#[derive(Debug, Default)]
pub(crate) struct Alarm {
    set_for: Option<Timestamp>,
    looked_at: Timestamp,
    ring_given: u32,
    is_overflow_given: bool,
}

impl Alarm {
    pub(crate) fn new(at: Timestamp) -> Self {
        Self {
            looked_at: at,
            ..Self::default()
        }
    }

    fn relaxations<'a>(
        &self,
        place: &'a Place,
        settings: &'a QueueSettings,
    ) -> impl Iterator<Item = (u32, Timestamp, &'a Relaxation)> + use<'a> {
        let done = self.ring_given.max(place.ring);
        (1..)
            .zip(&settings.relaxations)
            .filter(move |(ring, _)| *ring > done)
            .map(|(ring, step)| (ring, after_s(place.enqueued_at, step.after_s.get()), step))
    }

    fn overflow<'a>(
        &self,
        place: &Place,
        settings: &'a QueueSettings,
    ) -> Option<(Timestamp, &'a QueueId)> {
        let overflow = settings.overflow.as_ref()?;
        let is_new = overflow.queue != place.queue && !place.left.contains(&overflow.queue);
        (is_new && !self.is_overflow_given).then(|| {
            (
                after_s(place.enqueued_at, overflow.after_s.get()),
                &overflow.queue,
            )
        })
    }

    /// When something is to be done; the past counts.
    fn next(&self, conversation: &Conversation, settings: &QueueSettings) -> Option<Timestamp> {
        let place = conversation.waits()?;
        let relax = self.relaxations(place, settings).map(|(_, at, _)| at).min();
        let overflow = self.overflow(place, settings).map(|(at, _)| at);
        let wake = wakes(conversation, place, settings).filter(|at| *at > self.looked_at);
        wake.chain(relax).chain(overflow).min()
    }
}

/// When an agent may be asked for it who may not be before, or no longer comes first.
fn wakes(
    conversation: &Conversation,
    place: &Place,
    settings: &QueueSettings,
) -> impl Iterator<Item = Timestamp> {
    let cooldown_s = settings.cooldown_s;
    let cooled_down = conversation.refused.values();
    let cooled_down = cooled_down.map(move |at| after_s(*at, cooldown_s));
    cooled_down.chain(place.sticky.as_ref().map(|sticky| sticky.until))
}

impl Alarms {
    pub(crate) fn arm(&mut self, id: &ConversationId, open: &mut Open, settings: &QueueSettings) {
        self.disarm(id, &mut open.alarm);
        open.alarm.set_for = open.alarm.next(&open.conversation, settings);
        self.by_time
            .extend(open.alarm.set_for.map(|at| (at, id.clone())));
    }

    pub(crate) fn disarm(&mut self, id: &ConversationId, alarm: &mut Alarm) {
        if let Some(at) = alarm.set_for.take() {
            self.by_time.remove(&(at, id.clone()));
        }
    }

    #[cfg(test)]
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.by_time.first().map(|(at, _)| *at)
    }

    fn take(&mut self, now: Timestamp) -> Vec<ConversationId> {
        let mut due = Vec::new();
        while let Some(first) = self.by_time.first().filter(|(at, _)| *at <= now).cloned() {
            self.by_time.remove(&first);
            due.push(first.1);
        }
        due
    }
}

impl Desk {
    pub(crate) fn due(&mut self, tenant: &Tenant, now: Timestamp, due: &mut Vec<Due>) {
        for id in self.alarms.take(now) {
            let Some(open) = self.conversations.get_mut(&id) else {
                continue;
            };
            let queue = open.conversation.waits().map(|place| place.queue.clone());
            let Some(queue) = queue.and_then(|queue| self.queues.get_key_value(&queue)) else {
                continue;
            };
            let (queue_id, settings) = (queue.0, &queue.1.settings);
            if open.look(tenant, &id, settings, now, due) {
                self.woken.insert(queue_id.clone());
            }
            open.alarm.set_for = None;
            self.alarms.arm(&id, open, settings);
        }
    }

    pub(crate) fn again(&mut self, due: &Due) {
        let (Due::Relax {
            conversation, seq, ..
        }
        | Due::Overflow {
            conversation, seq, ..
        }) = due;
        let Some(open) = self.conversations.get_mut(conversation) else {
            return;
        };
        let Some(place) = open.conversation.waits().filter(|place| place.seq == *seq) else {
            return;
        };
        match due {
            Due::Relax { ring, .. } => {
                open.alarm.ring_given = open.alarm.ring_given.min(ring.saturating_sub(1));
            }
            Due::Overflow { .. } => open.alarm.is_overflow_given = false,
        }
        if let Some(queue) = self.queues.get(&place.queue) {
            self.alarms.arm(conversation, open, &queue.settings);
        }
    }
}

impl Open {
    /// Adds what is due; whether its queue is to be looked at again.
    fn look(
        &mut self,
        tenant: &Tenant,
        id: &ConversationId,
        settings: &QueueSettings,
        now: Timestamp,
        due: &mut Vec<Due>,
    ) -> bool {
        let (conversation, alarm) = (&self.conversation, &mut self.alarm);
        let Some(place) = conversation.waits() else {
            return false;
        };
        let overdue = alarm.relaxations(place, settings);
        // The last step that is due does what the others would.
        if let Some((ring, ..)) = overdue.filter(|(_, at, _)| *at <= now).last() {
            alarm.ring_given = ring;
            due.push(Due::Relax {
                tenant: tenant.clone(),
                conversation: id.clone(),
                version: conversation.version,
                seq: place.seq,
                ring,
                dropped: dropped(ring, place, settings),
            });
        }
        if let Some((_, queue)) = alarm.overflow(place, settings).filter(|(at, _)| *at <= now) {
            alarm.is_overflow_given = true;
            due.push(Due::Overflow {
                tenant: tenant.clone(),
                conversation: id.clone(),
                version: conversation.version,
                seq: place.seq,
                queue: queue.clone(),
            });
        }
        let since = std::mem::replace(&mut alarm.looked_at, now);
        wakes(conversation, place, settings).any(|at| since < at && at <= now)
    }
}

/// What the conversation still requires of what is given up: settings may name more than it can.
fn dropped(ring: u32, place: &Place, settings: &QueueSettings) -> BTreeSet<Skill> {
    let steps = (1..=ring).zip(&settings.relaxations);
    let dropped = steps.flat_map(|(_, step)| &step.dropped);
    let required = dropped.filter(|skill| place.requirements.contains(*skill));
    required.cloned().collect()
}
