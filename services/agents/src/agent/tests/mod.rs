//! What the tests speak of: Amy, who takes one call and three chats at once, and the people and
//! timers around her.

mod commands;
mod edges;
mod events;
mod interruptions;
mod limits;
mod model;
mod offers;
mod page;
mod presence;
mod profile;
mod property;
mod session_ends;
mod sessions;
mod timers;
mod viewing;
mod wire;
mod work;

use std::num::{NonZeroU8, NonZeroU32};

use cqrs_es::Aggregate;
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use kernel::{Accepted, Context, Timestamp};

use super::*;
use commands::*;
use events::*;

const AMY: &str = "amy";
const SUE: &str = "sue";
/// When commands are accepted, in milliseconds.
const NOW: i64 = 1_000_000;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// So many seconds from now.
fn after(seconds: i64) -> Timestamp {
    at(NOW + seconds * 1_000)
}

fn accepted_for(agent_id: &str, by: &str, command: AgentCommand) -> Accepted<AgentCommand> {
    Accepted {
        id: agent_id.parse().unwrap(),
        actor: by.parse().unwrap(),
        identity: None,
        at: at(NOW),
        command,
    }
}

/// Sent by the agent.
fn accepted(command: AgentCommand) -> Accepted<AgentCommand> {
    accepted_for(AMY, AMY, command)
}

/// Sent by a supervisor.
fn supervised(command: AgentCommand) -> Accepted<AgentCommand> {
    accepted_for(AMY, SUE, command)
}

fn agent(events: Vec<AgentEvent>) -> AggregateTestExecutor<Agent> {
    TestFramework::with(()).given(events)
}

fn folded(events: &[AgentEvent]) -> Agent {
    let mut agent = Agent::default();
    for event in events {
        agent.apply(event.clone());
    }
    agent
}

/// Decides and applies, as the pipeline does.
fn send(
    agent: &mut Agent,
    accepted: &Accepted<AgentCommand>,
) -> Result<Vec<AgentEvent>, AgentRejection> {
    let events = agent.decide(accepted, &())?;
    for event in &events {
        agent.apply(event.clone());
    }
    Ok(events)
}

const CHANNELS: &[&str] = &["chat", "voice"];

/// At the desk, not yet taking offers.
fn logged_in() -> Vec<AgentEvent> {
    vec![
        capacity(&[("chat", 3), ("voice", 1)]),
        started("S-1", CHANNELS),
        changed_by(Source::System, Presence::Away),
    ]
}

/// Ready for anything.
fn available() -> Vec<AgentEvent> {
    with(logged_in(), &[changed(Presence::Available)])
}

/// With chat C-1 offered under O-1.
fn offered() -> Vec<AgentEvent> {
    with(available(), &[reserved("O-1", "C-1", "chat")])
}

/// With chat C-1 going on.
fn engaged() -> Vec<AgentEvent> {
    with(offered(), &[activated("O-1", "C-1")])
}

/// With chat C-1 to be written up within 30 s.
fn writing_up(disposition_required: bool) -> Vec<AgentEvent> {
    with(engaged(), &[wrapping("C-1", 30, disposition_required)])
}

fn with(mut events: Vec<AgentEvent>, more: &[AgentEvent]) -> Vec<AgentEvent> {
    events.extend_from_slice(more);
    events
}
