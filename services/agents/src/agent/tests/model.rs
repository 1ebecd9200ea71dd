//! The invariants of an agent, checked over its events alone, with no use of the code under test.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// What the events so far amount to.
#[derive(Default)]
pub(super) struct Model {
    presence: Presence,
    has_next: bool,
    capacity: BTreeMap<Channel, u16>,
    slots: BTreeMap<ConversationId, Known>,
    /// Offers whose slot still waits for its one answer.
    waiting: BTreeSet<OfferId>,
}

#[derive(Clone, Debug, PartialEq)]
struct Known {
    offer_id: OfferId,
    channel: Channel,
    cost: u32,
    deadline: Option<Timestamp>,
}

impl Model {
    /// Takes in an event, and fails if it breaks an invariant.
    pub(super) fn check(&mut self, event: &AgentEvent) {
        let before = self.slots.clone();
        self.apply(event);
        if self.presence == Presence::Offline {
            assert!(self.waiting.is_empty(), "A4: offers while offline");
        }
        for (conversation_id, known) in &before {
            let now = self.slots.get(conversation_id);
            let is_own = concerned(event) == Some(conversation_id);
            assert!(
                is_own || now == Some(known),
                "A7: {conversation_id} was moved by {event:?}"
            );
        }
    }

    fn apply(&mut self, event: &AgentEvent) {
        match event {
            AgentEvent::PresenceChanged(chosen) => {
                self.presence = chosen.presence.clone();
                self.has_next = false;
            }
            AgentEvent::NextPresenceSet(set) => self.has_next = set.next.is_some(),
            AgentEvent::CapacityChanged(changed) => self.capacity.clone_from(&changed.channels),
            AgentEvent::SlotReserved(reserved) => self.reserve(reserved),
            AgentEvent::SlotActivated(activated) => {
                assert!(
                    self.waiting.remove(&activated.offer_id),
                    "A5: answered twice"
                );
            }
            AgentEvent::SlotReleased(released) => {
                let was_reserved = released.phase == PhaseName::Reserved;
                let waited = self.waiting.remove(&released.offer_id);
                assert_eq!(was_reserved, waited, "A5: answered twice");
                let known = self.slots.remove(&released.conversation_id).unwrap();
                assert_eq!(known.offer_id, released.offer_id);
            }
            AgentEvent::WrapUpStarted(started) => {
                self.slot(&started.conversation_id).deadline = Some(started.deadline);
            }
            AgentEvent::WrapUpExtended(extended) => {
                let deadline = &mut self.slot(&extended.conversation_id).deadline;
                assert!(
                    *deadline < Some(extended.deadline),
                    "an extension gives time"
                );
                *deadline = Some(extended.deadline);
            }
            _ => {}
        }
    }

    fn reserve(&mut self, reserved: &SlotReserved) {
        assert!(
            !self.has_next,
            "A6: reserved although the next presence is set"
        );
        let on_channel = |known: &&Known| known.channel == reserved.channel;
        let used: u32 = self
            .slots
            .values()
            .filter(on_channel)
            .map(|known| known.cost)
            .sum();
        let cost = u32::from(reserved.cost.get());
        let capacity = self.capacity.get(&reserved.channel).copied();
        let fits = used + cost <= capacity.unwrap_or_default().into();
        assert!(
            fits || reserved.override_by.is_some(),
            "A1: beyond the capacity"
        );
        assert!(reserved.expires_at > at(NOW), "A3: reserved without an end");
        let known = Known {
            offer_id: reserved.offer_id.clone(),
            channel: reserved.channel.clone(),
            cost,
            deadline: None,
        };
        let second = self.slots.insert(reserved.conversation_id.clone(), known);
        assert_eq!(second, None, "A2: two slots for one conversation");
        assert!(
            self.waiting.insert(reserved.offer_id.clone()),
            "A3: one offer, two slots"
        );
    }

    fn slot(&mut self, conversation_id: &ConversationId) -> &mut Known {
        self.slots.get_mut(conversation_id).unwrap()
    }

    /// What the agent under test must agree with.
    pub(super) fn agrees_with(&self, agent: &Agent, pending: &BTreeMap<String, AgentCommand>) {
        let standing = agent.standing();
        let ids: Vec<_> = standing.slots.keys().collect();
        assert_eq!(ids, self.slots.keys().collect::<Vec<_>>());
        assert_eq!(standing.chosen.presence, self.presence);
        assert!(standing.next_presence.is_none() || !standing.slots.is_empty());
        for (conversation_id, slot) in &standing.slots {
            let timer = match slot.phase {
                Phase::Reserved { .. } => format!("slot/{}", slot.offer_id),
                Phase::WrapUp { .. } => format!("wrap_up/{conversation_id}"),
                Phase::Active | Phase::Held => continue,
            };
            assert!(pending.contains_key(&timer), "A3: nothing ends {timer}");
        }
        for (session_id, session) in &standing.sessions {
            let is_timed = pending.contains_key(&format!("grace/{session_id}"));
            assert_eq!(
                is_timed,
                session.grace_until.is_some(),
                "grace of {session_id}"
            );
        }
        assert!(
            self.presence != Presence::Offline || standing.sessions.is_empty(),
            "a signed-in agent is never offline"
        );
        let cools_down = matches!(standing.suspension, Some(Suspension::Cooldown { .. }));
        assert_eq!(pending.contains_key("cooldown"), cools_down);
        let in_phase = |name: PhaseName| {
            let slots = standing.slots.values();
            slots.filter(|slot| slot.phase.name() == name).count()
        };
        let timed = |prefix: &str| {
            pending
                .keys()
                .filter(|name| name.starts_with(prefix))
                .count()
        };
        assert_eq!(in_phase(PhaseName::Reserved), self.waiting.len());
        assert_eq!(
            timed("slot/"),
            self.waiting.len(),
            "a slot's timer outlives it"
        );
        assert_eq!(
            timed("wrap_up/"),
            in_phase(PhaseName::WrapUp),
            "a wrap-up's timer outlives it"
        );
    }
}

/// The conversation an event is about.
fn concerned(event: &AgentEvent) -> Option<&ConversationId> {
    match event {
        AgentEvent::SlotReserved(event) => Some(&event.conversation_id),
        AgentEvent::SlotActivated(event) => Some(&event.conversation_id),
        AgentEvent::SlotReleased(event) => Some(&event.conversation_id),
        AgentEvent::WrapUpStarted(event) => Some(&event.conversation_id),
        AgentEvent::WrapUpExtended(event) => Some(&event.conversation_id),
        _ => None,
    }
}
