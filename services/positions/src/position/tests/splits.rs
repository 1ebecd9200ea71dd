//! Splits and settlements.

use super::*;

#[test]
fn split_keeps_the_cost_and_scales_the_lots() {
    let view = after([
        buy(1, "10", "49.18"),
        buy(2, "5", "50"),
        split(3, 2, 1, None),
    ]);
    assert_eq!((view.quantity, view.cost), (d("30"), d("741.80")));
    assert_eq!(view.lots[0].price, d("24.59"));
    assert!(!view.lots[0].price_rounded);
}

#[test]
fn split_that_does_not_divide_adds_up_and_sells_out_exactly() {
    let commands = [
        buy(1, "10", "10"),
        buy(2, "10", "11"),
        buy(3, "11", "12"),
        split(4, 1, 3, None),
    ];
    let view = after(commands.clone());
    assert_eq!(view.quantity, d("10.33333333"));
    let sum = |of: fn(&Lot) -> Decimal| {
        view.lots
            .iter()
            .fold(Decimal::ZERO, |sum, lot| sum.plus(of(lot)).unwrap())
    };
    assert_eq!(sum(|lot| lot.quantity), view.quantity);
    assert_eq!(sum(|lot| lot.cost.unwrap()), d("342"));
    let sold = commands
        .into_iter()
        .chain([sell(5, "4", "30"), sell(6, "6.33333333", "30")]);
    let flat = after(sold);
    assert_eq!((flat.quantity, flat.cost), (d("0"), d("0")));
    assert_eq!(
        flat.realised_gross,
        d("10.33333333")
            .times(d("30"))
            .unwrap()
            .minus(d("342"))
            .unwrap()
    );
}

#[test]
fn fraction_is_paid_in_cash_when_the_split_has_a_reference_price() {
    let events = history([buy(1, "31", "10"), split(4, 1, 3, Some("33"))]);
    let Some(PositionEvent::SplitApplied(effect)) = events.last() else {
        panic!("{events:?}")
    };
    let paid = effect.cash_in_lieu.as_ref().unwrap();
    assert_eq!(paid.quantity, d("-0.33333333"));
    assert_eq!(effect.after.quantity, d("10"));
    let proceeds = d("0.33333333").times(d("33")).unwrap();
    assert_eq!(paid.realised, proceeds.minus(paid.consumed).unwrap());
    assert_eq!(effect.after.cost, d("310").minus(paid.consumed).unwrap());
}

#[test]
fn short_position_below_one_unit_is_closed_by_cash_in_lieu() {
    let view = after([sell(1, "1", "10"), split(2, 1, 4, Some("41"))]);
    assert_eq!(
        (view.quantity, view.cost, view.lots.len()),
        (d("0"), d("0"), 0)
    );
    assert_eq!(view.realised_gross, d("-0.25"));
}

#[test]
fn dust_lot_leaves_its_cost_to_a_neighbour() {
    let view = after([
        buy(1, "3", "10"),
        buy(2, "0.00000001", "1000000"),
        split(3, 1, 3, None),
    ]);
    assert_eq!(view.lots.len(), 1);
    assert_eq!(view.lots[0].cost, Some(d("30.01")));
    assert_eq!(view.cost, d("30.01"));
}

#[test]
fn part_of_a_lot_with_a_rounded_price_takes_its_share_of_the_cost() {
    let view = after([
        buy(1, "3", "10"),
        buy(2, "0.00000001", "1000000"),
        split(3, 1, 3, None),
        sell(4, "0.5", "40"),
    ]);
    assert_eq!(view.realised_gross, d("4.995"));
    assert_eq!(view.lots[0].cost, Some(d("15.005")));
    assert!(view.lots[0].price_rounded);
}

#[test]
fn split_that_leaves_nothing_is_refused() {
    let given = vec![buy(1, "0.00000001", "1000000")];
    assert_eq!(
        refused(given, split(2, 1, 3, None)),
        PositionRejection::AmountInexact
    );
}

#[test]
fn split_known_late_scales_only_what_was_before_it() {
    let late = after([buy(1, "10", "40"), buy(5, "10", "20"), split(3, 2, 1, None)]);
    let timely = after([buy(1, "10", "40"), split(3, 2, 1, None), buy(5, "10", "20")]);
    assert_eq!(late.quantity, d("30"));
    assert_eq!((late.lots, late.cost), (timely.lots, timely.cost));
    let given = vec![buy(1, "10", "40"), split(3, 2, 1, None)];
    changes_nothing(given.clone(), split(3, 2, 1, None));
    assert!(matches!(
        refused(given, split(3, 3, 1, None)),
        PositionRejection::SplitIdConflict(_)
    ));
}

#[test]
fn settlement_moves_only_the_settled_view() {
    let settle = |name: &str, quantity| {
        PositionCommand::RecordSettlement(RecordSettlement {
            settlement_id: name.parse().unwrap(),
            quantity: d(quantity),
        })
    };
    let given = vec![buy(1, "100", "10"), settle("X1", "60"), sell(2, "30", "11")];
    let view = after(given.clone());
    assert_eq!(
        (view.settled_quantity, view.unsettled_quantity),
        (d("60"), Some(d("10")))
    );
    changes_nothing(given.clone(), settle("X1", "60"));
    assert!(matches!(
        refused(given.clone(), settle("X1", "61")),
        PositionRejection::SettlementIdConflict(_)
    ));
    assert_eq!(
        refused(given, settle("X2", "0")),
        PositionRejection::SettledOutOfRange(d("0"))
    );
    assert_eq!(
        refused(vec![], settle("X1", "1")),
        PositionRejection::NotTraded
    );
}
