//! An agent's state, and how an event changes it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use kernel::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::event::{AgentEvent, SlotReleased, SlotReserved};
use super::interruption::Interruptions;
use super::label::{Channel, ConversationId, OfferId, Queue, SessionId, Skill};
use super::level::Level;
use super::presence::{Choice, Presence};
use super::session::{Link, Session, link};
use super::slot::{Phase, PhaseName, ReleaseCause, Slot};
use super::suspension::Suspension;

/// All that decides what an agent may do and be given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Standing {
    #[serde(flatten)]
    pub chosen: Choice,
    /// What begins when the last slot is free. Never there without a slot.
    pub next_presence: Option<Choice>,
    pub sessions: BTreeMap<SessionId, Session>,
    pub suspension: Option<Suspension>,
    /// Offers that ran out unanswered since the agent last took one.
    pub consecutive_expiries: u8,
    pub slots: BTreeMap<ConversationId, Slot>,
    /// Units of work that fit at once; a channel that is not named is not permitted.
    pub capacity: BTreeMap<Channel, u16>,
    pub skills: BTreeMap<Skill, Level>,
    pub queues: BTreeSet<Queue>,
    /// By channel of the work, the channels that may still be offered; of one that is not named: voice
    /// by none, any other by all.
    pub interruptible_by: Interruptions,
}

/// Why an agent cannot be offered work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unroutable {
    Presence(Presence),
    NotConnected,
    NextPresence(Presence),
    NotResponding,
    Cooldown,
    NotPermitted,
    DeviceNotReady,
    /// At work on a channel that this one may not interrupt.
    BusyOn(Channel),
    SkillMissing {
        skill: Skill,
        level: Level,
    },
}

impl fmt::Display for Unroutable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Presence(presence) => write!(f, "presence is {presence}"),
            Self::NotConnected => f.write_str("no session is connected"),
            Self::NextPresence(presence) => write!(f, "presence will be {presence} when clear"),
            Self::NotResponding => f.write_str("not responding"),
            Self::Cooldown => f.write_str("cooling down"),
            Self::NotPermitted => f.write_str("channel is not permitted"),
            Self::BusyOn(channel) => write!(f, "busy on {channel}"),
            Self::DeviceNotReady => f.write_str("no device is ready"),
            Self::SkillMissing { skill, level } => write!(f, "skill {skill} is below {level}"),
        }
    }
}

impl Standing {
    #[must_use]
    pub fn link(&self) -> Link {
        link(&self.sessions)
    }

    /// Whether offers may come in at all; which channels have room is another matter.
    #[must_use]
    pub fn takes_offers(&self) -> bool {
        self.shut().is_none()
    }

    /// What keeps every offer out.
    fn shut(&self) -> Option<Unroutable> {
        if !self.chosen.presence.is_routable() {
            return Some(Unroutable::Presence(self.chosen.presence.clone()));
        }
        if self.link() != Link::Connected {
            return Some(Unroutable::NotConnected);
        }
        if let Some(next) = &self.next_presence {
            return Some(Unroutable::NextPresence(next.presence.clone()));
        }
        self.suspension.map(|suspension| match suspension {
            Suspension::NotResponding => Unroutable::NotResponding,
            Suspension::Cooldown { .. } => Unroutable::Cooldown,
        })
    }

    /// What keeps offers of one channel out, room left aside. What is not named is not allowed: a
    /// channel counts only if it is permitted and a connected device is ready for it.
    #[must_use]
    pub fn unroutable(&self, channel: &Channel) -> Option<Unroutable> {
        let is_ready =
            |session: &Session| session.is_connected() && session.channels.contains(channel);
        if let Some(why) = self.shut() {
            Some(why)
        } else if !self.capacity.contains_key(channel) {
            Some(Unroutable::NotPermitted)
        } else if !self.sessions.values().any(is_ready) {
            Some(Unroutable::DeviceNotReady)
        } else {
            None
        }
    }

    /// The channel of work, or of an offer, that an offer of this one may not interrupt.
    #[must_use]
    pub fn busy_on(&self, channel: &Channel) -> Option<&Channel> {
        let mut work = self.slots.values().map(|slot| &slot.channel);
        work.find(|work| !self.interruptible_by.admit(work, channel))
    }

    /// Units of the channel that slots take.
    #[must_use]
    pub fn used(&self, channel: &Channel) -> u32 {
        self.slots
            .values()
            .filter(|slot| slot.channel == *channel)
            .map(|slot| u32::from(slot.cost.get()))
            .sum()
    }

    /// Units of the channel still to be had; 0 when the capacity was lowered below what is used.
    #[must_use]
    pub fn free(&self, channel: &Channel) -> u32 {
        let capacity = self.capacity.get(channel).copied().unwrap_or_default();
        u32::from(capacity).saturating_sub(self.used(channel))
    }

    pub(crate) fn slot_of(&self, offer_id: &OfferId) -> Option<(&ConversationId, &Slot)> {
        self.slots
            .iter()
            .find(|(_, slot)| slot.offer_id == *offer_id)
    }

