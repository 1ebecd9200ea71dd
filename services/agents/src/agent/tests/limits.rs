//! Nothing about an agent grows without a bound.

use super::*;

fn limit(what: Limited, max: usize) -> AgentRejection {
    AgentRejection::AgentLimit { what, max }
}

#[test]
fn profile_that_names_too_much_is_rejected() {
    let names: Vec<String> = (0..257).map(|n| format!("n{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let units: Vec<_> = names[..33].iter().map(|name| (*name, 1)).collect();
    let levels: Vec<_> = names.iter().map(|name| (*name, 1)).collect();
    for (command, rejection) in [
        (start("S-1", &names[..33]), limit(Limited::Channels, 32)),
        (set_capacity(&units), limit(Limited::Channels, 32)),
        (set_skills(&levels), limit(Limited::Skills, 256)),
        (set_queues(&names), limit(Limited::Queues, 256)),
    ] {
        agent(vec![])
            .when(accepted(command))
            .then_expect_error(rejection);
    }
    agent(writing_up(true))
        .when(accepted(complete("C-1", &names[..21])))
        .then_expect_error(limit(Limited::DispositionCodes, 20));
}

#[test]
fn agent_has_so_many_slots_and_no_more_whatever_the_capacity() {
    let slots = (0..256).map(|n| reserved(&format!("O-{n}"), &format!("C-{n}"), "chat"));
    let mut events = with(available(), &[capacity(&[("chat", 1_000)])]);
    events.extend(slots);
    agent(events)
        .when(accepted(reserve("O-x", "C-x", "chat")))
        .then_expect_error(AgentRejection::TooManySlots { max: 256 });
}
