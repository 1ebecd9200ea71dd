//! What is to happen later: set, cancelled, and harmless when it comes too late.

use kernel::context::TimerRequest;

use super::*;

fn requests(event: &AgentEvent) -> Vec<TimerRequest<AgentCommand>> {
    Agent::default().timers(event)
}

fn set_timer(
    name: &'static str,
    due: Timestamp,
    command: AgentCommand,
) -> Vec<TimerRequest<AgentCommand>> {
    vec![TimerRequest::Set {
        name: name.into(),
        due,
        command,
    }]
}

fn cancelled(name: &'static str) -> Vec<TimerRequest<AgentCommand>> {
    vec![TimerRequest::Cancel { name: name.into() }]
}

#[test]
fn each_slot_has_a_timer_until_it_is_answered() {
    let expire = expire_slot("O-1", after(35));
    let expected = set_timer("slot/O-1", after(35), expire);
    assert_eq!(requests(&reserved("O-1", "C-1", "chat")), expected);
    assert_eq!(requests(&activated("O-1", "C-1")), cancelled("slot/O-1"));
    let rescinded = released("O-1", "C-1", PhaseName::Reserved, ReleaseCause::Rescinded);
    assert_eq!(requests(&rescinded), cancelled("slot/O-1"));
    let completed = released("O-1", "C-1", PhaseName::Active, ReleaseCause::Completed);
    assert_eq!(requests(&completed), []);
}

#[test]
fn each_wrap_up_has_a_timer_that_moves_with_its_deadline() {
    let first = set_timer("wrap_up/C-1", after(30), expire_wrap_up("C-1", after(30)));
    assert_eq!(requests(&wrapping("C-1", 30, true)), first);
    let second = set_timer("wrap_up/C-1", after(60), expire_wrap_up("C-1", after(60)));
    assert_eq!(requests(&extended("C-1", 60)), second);
    let completed = released("O-1", "C-1", PhaseName::WrapUp, ReleaseCause::Completed);
    assert_eq!(requests(&completed), cancelled("wrap_up/C-1"));
}

#[test]
fn lost_session_has_a_timer_until_it_is_back() {
    let expire = expire_grace("S-1", after(60));
    assert_eq!(
        requests(&lost("S-1")),
        set_timer("grace/S-1", after(60), expire)
    );
    assert_eq!(requests(&restored("S-1")), cancelled("grace/S-1"));
    let signed_off = ended("S-1", SessionEnd::Closed);
    assert_eq!(requests(&signed_off), cancelled("grace/S-1"));
}

#[test]
fn cooldown_has_a_timer_unless_something_else_ends_it() {
    let end = end_cooldown(after(30));
    assert_eq!(
        requests(&cooling_down()),
        set_timer("cooldown", after(30), end)
    );
    assert_eq!(requests(&routing_resumed()), cancelled("cooldown"));
    assert_eq!(requests(&not_responding()), cancelled("cooldown"));
}

#[test]
fn slot_timer_releases_an_unanswered_slot() {
    let ttl_expired = ReleaseCause::TtlExpired;
    agent(offered())
        .when(supervised(expire_slot("O-1", after(35))))
        .then_expect_events(vec![released(
            "O-1",
            "C-1",
            PhaseName::Reserved,
            ttl_expired,
        )]);
}

#[test]
fn cooldown_timer_lets_offers_in_again() {
    agent(with(available(), &[cooling_down()]))
        .when(supervised(end_cooldown(after(30))))
        .then_expect_events(vec![routing_resumed()]);
}

#[test]
fn timer_that_fires_late_changes_nothing() {
    let gone = released("O-1", "C-1", PhaseName::Reserved, ReleaseCause::Rescinded);
    for (events, timer) in [
        (engaged(), expire_slot("O-1", after(35))),
        (with(offered(), &[gone]), expire_slot("O-1", after(35))),
        (offered(), expire_slot("O-1", after(34))),
        (
            with(writing_up(true), &[extended("C-1", 60)]),
            expire_wrap_up("C-1", after(30)),
        ),
        (engaged(), expire_wrap_up("C-1", after(30))),
        (available(), expire_wrap_up("C-1", after(30))),
        (
            with(available(), &[cooling_down()]),
            end_cooldown(after(29)),
        ),
        (
            with(available(), &[cooling_down(), not_responding()]),
            end_cooldown(after(30)),
        ),
        (available(), end_cooldown(after(30))),
    ] {
        agent(events)
            .when(supervised(timer))
            .then_expect_events(vec![]);
    }
}
