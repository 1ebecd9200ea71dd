//! What the conversations context publishes moves slots.

use kernel::context::Reacted;
use kernel::{AggregateId, EventMeta, Reaction};
use serde::Deserialize;

use crate::agent::{
    ActivateSlot, Agent, AgentCommand, AgentId, BeginWrapUp, CompleteWrapUp, ConversationId,
    DispositionCode, HoldSlot, OfferId, ReleaseCause, ReleaseSlot, ResumeSlot, SlotName,
};

/// Reports to each agent the end of an offer, and of the conversation that holds a slot.
#[derive(Clone, Copy, Debug, Default)]
pub struct ConversationsToAgents;

/// The events of the conversations context as they are read here: unnamed ones are ignored, so that
/// conversations may add events.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum ConversationEvent {
    OfferAccepting(Offer),
    OfferRejected(Offer),
    OfferExpired(Offer),
    OfferRescinded(Offer),
    OfferCanceled(Offer),
    OfferFailed(Offer),
    MatchRefused(Offer),
    Held(Owner),
    Resumed(Owner),
    Parked(Owner),
    AgentLeft(Leaving),
    OwnerChanged(Handover),
    Ended(Ending),
    Disposed(Disposal),
    ConsultStarted(Consultation),
    ParticipantLeft(Owner),
    TransferFailed(Refusal),
    ForceRequeued(FormerOwner),
    ForceClosed(FormerOwner),
    Merged(FormerOwner),
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Offer {
    offer_id: OfferId,
    agent_id: AgentId,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Owner {
    agent_id: AgentId,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Leaving {
    agent_id: AgentId,
    #[serde(default)]
    wrap_up_s: u32,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Handover {
    from: AgentId,
    #[serde(default)]
    wrap_up_s: u32,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Ending {
    agent_id: AgentId,
    #[serde(default)]
    wrap_up_s: u32,
    #[serde(default)]
    disposition_required: bool,
}

/// Another agent is asked, whose slot is reserved.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Consultation {
    target: AgentId,
    offer_id: OfferId,
}

/// The agent who was asked does not take over.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Refusal {
    target: AgentId,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Disposal {
    agent_id: AgentId,
    codes: Vec<DispositionCode>,
}

/// The agent who had the conversation when a supervisor took it away; absent if it waited.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct FormerOwner {
    #[serde(default)]
    agent_id: Option<AgentId>,
}

impl Reaction for ConversationsToAgents {
    const NAME: &'static str = "conversations-to-agents";
    const PROGRESS: &'static str = "conversations_to_agents";
    const ON: &'static str = "conversations";
    type To = Agent;
    type Event = ConversationEvent;

    fn wants(&self, event_type: &str) -> bool {
        matches!(
            event_type,
            "OfferAccepting"
                | "OfferRejected"
                | "OfferExpired"
                | "OfferRescinded"
                | "OfferCanceled"
                | "OfferFailed"
                | "MatchRefused"
                | "Held"
                | "Resumed"
                | "Parked"
                | "AgentLeft"
                | "OwnerChanged"
                | "Ended"
                | "Disposed"
                | "ConsultStarted"
                | "ParticipantLeft"
                | "TransferFailed"
                | "ForceRequeued"
                | "ForceClosed"
                | "Merged"
        )
    }

    fn react(&self, meta: &EventMeta, event: ConversationEvent) -> Vec<Reacted<Agent>> {
        // The conversations context names its aggregates so; no slot is taken by anything else.
        let Ok(conversation_id) = ConversationId::new(meta.aggregate.as_str()) else {
            return vec![];
        };
        // A wrap-up that ended here causes `Disposed`, which needs no command back.
        let is_echo = matches!(event, ConversationEvent::Disposed(_)) && meta.actor.is_reaction();
        let asked = (!is_echo)
            .then(|| command(conversation_id, event))
            .flatten();
        let reacted = asked.map(|(agent_id, command)| Reacted {
            tenant: meta.tenant.clone(),
            to: agent(&agent_id),
            command,
        });
        reacted.into_iter().collect()
    }
}

type Asked = (AgentId, AgentCommand);

fn command(conversation_id: ConversationId, event: ConversationEvent) -> Option<Asked> {
    use ConversationEvent as E;
    let asked = match event {
        E::OfferAccepting(Offer { offer_id, agent_id }) => (
            agent_id,
            AgentCommand::ActivateSlot(ActivateSlot { offer_id }),
        ),
        E::OfferRejected(offer) => refused(offer, ReleaseCause::Rejected),
        E::OfferExpired(offer) => refused(offer, ReleaseCause::Expired),
        E::OfferRescinded(offer) => refused(offer, ReleaseCause::Rescinded),
        E::OfferCanceled(offer) => refused(offer, ReleaseCause::Canceled),
        // The slot was reserved for an offer that was never made.
        E::MatchRefused(offer) => refused(offer, ReleaseCause::Canceled),
        E::OfferFailed(offer) => refused(offer, ReleaseCause::Failed),
        E::Held(Owner { agent_id }) => (
            agent_id,
            AgentCommand::HoldSlot(HoldSlot { conversation_id }),
        ),
        E::Resumed(Owner { agent_id }) => (
            agent_id,
            AgentCommand::ResumeSlot(ResumeSlot { conversation_id }),
        ),
        E::Parked(Owner { agent_id }) => (agent_id, release(conversation_id, ReleaseCause::Parked)),
        E::AgentLeft(Leaving {
            agent_id,
            wrap_up_s,
        }) => (agent_id, hand_over(conversation_id, wrap_up_s)),
        E::OwnerChanged(Handover { from, wrap_up_s }) => {
            (from, hand_over(conversation_id, wrap_up_s))
        }
        E::Ended(ending) => ended(conversation_id, ending),
        E::Disposed(disposal) => (disposal.agent_id, complete(conversation_id, disposal.codes)),
        E::ConsultStarted(Consultation { target, offer_id }) => (
            target,
            AgentCommand::ActivateSlot(ActivateSlot { offer_id }),
        ),
        E::ParticipantLeft(Owner { agent_id })
        | E::TransferFailed(Refusal { target: agent_id }) => {
            (agent_id, release(conversation_id, ReleaseCause::Completed))
        }
        E::ForceRequeued(former) | E::ForceClosed(former) | E::Merged(former) => (
            former.agent_id?,
            release(conversation_id, ReleaseCause::Force),
        ),
    };
    Some(asked)
}

fn refused(offer: Offer, cause: ReleaseCause) -> Asked {
    let slot = SlotName::OfferId(offer.offer_id);
    let release = ReleaseSlot { slot, cause };
    (offer.agent_id, AgentCommand::ReleaseSlot(release))
}

fn release(conversation_id: ConversationId, cause: ReleaseCause) -> AgentCommand {
    let slot = SlotName::ConversationId(conversation_id);
    AgentCommand::ReleaseSlot(ReleaseSlot { slot, cause })
}

/// Another agent or queue has the conversation, and with it the duty to dispose of it.
fn hand_over(conversation_id: ConversationId, wrap_up_s: u32) -> AgentCommand {
    if wrap_up_s == 0 {
        return release(conversation_id, ReleaseCause::Transferred);
    }
    AgentCommand::BeginWrapUp(BeginWrapUp {
        conversation_id,
        budget_s: wrap_up_s,
        disposition_required: false,
    })
}

fn ended(conversation_id: ConversationId, ending: Ending) -> Asked {
    let command = if ending.wrap_up_s == 0 {
        release(conversation_id, ReleaseCause::Completed)
    } else {
        AgentCommand::BeginWrapUp(BeginWrapUp {
            conversation_id,
            budget_s: ending.wrap_up_s,
            disposition_required: ending.disposition_required,
        })
    };
    (ending.agent_id, command)
}

/// Disposed of at the conversation: the wrap-up has ended, too.
fn complete(conversation_id: ConversationId, codes: Vec<DispositionCode>) -> AgentCommand {
    AgentCommand::CompleteWrapUp(CompleteWrapUp {
        conversation_id,
        codes,
        notes: None,
    })
}

fn agent(id: &AgentId) -> AggregateId {
    AggregateId::new(id.as_str()).expect("an agent id is graphic and shorter than an aggregate id")
}

#[cfg(test)]
mod tests {
    use kernel::fixtures::meta;
    use serde_json::{Value, json};

    use super::*;

    /// What the event asks of which agent, as written to the command log.
    fn react(kind: &str, data: Value) -> Option<(String, Value)> {
        assert!(ConversationsToAgents.wants(kind));
        let event = serde_json::from_value(json!({ "type": kind, "data": data })).unwrap();
        let mut reacted = ConversationsToAgents.react(&meta("C-1"), event);
        assert!(reacted.len() <= 1);
        let reacted = reacted.pop()?;
        assert_eq!(reacted.tenant.as_str(), "demo");
        let command = serde_json::to_value(reacted.command).unwrap();
        Some((reacted.to.to_string(), command))
    }

    fn asked(kind: &str, data: Value) -> Option<(String, Value)> {
        Some(("amy".to_owned(), json!({ "type": kind, "data": data })))
    }

    #[test]
    fn accepted_offer_activates_its_slot() {
        let offer = json!({ "offer_id": "O-1", "agent_id": "amy", "since_v2": 1 });
        let expected = asked("ActivateSlot", json!({ "offer_id": "O-1" }));
        assert_eq!(react("OfferAccepting", offer), expected);
    }

    #[test]
    fn offer_that_comes_to_nothing_releases_its_slot() {
        for (kind, cause) in [
            ("OfferRejected", "rejected"),
            ("OfferExpired", "expired"),
            ("OfferRescinded", "rescinded"),
            ("OfferCanceled", "canceled"),
            ("OfferFailed", "failed"),
            ("MatchRefused", "canceled"),
        ] {
            let offer = json!({ "offer_id": "O-1", "agent_id": "amy" });
            let data = json!({ "slot": { "offer_id": "O-1" }, "cause": cause });
            assert_eq!(react(kind, offer), asked("ReleaseSlot", data));
        }
    }

    #[test]
    fn hold_and_resume_follow_the_conversation() {
        let data = json!({ "conversation_id": "C-1" });
        for (kind, command) in [("Held", "HoldSlot"), ("Resumed", "ResumeSlot")] {
            let owner = json!({ "agent_id": "amy" });
            assert_eq!(react(kind, owner), asked(command, data.clone()));
        }
    }

    #[test]
    fn parked_conversation_releases_its_slot() {
        let data = json!({ "slot": { "conversation_id": "C-1" }, "cause": "parked" });
        let owner = json!({ "agent_id": "amy" });
        assert_eq!(react("Parked", owner), asked("ReleaseSlot", data));
    }

    fn wrap_up(budget_s: u32, disposition_required: bool) -> Option<(String, Value)> {
        let data = json!({
            "conversation_id": "C-1", "budget_s": budget_s,
            "disposition_required": disposition_required,
        });
        asked("BeginWrapUp", data)
    }

    #[test]
    fn agent_who_leaves_writes_up_what_was_done() {
        let left = json!({ "agent_id": "amy", "wrap_up_s": 20 });
        assert_eq!(react("AgentLeft", left), wrap_up(20, false));
        let changed = json!({ "from": "amy", "to": "bob", "wrap_up_s": 20 });
        assert_eq!(react("OwnerChanged", changed), wrap_up(20, false));
    }

    #[test]
    fn agent_who_leaves_without_wrap_up_is_free_at_once() {
        let data = json!({ "slot": { "conversation_id": "C-1" }, "cause": "transferred" });
        let left = json!({ "agent_id": "amy", "wrap_up_s": 0 });
        assert_eq!(react("AgentLeft", left), asked("ReleaseSlot", data.clone()));
        let changed = json!({ "from": "amy", "to": "bob" });
        assert_eq!(react("OwnerChanged", changed), asked("ReleaseSlot", data));
    }

    #[test]
    fn ended_conversation_is_wrapped_up_or_released() {
        let ended = json!({ "agent_id": "amy", "wrap_up_s": 30, "disposition_required": true });
        assert_eq!(react("Ended", ended), wrap_up(30, true));
        let data = json!({ "slot": { "conversation_id": "C-1" }, "cause": "completed" });
        let ended = json!({ "agent_id": "amy", "wrap_up_s": 0, "disposition_required": true });
        assert_eq!(react("Ended", ended), asked("ReleaseSlot", data));
    }

    #[test]
    fn consulted_agent_works_on_it_until_they_leave() {
        let started = json!({ "agent_id": "bob", "target": "amy", "offer_id": "O-2" });
        let activate = asked("ActivateSlot", json!({ "offer_id": "O-2" }));
        assert_eq!(react("ConsultStarted", started), activate);
        let data = json!({ "slot": { "conversation_id": "C-1" }, "cause": "completed" });
        let left = json!({ "agent_id": "amy" });
        assert_eq!(
            react("ParticipantLeft", left),
            asked("ReleaseSlot", data.clone())
        );
        let failed = json!({ "agent_id": "bob", "target": "amy" });
        assert_eq!(react("TransferFailed", failed), asked("ReleaseSlot", data));
    }

    #[test]
    fn conversation_that_was_disposed_of_ends_its_wrap_up_unless_that_is_where_it_came_from() {
        let disposed = json!({ "agent_id": "amy", "codes": ["DEALT"] });
        let data = json!({ "conversation_id": "C-1", "codes": ["DEALT"] });
        assert_eq!(
            react("Disposed", disposed.clone()),
            asked("CompleteWrapUp", data)
        );
        let echo = EventMeta {
            actor: "reaction:agents-to-conversations".parse().unwrap(),
            ..meta("C-1")
        };
        let event = json!({ "type": "Disposed", "data": disposed });
        let event = serde_json::from_value(event).unwrap();
        assert!(ConversationsToAgents.react(&echo, event).is_empty());
    }

    #[test]
    fn conversation_taken_away_by_a_supervisor_releases_the_slot_it_had() {
        let data = json!({ "slot": { "conversation_id": "C-1" }, "cause": "force" });
        for kind in ["ForceRequeued", "ForceClosed", "Merged"] {
            let owner = json!({ "agent_id": "amy" });
            assert_eq!(react(kind, owner), asked("ReleaseSlot", data.clone()));
            assert_eq!(react(kind, json!({ "by": "sue" })), None);
        }
    }

    #[test]
    fn conversation_that_no_slot_can_name_is_passed_over() {
        let meta = EventMeta {
            aggregate: "C/1".parse().unwrap(),
            ..meta("C-1")
        };
        let held = json!({ "type": "Held", "data": { "agent_id": "amy" } });
        let event = serde_json::from_value(held).unwrap();
        assert!(ConversationsToAgents.react(&meta, event).is_empty());
    }

    #[test]
    fn what_moves_no_slot_is_not_listened_to() {
        for kind in [
            "WrapUpTimedOut",
            "Queued",
            "Offered",
            "Connected",
            "Abandoned",
        ] {
            assert!(!ConversationsToAgents.wants(kind), "{kind}");
        }
    }
}