    /// Slots beyond a mere reservation.
    pub(crate) fn work(&self) -> usize {
        self.slots
            .values()
            .filter(|slot| slot.phase.is_work())
            .count()
    }

    pub(crate) fn apply(&mut self, event: &AgentEvent) {
        match event {
            AgentEvent::SessionStarted(started) => {
                let session = Session {
                    device: started.device.clone(),
                    channels: started.channels.clone(),
                    opened_at: started.at,
                    told_at: started.at,
                    grace_until: None,
                };
                self.sessions.insert(started.session_id.clone(), session);
            }
            AgentEvent::LinkLost(lost) => {
                self.change_session(&lost.session_id, |session| {
                    session.grace_until = Some(lost.grace_until);
                });
            }
            AgentEvent::LinkRestored(restored) => {
                self.change_session(&restored.session_id, |session| session.grace_until = None);
            }
            AgentEvent::GraceExpired(expired) => {
                self.sessions.remove(&expired.session_id);
            }
            AgentEvent::SessionHeard(heard) => {
                self.change_session(&heard.session_id, |session| {
                    session.told_at = Some(heard.at);
                });
            }
            AgentEvent::SessionEnded(ended) => {
                self.sessions.remove(&ended.session_id);
            }
            AgentEvent::PresenceChanged(chosen) => {
                self.chosen = chosen.clone();
                self.next_presence = None;
            }
            AgentEvent::NextPresenceSet(set) => self.next_presence.clone_from(&set.next),
            AgentEvent::RoutingSuspended(suspended) => {
                self.suspend(suspended.ready_at);
            }
            AgentEvent::RoutingResumed(_) => self.suspension = None,
            AgentEvent::CapacityChanged(changed) => self.capacity.clone_from(&changed.channels),
            AgentEvent::SkillsChanged(changed) => self.skills.clone_from(&changed.skills),
            AgentEvent::QueuesChanged(changed) => self.queues.clone_from(&changed.queues),
            AgentEvent::InterruptionsChanged(changed) => {
                self.interruptible_by.clone_from(&changed.interruptible_by);
            }
            AgentEvent::SlotReserved(reserved) => self.reserve(reserved),
            AgentEvent::SlotReleased(released) => self.release(released),
            AgentEvent::SlotActivated(activated) => {
                self.consecutive_expiries = 0;
                self.change_phase(&activated.conversation_id, Phase::Active);
            }
            AgentEvent::SlotHeld(held) => self.change_phase(&held.conversation_id, Phase::Held),
            AgentEvent::SlotResumed(resumed) => {
                self.change_phase(&resumed.conversation_id, Phase::Active);
            }
            AgentEvent::WrapUpStarted(started) => {
                let phase = Phase::WrapUp {
                    deadline: started.deadline,
                    granted_s: started.budget_s,
                    disposition_required: started.disposition_required,
                };
                self.change_phase(&started.conversation_id, phase);
            }
            AgentEvent::WrapUpExtended(extended) => {
                self.change_slot(&extended.conversation_id, |slot| {
                    if let Phase::WrapUp {
                        deadline,
                        granted_s,
                        ..
                    } = &mut slot.phase
                    {
                        *deadline = extended.deadline;
                        *granted_s = extended.granted_s;
                    }
                });
            }
            // These tell others why a slot was reserved, and how a wrap-up ended; the events beside them
            // reserve and release.
            AgentEvent::AgentMatched(_)
            | AgentEvent::WrapUpCompleted(_)
            | AgentEvent::WrapUpAutoCompleted(_) => {}
        }
    }

    fn reserve(&mut self, reserved: &SlotReserved) {
        let slot = Slot {
            offer_id: reserved.offer_id.clone(),
            channel: reserved.channel.clone(),
            cost: reserved.cost,
            phase: Phase::Reserved {
                expires_at: reserved.expires_at,
            },
        };
        self.slots.insert(reserved.conversation_id.clone(), slot);
    }

    fn release(&mut self, released: &SlotReleased) {
        if (released.cause, released.phase) == (ReleaseCause::Expired, PhaseName::Reserved) {
            self.consecutive_expiries = self.consecutive_expiries.saturating_add(1);
        }
        self.slots.remove(&released.conversation_id);
    }

    fn suspend(&mut self, ready_at: Option<Timestamp>) {
        self.suspension = match ready_at {
            Some(ready_at) => Some(Suspension::Cooldown { ready_at }),
            None => {
                self.consecutive_expiries = 0;
                Some(Suspension::NotResponding)
            }
        };
    }

    fn change_session(&mut self, id: &SessionId, change: impl FnOnce(&mut Session)) {
        if let Some(session) = self.sessions.get_mut(id) {
            change(session);
        }
    }

    fn change_phase(&mut self, id: &ConversationId, phase: Phase) {
        self.change_slot(id, |slot| slot.phase = phase);
    }

    fn change_slot(&mut self, id: &ConversationId, change: impl FnOnce(&mut Slot)) {
        if let Some(slot) = self.slots.get_mut(id) {
            change(slot);
        }
    }
}
