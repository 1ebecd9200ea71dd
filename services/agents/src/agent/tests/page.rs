//! The page of the context: its tables are what agents do.

use kernel::fixtures::page::{Column, Example, Page, Row, commands, machine, refusals};

use super::*;

fn by(sender: &'static str, command: AgentCommand) -> Example<Agent> {
    Box::new(move |_| accepted_for(AMY, sender, command.clone()))
}

fn row<const N: usize>(name: &'static str, commands: [AgentCommand; N]) -> Row<Agent> {
    (name, commands.map(|command| by(AMY, command)).into())
}

/// The slot of conversation C-1, from its reservation to its end.
fn slots() -> Vec<Column<Agent>> {
    let is = |events: Vec<AgentEvent>| folded(&events);
    let full = with(
        available(),
        &["C-2", "C-3", "C-4"].map(|id| reserved(&format!("O-{id}"), id, "chat")),
    );
    vec![
        ("none", vec![is(available()), is(logged_in()), is(full)]),
        ("reserved", vec![is(offered())]),
        ("active", vec![is(engaged())]),
        ("held", vec![is(with(engaged(), &[held("C-1")]))]),
        ("wrap-up", vec![is(writing_up(false)), is(writing_up(true))]),
    ]
}

fn slot_of(agent: &Agent) -> &'static str {
    let slot = agent.standing().slots.get(&"C-1".parse().unwrap());
    match slot.map(|slot| slot.phase) {
        None => "none",
        Some(Phase::Reserved { .. }) => "reserved",
        Some(Phase::Active) => "active",
        Some(Phase::Held) => "held",
        Some(Phase::WrapUp { .. }) => "wrap-up",
    }
}

fn slot_commands() -> Vec<Row<Agent>> {
    use ReleaseCause as Cause;
    vec![
        row(
            "ReserveSlot",
            [
                matched("O-1", "C-1"),
                reserve("O-2", "C-1", "chat"),
                reserve("O-1", "C-9", "chat"),
            ],
        ),
        row("ActivateSlot", [activate("O-1")]),
        row("HoldSlot", [hold("C-1")]),
        row("ResumeSlot", [resume("C-1")]),
        row(
            "ReleaseSlot",
            [
                release_offer("O-1", Cause::Rejected),
                release_offer("O-1", Cause::Expired),
                release("C-1", Cause::Completed),
            ],
        ),
        row("ExpireSlot", [expire_slot("O-1", after(35))]),
        row(
            "BeginWrapUp",
            [begin("C-1", 30, false), begin("C-1", 0, false)],
        ),
        row(
            "CompleteWrapUp",
            [complete("C-1", &["DONE"]), complete("C-1", &[])],
        ),
        row("ExtendWrapUp", [extend("C-1", 60), extend("C-1", 900)]),
        row("ExpireWrapUp", [expire_wrap_up("C-1", after(30))]),
    ]
}

/// Whether the agent is there, and can be offered work.
fn presences() -> Vec<Column<Agent>> {
    let is = |events: Vec<AgentEvent>| folded(&events);
    let silent = with(logged_in(), &[lost("S-1")]);
    let serving = with(logged_in(), &[queues(&["FX-VIP"])]);
    let later = with(engaged(), &[next(Some(Presence::Away))]);
    vec![
        ("offline", vec![Agent::default()]),
        ("at the desk", vec![is(logged_in()), is(serving)]),
        ("takes offers", vec![is(available()), is(engaged())]),
        ("draining", vec![is(later)]),
        (
            "cooling down",
            vec![is(with(available(), &[cooling_down()]))],
        ),
        (
            "not responding",
            vec![is(with(available(), &[not_responding()]))],
        ),
        (
            "in grace",
            vec![is(silent), is(with(engaged(), &[lost("S-1")]))],
        ),
    ]
}

fn presence_of(agent: &Agent) -> &'static str {
    let standing = agent.standing();
    match (standing.link(), standing.suspension) {
        (Link::Lost, _) => "offline",
        (Link::Grace { .. }, _) => "in grace",
        _ if standing.next_presence.is_some() => "draining",
        _ if !standing.chosen.presence.is_routable() => "at the desk",
        (_, Some(Suspension::NotResponding)) => "not responding",
        (_, Some(Suspension::Cooldown { .. })) => "cooling down",
        (_, None) => "takes offers",
    }
}

fn presence_commands() -> Vec<Row<Agent>> {
    let mut set_presence = vec![
        by(AMY, set(Presence::Available)),
        by(AMY, set(Presence::Away)),
        by(AMY, choose(Presence::Away, When::WhenClear, false)),
        by(AMY, set(Presence::Offline)),
        by(AMY, choose(Presence::Offline, When::Now, true)),
    ];
    set_presence.push(by(SUE, choose(Presence::Offline, When::Now, true)));
    vec![
        row(
            "StartSession",
            [start("S-1", CHANNELS), start("S-2", CHANNELS)],
        ),
        row("Heartbeat", [heartbeat("S-1")]),
        row("LoseLink", [lose("S-1")]),
        row("EndSession", [sign_off("S-1")]),
        row("ExpireSession", [expire_session("S-1")]),
        row("ExpireGrace", [expire_grace("S-1", after(60))]),
        ("SetPresence", set_presence),
        row("SuspendRouting", [suspend()]),
        row("EndCooldown", [end_cooldown(after(30))]),
        row("SetCapacity", [set_capacity(&[("chat", 5)])]),
        row("SetSkills", [set_skills(&[("fx", 80)])]),
        row("SetQueues", [set_queues(&["FX-VIP"])]),
        row("AddQueues", [add_queues(&["FX-VIP"])]),
        row("RemoveQueues", [remove_queues(&["FX-VIP"])]),
        row(
            "SetInterruptions",
            [set_interruptions(&[("chat", &["voice"])])],
        ),
    ]
}

#[test]
fn examples_are_in_the_states_that_the_tables_name() {
    let of_slots = slots()
        .into_iter()
        .map(|column| (column, slot_of as fn(&_) -> _));
    let of_presences = presences();
    let of_presences = of_presences
        .into_iter()
        .map(|column| (column, presence_of as fn(&_) -> _));
    for ((name, agents), state_of) in of_slots.chain(of_presences) {
        for agent in agents {
            assert_eq!(state_of(&agent), name);
        }
    }
}

/// Written by `UPDATE_DOCS=1 cargo test -p dealerboard-agents`.
#[test]
fn page_of_agents_is_what_agents_do() {
    let page = Page::of("agents");
    page.shows("slots", &machine(&slots(), &slot_commands(), slot_of));
    let drawn = machine(&presences(), &presence_commands(), presence_of);
    page.shows("presence", &drawn);
    page.shows("commands", &commands::<Agent>());
    page.shows("refusals", &refusals(AgentRejection::ALL));
}
