//! A split waits for its day, and can be taken back.

use kernel::context::TimerRequest;

use super::*;

/// Day 9 is to come when the split is entered on day 5.
fn announced() -> (Position, Vec<PositionEvent>) {
    let mut position = Position::default();
    let mut events = send_at(5, &mut position, buy(1, "100", "50")).unwrap();
    events.extend(send_at(5, &mut position, split(9, 2, 1, None)).unwrap());
    (position, events)
}

fn withdraw(at: i64) -> PositionCommand {
    PositionCommand::WithdrawSplit(WithdrawSplit {
        split_id: format!("S{at}").parse().unwrap(),
    })
}

#[test]
fn split_entered_before_its_day_changes_nothing_until_then() {
    let (position, events) = announced();
    let shown = view(&events);
    assert_eq!((shown.quantity, shown.cost), (d("100"), d("5000")));
    assert_eq!(shown.unrealised(d("50")), Ok(d("0")));
    assert_eq!(shown.announced_splits.len(), 1);
    let repeated = send_at(6, &mut position.clone(), split(9, 2, 1, None));
    assert_eq!(repeated, Ok(vec![]));
    let other = send_at(6, &mut position.clone(), split(9, 3, 1, None));
    assert!(matches!(other, Err(PositionRejection::SplitIdConflict(_))));
}

#[test]
fn split_comes_by_its_timer() {
    let (mut position, mut events) = announced();
    let timers = position.timers(events.last().unwrap());
    let [TimerRequest::Set { due, command, .. }] = &timers[..] else {
        panic!("{timers:?}")
    };
    assert_eq!(*due, Timestamp::from_millis(9_000));
    events.extend(send_at(9, &mut position, command.clone()).unwrap());
    let shown = view(&events);
    assert_eq!((shown.quantity, shown.lots[0].price), (d("200"), d("25")));
    assert!(shown.announced_splits.is_empty());
    let repeated = send_at(9, &mut position, command.clone());
    assert_eq!(repeated, Ok(vec![]));
}

#[test]
fn fill_in_new_units_may_come_before_the_timer_of_its_split() {
    let (mut position, mut events) = announced();
    events.extend(send_at(9, &mut position, buy(9, "10", "25")).unwrap());
    events.extend(send_at(10, &mut position, split(9, 2, 1, None)).unwrap());
    let shown = view(&events);
    assert_eq!((shown.quantity, shown.cost), (d("210"), d("5250")));
    assert!(shown.announced_splits.is_empty());
}

#[test]
fn announced_split_that_is_withdrawn_never_comes() {
    let (mut position, mut events) = announced();
    let withdrawn = send_at(6, &mut position, withdraw(9)).unwrap();
    let timers = position.timers(&withdrawn[0]);
    assert!(matches!(timers[..], [TimerRequest::Cancel { .. }]));
    events.extend(withdrawn);
    assert!(view(&events).announced_splits.is_empty());
    let unknown = send_at(6, &mut position, withdraw(9));
    assert!(matches!(unknown, Err(PositionRejection::SplitUnknown(_))));
}

#[test]
fn applied_split_that_is_withdrawn_is_as_if_it_had_never_been() {
    let without = vec![buy(1, "100", "50"), sell(12, "30", "60")];
    let mut with = without.clone();
    with.insert(1, split(9, 2, 1, None));
    with.push(withdraw(9));
    let (with, without) = (after(with), after(without));
    assert_eq!(
        (with.quantity, with.cost, with.realised_gross),
        (without.quantity, without.cost, without.realised_gross)
    );
}

#[test]
fn splits_that_wait_have_a_bound() {
    let mut position = Position::default();
    send_at(5, &mut position, buy(1, "100", "50")).unwrap();
    for at in 10..110 {
        send_at(5, &mut position, split(at, 2, 1, None)).unwrap();
    }
    let refused = send_at(5, &mut position, split(110, 2, 1, None));
    assert_eq!(refused, Err(PositionRejection::SplitLimit { max: 100 }));
}

#[test]
fn issuer_rounds_a_reverse_split_up_to_whole_units() {
    let reverse = |round_up, in_lieu: Option<&str>| {
        let PositionCommand::ApplySplit(split) = split(3, 1, 15, in_lieu) else {
            panic!("a split")
        };
        PositionCommand::ApplySplit(ApplySplit { round_up, ..split })
    };
    for (side, whole) in [(Side::Buy, "7"), (Side::Sell, "-7")] {
        let of = |at, quantity| PositionCommand::ApplyFill(fill(at, side, quantity, "3", "0"));
        let view = after([of(1, "60"), of(2, "40"), reverse(true, None)]);
        assert_eq!(view.quantity, d(whole), "1:15 of 100 is 6.67");
        assert_eq!(view.cost.abs(), d("300"), "what was paid is what was paid");
        let lots = view.lots.iter();
        let sum = lots.fold(Decimal::ZERO, |sum, lot| sum.plus(lot.quantity).unwrap());
        assert_eq!(sum, view.quantity);
    }
    let both = refused(vec![buy(1, "100", "3")], reverse(true, Some("45")));
    assert_eq!(both, PositionRejection::SplitContradicts);
}
