//! Corrections and busts.

use super::*;

fn two_fills() -> Vec<TradeEvent> {
    vec![booked(), filled("e1", 40, 40), filled("e2", 50, 90)]
}

fn full() -> Vec<TradeEvent> {
    vec![
        booked(),
        filled("e1", 40, 40),
        filled("e2", 60, 100),
        executed(100),
    ]
}

fn four_eyes(id: &str) -> TradeRejection {
    TradeRejection::FourEyes {
        exec_id: exec_id(id),
        actor: actor(DEALER),
    }
}

fn state_after(before: Vec<TradeEvent>, events: Vec<TradeEvent>) -> TradeState {
    folded(&[before, events].concat()).state()
}

#[test]
fn correction_restates_the_fill_and_the_totals() {
    trade(two_fills())
        .when(accepted(SECOND, correct("e1", 30, "49")))
        .then_expect_events(vec![corrected("e1", 30, "49", 80)]);
}

#[test]
fn correction_that_fills_the_order_executes_the_trade() {
    let events = vec![corrected("e1", 50, "49", 100), executed(100)];
    trade(two_fills())
        .when(accepted(SECOND, correct("e1", 50, "49")))
        .then_expect_events(events.clone());
    assert_eq!(state_after(two_fills(), events), TradeState::Executed);
}

#[test]
fn correction_below_the_order_reopens_an_executed_trade() {
    let events = vec![corrected("e1", 30, "49.18", 90)];
    trade(full())
        .when(accepted(SECOND, correct("e1", 30, "49.18")))
        .then_expect_events(events.clone());
    assert_eq!(state_after(full(), events), TradeState::PartiallyFilled);
}

#[test]
fn correction_of_the_price_alone_does_not_execute_the_trade_again() {
    let events = vec![corrected("e1", 40, "49", 100)];
    trade(full())
        .when(accepted(SECOND, correct("e1", 40, "49")))
        .then_expect_events(events.clone());
    assert_eq!(state_after(full(), events), TradeState::Executed);
}

#[test]
fn correction_of_a_correction_starts_from_the_last_values() {
    let events = [two_fills(), vec![corrected("e1", 30, "49", 80)]].concat();
    trade(events)
        .when(accepted(SECOND, correct("e1", 35, "49")))
        .then_expect_events(vec![corrected("e1", 35, "49", 85)]);
}

#[test]
fn correction_to_the_values_it_has_changes_nothing() {
    let events = [two_fills(), vec![corrected("e1", 30, "49", 80)]].concat();
    trade(events.clone())
        .when(accepted(SECOND, correct("e1", 30, "49")))
        .then_expect_events(vec![]);
    trade(events)
        .when(accepted(SECOND, correct("e1", 40, "49.18")))
        .then_expect_events(vec![corrected("e1", 40, "49.18", 90)]);
}

#[test]
fn correction_beyond_the_order_is_rejected() {
    trade(two_fills())
        .when(accepted(SECOND, correct("e1", 51, "49.18")))
        .then_expect_error(TradeRejection::CorrectionOverfills {
            cum_quantity: 101.into(),
            order_quantity: 100.into(),
        });
}

#[test]
fn correction_by_the_recorder_of_the_fill_is_rejected() {
    trade(two_fills())
        .when(accepted(DEALER, correct("e1", 30, "49")))
        .then_expect_error(four_eyes("e1"));
}

#[test]
fn correction_of_an_unknown_fill_is_rejected() {
    trade(two_fills())
        .when(accepted(SECOND, correct("e9", 30, "49")))
        .then_expect_error(TradeRejection::FillUnknown {
            exec_id: exec_id("e9"),
        });
}

#[test]
fn correction_of_a_busted_fill_is_rejected() {
    trade([two_fills(), vec![busted("e1", 50)]].concat())
        .when(accepted(SECOND, correct("e1", 40, "49.18")))
        .then_expect_error(TradeRejection::FillBusted {
            exec_id: exec_id("e1"),
        });
}

