//! Commands, written short.

use super::*;

pub(super) fn start(session: &str, channels: &[&str]) -> AgentCommand {
    AgentCommand::StartSession(StartSession {
        session_id: session.parse().unwrap(),
        device: "web".parse().unwrap(),
        channels: channels.iter().map(|name| name.parse().unwrap()).collect(),
    })
}

pub(super) fn set(presence: Presence) -> AgentCommand {
    choose(presence, When::Now, false)
}

pub(super) fn choose(presence: Presence, when: When, force: bool) -> AgentCommand {
    AgentCommand::SetPresence(SetPresence {
        presence,
        reason: None,
        when,
        force,
    })
}

pub(super) fn reservation(offer: &str, conversation: &str, channel: &str) -> ReserveSlot {
    ReserveSlot {
        offer_id: offer.parse().unwrap(),
        conversation_id: conversation.parse().unwrap(),
        channel: channel.parse().unwrap(),
        cost: 1.try_into().unwrap(),
        ttl_ms: 35_000.try_into().unwrap(),
        override_by: None,
        requirements: [].into(),
        matched: None,
    }
}

pub(super) fn reserve(offer: &str, conversation: &str, channel: &str) -> AgentCommand {
    AgentCommand::ReserveSlot(reservation(offer, conversation, channel))
}

/// As a router asks for it.
pub(super) fn matched(offer: &str, conversation: &str) -> AgentCommand {
    let matched = Match {
        decision_id: "D-1".parse().unwrap(),
        queue: "FX-VIP".parse().unwrap(),
        offer_ttl_ms: 20_000.try_into().unwrap(),
        parallel_max: NonZeroU8::MIN,
    };
    AgentCommand::ReserveSlot(ReserveSlot {
        matched: Some(matched),
        ..reservation(offer, conversation, "chat")
    })
}

pub(super) fn activate(offer: &str) -> AgentCommand {
    let offer_id = offer.parse().unwrap();
    AgentCommand::ActivateSlot(ActivateSlot { offer_id })
}

pub(super) fn release_offer(offer: &str, cause: ReleaseCause) -> AgentCommand {
    let slot = SlotName::OfferId(offer.parse().unwrap());
    AgentCommand::ReleaseSlot(ReleaseSlot { slot, cause })
}

pub(super) fn release(conversation: &str, cause: ReleaseCause) -> AgentCommand {
    let slot = SlotName::ConversationId(conversation.parse().unwrap());
    AgentCommand::ReleaseSlot(ReleaseSlot { slot, cause })
}

pub(super) fn hold(conversation: &str) -> AgentCommand {
    let conversation_id = conversation.parse().unwrap();
    AgentCommand::HoldSlot(HoldSlot { conversation_id })
}

pub(super) fn resume(conversation: &str) -> AgentCommand {
    let conversation_id = conversation.parse().unwrap();
    AgentCommand::ResumeSlot(ResumeSlot { conversation_id })
}

pub(super) fn begin(conversation: &str, budget_s: u32, disposition_required: bool) -> AgentCommand {
    AgentCommand::BeginWrapUp(BeginWrapUp {
        conversation_id: conversation.parse().unwrap(),
        budget_s,
        disposition_required,
    })
}

pub(super) fn complete(conversation: &str, codes: &[&str]) -> AgentCommand {
    AgentCommand::CompleteWrapUp(CompleteWrapUp {
        conversation_id: conversation.parse().unwrap(),
        codes: codes.iter().map(|code| code.parse().unwrap()).collect(),
        notes: None,
    })
}

pub(super) fn extend(conversation: &str, seconds: u16) -> AgentCommand {
    AgentCommand::ExtendWrapUp(ExtendWrapUp {
        conversation_id: conversation.parse().unwrap(),
        seconds: seconds.try_into().unwrap(),
    })
}

pub(super) fn set_capacity(channels: &[(&str, u16)]) -> AgentCommand {
    let named = channels
        .iter()
        .map(|(name, units)| (name.parse().unwrap(), *units));
    AgentCommand::SetCapacity(SetCapacity {
        channels: named.collect(),
    })
}

pub(super) fn set_skills(skills: &[(&str, u8)]) -> AgentCommand {
    let named = skills
        .iter()
        .map(|(name, level)| (name.parse().unwrap(), Level::try_from(*level).unwrap()));
    AgentCommand::SetSkills(SetSkills {
        skills: named.collect(),
    })
}

pub(super) fn set_queues(queues: &[&str]) -> AgentCommand {
    AgentCommand::SetQueues(SetQueues {
        queues: queues.iter().map(|name| name.parse().unwrap()).collect(),
    })
}

pub(super) fn heartbeat(session: &str) -> AgentCommand {
    let session_id = session.parse().unwrap();
    AgentCommand::Heartbeat(Heartbeat { session_id })
}

pub(super) fn lose(session: &str) -> AgentCommand {
    let session_id = session.parse().unwrap();
    AgentCommand::LoseLink(LoseLink { session_id })
}

pub(super) fn sign_off(session: &str) -> AgentCommand {
    let session_id = session.parse().unwrap();
    AgentCommand::EndSession(EndSession { session_id })
}

pub(super) fn expire_session(session: &str) -> AgentCommand {
    let session_id = session.parse().unwrap();
    AgentCommand::ExpireSession(ExpireSession { session_id })
}

pub(super) fn suspend() -> AgentCommand {
    AgentCommand::SuspendRouting(SuspendRouting {})
}

pub(super) fn expire_slot(offer: &str, expires_at: Timestamp) -> AgentCommand {
    let offer_id = offer.parse().unwrap();
    AgentCommand::ExpireSlot(ExpireSlot {
        offer_id,
        expires_at,
    })
}

pub(super) fn expire_wrap_up(conversation: &str, deadline: Timestamp) -> AgentCommand {
    let conversation_id = conversation.parse().unwrap();
    AgentCommand::ExpireWrapUp(ExpireWrapUp {
        conversation_id,
        deadline,
    })
}

pub(super) fn expire_grace(session: &str, grace_until: Timestamp) -> AgentCommand {
    let session_id = session.parse().unwrap();
    AgentCommand::ExpireGrace(ExpireGrace {
        session_id,
        grace_until,
    })
}

pub(super) fn end_cooldown(ready_at: Timestamp) -> AgentCommand {
    AgentCommand::EndCooldown(EndCooldown { ready_at })
}

fn queue_names(names: &[&str]) -> std::collections::BTreeSet<Queue> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

pub(super) fn add_queues(names: &[&str]) -> AgentCommand {
    let queues = queue_names(names);
    AgentCommand::AddQueues(AddQueues { queues })
}

pub(super) fn remove_queues(names: &[&str]) -> AgentCommand {
    let queues = queue_names(names);
    AgentCommand::RemoveQueues(RemoveQueues { queues })
}

pub(super) fn interruptible(by: &[(&str, &[&str])]) -> Interruptions {
    let by = by.iter().map(|(work, admitted)| {
        let admitted = admitted.iter().map(|name| name.parse().unwrap());
        (work.parse().unwrap(), admitted.collect())
    });
    Interruptions(by.collect())
}

pub(super) fn set_interruptions(by: &[(&str, &[&str])]) -> AgentCommand {
    let interruptible_by = interruptible(by);
    AgentCommand::SetInterruptions(SetInterruptions { interruptible_by })
}
