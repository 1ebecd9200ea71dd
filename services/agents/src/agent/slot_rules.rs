//! The rules of slots: reserved, taken up, held, released.

use std::num::{NonZeroU8, NonZeroU32};

use kernel::{Actor, AggregateId};

use super::command::{ExpireSlot, ReleaseSlot, ReserveSlot, SlotName};
use super::draft::{Decision, Draft};
use super::event::{
    AgentEvent, AgentMatched, RoutingSuspended, SlotActivated, SlotHeld, SlotReserved, SlotResumed,
};
use super::label::{Channel, ConversationId, OfferId};
use super::rejection::AgentRejection;
use super::slot::{Phase, ReleaseCause, SLOTS_MAX, Slot};
use super::standing::Unroutable;
use super::suspension::{COOLDOWN_S, Suspension, SuspensionReason, expiries_max};

/// Longest time a slot waits for an offer's outcome, milliseconds: an offer lives an hour at most.
const RESERVED_MAX_MS: i64 = 3_615_000;

/// Longest time an agent may have to answer, milliseconds: an hour.
const OFFER_MAX_MS: NonZeroU32 = NonZeroU32::new(3_600_000).expect("is not 0");
/// Most live offers a conversation may have.
const PARALLEL_MAX: NonZeroU8 = NonZeroU8::new(10).expect("is not 0");

