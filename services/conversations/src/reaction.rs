//! What the agents context publishes moves conversations.

use kernel::context::Reacted;
use kernel::{AggregateId, EventMeta, Reaction};
use serde::Deserialize;

use crate::bounds::{DispositionCodes, OfferTtlMs, ParallelMax};
use crate::conversation::{
    CompleteWrapUp, ConnectOffer, Conversation, ConversationCommand, ExpireWrapUp, LoseAgent,
    MarkOffered, OfferMatch, RescindCause, RescindOffer,
};
use crate::label::{AgentId, ConversationId, DecisionId, OfferId};

/// Reports to a conversation the end of the slot that an agent holds for it.
#[derive(Clone, Copy, Debug, Default)]
pub struct AgentsToConversations;

/// The events of the agents context as they are read here: unnamed ones are ignored, so that agents
/// may add events.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum AgentEvent {
    AgentMatched(AgentMatched),
    SlotActivated(SlotActivated),
    SlotReleased(SlotReleased),
    WrapUpCompleted(WrapUpCompleted),
    WrapUpAutoCompleted(WrapUpAutoCompleted),
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct AgentMatched {
    offer_id: OfferId,
    conversation_id: ConversationId,
    decision_id: DecisionId,
    ttl_ms: OfferTtlMs,
    parallel_max: ParallelMax,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct SlotActivated {
    offer_id: OfferId,
    conversation_id: ConversationId,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct SlotReleased {
    offer_id: OfferId,
    conversation_id: ConversationId,
    cause: Cause,
    phase: Phase,
}

/// Why the slot is free, as far as it concerns conversations.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Cause {
    Parked,
    #[serde(other)]
    Other,
}

/// What the slot was until then.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Phase {
    Reserved,
    Active,
    Held,
    #[serde(other)]
    Other,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct WrapUpCompleted {
    conversation_id: ConversationId,
    codes: DispositionCodes,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct WrapUpAutoCompleted {
    conversation_id: ConversationId,
}

impl Reaction for AgentsToConversations {
    const NAME: &'static str = "agents-to-conversations";
    const PROGRESS: &'static str = "agents_to_conversations";
    const ON: &'static str = "agents";
    type To = Conversation;
    type Event = AgentEvent;

    fn wants(&self, event_type: &str) -> bool {
        matches!(
            event_type,
            "AgentMatched"
                | "SlotActivated"
                | "SlotReleased"
                | "WrapUpCompleted"
                | "WrapUpAutoCompleted"
        )
    }

    fn react(&self, meta: &EventMeta, event: AgentEvent) -> Vec<Reacted<Conversation>> {
        // The agents context names its aggregates so; another name is no agent that a conversation
        // knows.
        let Ok(agent_id) = AgentId::new(meta.aggregate.as_str()) else {
            return vec![];
        };
        let asked = match event {
            AgentEvent::AgentMatched(matched) => Some(offer(agent_id, matched)),
            AgentEvent::SlotActivated(activated) => Some(connect(activated)),
            AgentEvent::SlotReleased(released) => release(agent_id, released),
            AgentEvent::WrapUpCompleted(completed) => Some(complete(agent_id, completed)),
            AgentEvent::WrapUpAutoCompleted(completed) => Some(expire(agent_id, &completed)),
        };
        let reacted = asked.map(|(conversation_id, command)| Reacted {
            tenant: meta.tenant.clone(),
            to: aggregate(&conversation_id),
            command,
        });
        reacted.into_iter().collect()
    }
}

type Asked = (ConversationId, ConversationCommand);

/// The match is in the same stream as the slot's end, so a slot that is lost at once rescinds an
/// offer that is there already.
fn offer(agent_id: AgentId, matched: AgentMatched) -> Asked {
    let command = ConversationCommand::OfferMatch(OfferMatch(MarkOffered {
        offer_id: matched.offer_id,
        agent_id,
        decision_id: matched.decision_id,
        ttl_ms: matched.ttl_ms,
        parallel_max: matched.parallel_max,
    }));
    (matched.conversation_id, command)
}

fn connect(activated: SlotActivated) -> Asked {
    let command = ConversationCommand::ConnectOffer(ConnectOffer {
        offer_id: activated.offer_id,
    });
    (activated.conversation_id, command)
}

fn release(agent_id: AgentId, released: SlotReleased) -> Option<Asked> {
    let command = match (released.phase, released.cause) {
        // An offer without its slot is void, no matter what took the slot away; a final one is left
        // alone.
        (Phase::Reserved, _) => ConversationCommand::RescindOffer(RescindOffer {
            offer_id: released.offer_id,
            cause: RescindCause::AgentUnavailable,
        }),
        // What is parked has no slot, and is not lost for it.
        (Phase::Active | Phase::Held, Cause::Parked) | (Phase::Other, _) => return None,
        // A conversation that has let the agent go itself is not touched.
        (Phase::Active | Phase::Held, Cause::Other) => {
            ConversationCommand::LoseAgent(LoseAgent { agent_id })
        }
    };
    Some((released.conversation_id, command))
}

fn complete(agent_id: AgentId, completed: WrapUpCompleted) -> Asked {
    let command = ConversationCommand::CompleteWrapUp(CompleteWrapUp {
        agent_id,
        codes: completed.codes,
    });
    (completed.conversation_id, command)
}

fn expire(agent_id: AgentId, completed: &WrapUpAutoCompleted) -> Asked {
    let command = ConversationCommand::ExpireWrapUp(ExpireWrapUp {
        agent_id,
        wrap_up_version: None,
    });
    (completed.conversation_id.clone(), command)
}

fn aggregate(conversation_id: &ConversationId) -> AggregateId {
    AggregateId::new(conversation_id.as_str())
        .expect("a conversation id is graphic and at most 64 bytes")
}

#[cfg(test)]
mod tests {
    use kernel::fixtures::meta;

    use super::*;

    /// What an event of agent `A-1` asks of a conversation.
    fn react(kind: &str, data: &str) -> Option<(String, ConversationCommand)> {
        let meta = meta("A-1");
        let head = serde_json::to_string(&meta).unwrap();
        let head = head.trim_end_matches('}');
        let record = format!(r#"{head},"type":"{kind}","data":{data}}}"#);
        assert!(AgentsToConversations.wants(kind));
        let event = serde_json::from_str(&record).unwrap();
        let mut reacted = AgentsToConversations.react(&meta, event);
        let one = reacted.pop()?;
        assert!(reacted.is_empty());
        assert_eq!(one.tenant.as_str(), "demo");
        Some((one.to.to_string(), one.command))
    }

    fn released(phase: &str, cause: &str) -> Option<ConversationCommand> {
        let data = format!(
            r#"{{"slot_id":"s","offer_id":"O-1","conversation_id":"C-1","cause":"{cause}","phase":"{phase}"}}"#
        );
        react("SlotReleased", &data).map(|(to, command)| {
            assert_eq!(to, "C-1");
            command
        })
    }

    #[test]
    fn activated_slot_connects_its_offer() {
        let data = r#"{"slot_id":"s","offer_id":"O-1","conversation_id":"C-1","channel":"chat"}"#;
        let command = ConversationCommand::ConnectOffer(ConnectOffer {
            offer_id: "O-1".parse().unwrap(),
        });
        assert_eq!(react("SlotActivated", data), Some(("C-1".into(), command)));
    }

    #[test]
    fn matched_agent_is_offered_the_conversation() {
        let data = r#"{"offer_id":"O-1","conversation_id":"C-1","decision_id":"D-1","queue":"fx","ttl_ms":20000,"parallel_max":2}"#;
        let command = ConversationCommand::OfferMatch(OfferMatch(MarkOffered {
            offer_id: "O-1".parse().unwrap(),
            agent_id: "A-1".parse().unwrap(),
            decision_id: "D-1".parse().unwrap(),
            ttl_ms: 20_000.try_into().unwrap(),
            parallel_max: 2.try_into().unwrap(),
        }));
        assert_eq!(react("AgentMatched", data), Some(("C-1".into(), command)));
    }

    #[test]
    fn reserved_slot_that_is_lost_rescinds_its_offer() {
        let rescind = ConversationCommand::RescindOffer(RescindOffer {
            offer_id: "O-1".parse().unwrap(),
            cause: RescindCause::AgentUnavailable,
        });
        for cause in ["agent_unavailable", "agent_offline", "ttl_expired"] {
            assert_eq!(
                released("reserved", cause),
                Some(rescind.clone()),
                "{cause}"
            );
        }
    }

    #[test]
    fn working_slot_that_is_gone_loses_the_agent() {
        let lose = ConversationCommand::LoseAgent(LoseAgent {
            agent_id: "A-1".parse().unwrap(),
        });
        for phase in ["active", "held"] {
            for cause in ["agent_offline", "completed", "force"] {
                let asked = released(phase, cause);
                assert_eq!(asked, Some(lose.clone()), "{phase} {cause}");
            }
        }
    }

    #[test]
    fn slot_of_parked_or_finished_work_asks_nothing() {
        for (phase, cause) in [
            ("active", "parked"),
            ("held", "parked"),
            ("wrap_up", "agent_offline"),
            ("of_a_later_version", "agent_offline"),
        ] {
            assert_eq!(released(phase, cause), None, "{phase} {cause}");
        }
        assert!(!AgentsToConversations.wants("SlotReserved"));
    }

    #[test]
    fn done_wrap_up_closes_the_agents_conversation() {
        let data = r#"{"conversation_id":"C-1","codes":["traded"]}"#;
        let command = ConversationCommand::CompleteWrapUp(CompleteWrapUp {
            agent_id: "A-1".parse().unwrap(),
            codes: vec!["traded".parse().unwrap()].try_into().unwrap(),
        });
        assert_eq!(
            react("WrapUpCompleted", data),
            Some(("C-1".into(), command))
        );

        let data = r#"{"conversation_id":"C-1"}"#;
        let command = ConversationCommand::ExpireWrapUp(ExpireWrapUp {
            agent_id: "A-1".parse().unwrap(),
            wrap_up_version: None,
        });
        assert_eq!(
            react("WrapUpAutoCompleted", data),
            Some(("C-1".into(), command))
        );
    }
}
