//! An agent, as its own events tell.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU16;

use kernel::{EventMeta, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::event::{AgentEvent as E, Presence};
use super::interruption::Interruptions;
use crate::decision::Reason;
use crate::label::{Channel, ConversationId, OfferId, QueueId, Skill};

/// What decides whether and before whom an agent is asked.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Agent {
    pub(crate) version: u64,
    /// Time of the last event that counts here.
    pub(crate) updated_at: Timestamp,
    pub(crate) presence: Presence,
    pub(crate) next_presence: Option<Presence>,
    pub(super) sessions: BTreeMap<Box<str>, Session>,
    suspension: Option<Suspension>,
    pub(crate) slots: BTreeMap<ConversationId, Slot>,
    pub(crate) capacity: BTreeMap<Channel, u16>,
    pub(crate) skills: BTreeMap<Skill, u8>,
    pub(crate) queues: BTreeSet<QueueId>,
    pub(super) interruptible_by: Interruptions,
    /// Since when it is ready and without work; a reservation is not yet work.
    pub(crate) idle_since: Option<Timestamp>,
    /// When work last ended or it became ready, whichever is later, whatever else it works on.
    last_freed: Timestamp,
    /// When it last took up work, if ever.
    pub(crate) last_assigned: Option<Timestamp>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Session {
    channels: BTreeSet<Channel>,
    pub(super) is_connected: bool,
    /// The last event that was a sign of life.
    event_at: Timestamp,
    /// The last heartbeat that was no event, as this process knows it.
    #[serde(skip)]
    heartbeat_at: Timestamp,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Suspension {
    NotResponding,
    /// Ended by an event, not by the clock: the agent refuses until its own event ends it.
    Cooldown,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Slot {
    pub offer_id: OfferId,
    pub channel: Channel,
    pub cost: NonZeroU16,
    pub phase: Phase,
    pub reserved_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Reserved,
    Active,
    Held,
    WrapUp,
}

impl Session {
    /// The last sign of life, event or not.
    pub(super) fn heard_at(&self) -> Timestamp {
        self.event_at.max(self.heartbeat_at)
    }
}

impl Agent {
    /// What keeps every offer out.
    pub(crate) fn shut(&self) -> Option<Reason> {
        if !self.presence.is_routable() {
            return Some(Reason::Presence);
        }
        if !self.is_connected() {
            return Some(Reason::NotConnected);
        }
        if self.next_presence.is_some() {
            return Some(Reason::NextPresence);
        }
        self.suspension.map(|suspension| match suspension {
            Suspension::NotResponding => Reason::NotResponding,
            Suspension::Cooldown => Reason::Cooldown,
        })
    }

    /// What keeps offers of the channel out, whatever the conversation.
    pub(crate) fn closed_to(&self, channel: &Channel, cost: u32) -> Option<Reason> {
        if let Some(reason) = self.shut() {
            return Some(reason);
        }
        let Some(capacity) = self.capacity.get(channel) else {
            return Some(Reason::NotPermitted);
        };
        if !self.is_ready(channel) {
            return Some(Reason::DeviceNotReady);
        }
        if self.busy_on(channel).is_some() {
            return Some(Reason::BusyOnChannel);
        }
        let free = u32::from(*capacity).saturating_sub(self.used(channel));
        (free < cost).then_some(Reason::NoCapacity)
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.sessions.values().any(|session| session.is_connected)
    }

    fn is_ready(&self, channel: &Channel) -> bool {
        let mut sessions = self.sessions.values();
        sessions.any(|session| session.is_connected && session.channels.contains(channel))
    }

    /// The channel of work, or of an offer, that an offer of this one may not interrupt.
    pub(crate) fn busy_on(&self, channel: &Channel) -> Option<&Channel> {
        let mut work = self.slots.values().map(|slot| &slot.channel);
        work.find(|work| !self.interruptible_by.admit(work, channel))
    }

    pub(crate) fn used(&self, channel: &Channel) -> u32 {
        let slots = self.slots.values().filter(|slot| slot.channel == *channel);
        slots.map(|slot| u32::from(slot.cost.get())).sum()
    }

    pub(crate) fn capacity_of(&self, channel: &Channel) -> u32 {
        self.capacity.get(channel).copied().map_or(0, u32::from)
    }

    /// From when its turn counts: the last time it was freed, became ready, or was asked for what it
    /// has now. What it was asked for in vain leaves no trace, and with it the old place.
    pub(crate) fn turn_since(&self) -> Timestamp {
        let asked = self.slots.values().map(|slot| slot.reserved_at);
        asked.fold(self.last_freed, Timestamp::max)
    }

    pub(crate) fn missing<'a>(&self, required: &'a BTreeSet<Skill>) -> Option<&'a Skill> {
        let mut required = required.iter();
        required.find(|skill| !self.skills.contains_key(*skill))
    }

    pub(crate) fn knows(&self, required: &BTreeSet<Skill>) -> bool {
        self.missing(required).is_none()
    }

    pub(crate) fn apply(&mut self, meta: &EventMeta, event: E) {
        self.version = meta.sequence;
        self.updated_at = meta.at;
        let was_shut = self.shut().is_some();
        match event {
            E::SessionStarted(started) => {
                let session = Session {
                    channels: started.channels,
                    is_connected: true,
                    event_at: meta.at,
                    heartbeat_at: Timestamp::default(),
                };
                self.sessions.insert(started.session_id, session);
            }
            E::LinkLost(lost) => self.connect(&lost.session_id, false),
            E::LinkRestored(restored) => {
                self.connect(&restored.session_id, true);
                self.lives(&restored.session_id, meta.at);
            }
            E::SessionHeard(heard) => self.lives(&heard.session_id, meta.at),
            E::GraceExpired(gone) | E::SessionEnded(gone) => {
                self.sessions.remove(&gone.session_id);
            }
            E::PresenceChanged(chosen) => {
                self.presence = chosen.presence;
                self.next_presence = None;
            }
            E::NextPresenceSet(set) => {
                self.next_presence = set.next.map(|choice| choice.presence);
            }
            E::RoutingSuspended(suspended) => {
                self.suspension = Some(match suspended.ready_at {
                    Some(_) => Suspension::Cooldown,
                    None => Suspension::NotResponding,
                });
            }
            E::RoutingResumed(_) => self.suspension = None,
            E::CapacityChanged(changed) => self.capacity = changed.channels,
            E::SkillsChanged(changed) => self.skills = changed.skills,
            E::QueuesChanged(changed) => self.queues = changed.queues,
            E::InterruptionsChanged(changed) => {
                self.interruptible_by = changed.interruptible_by;
            }
            E::SlotReserved(reserved) => {
                let slot = Slot {
                    offer_id: reserved.offer_id,
                    channel: reserved.channel,
                    cost: reserved.cost,
                    phase: Phase::Reserved,
                    reserved_at: meta.at,
                };
                self.slots.insert(reserved.conversation_id, slot);
            }
            E::SlotReleased(released) => {
                let slot = self.slots.remove(&released.conversation_id);
                if slot.is_some_and(|slot| slot.phase != Phase::Reserved) {
                    self.last_freed = meta.at;
                }
            }
            E::SlotActivated(moved) => {
                self.last_assigned = Some(meta.at);
                self.move_slot(&moved.conversation_id, Phase::Active);
            }
            E::SlotResumed(moved) => self.move_slot(&moved.conversation_id, Phase::Active),
            E::SlotHeld(moved) => self.move_slot(&moved.conversation_id, Phase::Held),
            E::WrapUpStarted(moved) => self.move_slot(&moved.conversation_id, Phase::WrapUp),
            E::AgentMatched(_) => {}
        }
        if was_shut && self.shut().is_none() {
            self.last_freed = meta.at;
        }
        self.keep_idle_clock(meta.at);
    }

    /// It starts when the last slot is freed or the agent begins to take offers, whichever is later.
    fn keep_idle_clock(&mut self, at: Timestamp) {
        let mut slots = self.slots.values();
        if self.shut().is_some() || slots.any(|slot| slot.phase != Phase::Reserved) {
            self.idle_since = None;
        } else if self.slots.is_empty() && self.idle_since.is_none() {
            self.idle_since = Some(at);
        }
    }

    fn connect(&mut self, session_id: &str, is_connected: bool) {
        if let Some(session) = self.sessions.get_mut(session_id) {
            session.is_connected = is_connected;
        }
    }

    fn lives(&mut self, session_id: &str, at: Timestamp) {
        if let Some(session) = self.sessions.get_mut(session_id) {
            session.event_at = session.event_at.max(at);
        }
    }

    /// A heartbeat that was no event.
    pub(super) fn hear(&mut self, session_id: &str, at: Timestamp) {
        if let Some(session) = self.sessions.get_mut(session_id) {
            session.heartbeat_at = session.heartbeat_at.max(at);
        }
    }

    fn move_slot(&mut self, id: &ConversationId, phase: Phase) {
        if let Some(slot) = self.slots.get_mut(id) {
            slot.phase = phase;
        }
    }
}