impl Draft<'_> {
    pub(crate) fn reserve_slot(mut self, command: &ReserveSlot, agent: &AggregateId) -> Decision {
        if let Some((conversation_id, slot)) = self.standing.slot_of(&command.offer_id) {
            return reserve_again(conversation_id, slot, command);
        }
        if let Some(slot) = self.standing.slots.get(&command.conversation_id) {
            return Err(AgentRejection::SlotTaken {
                conversation_id: command.conversation_id.clone(),
                offer_id: slot.offer_id.clone(),
            });
        }
        self.may_be_offered(command)?;
        let override_by = self.has_room(command, agent)?;
        self.write(AgentEvent::SlotReserved(SlotReserved {
            offer_id: command.offer_id.clone(),
            conversation_id: command.conversation_id.clone(),
            channel: command.channel.clone(),
            cost: command.cost,
            expires_at: self
                .at
                .plus_millis(i64::from(command.ttl_ms.get()).min(RESERVED_MAX_MS)),
            override_by,
        }));
        if let Some(matched) = &command.matched {
            self.write(AgentEvent::AgentMatched(AgentMatched {
                offer_id: command.offer_id.clone(),
                conversation_id: command.conversation_id.clone(),
                decision_id: matched.decision_id.clone(),
                queue: matched.queue.clone(),
                ttl_ms: matched.offer_ttl_ms.min(OFFER_MAX_MS),
                parallel_max: matched.parallel_max.min(PARALLEL_MAX),
            }));
        }
        self.finish()
    }

    fn may_be_offered(&self, command: &ReserveSlot) -> Result<(), AgentRejection> {
        let is_short = |(skill, level): &(&_, &_)| self.standing.skills.get(*skill) < Some(*level);
        let skill_missing = || {
            let (skill, level) = command.requirements.iter().find(is_short)?;
            let (skill, level) = (skill.clone(), *level);
            Some(Unroutable::SkillMissing { skill, level })
        };
        match self
            .standing
            .unroutable(&command.channel)
            .or_else(skill_missing)
        {
            None => Ok(()),
            Some(why) => Err(AgentRejection::NotRoutable {
                channel: command.channel.clone(),
                why,
            }),
        }
    }

    /// Who had to allow it, if it goes beyond the capacity or interrupts what is not to be interrupted.
    fn has_room(
        &self,
        command: &ReserveSlot,
        agent: &AggregateId,
    ) -> Result<Option<Actor>, AgentRejection> {
        if self.standing.slots.len() >= SLOTS_MAX {
            return Err(AgentRejection::TooManySlots { max: SLOTS_MAX });
        }
        let free = self.standing.free(&command.channel);
        let cost = u32::from(command.cost.get());
        let busy_on = self.standing.busy_on(&command.channel);
        if cost <= free && busy_on.is_none() {
            return Ok(None);
        }
        match &command.override_by {
            None => Err(match busy_on {
                Some(work) => AgentRejection::NotRoutable {
                    channel: command.channel.clone(),
                    why: Unroutable::BusyOn(work.clone()),
                },
                None => AgentRejection::NoCapacity {
                    channel: command.channel.clone(),
                    free,
                    cost,
                },
            }),
            Some(approver) if approver.as_str() == agent.as_str() => {
                Err(AgentRejection::SupervisorRequired {
                    what: match busy_on {
                        Some(_) => "a slot beside work that is not to be interrupted",
                        None => "a slot beyond the capacity",
                    },
                })
            }
            Some(approver) => Ok(Some(approver.clone())),
        }
    }

    pub(crate) fn activate_slot(mut self, offer_id: &OfferId) -> Decision {
        let Some((conversation_id, slot)) = self.standing.slot_of(offer_id) else {
            return Err(AgentRejection::OfferSlotLost {
                offer_id: offer_id.clone(),
            });
        };
        // Work on the offer has begun, and may have gone further since.
        if slot.phase.is_work() {
            return Ok(vec![]);
        }
        let activated = SlotActivated {
            offer_id: offer_id.clone(),
            conversation_id: conversation_id.clone(),
        };
        self.write(AgentEvent::SlotActivated(activated));
        self.finish()
    }

    pub(crate) fn release_slot(mut self, command: &ReleaseSlot) -> Decision {
        let slots = &self.standing.slots;
        let found = match &command.slot {
            SlotName::OfferId(offer_id) => self.standing.slot_of(offer_id),
            // Who names the conversation means the work on it, not the next offer of it.
            SlotName::ConversationId(id) => slots
                .get_key_value(id)
                .filter(|(_, slot)| slot.phase.is_work()),
        };
        let Some((conversation_id, slot)) = found else {
            return Ok(vec![]);
        };
        let (conversation_id, slot) = (conversation_id.clone(), slot.clone());
        self.release(&conversation_id, command.cause);
        if !slot.phase.is_work() {
            self.answer_for(&slot.channel, command.cause);
        }
        self.finish()
    }

    /// What it costs an agent not to take an offer. Silence counts, a rejection only calls for a
    /// pause, and any other end of an offer is not the agent's doing.
    fn answer_for(&mut self, channel: &Channel, cause: ReleaseCause) {
        match cause {
            ReleaseCause::Expired => {
                if self.standing.consecutive_expiries >= expiries_max(channel) {
                    self.suspend_not_responding();
                }
            }
            ReleaseCause::Rejected => self.cool_down(),
            ReleaseCause::Rescinded
            | ReleaseCause::Canceled
            | ReleaseCause::Failed
            | ReleaseCause::AgentUnavailable
            | ReleaseCause::AgentOffline
            | ReleaseCause::Completed
            | ReleaseCause::Transferred
            | ReleaseCause::Parked
            | ReleaseCause::Force
            | ReleaseCause::TtlExpired => {}
        }
    }

    fn cool_down(&mut self) {
        if self.standing.suspension != Some(Suspension::NotResponding) {
            let suspended = RoutingSuspended {
                reason: SuspensionReason::Cooldown,
                ready_at: Some(self.after_s(COOLDOWN_S)),
            };
            self.write(AgentEvent::RoutingSuspended(suspended));
        }
    }

    pub(crate) fn expire_slot(mut self, command: &ExpireSlot) -> Decision {
        let Some((conversation_id, slot)) = self.standing.slot_of(&command.offer_id) else {
            return Ok(vec![]);
        };
        let expires_at = command.expires_at;
        if slot.phase == (Phase::Reserved { expires_at }) {
            let conversation_id = conversation_id.clone();
            self.release(&conversation_id, ReleaseCause::TtlExpired);
        }
        self.finish()
    }

    pub(crate) fn hold_slot(mut self, id: &ConversationId) -> Decision {
        match self.slot(id)?.phase {
            Phase::Active => self.write(AgentEvent::SlotHeld(SlotHeld {
                conversation_id: id.clone(),
            })),
            Phase::Held => {}
            phase @ (Phase::Reserved { .. } | Phase::WrapUp { .. }) => {
                return Err(refused("HoldSlot", id, phase));
            }
        }
        self.finish()
    }

    pub(crate) fn resume_slot(mut self, id: &ConversationId) -> Decision {
        match self.slot(id)?.phase {
            Phase::Held => self.write(AgentEvent::SlotResumed(SlotResumed {
                conversation_id: id.clone(),
            })),
            Phase::Active => {}
            phase @ (Phase::Reserved { .. } | Phase::WrapUp { .. }) => {
                return Err(refused("ResumeSlot", id, phase));
            }
        }
        self.finish()
    }
}

/// The same offer again is a retry, whatever has happened to its slot since.
fn reserve_again(conversation_id: &ConversationId, slot: &Slot, command: &ReserveSlot) -> Decision {
    let known = (conversation_id, &slot.channel, slot.cost);
    if known == (&command.conversation_id, &command.channel, command.cost) {
        Ok(vec![])
    } else {
        Err(AgentRejection::OfferConflict {
            offer_id: command.offer_id.clone(),
        })
    }
}

pub(crate) fn refused(
    command: &'static str,
    conversation_id: &ConversationId,
    phase: Phase,
) -> AgentRejection {
    AgentRejection::InvalidTransition {
        command,
        conversation_id: conversation_id.clone(),
        phase: phase.name(),
    }
}
