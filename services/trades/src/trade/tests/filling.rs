//! Fills: taken, raised, kept.

use super::execution::EXECUTIONS_MAX;
use super::*;

fn conflict(id: &str) -> TradeRejection {
    TradeRejection::ExecIdConflict {
        exec_id: exec_id(id),
    }
}

#[test]
fn first_fill_is_taken_from_booked() {
    trade(vec![booked()])
        .when(accepted(DEALER, fill("e1", 40)))
        .then_expect_events(vec![filled("e1", 40, 40)]);
}

#[test]
fn fill_of_all_that_is_left_executes_the_trade() {
    let before = vec![booked(), filled("e1", 40, 40)];
    let events = vec![filled("e2", 60, 100), executed(100)];
    trade(before.clone())
        .when(accepted(DEALER, fill("e2", 60)))
        .then_expect_events(events.clone());
    let after = folded(&[before, events].concat());
    assert_eq!(after.state(), TradeState::Executed);
}

#[test]
fn fill_carries_its_lots_untouched() {
    let pick = LotPick {
        exec_id: exec_id("opened"),
        trade_id: None,
        quantity: amount("40"),
    };
    let mut with_lots = report("e1", 40);
    with_lots.lots = Some(vec![pick].try_into().unwrap());
    let mut expected = filled("e1", 40, 40);
    if let TradeEvent::FillRecorded(fill) = &mut expected {
        fill.lots.clone_from(&with_lots.lots);
    }
    trade(vec![booked()])
        .when(accepted(DEALER, TradeCommand::RecordFill(with_lots)))
        .then_expect_events(vec![expected]);
}

#[test]
fn fill_reported_again_changes_nothing() {
    trade(vec![booked(), filled("e1", 40, 40)])
        .when(accepted(SECOND, fill("e1", 40)))
        .then_expect_events(vec![]);
    trade(vec![booked(), filled("e1", 100, 100), executed(100)])
        .when(accepted(DEALER, fill("e1", 100)))
        .then_expect_events(vec![]);
}

#[test]
fn fill_reported_again_changes_nothing_when_it_was_corrected_or_busted() {
    let corrected = corrected("e1", 30, "49", 30);
    trade(vec![booked(), filled("e1", 40, 40), corrected])
        .when(accepted(DEALER, fill("e1", 40)))
        .then_expect_events(vec![]);
    trade(vec![booked(), filled("e1", 40, 40), busted("e1", 0)])
        .when(accepted(DEALER, fill("e1", 40)))
        .then_expect_events(vec![]);
}

#[test]
fn fill_under_a_known_id_with_other_content_is_rejected() {
    let mut variants = vec![report("e1", 41); 5];
    variants[1] = report("e1", 40);
    variants[1].price = amount("49.19");
    variants[2] = report("e1", 40);
    variants[2].fee = amount("0");
    variants[3] = report("e1", 40);
    variants[3].traded_at = Timestamp::from_millis(601);
    variants[4] = report("e1", 40);
    variants[4].lots = Some(vec![].try_into().unwrap());
    for other in variants {
        trade(vec![booked(), filled("e1", 40, 40)])
            .when(accepted(DEALER, TradeCommand::RecordFill(other)))
            .then_expect_error(conflict("e1"));
    }
}

#[test]
fn overfill_is_raised_and_the_trade_stays() {
    let before = vec![booked(), filled("e1", 40, 40)];
    let raised = overfilled("e2", 61, 40);
    trade(before.clone())
        .when(accepted(DEALER, fill("e2", 61)))
        .then_expect_events(vec![raised.clone()]);
    let after = folded(&[&before[..], &[raised]].concat());
    assert_eq!(after.state(), TradeState::PartiallyFilled);
}

#[test]
fn fill_of_an_executed_trade_is_an_overfill() {
    trade(vec![booked(), filled("e1", 100, 100), executed(100)])
        .when(accepted(DEALER, fill("e2", 1)))
        .then_expect_events(vec![overfilled("e2", 1, 100)]);
}

/// The market filled it before the cancel arrived.
#[test]
fn fill_of_what_was_cancelled_counts() {
    let late = filled_of("e2", 10, 50, 50);
    let before = vec![booked(), filled("e1", 40, 40), remainder_cancelled(40)];
    trade(before.clone())
        .when(accepted(DEALER, fill("e2", 10)))
        .then_expect_events(vec![late.clone()]);
    let after = folded(&[&before[..], &[late]].concat());
    assert_eq!(after.state(), TradeState::Executed);
    trade(vec![booked(), cancelled()])
        .when(accepted(DEALER, fill("e1", 40)))
        .then_expect_events(vec![filled_of("e1", 40, 40, 40), executed(40)]);
}

#[test]
fn fill_beyond_what_was_ordered_is_unmatched_once_the_rest_is_cancelled() {
    trade(vec![
        booked(),
        filled("e1", 40, 40),
        remainder_cancelled(40),
    ])
    .when(accepted(DEALER, fill("e2", 61)))
    .then_expect_events(vec![TradeEvent::UnmatchedFill(stray("e2", 61, 40, 40))]);
}

#[test]
fn overfill_reported_again_is_not_raised_again() {
    let events = vec![booked(), overfilled("e1", 101, 0)];
    trade(events.clone())
        .when(accepted(DEALER, fill("e1", 101)))
        .then_expect_events(vec![]);
    trade(events)
        .when(accepted(DEALER, fill("e1", 100)))
        .then_expect_error(conflict("e1"));
}

