//! One append in the making.

use std::borrow::Cow;

use kernel::Timestamp;

use super::event::{AgentEvent, RoutingResumed, SessionEnded, SlotReleased, WrapUpAutoCompleted};
use super::label::{ConversationId, SessionId};
use super::presence::{Choice, Presence};
use super::rejection::AgentRejection;
use super::session::SessionEnd;
use super::slot::{Phase, PhaseName, ReleaseCause, Slot};
use super::standing::Standing;
use super::suspension::Suspension;

pub(crate) type Decision = Result<Vec<AgentEvent>, AgentRejection>;

/// The events of one append, each decided on the state that the ones before it leave. The state is
/// copied only when there is a first event.
pub(crate) struct Draft<'a> {
    pub(crate) standing: Cow<'a, Standing>,
    /// Accepted-at of the command.
    pub(crate) at: Timestamp,
    events: Vec<AgentEvent>,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(standing: &'a Standing, at: Timestamp) -> Self {
        Self {
            standing: Cow::Borrowed(standing),
            at,
            events: Vec::new(),
        }
    }

    pub(crate) fn write(&mut self, event: AgentEvent) {
        self.standing.to_mut().apply(&event);
        self.events.push(event);
    }

    /// The append. If it frees the last slot, what was chosen for then begins in it.
    pub(crate) fn finish(mut self) -> Decision {
        if self.standing.slots.is_empty()
            && let Some(next) = self.standing.next_presence.clone()
        {
            let resumes = next.presence.is_routable()
                && self.standing.suspension == Some(Suspension::NotResponding);
            self.begin(next);
            if resumes {
                self.write(AgentEvent::RoutingResumed(RoutingResumed {}));
            }
        }
        Ok(self.events)
    }

    /// Begins a presence. An agent with a session is never offline.
    pub(crate) fn begin(&mut self, choice: Choice) {
        let is_offline = choice.presence == Presence::Offline;
        self.write(AgentEvent::PresenceChanged(choice));
        if is_offline {
            for id in self.standing.sessions.clone().into_keys() {
                self.write(session_ended(id, SessionEnd::Offline));
            }
        }
    }

    /// Now or later this many seconds.
    pub(crate) fn after_s(&self, seconds: u32) -> Timestamp {
        self.at.plus_millis(i64::from(seconds) * 1_000)
    }

    pub(crate) fn slot(&self, conversation_id: &ConversationId) -> Result<&Slot, AgentRejection> {
        self.standing
            .slots
            .get(conversation_id)
            .ok_or_else(|| AgentRejection::SlotLost {
                conversation_id: conversation_id.clone(),
            })
    }

    /// Takes a slot away, whatever it is doing.
    pub(crate) fn release(&mut self, conversation_id: &ConversationId, cause: ReleaseCause) {
        let slot = self.standing.slots.get(conversation_id);
        if let Some(Phase::WrapUp { .. }) = slot.map(|slot| slot.phase) {
            let conversation_id = conversation_id.clone();
            let ended = WrapUpAutoCompleted { conversation_id };
            self.write(AgentEvent::WrapUpAutoCompleted(ended));
        }
        self.free(conversation_id, cause);
    }

    /// Frees a slot whose end is an event.
    pub(crate) fn free(&mut self, conversation_id: &ConversationId, cause: ReleaseCause) {
        let Some(slot) = self.standing.slots.get(conversation_id) else {
            return;
        };
        let released = SlotReleased {
            offer_id: slot.offer_id.clone(),
            conversation_id: conversation_id.clone(),
            cause,
            phase: slot.phase.name(),
        };
        self.write(AgentEvent::SlotReleased(released));
    }

    /// Takes away every slot in one of these phases.
    pub(crate) fn release_all(&mut self, phases: &[PhaseName], cause: ReleaseCause) {
        let concerned = |slot: &Slot| phases.contains(&slot.phase.name());
        let slots = self.standing.slots.iter();
        let ids: Vec<_> = slots
            .filter(|(_, slot)| concerned(slot))
            .map(|(id, _)| id.clone())
            .collect();
        for id in &ids {
            self.release(id, cause);
        }
    }
}

pub(crate) fn session_ended(session_id: SessionId, cause: SessionEnd) -> AgentEvent {
    AgentEvent::SessionEnded(SessionEnded { session_id, cause })
}
