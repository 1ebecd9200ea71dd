//! Who proposes, who agrees, and until when.

use kernel::context::TimerRequest;

use super::*;

#[test]
fn redrive_of_letters_that_failed_alike_waits_for_a_second_person() {
    operation(vec![])
        .when(by(ANN, propose(Mending::Redrive, alike())))
        .then_expect_events(waiting());
}

#[test]
fn redrive_of_a_key_begins_at_once() {
    let begun = planned(of_key(), false, 0, Planned::default());
    operation(vec![])
        .when(by(ANN, propose(Mending::Redrive, of_key())))
        .then_expect_events(vec![proposed(Mending::Redrive, of_key(), None), begun]);
}

#[test]
fn nothing_is_discarded_without_a_second_person() {
    let letter = Letters::Letter {
        context: "trades".parse().unwrap(),
        partition: 3,
        offset: 17,
    };
    let waits = proposed(Mending::Discard, letter.clone(), Some(after(3_600)));
    operation(vec![])
        .when(by(ANN, propose(Mending::Discard, letter)))
        .then_expect_events(vec![waits]);
}

#[test]
fn second_person_begins_it() {
    let begun = planned(alike(), true, 0, Planned::default());
    operation(waiting())
        .when(by(BEN, confirm()))
        .then_expect_events(vec![confirmed(), begun]);
}

#[test]
fn who_has_proposed_does_not_confirm() {
    operation(waiting())
        .when(by(ANN, confirm()))
        .then_expect_error(OperationRejection::FourEyes);
}

#[test]
fn other_name_of_the_same_identity_does_not_confirm() {
    let mut renamed = by("ann-2", confirm());
    renamed.identity = Some(identity(ANN));
    operation(waiting())
        .when(renamed)
        .then_expect_error(OperationRejection::FourEyes);
}

#[test]
fn same_name_does_not_confirm_though_its_identity_is_not_known() {
    let mut unknown = by(ANN, confirm());
    unknown.identity = None;
    operation(waiting())
        .when(unknown)
        .then_expect_error(OperationRejection::FourEyes);
}

#[test]
fn proposal_is_not_confirmed_after_its_time() {
    let mut late = by(BEN, confirm());
    late.at = after(3_600);
    operation(waiting())
        .when(late.clone())
        .then_expect_error(OperationRejection::ProposalExpired);
    let over = [waiting(), vec![expired()]].concat();
    operation(over)
        .when(late)
        .then_expect_error(OperationRejection::ProposalExpired);
}

#[test]
fn timer_ends_a_proposal_and_nothing_else() {
    operation(waiting())
        .when(own(expire(after(3_600))))
        .then_expect_events(vec![expired()]);
    operation(waiting())
        .when(own(expire(after(60))))
        .then_expect_events(vec![]);
    operation(running())
        .when(own(expire(after(3_600))))
        .then_expect_events(vec![]);
}

#[test]
fn timer_is_set_by_what_waits_and_cancelled_when_it_waits_no_longer() {
    let timers = |event: &OperationEvent| Operation::default().timers(event);
    let set = timers(&waiting()[0]);
    let wanted = TimerRequest::Set {
        name: "expiry".into(),
        due: after(3_600),
        command: expire(after(3_600)),
    };
    assert_eq!(set, [wanted]);
    for over in [confirmed(), withdrawn()] {
        let cancelled = TimerRequest::Cancel {
            name: "expiry".into(),
        };
        assert_eq!(timers(&over), [cancelled]);
    }
    assert!(timers(&proposed(Mending::Redrive, of_key(), None)).is_empty());
}

#[test]
fn proposal_waits_for_a_minute_at_least_and_a_day_at_most() {
    for (seconds, fits) in [(59, false), (60, true), (86_400, true), (86_401, false)] {
        let mut asked = proposal(Mending::Redrive, alike());
        asked.expires_in_s = Some(seconds);
        let command = by(ANN, OperationCommand::ProposeOperation(asked));
        let decided = Operation::default().decide(&command, &());
        let refused = Err(OperationRejection::ExpiryOutOfRange(seconds));
        if fits {
            let until = Some(after(seconds.into()));
            let waits = proposed(Mending::Redrive, alike(), until);
            assert_eq!(decided, Ok(vec![waits]));
        } else {
            assert_eq!(decided, refused);
        }
    }
}

#[test]
fn id_of_another_operation_is_refused() {
    operation(waiting())
        .when(by(ANN, propose(Mending::Redrive, of_key())))
        .then_expect_error(OperationRejection::IdConflict);
    // Else somebody could confirm as their own what another has written.
    operation(waiting())
        .when(by(BEN, propose(Mending::Redrive, alike())))
        .then_expect_error(OperationRejection::IdConflict);
}

#[test]
fn names_of_readings_are_no_ids() {
    for name in ["dependencies", "dead-letters"] {
        let mut command = by(ANN, propose(Mending::Redrive, alike()));
        command.id = name.parse().unwrap();
        let decided = Operation::default().decide(&command, &());
        let refused = OperationRejection::OperationIdReserved(name.into());
        assert_eq!(decided, Err(refused));
    }
}

#[test]
fn what_is_not_there_is_neither_confirmed_nor_withdrawn() {
    for command in [confirm(), withdraw()] {
        let refused = OperationRejection::InvalidTransition {
            command: command.name(),
            state: "not there",
        };
        operation(vec![])
            .when(by(BEN, command))
            .then_expect_error(refused);
    }
}
