//! What has to happen later, if nothing else does. Each timer carries the state it expects, so that
//! one which fires late changes nothing.

use kernel::Timestamp;
use kernel::context::TimerRequest;

use super::command::{AgentCommand, EndCooldown, ExpireGrace, ExpireSlot, ExpireWrapUp};
use super::event::{AgentEvent, LinkRestored, SessionEnded, SlotReleased};
use super::label::ConversationId;
use super::slot::PhaseName;

type Request = TimerRequest<AgentCommand>;

const COOLDOWN: &str = "cooldown";

pub(crate) fn timers(event: &AgentEvent) -> Vec<Request> {
    match event {
        AgentEvent::SlotReserved(reserved) => vec![TimerRequest::Set {
            name: format!("slot/{}", reserved.offer_id).into(),
            due: reserved.expires_at,
            command: AgentCommand::ExpireSlot(ExpireSlot {
                offer_id: reserved.offer_id.clone(),
                expires_at: reserved.expires_at,
            }),
        }],
        AgentEvent::SlotActivated(activated) => vec![TimerRequest::Cancel {
            name: format!("slot/{}", activated.offer_id).into(),
        }],
        AgentEvent::SlotReleased(released) => released_timer(released),
        AgentEvent::WrapUpStarted(started) => {
            vec![wrap_up(&started.conversation_id, started.deadline)]
        }
        AgentEvent::WrapUpExtended(extended) => {
            vec![wrap_up(&extended.conversation_id, extended.deadline)]
        }
        AgentEvent::LinkLost(lost) => vec![TimerRequest::Set {
            name: format!("grace/{}", lost.session_id).into(),
            due: lost.grace_until,
            command: AgentCommand::ExpireGrace(ExpireGrace {
                session_id: lost.session_id.clone(),
                grace_until: lost.grace_until,
            }),
        }],
        AgentEvent::LinkRestored(LinkRestored { session_id })
        | AgentEvent::SessionEnded(SessionEnded { session_id, .. }) => {
            vec![TimerRequest::Cancel {
                name: format!("grace/{session_id}").into(),
            }]
        }
        AgentEvent::RoutingSuspended(suspended) => match suspended.ready_at {
            Some(ready_at) => vec![TimerRequest::Set {
                name: COOLDOWN.into(),
                due: ready_at,
                command: AgentCommand::EndCooldown(EndCooldown { ready_at }),
            }],
            None => vec![TimerRequest::Cancel {
                name: COOLDOWN.into(),
            }],
        },
        AgentEvent::RoutingResumed(_) => vec![TimerRequest::Cancel {
            name: COOLDOWN.into(),
        }],
        AgentEvent::SessionStarted(_)
        | AgentEvent::SessionHeard(_)
        | AgentEvent::PresenceChanged(_)
        | AgentEvent::NextPresenceSet(_)
        | AgentEvent::AgentMatched(_)
        | AgentEvent::SlotHeld(_)
        | AgentEvent::SlotResumed(_)
        | AgentEvent::WrapUpCompleted(_)
        | AgentEvent::WrapUpAutoCompleted(_)
        | AgentEvent::CapacityChanged(_)
        | AgentEvent::SkillsChanged(_)
        | AgentEvent::QueuesChanged(_)
        | AgentEvent::InterruptionsChanged(_)
        | AgentEvent::GraceExpired(_) => vec![],
    }
}

fn wrap_up(conversation_id: &ConversationId, deadline: Timestamp) -> Request {
    TimerRequest::Set {
        name: format!("wrap_up/{conversation_id}").into(),
        due: deadline,
        command: AgentCommand::ExpireWrapUp(ExpireWrapUp {
            conversation_id: conversation_id.clone(),
            deadline,
        }),
    }
}

fn released_timer(released: &SlotReleased) -> Vec<Request> {
    let name = match released.phase {
        PhaseName::Reserved => format!("slot/{}", released.offer_id),
        PhaseName::WrapUp => format!("wrap_up/{}", released.conversation_id),
        PhaseName::Active | PhaseName::Held => return vec![],
    };
    vec![TimerRequest::Cancel { name: name.into() }]
}
