//! Step by step, each answer once.

use kernel::context::Reacted;
use kernel::effect::Answer;
use kernel::{CommandId, Effect as _, EventId, EventMeta};

use super::*;
use crate::effect::StepsToLetters;
use crate::step::Step;

#[test]
fn step_that_has_found_more_is_followed_by_another() {
    let next = stepped(counts(0, 0), &[4, 9], true);
    let goes_on = planned(alike(), true, 1, next.next.clone());
    operation(running())
        .when(own(record(0, next)))
        .then_expect_events(vec![recorded(0, counts(0, 0)), goes_on]);
}

#[test]
fn search_that_is_not_over_goes_on_though_nothing_was_found() {
    let mut next = stepped(counts(0, 0), &[], false);
    next.next.after = Some(place(5_000));
    let goes_on = planned(alike(), true, 1, next.next.clone());
    operation(running())
        .when(own(record(0, next)))
        .then_expect_events(vec![recorded(0, counts(0, 0)), goes_on]);
}

#[test]
fn last_step_completes_it_with_the_counts_of_all() {
    let next = stepped(counts(0, 0), &[4, 9], true);
    let begun = [
        recorded(0, counts(2, 1)),
        planned(alike(), true, 1, next.next),
    ];
    let before = [running(), begun.to_vec()].concat();
    let last = stepped(counts(1, 0), &[], true);
    operation(before)
        .when(own(record(1, last)))
        .then_expect_events(vec![recorded(1, counts(1, 0)), completed(counts(3, 1))]);
}

#[test]
fn answer_of_another_step_changes_nothing() {
    for step in [1, 7] {
        operation(running())
            .when(own(record(step, stepped(counts(5, 0), &[], true))))
            .then_expect_events(vec![]);
    }
}

#[test]
fn step_under_way_is_recorded_when_the_operation_was_withdrawn() {
    let over = [running(), vec![withdrawn()]].concat();
    operation(over.clone())
        .when(own(record(0, stepped(counts(2, 0), &[4], false))))
        .then_expect_events(vec![recorded(0, counts(2, 0))]);
    let answered = [over, vec![recorded(0, counts(2, 0))]].concat();
    operation(answered)
        .when(own(record(0, stepped(counts(2, 0), &[4], false))))
        .then_expect_events(vec![]);
}

#[test]
fn step_that_cannot_be_done_stops_it() {
    operation(running())
        .when(own(stop(0)))
        .then_expect_events(vec![stopped()]);
    operation(running())
        .when(own(stop(1)))
        .then_expect_events(vec![]);
}

fn meta() -> EventMeta {
    let command = CommandId(uuid::Uuid::nil());
    EventMeta {
        id: EventId::of(command, 1),
        command,
        tenant: "demo".parse().unwrap(),
        aggregate: ID.parse().unwrap(),
        sequence: 3,
        at: after(0),
        actor: BEN.parse().unwrap(),
        correlation: None,
        causation: None,
        v: 1,
        kind: "StepPlanned".into(),
        log_position: 3,
    }
}

#[test]
fn planned_step_is_one_call_that_says_all_there_is_to_do() {
    let event = planned(alike(), true, 4, stepped(counts(0, 0), &[4], true).next);
    let calls = StepsToLetters.calls(&meta(), event.clone());
    assert_eq!(calls, StepsToLetters.calls(&meta(), event), "a repeat");
    let [call] = &calls[..] else {
        panic!("{calls:?}");
    };
    assert_eq!(&*call.operation, "v1/steps/4");
    let step: Step = serde_json::from_slice(&call.body).unwrap();
    assert_eq!(step.tenant.as_str(), "demo");
    assert_eq!(step.confirmed_by, Some(BEN.parse().unwrap()));
    assert_eq!(step.planned.places, [place(4)]);
    assert!(StepsToLetters.calls(&meta(), confirmed()).is_empty());
}

#[test]
fn answer_of_a_step_is_recorded_and_what_cannot_be_done_stops_it() {
    let event = planned(alike(), true, 4, Planned::default());
    let call = StepsToLetters.calls(&meta(), event).remove(0);
    let said = |answer: &Answer| {
        let Reacted { to, command, .. } = StepsToLetters.outcome(&meta(), &call, answer);
        assert_eq!(to.as_str(), ID);
        command
    };
    let done = stepped(counts(1, 0), &[], true);
    let body = serde_json::to_vec(&done).unwrap();
    assert_eq!(said(&Answer::Done(body.into())), record(4, done));
    let refused = Answer::Refused {
        code: "unknown_letters".into(),
        detail: "there is no context trade".into(),
    };
    assert_eq!(said(&refused), stop(4));
    let unreadable = said(&Answer::Done("{".into()));
    assert!(matches!(unreadable, OperationCommand::StopOperation(stop) if stop.step == 4));
}
