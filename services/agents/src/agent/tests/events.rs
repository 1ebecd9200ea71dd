//! Events, written short; those with a time in them follow from a command accepted at `NOW`.

use super::*;

pub(super) fn started(session: &str, channels: &[&str]) -> AgentEvent {
    AgentEvent::SessionStarted(SessionStarted {
        session_id: session.parse().unwrap(),
        device: "web".parse().unwrap(),
        channels: channels.iter().map(|name| name.parse().unwrap()).collect(),
        at: Some(at(NOW)),
    })
}

pub(super) fn changed_by(source: Source, presence: Presence) -> AgentEvent {
    AgentEvent::PresenceChanged(Choice {
        presence,
        reason: None,
        source,
    })
}

pub(super) fn changed(presence: Presence) -> AgentEvent {
    changed_by(Source::Agent, presence)
}

pub(super) fn next(presence: Option<Presence>) -> AgentEvent {
    let chosen = |presence| Choice {
        presence,
        reason: None,
        source: Source::Agent,
    };
    AgentEvent::NextPresenceSet(NextPresenceSet {
        next: presence.map(chosen),
    })
}

pub(super) fn reserved(offer: &str, conversation: &str, channel: &str) -> AgentEvent {
    let command = reservation(offer, conversation, channel);
    AgentEvent::SlotReserved(SlotReserved {
        offer_id: command.offer_id,
        conversation_id: command.conversation_id,
        channel: command.channel,
        cost: command.cost,
        expires_at: after(35),
        override_by: None,
    })
}

pub(super) fn agent_matched(offer: &str, conversation: &str) -> AgentEvent {
    AgentEvent::AgentMatched(AgentMatched {
        offer_id: offer.parse().unwrap(),
        conversation_id: conversation.parse().unwrap(),
        decision_id: "D-1".parse().unwrap(),
        queue: "FX-VIP".parse().unwrap(),
        ttl_ms: 20_000.try_into().unwrap(),
        parallel_max: NonZeroU8::MIN,
    })
}

pub(super) fn activated(offer: &str, conversation: &str) -> AgentEvent {
    AgentEvent::SlotActivated(SlotActivated {
        offer_id: offer.parse().unwrap(),
        conversation_id: conversation.parse().unwrap(),
    })
}

pub(super) fn released(
    offer: &str,
    conversation: &str,
    phase: PhaseName,
    cause: ReleaseCause,
) -> AgentEvent {
    AgentEvent::SlotReleased(SlotReleased {
        offer_id: offer.parse().unwrap(),
        conversation_id: conversation.parse().unwrap(),
        cause,
        phase,
    })
}

pub(super) fn held(conversation: &str) -> AgentEvent {
    let conversation_id = conversation.parse().unwrap();
    AgentEvent::SlotHeld(SlotHeld { conversation_id })
}

pub(super) fn resumed(conversation: &str) -> AgentEvent {
    let conversation_id = conversation.parse().unwrap();
    AgentEvent::SlotResumed(SlotResumed { conversation_id })
}

pub(super) fn wrapping(
    conversation: &str,
    budget_s: u32,
    disposition_required: bool,
) -> AgentEvent {
    AgentEvent::WrapUpStarted(WrapUpStarted {
        conversation_id: conversation.parse().unwrap(),
        deadline: after(budget_s.into()),
        budget_s,
        disposition_required,
    })
}

pub(super) fn extended(conversation: &str, granted_s: u32) -> AgentEvent {
    AgentEvent::WrapUpExtended(WrapUpExtended {
        conversation_id: conversation.parse().unwrap(),
        deadline: after(granted_s.into()),
        granted_s,
    })
}

pub(super) fn completed(conversation: &str, codes: &[&str]) -> AgentEvent {
    AgentEvent::WrapUpCompleted(WrapUpCompleted {
        conversation_id: conversation.parse().unwrap(),
        codes: codes.iter().map(|code| code.parse().unwrap()).collect(),
        notes: None,
    })
}

pub(super) fn auto_completed(conversation: &str) -> AgentEvent {
    let conversation_id = conversation.parse().unwrap();
    AgentEvent::WrapUpAutoCompleted(WrapUpAutoCompleted { conversation_id })
}

pub(super) fn capacity(channels: &[(&str, u16)]) -> AgentEvent {
    let AgentCommand::SetCapacity(command) = set_capacity(channels) else {
        unreachable!("it sets the capacity");
    };
    AgentEvent::CapacityChanged(CapacityChanged {
        channels: command.channels,
    })
}

pub(super) fn skills(skills: &[(&str, u8)]) -> AgentEvent {
    let AgentCommand::SetSkills(command) = set_skills(skills) else {
        unreachable!("it sets the skills");
    };
    AgentEvent::SkillsChanged(SkillsChanged {
        skills: command.skills,
    })
}

pub(super) fn queues(queues: &[&str]) -> AgentEvent {
    AgentEvent::QueuesChanged(QueuesChanged {
        queues: queues.iter().map(|name| name.parse().unwrap()).collect(),
    })
}

pub(super) fn lost(session: &str) -> AgentEvent {
    AgentEvent::LinkLost(LinkLost {
        session_id: session.parse().unwrap(),
        grace_until: after(60),
    })
}

pub(super) fn restored(session: &str) -> AgentEvent {
    let session_id = session.parse().unwrap();
    AgentEvent::LinkRestored(LinkRestored { session_id })
}

pub(super) fn grace_expired(session: &str) -> AgentEvent {
    let session_id = session.parse().unwrap();
    AgentEvent::GraceExpired(GraceExpired { session_id })
}

pub(super) fn not_responding() -> AgentEvent {
    AgentEvent::RoutingSuspended(RoutingSuspended {
        reason: SuspensionReason::NotResponding,
        ready_at: None,
    })
}

pub(super) fn cooling_down() -> AgentEvent {
    AgentEvent::RoutingSuspended(RoutingSuspended {
        reason: SuspensionReason::Cooldown,
        ready_at: Some(after(30)),
    })
}

pub(super) fn routing_resumed() -> AgentEvent {
    AgentEvent::RoutingResumed(RoutingResumed {})
}

pub(super) fn heard(session: &str, at: Timestamp) -> AgentEvent {
    let session_id = session.parse().unwrap();
    AgentEvent::SessionHeard(SessionHeard { session_id, at })
}

pub(super) fn ended(session: &str, cause: SessionEnd) -> AgentEvent {
    let session_id = session.parse().unwrap();
    AgentEvent::SessionEnded(SessionEnded { session_id, cause })
}

pub(super) fn interruptions(by: &[(&str, &[&str])]) -> AgentEvent {
    let interruptible_by = interruptible(by);
    AgentEvent::InterruptionsChanged(InterruptionsChanged { interruptible_by })
}
