//! What the tests speak of: decision D-1, about conversation C-1 of the queue FX-VIP.

mod page;
mod property;
mod recording;
mod viewing;
mod why;
mod wire;

use cqrs_es::Aggregate;
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use kernel::{Accepted, CommandId, Context, EventId, EventMeta, Timestamp, View};
use serde_json::{Value, json};

use super::*;

const D_1: &str = "D-1";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_000_000 + seconds * 1_000)
}

fn accepted_for(decision_id: &str, command: DecisionCommand) -> Accepted<DecisionCommand> {
    Accepted {
        id: decision_id.parse().unwrap(),
        actor: "router".parse().unwrap(),
        identity: None,
        at: at(0),
        command,
    }
}

fn accepted(command: DecisionCommand) -> Accepted<DecisionCommand> {
    accepted_for(D_1, command)
}

fn decision(events: Vec<DecisionEvent>) -> AggregateTestExecutor<Decision> {
    TestFramework::with(()).given(events)
}

fn folded(events: &[DecisionEvent]) -> Decision {
    let mut decision = Decision::default();
    for event in events {
        decision.apply(event.clone());
    }
    decision
}

fn meta(sequence: u64) -> EventMeta {
    let command = CommandId(uuid::Uuid::nil());
    EventMeta {
        id: EventId::of(command, 0),
        command,
        tenant: "demo".parse().unwrap(),
        aggregate: D_1.parse().unwrap(),
        sequence,
        // A second between any two events.
        at: at(i64::try_from(sequence).unwrap()),
        actor: "router".parse().unwrap(),
        correlation: None,
        causation: None,
        v: 1,
        kind: "".into(),
        log_position: sequence,
    }
}

fn viewed(events: &[DecisionEvent]) -> DecisionView {
    let mut view = DecisionView::default();
    for (sequence, event) in (1..).zip(events) {
        view.update(&meta(sequence), event);
    }
    view
}

/// Amy and Bob can take it; Cid lacks a skill, Dan refused it before.
fn record_json() -> Value {
    json!({
        "rules": 1, "at": "1970-01-01T00:16:40Z",
        "conversation_id": "C-1", "conversation_version": 3,
        "queue_id": "FX-VIP", "channel": "chat", "requirements": ["fx", "lang:de"], "ring": 1,
        "strategy": "proficiency",
        "turn": {
            "enqueued_at": "1970-01-01T00:16:10Z", "waited_ms": 30_000, "priority": -2,
            "boost_s": 60, "waiting": 4,
        },
        "candidates": [candidate("amy"), candidate("bob")],
        "candidates_total": 3,
        "exclusions": [
            { "agent_id": "cid", "reason": "skill_missing", "skill": "lang:de" },
            { "agent_id": "dan", "reason": "refused_before", "until": "1970-01-01T00:17:00Z" },
        ],
        "excluded": { "presence": 5, "skill_missing": 1, "refused_before": 1 },
        "cooldown_lifted": false,
        "based_on": { "agents": [7, 0, 9], "conversations": [u64::MAX] },
    })
}

fn candidate(agent: &str) -> Value {
    json!({
        "agent_id": agent, "version": 12,
        "terms": {
            "idle_since": "1970-01-01T00:16:00Z", "used": 1, "capacity": 3, "proficiency": 140, "sticky": false,
        },
    })
}

fn record() -> Box<Record> {
    serde_json::from_value(record_json()).unwrap()
}

/// Another version of the conversation.
fn other_record() -> Box<Record> {
    let mut other = record();
    other.conversation_version += 1;
    other
}

fn record_decision(record: Box<Record>) -> DecisionCommand {
    DecisionCommand::RecordDecision(record)
}

fn lose(agent: &str, code: &str) -> DecisionCommand {
    DecisionCommand::LoseCandidate(LoseCandidate {
        agent_id: agent.parse().unwrap(),
        code: code.parse().unwrap(),
    })
}

fn record_match(offer: &str, agent: &str) -> DecisionCommand {
    DecisionCommand::RecordMatch(RecordMatch {
        offer_id: offer.parse().unwrap(),
        agent_id: agent.parse().unwrap(),
    })
}

fn give_up() -> DecisionCommand {
    DecisionCommand::RecordUnmatched(RecordUnmatched {})
}

fn recorded() -> DecisionEvent {
    DecisionEvent::DecisionRecorded(record())
}

fn lost(agent: &str, code: &str) -> DecisionEvent {
    DecisionEvent::CandidateLost(CandidateLost {
        agent_id: agent.parse().unwrap(),
        code: code.parse().unwrap(),
    })
}

fn chosen(offer: &str, agent: &str) -> DecisionEvent {
    DecisionEvent::AgentChosen(AgentChosen {
        offer_id: offer.parse().unwrap(),
        agent_id: agent.parse().unwrap(),
    })
}

fn nobody_found() -> DecisionEvent {
    DecisionEvent::NobodyFound(NobodyFound {})
}
