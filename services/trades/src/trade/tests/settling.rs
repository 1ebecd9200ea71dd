//! Every break can be settled.

use kernel::context::Reacted;
use kernel::{EventMeta, Reaction};

use super::viewing::{meta, viewed};
use super::*;
use crate::HandedFills;

pub(super) fn resubmitted(id: &str, quantity: i64, cum: i64) -> TradeEvent {
    let TradeEvent::FillRecorded(mut fill) = filled(id, quantity, cum) else {
        unreachable!("a fill is recorded")
    };
    fill.recorded_by = actor(SECOND);
    TradeEvent::FillResubmitted(Box::new(FillResubmitted {
        report: Report::Fill,
        fill,
    }))
}

fn settled(id: &str, resolution: Resolution, handed_over: Option<HandedOver>) -> TradeEvent {
    let TradeCommand::SettleBreak(command) = settle(id, resolution) else {
        unreachable!("a break is settled")
    };
    TradeEvent::BreakSettled(BreakSettled {
        exec_id: command.exec_id,
        resolution,
        note: command.note,
        handed_over,
        settled_by: actor(SECOND),
    })
}

pub(super) fn handed_over(id: &str, quantity: i64, to: &str) -> TradeEvent {
    let report = report(id, quantity);
    let handed_over = HandedOver {
        to: to.parse().unwrap(),
        quantity: report.quantity,
        price: report.price,
        fee: report.fee,
        fee_currency: None,
        traded_at: report.traded_at,
        source_sequence: None,
        lots: None,
    };
    settled(id, Resolution::HandOver, Some(handed_over))
}

fn hand_over(id: &str, to: Option<&str>) -> TradeCommand {
    let TradeCommand::SettleBreak(command) = settle(id, Resolution::HandOver) else {
        unreachable!("a break is settled")
    };
    TradeCommand::SettleBreak(SettleBreak {
        to: to.map(|to| to.parse().unwrap()),
        ..command
    })
}

fn overfilled_by_ten() -> Vec<TradeEvent> {
    vec![
        booked(),
        filled("e1", 100, 100),
        executed(100),
        overfilled("e2", 10, 100),
    ]
}

fn after(command: TradeCommand, given: Vec<TradeEvent>) -> TradeSummary {
    let mut trade = folded(&given);
    let events = send(&mut trade, SECOND, command).unwrap();
    viewed(&[given, events].concat()).0.unwrap()
}

#[test]
fn overfill_that_is_taken_in_makes_the_order_as_large() {
    let trade = after(settle("e2", Resolution::TakeIn), overfilled_by_ten());
    assert_eq!(trade.state, TradeState::Executed);
    assert_eq!(
        (
            trade.ordered_quantity,
            trade.cum_quantity,
            trade.leaves_quantity
        ),
        (110.into(), 110.into(), Decimal::ZERO)
    );
    assert!(trade.breaks[0].resolved_version.is_some());
    assert_eq!(trade.fills.len(), 2);
}

#[test]
fn unmatched_fill_that_is_taken_in_counts_though_the_order_is_cancelled() {
    let given = vec![booked(), filled("e1", 40, 40), remainder_cancelled(40)];
    let mut trade = folded(&given);
    let mut events = given;
    events.extend(send(&mut trade, DEALER, fill("e2", 70)).unwrap());
    assert!(matches!(events.last(), Some(TradeEvent::UnmatchedFill(_))));
    let trade = after(settle("e2", Resolution::TakeIn), events);
    assert_eq!(
        (
            trade.state,
            trade.quantity,
            trade.cum_quantity,
            trade.leaves_quantity
        ),
        (TradeState::Executed, 110.into(), 110.into(), Decimal::ZERO)
    );
}

#[test]
fn execution_that_is_refused_is_not_raised_again() {
    let mut trade = folded(&overfilled_by_ten());
    let events = send(&mut trade, SECOND, settle("e2", Resolution::Refuse)).unwrap();
    assert_eq!(events, [settled("e2", Resolution::Refuse, None)]);
    assert_eq!(send(&mut trade, DEALER, fill("e2", 10)), Ok(vec![]));
    let shown = viewed(&[overfilled_by_ten(), events].concat()).0.unwrap();
    let refused = &shown.breaks[0];
    assert_eq!(
        (refused.resolved_version, refused.resolution),
        (Some(5), Some(Resolution::Refuse))
    );
    let again = send(&mut trade, SECOND, settle("e2", Resolution::TakeIn));
    let exec_id = exec_id("e2");
    assert_eq!(again, Err(TradeRejection::BreakNotOpen { exec_id }));
}

#[test]
fn execution_of_another_order_is_reported_to_it() {
    let mut trade = folded(&overfilled_by_ten());
    let events = send(&mut trade, SECOND, hand_over("e2", Some("T-2"))).unwrap();
    assert_eq!(events, [handed_over("e2", 10, "T-2")]);
    let [Reacted { to, command, .. }] = &react(&meta(5), &events[0])[..] else {
        panic!("one trade gets the report")
    };
    assert_eq!(to.as_str(), "T-2");
    assert_eq!(*command, fill("e2", 10));
    // A decision without a hand-over sends no command.
    assert!(react(&meta(5), &settled("e2", Resolution::Refuse, None)).is_empty());
    for to in [None, Some("T-1")] {
        let mut trade = folded(&overfilled_by_ten());
        let nowhere = send(&mut trade, SECOND, hand_over("e2", to));
        assert_eq!(nowhere, Err(TradeRejection::NotHandedOver));
    }
}

fn react(meta: &EventMeta, event: &TradeEvent) -> Vec<Reacted<Trade>> {
    let text = serde_json::to_string(event).unwrap();
    HandedFills.react(meta, serde_json::from_str(&text).unwrap())
}

#[test]
fn reporter_does_not_settle_it_alone() {
    for resolution in [Resolution::TakeIn, Resolution::Refuse] {
        trade(overfilled_by_ten())
            .when(accepted(DEALER, settle("e2", resolution)))
            .then_expect_error(TradeRejection::FourEyes {
                exec_id: exec_id("e2"),
                actor: actor(DEALER),
            });
    }
}

#[test]
fn what_the_position_refused_is_reported_to_it_once_more() {
    let given = vec![booked(), filled("e1", 40, 40), refused("e1", Report::Fill)];
    trade(given.clone())
        .when(accepted(SECOND, settle("e1", Resolution::TakeIn)))
        .then_expect_events(vec![resubmitted("e1", 40, 40)]);
    let resubmission = [given.clone(), vec![resubmitted("e1", 40, 40)]].concat();
    assert!(
        viewed(&resubmission).0.unwrap().breaks[0]
            .resolved_version
            .is_some()
    );
    trade(resubmission)
        .when(accepted(SECOND, settle("e1", Resolution::TakeIn)))
        .then_expect_events(vec![]);
    let shown = after(settle("e1", Resolution::Refuse), given.clone());
    assert_eq!(shown.breaks[0].resolution, Some(Resolution::Refuse));
    trade(given)
        .when(accepted(SECOND, hand_over("e1", Some("T-2"))))
        .then_expect_error(TradeRejection::NotHandedOver);
}