#[test]
fn correction_to_the_widest_amounts_is_exact() {
    let odd = TradeCommand::CorrectFill(CorrectFill {
        exec_id: exec_id("e1"),
        quantity: amount("39.123456789012345679"),
        price: amount("123456789012345678.123456789012345678"),
        fee: amount("0"),
    });
    let corrected = send(&mut folded(&two_fills()), SECOND, odd);
    assert!(corrected.is_ok(), "{corrected:?}");
}

#[test]
fn bust_takes_the_fill_out() {
    trade(two_fills())
        .when(accepted(SECOND, bust("e1")))
        .then_expect_events(vec![busted("e1", 50)]);
    assert_eq!(
        state_after(full(), vec![busted("e1", 60)]),
        TradeState::PartiallyFilled
    );
}

#[test]
fn bust_takes_out_what_a_corrected_fill_counts_for_now() {
    trade([two_fills(), vec![corrected("e1", 30, "49", 80)]].concat())
        .when(accepted(SECOND, bust("e1")))
        .then_expect_events(vec![busted("e1", 50)]);
}

#[test]
fn bust_of_the_last_fill_leaves_an_order_to_fill() {
    let before = [two_fills(), vec![busted("e1", 50)]].concat();
    trade(before.clone())
        .when(accepted(SECOND, bust("e2")))
        .then_expect_events(vec![busted("e2", 0)]);
    assert_eq!(
        state_after(before, vec![busted("e2", 0)]),
        TradeState::Booked
    );
}

#[test]
fn bust_sent_again_changes_nothing() {
    trade([two_fills(), vec![busted("e1", 50)]].concat())
        .when(accepted(SECOND, bust("e1")))
        .then_expect_events(vec![]);
    trade([two_fills(), vec![busted("e1", 50), busted("e2", 0)]].concat())
        .when(accepted(SECOND, bust("e1")))
        .then_expect_events(vec![]);
}

#[test]
fn bust_by_the_recorder_of_the_fill_is_rejected() {
    trade(two_fills())
        .when(accepted(DEALER, bust("e2")))
        .then_expect_error(four_eyes("e2"));
}

#[test]
fn bust_of_an_unknown_fill_is_rejected() {
    trade(two_fills())
        .when(accepted(SECOND, bust("e9")))
        .then_expect_error(TradeRejection::FillUnknown {
            exec_id: exec_id("e9"),
        });
}

#[test]
fn bust_of_a_stray_is_rejected_because_it_never_counted() {
    trade([two_fills(), vec![overfilled("e3", 11, 90)]].concat())
        .when(accepted(SECOND, bust("e3")))
        .then_expect_error(TradeRejection::FillUnknown {
            exec_id: exec_id("e3"),
        });
}

#[test]
fn room_that_a_bust_makes_can_be_filled() {
    trade([full(), vec![busted("e1", 60)]].concat())
        .when(accepted(DEALER, fill("e3", 40)))
        .then_expect_events(vec![filled("e3", 40, 100), executed(100)]);
}

/// The venue's report of its own executions is a fact; four eyes are for people's decisions.
#[test]
fn venue_corrects_and_busts_what_it_reported_itself() {
    let venue = "venue:drop-copy";
    let mut trade = folded(&[booked()]);
    for command in [
        fill("e1", 40),
        correct("e1", 30, "49"),
        fill("e2", 50),
        bust("e2"),
    ] {
        let events = send(&mut trade, venue, command).unwrap();
        assert_eq!(events.len(), 1);
    }
    // What a person recorded as well: the first reporter is no evidence of the market.
    send(&mut trade, DEALER, fill("e3", 10)).unwrap();
    send(&mut trade, venue, bust("e3")).unwrap();
    assert_eq!(trade.state(), TradeState::PartiallyFilled);
}
