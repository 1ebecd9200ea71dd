//! The rule book.

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use kernel::context::{Context, Refused, TimerRequest};
use kernel::route::CommandRoute;
use kernel::{Accepted, AggregateId, Facts};
use serde::{Deserialize, Serialize};

use super::command::AgentCommand;
use super::draft::{Decision, Draft};
use super::event::AgentEvent;
use super::label::AgentId;
use super::presence::Source;
use super::rejection::AgentRejection;
use super::route;
use super::standing::Standing;
use super::timers;

/// One agent. There is always one: before its first event it is offline, without sessions, skills or
/// capacity, so that a profile can be set before the first login.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Events so far.
    version: u64,
    standing: Standing,
}

impl Agent {
    #[must_use]
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Events so far; 0 for an agent without events.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }
}

impl Context for Agent {
    const NAME: &'static str = "agents";

    const SHAPE: u16 = 2;

    const COMMANDS: &'static [CommandRoute] = route::COMMANDS;

    const INTERNAL: &'static [&'static str] = &[
        "ActivateSlot",
        "HoldSlot",
        "ResumeSlot",
        "BeginWrapUp",
        "ExpireSession",
        "ExpireSlot",
        "ExpireWrapUp",
        "ExpireGrace",
        "EndCooldown",
    ];

    type Input = AgentCommand;

    fn facts(id: &AggregateId, _: Option<&AgentCommand>) -> Facts {
        Facts::of_agent(id.as_str())
    }

    fn decide(&self, accepted: &Accepted<AgentCommand>, _policy: &()) -> Decision {
        use AgentCommand as C;
        if self.version == 0 {
            AgentId::new(accepted.id.as_str()).map_err(AgentRejection::AgentIdInvalid)?;
        }
        let draft = Draft::new(&self.standing, accepted.at);
        match &accepted.command {
            C::StartSession(command) => draft.start_session(command),
            C::Heartbeat(command) => draft.heartbeat(&command.session_id),
            C::LoseLink(command) => draft.lose_link(&command.session_id),
            C::EndSession(command) => draft.sign_off(&command.session_id),
            C::ExpireSession(command) => draft.expire_session(&command.session_id),
            C::ExpireGrace(command) => draft.expire_grace(command),

            C::SetPresence(command) => draft.set_presence(command, source(accepted)),
            C::SuspendRouting(_) => draft.suspend_routing(),
            C::EndCooldown(command) => draft.end_cooldown(command),

            C::ReserveSlot(command) => draft.reserve_slot(command, &accepted.id),
            C::ActivateSlot(command) => draft.activate_slot(&command.offer_id),
            C::HoldSlot(command) => draft.hold_slot(&command.conversation_id),
            C::ResumeSlot(command) => draft.resume_slot(&command.conversation_id),
            C::ReleaseSlot(command) => draft.release_slot(command),
            C::ExpireSlot(command) => draft.expire_slot(command),

            C::BeginWrapUp(command) => draft.begin_wrap_up(command),
            C::CompleteWrapUp(command) => draft.complete_wrap_up(command),
            C::ExtendWrapUp(command) => draft.extend_wrap_up(command),
            C::ExpireWrapUp(command) => draft.expire_wrap_up(command),

            C::SetCapacity(command) => draft.set_capacity(command),
            C::SetSkills(command) => draft.set_skills(command),
            C::SetQueues(command) => draft.set_queues(command.queues.clone()),
            C::AddQueues(command) => draft.add_queues(command),
            C::RemoveQueues(command) => draft.remove_queues(command),
            C::SetInterruptions(command) => draft.set_interruptions(command),
        }
    }

    /// A slot may end while the conversation still counts on it; an event reports the end to it.
    fn refused(
        &self,
        _accepted: &Accepted<AgentCommand>,
        rejection: &AgentRejection,
    ) -> Refused<AgentEvent> {
        match rejection {
            AgentRejection::InvalidTransition { .. }
            | AgentRejection::OfferSlotLost { .. }
            | AgentRejection::SlotLost { .. } => Refused::Race,
            _ => Refused::Noted(vec![]),
        }
    }

    fn timers(&self, event: &AgentEvent) -> Vec<TimerRequest<AgentCommand>> {
        timers::timers(event)
    }
}

impl Aggregate for Agent {
    const TYPE: &'static str = "agent";
    type Command = Accepted<AgentCommand>;
    type Event = AgentEvent;
    type Error = AgentRejection;
    type Services = ();

    async fn handle(
        &mut self,
        command: Self::Command,
        policy: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), AgentRejection> {
        for event in self.decide(&command, policy)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: AgentEvent) {
        self.version += 1;
        self.standing.apply(&event);
    }
}

/// A sender who is not the agent and may send the command is a supervisor.
fn source(accepted: &Accepted<AgentCommand>) -> Source {
    if accepted.actor.as_str() == accepted.id.as_str() {
        Source::Agent
    } else {
        Source::Supervisor
    }
}
