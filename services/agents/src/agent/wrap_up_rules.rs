//! The rules of wrap-ups. Each belongs to one conversation: no other can end it or move its time.

use super::command::{BeginWrapUp, CompleteWrapUp, ExpireWrapUp, ExtendWrapUp};
use super::draft::{Decision, Draft};
use super::event::{AgentEvent, WrapUpCompleted, WrapUpExtended, WrapUpStarted};
use super::rejection::{AgentRejection, Limited};
use super::slot::{Phase, ReleaseCause};
use super::slot_rules::refused;

/// Seconds a wrap-up may last, extensions included; the bound that Genesys Cloud has.
const WRAP_UP_MAX_S: u32 = 900;

impl Draft<'_> {
    pub(crate) fn begin_wrap_up(mut self, command: &BeginWrapUp) -> Decision {
        let id = &command.conversation_id;
        match self.slot(id)?.phase {
            Phase::Active | Phase::Held if command.budget_s == 0 => {
                self.free(id, ReleaseCause::Completed);
            }
            Phase::Active | Phase::Held => {
                let budget_s = command.budget_s.min(WRAP_UP_MAX_S);
                self.write(AgentEvent::WrapUpStarted(WrapUpStarted {
                    conversation_id: id.clone(),
                    deadline: self.after_s(budget_s),
                    budget_s,
                    disposition_required: command.disposition_required,
                }));
            }
            // It has begun: what the sender wants already holds.
            Phase::WrapUp { .. } => {}
            phase @ Phase::Reserved { .. } => return Err(refused("BeginWrapUp", id, phase)),
        }
        self.finish()
    }

    pub(crate) fn complete_wrap_up(mut self, command: &CompleteWrapUp) -> Decision {
        let id = &command.conversation_id;
        match self.slot(id)?.phase {
            Phase::WrapUp {
                disposition_required,
                ..
            } => {
                if disposition_required && command.codes.is_empty() {
                    return Err(AgentRejection::DispositionRequired {
                        conversation_id: id.clone(),
                    });
                }
            }
            phase @ (Phase::Reserved { .. } | Phase::Active | Phase::Held) => {
                return Err(refused("CompleteWrapUp", id, phase));
            }
        }
        Limited::DispositionCodes.admits(command.codes.len())?;
        self.write(AgentEvent::WrapUpCompleted(WrapUpCompleted {
            conversation_id: id.clone(),
            codes: command.codes.clone(),
            notes: command.notes.clone(),
        }));
        self.free(id, ReleaseCause::Completed);
        self.finish()
    }

    pub(crate) fn extend_wrap_up(mut self, command: &ExtendWrapUp) -> Decision {
        let id = &command.conversation_id;
        let (deadline, granted_s) = match self.slot(id)?.phase {
            Phase::WrapUp {
                deadline,
                granted_s,
                ..
            } => (deadline, granted_s),
            phase @ (Phase::Reserved { .. } | Phase::Active | Phase::Held) => {
                return Err(refused("ExtendWrapUp", id, phase));
            }
        };
        let seconds = u32::from(command.seconds.get());
        let asked = granted_s.saturating_add(seconds);
        if asked > WRAP_UP_MAX_S {
            let max = WRAP_UP_MAX_S;
            return Err(AgentRejection::WrapUpLimit { asked, max });
        }
        self.write(AgentEvent::WrapUpExtended(WrapUpExtended {
            conversation_id: id.clone(),
            deadline: deadline.plus_millis(i64::from(seconds) * 1_000),
            granted_s: asked,
        }));
        self.finish()
    }

    pub(crate) fn expire_wrap_up(mut self, command: &ExpireWrapUp) -> Decision {
        let slot = self.standing.slots.get(&command.conversation_id);
        let ends = slot.is_some_and(|slot| {
            matches!(slot.phase, Phase::WrapUp { deadline, .. } if deadline == command.deadline)
        });
        if ends {
            self.release(&command.conversation_id, ReleaseCause::Completed);
        }
        self.finish()
    }
}
