//! What the agents context publishes ends decisions.

use kernel::context::Reacted;
use kernel::{AggregateId, EventMeta, Reaction};
use serde::Deserialize;

use crate::decision::{Decision, DecisionCommand, RecordMatch};
use crate::label::{AgentId, DecisionId, OfferId};

/// Tells a decision whose slot was reserved because of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct MatchesToDecisions;

/// The event of the agents context as it is read here: unnamed ones are ignored, so that agents may
/// add events.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum Matched {
    AgentMatched(AgentMatched),
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct AgentMatched {
    offer_id: OfferId,
    decision_id: DecisionId,
}

impl Reaction for MatchesToDecisions {
    const NAME: &'static str = "matches-to-decisions";
    const PROGRESS: &'static str = "matches_to_decisions";
    const ON: &'static str = "agents";
    type To = Decision;
    type Event = Matched;

    fn wants(&self, event_type: &str) -> bool {
        event_type == "AgentMatched"
    }

    fn react(&self, meta: &EventMeta, event: Matched) -> Vec<Reacted<Decision>> {
        // The agents context names its aggregates so; no agent is matched under another name.
        let Ok(agent_id) = AgentId::new(meta.aggregate.as_str()) else {
            return vec![];
        };
        let Matched::AgentMatched(AgentMatched {
            offer_id,
            decision_id,
        }) = event;
        vec![Reacted {
            tenant: meta.tenant.clone(),
            to: decision(&decision_id),
            command: DecisionCommand::RecordMatch(RecordMatch { offer_id, agent_id }),
        }]
    }
}

fn decision(id: &DecisionId) -> AggregateId {
    AggregateId::new(id.as_str())
        .expect("a decision id is graphic and shorter than an aggregate id")
}

#[cfg(test)]
mod tests {
    use kernel::fixtures::meta;
    use serde_json::{Value, json};

    use super::*;

    fn matched() -> Value {
        json!({ "type": "AgentMatched", "data": {
            "offer_id": "O-1", "conversation_id": "C-1", "decision_id": "D-1", "queue": "FX-VIP",
            "ttl_ms": 20_000, "parallel_max": 1, "since_v2": 1,
        } })
    }

    #[test]
    fn match_is_reported_to_its_decision() {
        let event = serde_json::from_value(matched()).unwrap();
        let [reacted] = <[_; 1]>::try_from(MatchesToDecisions.react(&meta("amy"), event)).unwrap();
        assert_eq!(reacted.tenant.as_str(), "demo");
        assert_eq!(reacted.to.as_str(), "D-1");
        let command = serde_json::to_value(reacted.command).unwrap();
        let data = json!({ "offer_id": "O-1", "agent_id": "amy" });
        assert_eq!(command, json!({ "type": "RecordMatch", "data": data }));
    }

    #[test]
    fn agent_that_no_offer_can_name_is_passed_over() {
        let event = serde_json::from_value(matched()).unwrap();
        assert!(MatchesToDecisions.react(&meta("a/b"), event).is_empty());
    }

    #[test]
    fn only_matches_are_listened_to() {
        assert!(MatchesToDecisions.wants("AgentMatched"));
        for kind in ["SlotReserved", "SlotActivated", "SlotReleased"] {
            assert!(!MatchesToDecisions.wants(kind), "{kind}");
        }
    }
}
