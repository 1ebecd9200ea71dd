//! What may be offered beside work on another channel.

use super::*;

fn on_a_call() -> Vec<AgentEvent> {
    let call = [reserved("O-1", "C-1", "voice"), activated("O-1", "C-1")];
    with(available(), &call)
}

fn busy_on(work: &str, offer: &str) -> AgentRejection {
    AgentRejection::NotRoutable {
        channel: offer.parse().unwrap(),
        why: Unroutable::BusyOn(work.parse().unwrap()),
    }
}

#[test]
fn agent_on_a_call_is_given_no_chats_until_it_is_written_up() {
    let ringing = with(available(), &[reserved("O-1", "C-1", "voice")]);
    let on_hold = with(on_a_call(), &[held("C-1")]);
    let writing_up = with(on_a_call(), &[wrapping("C-1", 30, false)]);
    let completed = ReleaseCause::Completed;
    let done = released("O-1", "C-1", PhaseName::WrapUp, completed);
    let free = with(writing_up.clone(), &[done]);
    for events in [ringing, on_a_call(), on_hold, writing_up] {
        agent(events)
            .when(accepted(reserve("O-2", "C-2", "chat")))
            .then_expect_error(busy_on("voice", "chat"));
    }
    agent(free)
        .when(accepted(reserve("O-2", "C-2", "chat")))
        .then_expect_events(vec![reserved("O-2", "C-2", "chat")]);
}

#[test]
fn chat_is_interrupted_by_a_call_unless_the_desk_says_otherwise() {
    agent(engaged())
        .when(accepted(reserve("O-2", "C-2", "voice")))
        .then_expect_events(vec![reserved("O-2", "C-2", "voice")]);
    agent(with(engaged(), &[interruptions(&[("chat", &[])])]))
        .when(accepted(reserve("O-2", "C-2", "voice")))
        .then_expect_error(busy_on("chat", "voice"));
}

#[test]
fn call_is_interrupted_by_what_the_desk_names() {
    let by_chat = interruptions(&[("voice", &["chat"])]);
    agent(with(on_a_call(), &[by_chat]))
        .when(accepted(reserve("O-2", "C-2", "chat")))
        .then_expect_events(vec![reserved("O-2", "C-2", "chat")]);
}

#[test]
fn supervisor_may_give_a_chat_beside_a_call() {
    let mut command = reservation("O-2", "C-2", "chat");
    command.override_by = Some(SUE.parse().unwrap());
    let AgentEvent::SlotReserved(mut allowed) = reserved("O-2", "C-2", "chat") else {
        unreachable!()
    };
    allowed.override_by = Some(SUE.parse().unwrap());
    agent(on_a_call())
        .when(supervised(AgentCommand::ReserveSlot(command)))
        .then_expect_events(vec![AgentEvent::SlotReserved(allowed)]);
}

#[test]
fn interruptions_are_replaced_by_one_event() {
    let by_voice: &[(&str, &[&str])] = &[("chat", &["voice"])];
    agent(available())
        .when(accepted(set_interruptions(by_voice)))
        .then_expect_events(vec![interruptions(by_voice)]);
    agent(with(available(), &[interruptions(by_voice)]))
        .when(accepted(set_interruptions(by_voice)))
        .then_expect_events(vec![]);
}
