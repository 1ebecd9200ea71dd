//! What the tests speak of: the queue FX-VIP.

mod configuring;
mod page;
mod property;
mod starving;
mod viewing;
mod wire;

use cqrs_es::Aggregate;
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use kernel::{Accepted, CommandId, Context, EventId, EventMeta, Timestamp, View};

use super::*;
use crate::decision::Reason;
use crate::settings::QueueSettings;

const FX_VIP: &str = "FX-VIP";
/// When commands are accepted, in milliseconds.
const NOW: i64 = 1_000_000;

/// So many seconds from now.
fn after(seconds: i64) -> Timestamp {
    Timestamp::from_millis(NOW + seconds * 1_000)
}

fn accepted_for(queue_id: &str, at: Timestamp, command: QueueCommand) -> Accepted<QueueCommand> {
    Accepted {
        id: queue_id.parse().unwrap(),
        actor: "router".parse().unwrap(),
        identity: None,
        at,
        command,
    }
}

fn accepted(command: QueueCommand) -> Accepted<QueueCommand> {
    accepted_for(FX_VIP, after(0), command)
}

fn queue(events: Vec<QueueEvent>) -> AggregateTestExecutor<Queue> {
    TestFramework::with(()).given(events)
}

fn folded(events: &[QueueEvent]) -> Queue {
    let mut queue = Queue::default();
    for event in events {
        queue.apply(event.clone());
    }
    queue
}

fn meta(sequence: u64) -> EventMeta {
    let command = CommandId(uuid::Uuid::nil());
    EventMeta {
        id: EventId::of(command, 0),
        command,
        tenant: "demo".parse().unwrap(),
        aggregate: FX_VIP.parse().unwrap(),
        sequence,
        // A second between any two events.
        at: after(i64::try_from(sequence).unwrap()),
        actor: "router".parse().unwrap(),
        correlation: None,
        causation: None,
        v: 1,
        kind: "".into(),
        log_position: sequence,
    }
}

fn viewed(events: &[QueueEvent]) -> QueueView {
    let mut view = QueueView::default();
    for (sequence, event) in (1..).zip(events) {
        view.update(&meta(sequence), event);
    }
    view
}

/// What is left out is the default.
fn settings(json: serde_json::Value) -> QueueSettings {
    serde_json::from_value(json).unwrap()
}

fn configure(settings: QueueSettings) -> QueueCommand {
    QueueCommand::ConfigureQueue(settings.into())
}

fn starve(conversation: &str) -> QueueCommand {
    QueueCommand::ReportStarved(ReportStarved {
        at_conversation: conversation.parse().unwrap(),
        waiting: 3,
        agents: [(Reason::Presence, 2), (Reason::NotResponding, 1)].into(),
    })
}

fn serve(agent: &str) -> QueueCommand {
    QueueCommand::ReportServed(ReportServed {
        agent_id: agent.parse().unwrap(),
    })
}

fn configured(settings: QueueSettings) -> QueueEvent {
    QueueEvent::QueueConfigured(QueueConfigured {
        queue_id: FX_VIP.parse().unwrap(),
        settings,
    })
}

fn starved(since: Timestamp, conversation: &str) -> QueueEvent {
    QueueEvent::QueueStarved(QueueStarved {
        since,
        conversation_id: conversation.parse().unwrap(),
        waiting: 3,
        agents: [(Reason::Presence, 2), (Reason::NotResponding, 1)].into(),
    })
}

fn served(agent: &str, starved_ms: u64) -> QueueEvent {
    QueueEvent::QueueServed(QueueServed {
        agent_id: agent.parse().unwrap(),
        starved_ms,
    })
}
