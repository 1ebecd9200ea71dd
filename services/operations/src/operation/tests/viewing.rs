//! What a query says of an operation.

use kernel::{CommandId, EventId, EventMeta, Parameters, View};

use super::*;
use crate::step::LEFT_SHOWN;

fn meta(sequence: u64) -> EventMeta {
    let command = CommandId(uuid::Uuid::nil());
    EventMeta {
        id: EventId::of(command, 0),
        command,
        tenant: "demo".parse().unwrap(),
        aggregate: ID.parse().unwrap(),
        sequence,
        at: after(i64::try_from(sequence).unwrap()),
        actor: ANN.parse().unwrap(),
        correlation: None,
        causation: None,
        v: 1,
        kind: "".into(),
        log_position: sequence,
    }
}

fn viewed(events: &[OperationEvent]) -> OperationView {
    let mut view = OperationView::default();
    for (sequence, event) in (1..).zip(events) {
        view.update(&meta(sequence), event);
    }
    view
}

#[test]
fn view_says_who_agreed_and_what_has_become_of_the_letters() {
    let steps = [recorded(0, counts(2, 1)), completed(counts(2, 1))];
    let view = viewed(&[running(), steps.to_vec()].concat());
    let operation = view.0.unwrap();
    assert_eq!(operation.state, OperationState::Completed);
    assert_eq!(operation.proposed_by.as_str(), ANN);
    assert_eq!(operation.confirmed_by, Some(BEN.parse().unwrap()));
    assert_eq!(operation.confirmed_at, Some(after(2)));
    assert_eq!((operation.steps, operation.counts), (1, counts(2, 1)));
    assert_eq!(operation.ended_at, Some(after(5)));
    assert_eq!(operation.version, 5);
}

#[test]
fn view_names_the_first_that_were_left_and_counts_them_all() {
    let left = |offset| Left {
        place: place(offset),
        why: "it is no longer there".into(),
    };
    let mut events = running();
    for step in 0..3 {
        events.push(OperationEvent::StepRecorded(StepRecorded {
            operation_id: ID.parse().unwrap(),
            step,
            counts: counts(0, 15),
            left: (0..15).map(|n| left(i64::from(step) * 15 + n)).collect(),
        }));
    }
    let operation = viewed(&events).0.unwrap();
    assert_eq!(operation.left.len(), LEFT_SHOWN);
    assert_eq!(operation.left[LEFT_SHOWN - 1], left(19));
    assert_eq!(operation.counts.left, 45);
}

#[test]
fn view_says_why_it_was_stopped() {
    let operation = viewed(&[running(), vec![stopped()]].concat()).0.unwrap();
    assert_eq!(operation.state, OperationState::Stopped);
    let detail = operation.detail.unwrap();
    assert_eq!(detail, "unknown_letters: there is no context trade");
}

#[test]
fn list_is_narrowed_to_what_waits() {
    let asked = |state: &str| Parameters(vec![("state".into(), state.into())]);
    let filter = OperationView::filter(&asked("proposed")).unwrap().unwrap();
    assert!(filter(&viewed(&waiting())));
    assert!(!filter(&viewed(&running())));
    assert!(!filter(&OperationView::default()));
    assert!(OperationView::filter(&asked("asleep")).is_err());
}
