//! Rows Hold, Resume, BeginWrapUp, CompleteWrapUp, ExtendWrapUp, SetCapacity, SetSkills, SetQueues.

use super::*;

fn refused(events: Vec<AgentEvent>, command: AgentCommand, phase: PhaseName) {
    let rejection = AgentRejection::InvalidTransition {
        command: command.name(),
        conversation_id: "C-1".parse().unwrap(),
        phase,
    };
    agent(events)
        .when(accepted(command))
        .then_expect_error(rejection);
}

#[test]
fn active_slot_is_held_and_resumed() {
    let on_hold = with(engaged(), &[held("C-1")]);
    agent(engaged())
        .when(accepted(hold("C-1")))
        .then_expect_events(vec![held("C-1")]);
    agent(on_hold.clone())
        .when(accepted(hold("C-1")))
        .then_expect_events(vec![]);
    agent(on_hold)
        .when(accepted(resume("C-1")))
        .then_expect_events(vec![resumed("C-1")]);
    agent(engaged())
        .when(accepted(resume("C-1")))
        .then_expect_events(vec![]);
}

#[test]
fn slot_is_neither_held_nor_resumed_before_or_after_the_talk() {
    for command in [hold("C-1"), resume("C-1")] {
        refused(offered(), command.clone(), PhaseName::Reserved);
        refused(writing_up(true), command, PhaseName::WrapUp);
    }
}

#[test]
fn conversation_without_a_slot_is_refused_all_work() {
    let conversation_id: ConversationId = "C-9".parse().unwrap();
    for command in [
        hold("C-9"),
        resume("C-9"),
        begin("C-9", 30, false),
        complete("C-9", &[]),
        extend("C-9", 30),
    ] {
        let conversation_id = conversation_id.clone();
        agent(engaged())
            .when(accepted(command))
            .then_expect_error(AgentRejection::SlotLost { conversation_id });
    }
}

#[test]
fn wrap_up_begins_with_a_deadline() {
    for events in [engaged(), with(engaged(), &[held("C-1")])] {
        agent(events)
            .when(accepted(begin("C-1", 30, true)))
            .then_expect_events(vec![wrapping("C-1", 30, true)]);
    }
    refused(offered(), begin("C-1", 30, true), PhaseName::Reserved);
}

#[test]
fn wrap_up_without_time_releases_the_slot() {
    let completed = ReleaseCause::Completed;
    agent(engaged())
        .when(accepted(begin("C-1", 0, true)))
        .then_expect_events(vec![released("O-1", "C-1", PhaseName::Active, completed)]);
}

#[test]
fn wrap_up_gets_no_more_than_the_most_there_is() {
    agent(engaged())
        .when(accepted(begin("C-1", 901, false)))
        .then_expect_events(vec![wrapping("C-1", 900, false)]);
}

#[test]
fn wrap_up_begun_again_changes_nothing() {
    agent(writing_up(true))
        .when(accepted(begin("C-1", 60, false)))
        .then_expect_events(vec![]);
}

#[test]
fn wrap_up_is_completed_and_its_slot_released() {
    let command = complete("C-1", &["QUOTE_GIVEN"]);
    agent(writing_up(true))
        .when(accepted(command))
        .then_expect_events(vec![
            completed("C-1", &["QUOTE_GIVEN"]),
            released("O-1", "C-1", PhaseName::WrapUp, ReleaseCause::Completed),
        ]);
}

#[test]
fn wrap_up_without_the_code_it_needs_is_rejected() {
    let conversation_id = "C-1".parse().unwrap();
    agent(writing_up(true))
        .when(accepted(complete("C-1", &[])))
        .then_expect_error(AgentRejection::DispositionRequired { conversation_id });
}

#[test]
fn talk_that_goes_on_is_not_completed_or_extended() {
    for command in [complete("C-1", &[]), extend("C-1", 30)] {
        refused(offered(), command.clone(), PhaseName::Reserved);
        refused(engaged(), command, PhaseName::Active);
    }
}

#[test]
fn wrap_up_is_extended_up_to_the_most_there_is() {
    agent(writing_up(true))
        .when(accepted(extend("C-1", 870)))
        .then_expect_events(vec![extended("C-1", 900)]);
    agent(with(writing_up(true), &[extended("C-1", 60)]))
        .when(accepted(extend("C-1", 841)))
        .then_expect_error(AgentRejection::WrapUpLimit {
            asked: 901,
            max: 900,
        });
}

#[test]
fn wrap_up_ends_by_itself_at_its_deadline() {
    agent(writing_up(true))
        .when(supervised(expire_wrap_up("C-1", after(30))))
        .then_expect_events(vec![
            auto_completed("C-1"),
            released("O-1", "C-1", PhaseName::WrapUp, ReleaseCause::Completed),
        ]);
}

#[test]
fn profile_is_set_before_anybody_logs_in_and_once() {
    for (command, event) in [
        (set_capacity(&[("chat", 3)]), capacity(&[("chat", 3)])),
        (set_skills(&[("fx", 80)]), skills(&[("fx", 80)])),
        (set_queues(&["FX-VIP"]), queues(&["FX-VIP"])),
    ] {
        agent(vec![])
            .when(supervised(command.clone()))
            .then_expect_events(vec![event.clone()]);
        agent(vec![event])
            .when(supervised(command))
            .then_expect_events(vec![]);
    }
}
