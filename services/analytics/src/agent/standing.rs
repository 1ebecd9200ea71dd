//! An agent's state, as far as their time is counted by it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::event::{AgentEvent as E, Presence};
use super::hours::Pace;
use crate::label::{Channel, ConversationId, SessionId};
use crate::presence::{Facts, Link, Suspension};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Standing {
    presence: Presence,
    /// In the words of the person who chose it.
    reason: Option<Box<str>>,
    has_next: bool,
    suspension: Option<Suspension>,
    sessions: Vec<Session>,
    capacity: BTreeMap<Channel, u16>,
    slots: Vec<Slot>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Session {
    id: SessionId,
    channels: Vec<Channel>,
    is_connected: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Slot {
    conversation_id: ConversationId,
    cost: u16,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Phase {
    Reserved,
    Active,
    Held,
    WrapUp,
}

impl Standing {
    pub(crate) fn apply(&mut self, event: E) {
        match event {
            E::SessionStarted(started) => {
                self.sessions
                    .retain(|session| session.id != started.session_id);
                self.sessions.push(Session {
                    id: started.session_id,
                    channels: started.channels,
                    is_connected: true,
                });
            }
            E::LinkLost(of) => self.connect(&of.session_id, false),
            E::LinkRestored(of) => self.connect(&of.session_id, true),
            E::GraceExpired(of) | E::SessionEnded(of) => {
                self.sessions.retain(|session| session.id != of.session_id);
            }
            E::PresenceChanged(chosen) => {
                self.presence = chosen.presence;
                self.reason = chosen.reason;
                self.has_next = false;
            }
            E::NextPresenceSet(set) => self.has_next = set.next.is_some(),
            E::RoutingSuspended(suspended) => {
                self.suspension = Some(match suspended.ready_at {
                    Some(_) => Suspension::Cooldown,
                    None => Suspension::NotResponding,
                });
            }
            E::RoutingResumed(_) => self.suspension = None,
            E::CapacityChanged(changed) => self.capacity = changed.channels,
            // Time is kept by it, in every state.
            E::QueuesChanged(_) => {}
            E::SlotReserved(reserved) => {
                self.release(&reserved.conversation_id);
                self.slots.push(Slot {
                    conversation_id: reserved.conversation_id,
                    cost: reserved.cost,
                    phase: Phase::Reserved,
                });
            }
            E::SlotActivated(of) | E::SlotResumed(of) => {
                self.change(&of.conversation_id, Phase::Active)
            }
            E::SlotHeld(of) => self.change(&of.conversation_id, Phase::Held),
            E::WrapUpStarted(of) => self.change(&of.conversation_id, Phase::WrapUp),
            E::SlotReleased(of) => self.release(&of.conversation_id),
        }
    }

    pub(crate) fn is_routable(&self) -> bool {
        self.presence.is_routable()
            && self.link() == Link::Connected
            && !self.has_next
            && self.suspension.is_none()
    }

    pub(crate) fn is_logged_in(&self) -> bool {
        self.presence != Presence::Offline
    }

    /// The presence of an agent who is there, and neither works nor waits for work.
    pub(crate) fn aside(&self) -> Option<&Presence> {
        let is_aside = self.is_logged_in() && !self.is_routable() && !self.is_engaged();
        is_aside.then_some(&self.presence)
    }

    /// Slots of one phase.
    pub(crate) fn count(&self, phase: Phase) -> usize {
        self.slots.iter().filter(|slot| slot.phase == phase).count()
    }

    /// Slots in which a customer is served or written up; a reservation is only a promise.
    fn work(&self) -> impl Iterator<Item = &Slot> {
        self.slots
            .iter()
            .filter(|slot| slot.phase != Phase::Reserved)
    }

    pub(crate) fn is_engaged(&self) -> bool {
        self.work().next().is_some()
    }

    /// How fast the sums grow in this state.
    pub(crate) fn pace(&self) -> Pace {
        let slots = |phase| u64::try_from(self.count(phase)).unwrap_or(u64::MAX);
        let is_routable = self.is_routable();
        Pace {
            logged_in: self.is_logged_in(),
            routable: is_routable,
            busy: self.is_engaged(),
            talk: slots(Phase::Active),
            hold: slots(Phase::Held),
            wrap_up: slots(Phase::WrapUp),
            cost: self.work().map(|slot| u64::from(slot.cost)).sum(),
            capacity: if is_routable { self.capacity() } else { 0 },
        }
    }

    /// Units of all channels that are permitted and that a connected device is ready for.
    fn capacity(&self) -> u64 {
        let is_ready = |channel: &Channel| {
            self.sessions
                .iter()
                .any(|session| session.is_connected && session.channels.contains(channel))
        };
        self.capacity
            .iter()
            .filter(|(channel, _)| is_ready(channel))
            .map(|(_, units)| u64::from(*units))
            .sum()
    }

    pub(crate) fn facts(&self) -> Facts {
        Facts {
            presence: self.presence.clone(),
            reason: self.reason.clone(),
            link: self.link(),
            suspension: self.suspension,
            is_leaving: self.has_next,
            routable: self.is_routable(),
        }
    }

    fn link(&self) -> Link {
        if self.sessions.iter().any(|session| session.is_connected) {
            Link::Connected
        } else if self.sessions.is_empty() {
            Link::Lost
        } else {
            Link::Grace
        }
    }

    fn connect(&mut self, id: &SessionId, is_connected: bool) {
        if let Some(session) = self.sessions.iter_mut().find(|session| session.id == *id) {
            session.is_connected = is_connected;
        }
    }

    fn change(&mut self, id: &ConversationId, phase: Phase) {
        let mut slots = self.slots.iter_mut();
        if let Some(slot) = slots.find(|slot| slot.conversation_id == *id) {
            slot.phase = phase;
        }
    }

    fn release(&mut self, id: &ConversationId) {
        self.slots.retain(|slot| slot.conversation_id != *id);
    }
}
