//! Booked, amended, cancelled.

use super::*;

#[test]
fn trade_is_booked_with_its_terms() {
    trade(vec![])
        .when(accepted(DEALER, book()))
        .then_expect_events(vec![booked()]);
}

#[test]
fn booking_with_an_id_that_is_no_path_segment_is_rejected() {
    for id in ["a/b", &"x".repeat(65)] {
        let rejection = Trade::default()
            .decide(&accepted_for(id, DEALER, book()), &())
            .unwrap_err();
        assert!(matches!(rejection, TradeRejection::TradeIdInvalid(_)));
    }
}

#[test]
fn second_booking_with_the_same_terms_changes_nothing() {
    trade(vec![booked(), filled("e1", 40, 40)])
        .when(accepted(SECOND, book()))
        .then_expect_events(vec![]);
}

#[test]
fn second_booking_with_other_terms_is_rejected() {
    let other = TradeCommand::BookTrade(new_terms(ORDERED, "49.19"));
    trade(vec![booked()])
        .when(accepted(DEALER, other))
        .then_expect_error(TradeRejection::IdConflict);
}

#[test]
fn second_booking_is_compared_with_the_terms_as_booked_when_they_were_amended() {
    let terms = new_terms(200, "49.20");
    let events = vec![booked(), amended(&new_terms(150, "49")), amended(&terms)];
    trade(events.clone())
        .when(accepted(DEALER, book()))
        .then_expect_events(vec![]);
    trade(events)
        .when(accepted(DEALER, TradeCommand::BookTrade(terms)))
        .then_expect_error(TradeRejection::IdConflict);
}

#[test]
fn amendment_replaces_the_terms() {
    let terms = new_terms(200, "49.20");
    trade(vec![booked()])
        .when(accepted(DEALER, amend(1, terms.clone())))
        .then_expect_events(vec![amended(&terms)]);
}

#[test]
fn amendment_of_another_version_is_rejected() {
    let terms = new_terms(200, "49.20");
    trade(vec![booked(), amended(&terms)])
        .when(accepted(DEALER, amend(1, new_terms(300, "49.20"))))
        .then_expect_error(TradeRejection::VersionConflict {
            expected: 1,
            actual: 2,
        });
}

#[test]
fn amendment_sent_again_changes_nothing() {
    let terms = new_terms(200, "49.20");
    trade(vec![booked(), amended(&terms)])
        .when(accepted(DEALER, amend(1, terms)))
        .then_expect_events(vec![]);
}

#[test]
fn amended_quantity_is_what_fills_are_held_against() {
    trade(vec![booked(), amended(&new_terms(60, "49.18"))])
        .when(accepted(DEALER, fill("e1", 60)))
        .then_expect_events(vec![filled_of("e1", 60, 60, 60), executed(60)]);
}

#[test]
fn cancel_ends_a_trade_without_fills() {
    trade(vec![booked()])
        .when(accepted(DEALER, cancel()))
        .then_expect_events(vec![cancelled()]);
}

#[test]
fn cancel_cuts_a_partially_filled_trade_to_what_is_filled() {
    let events = vec![booked(), filled("e1", 40, 40)];
    trade(events.clone())
        .when(accepted(DEALER, cancel()))
        .then_expect_events(vec![remainder_cancelled(40)]);
    let after = folded(&[&events[..], &[remainder_cancelled(40)]].concat());
    assert_eq!(after.state(), TradeState::Executed);
}

#[test]
fn second_cancel_changes_nothing() {
    trade(vec![booked(), cancelled()])
        .when(accepted(DEALER, cancel()))
        .then_expect_events(vec![]);
    trade(vec![
        booked(),
        filled("e1", 40, 40),
        remainder_cancelled(40),
    ])
    .when(accepted(DEALER, cancel()))
    .then_expect_events(vec![]);
}

#[test]
fn cancel_is_rejected_when_everything_is_filled() {
    trade(vec![booked(), filled("e1", 100, 100), executed(100)])
        .when(accepted(DEALER, cancel()))
        .then_expect_error(TradeRejection::InvalidTransition {
            state: TradeState::Executed,
            command: "CancelTrade",
            version: 3,
        });
}

#[test]
fn cancel_holds_whatever_was_busted_or_filled_since() {
    let events = vec![
        booked(),
        filled("e1", 40, 40),
        filled("e2", 10, 50),
        remainder_cancelled(50),
        busted_of("e2", 40, 40),
        filled_of("e3", 10, 50, 50),
    ];
    trade(events)
        .when(accepted(DEALER, cancel()))
        .then_expect_events(vec![]);
}