#[test]
fn overfill_reported_again_is_taken_when_it_fits_by_now() {
    let larger = new_terms(150, "49.18");
    let events = vec![booked(), overfilled("e1", 110, 0), amended(&larger)];
    trade(events.clone())
        .when(accepted(DEALER, fill("e1", 110)))
        .then_expect_events(vec![filled_of("e1", 110, 110, 150)]);
    trade([events, vec![filled_of("e1", 110, 110, 150)]].concat())
        .when(accepted(DEALER, fill("e1", 110)))
        .then_expect_events(vec![]);
}

#[test]
fn fill_after_the_last_bust_is_a_fill() {
    let before = vec![
        booked(),
        filled("e1", 100, 100),
        executed(100),
        busted("e1", 0),
    ];
    trade(before)
        .when(accepted(DEALER, fill("e2", 100)))
        .then_expect_events(vec![filled("e2", 100, 100), executed(100)]);
}

/// FIX 4.4, order state matrix J.1.b: CumQty counts the new execution though the order is cancelled.
#[test]
fn new_fill_after_cancel_and_bust_counts() {
    let before = vec![
        booked(),
        filled("e1", 50, 50),
        remainder_cancelled(50),
        busted_of("e1", 0, 0),
    ];
    assert_eq!(folded(&before).state(), TradeState::Cancelled);
    trade(before)
        .when(accepted(DEALER, fill("e2", 40)))
        .then_expect_events(vec![filled_of("e2", 40, 40, 40), executed(40)]);
}

#[test]
fn unmatched_fill_reported_again_is_kept_once() {
    let events = vec![booked(), cancelled(), unmatched("e1", 101)];
    trade(events.clone())
        .when(accepted(DEALER, fill("e1", 101)))
        .then_expect_events(vec![]);
    trade(events)
        .when(accepted(DEALER, fill("e1", 41)))
        .then_expect_error(conflict("e1"));
}

#[test]
fn fill_of_the_widest_amounts_is_exact() {
    let mut odd = report("e1", 1);
    odd.quantity = amount("99.123456789012345679");
    odd.price = amount("123456789012345678.123456789012345678");
    let recorded = send(
        &mut folded(&[booked()]),
        DEALER,
        TradeCommand::RecordFill(odd),
    );
    let log = [vec![booked()], recorded.unwrap()].concat();
    let gross = "12237463690975460970.888888779753086320651425088777625362";
    let shown = viewing::viewed(&log).0.unwrap().gross_amount.unwrap();
    assert_eq!(shown.to_string(), gross);
}

#[test]
fn fill_whose_amount_cannot_be_exact_is_rejected() {
    let terms = NewTerms {
        multiplier: amount("999999999999999999.999999999999999999"),
        ..new_terms(ORDERED, "1")
    };
    let mut trade = Trade::default();
    send(&mut trade, DEALER, TradeCommand::BookTrade(terms)).unwrap();
    let mut odd = report("e1", 1);
    odd.quantity = amount("99.123456789012345679");
    odd.price = amount("123456789012345678.123456789012345678");
    let exec_id = exec_id("e1");
    assert_eq!(
        send(&mut trade, DEALER, TradeCommand::RecordFill(odd)),
        Err(TradeRejection::AmountInexact { exec_id })
    );
}

#[test]
fn fills_beyond_the_limit_are_rejected() {
    let mut trade = Trade::default();
    send(&mut trade, DEALER, book()).unwrap();
    // A stray that is taken after all is one execution, not two.
    send(&mut trade, DEALER, fill("e0", 110)).unwrap();
    send(&mut trade, DEALER, amend(2, new_terms(1_000_000, "1"))).unwrap();
    send(&mut trade, DEALER, fill("e0", 110)).unwrap();
    for n in 1..EXECUTIONS_MAX - 1 {
        send(&mut trade, DEALER, fill(&format!("e{n}"), 1)).unwrap();
    }
    send(&mut trade, DEALER, fill("stray", 2_000_000)).unwrap();

    let max = EXECUTIONS_MAX;
    assert_eq!(
        send(&mut trade, DEALER, fill("one-more", 1)),
        Err(TradeRejection::ExecutionLimit { max })
    );
    assert_eq!(send(&mut trade, DEALER, fill("e1", 1)), Ok(vec![]));
}

#[test]
fn unmatched_fills_beyond_the_limit_are_rejected() {
    let mut trade = folded(&[booked(), cancelled()]);
    for n in 0..EXECUTIONS_MAX {
        send(&mut trade, DEALER, fill(&format!("e{n}"), 101)).unwrap();
    }
    let max = EXECUTIONS_MAX;
    assert_eq!(
        send(&mut trade, DEALER, fill("one-more", 101)),
        Err(TradeRejection::ExecutionLimit { max })
    );
}

#[test]
fn fee_may_be_in_another_currency_and_in_the_trades_own_needs_no_word() {
    let with = |currency: &str| {
        TradeCommand::RecordFill(RecordFill {
            fee_currency: Some(currency.parse().unwrap()),
            ..report("e1", 40)
        })
    };
    trade(vec![booked()])
        .when(accepted(DEALER, with("USD")))
        .then_expect_events(vec![filled("e1", 40, 40)]);
    let mut francs = folded(&[booked()]);
    let events = send(&mut francs, DEALER, with("CHF")).unwrap();
    let [TradeEvent::FillRecorded(recorded)] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(recorded.fee_currency, Some("CHF".parse().unwrap()));
    assert_eq!(send(&mut francs, DEALER, with("CHF")), Ok(vec![]));
    assert_eq!(send(&mut francs, DEALER, with("EUR")), Err(conflict("e1")));
    let corrected = send(&mut francs, SECOND, correct("e1", 30, "49")).unwrap();
    let [TradeEvent::FillCorrected(corrected)] = &corrected[..] else {
        panic!("{corrected:?}")
    };
    assert_eq!(corrected.fee_currency, recorded.fee_currency);
}
