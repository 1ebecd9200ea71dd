//! Cancel/replace, also while the order is part filled.

use super::*;

fn part_filled() -> Vec<TradeEvent> {
    vec![booked(), filled("e1", 40, 40)]
}

#[test]
fn part_filled_order_grows_and_is_filled_to_its_new_quantity() {
    let larger = new_terms(120, "49.20");
    let mut events = part_filled();
    trade(events.clone())
        .when(accepted(DEALER, amend(2, larger.clone())))
        .then_expect_events(vec![amended(&larger)]);
    events.push(amended(&larger));
    assert_eq!(folded(&events).state(), TradeState::PartiallyFilled);
    trade(events)
        .when(accepted(DEALER, fill("e2", 80)))
        .then_expect_events(vec![filled_of("e2", 80, 120, 120), executed(120)]);
}

#[test]
fn order_that_is_cut_to_what_is_filled_is_executed() {
    let cut = new_terms(40, "49.18");
    trade(part_filled())
        .when(accepted(DEALER, amend(2, cut.clone())))
        .then_expect_events(vec![amended(&cut), executed(40)]);
}

#[test]
fn order_cannot_be_cut_below_what_is_filled() {
    trade(part_filled())
        .when(accepted(DEALER, amend(2, new_terms(39, "49.18"))))
        .then_expect_error(TradeRejection::AmendmentBelowFilled {
            quantity: 39.into(),
            cum_quantity: 40.into(),
        });
}

#[test]
fn executed_order_may_grow_and_nothing_else() {
    let full = vec![booked(), filled("e1", 100, 100), executed(100)];
    let larger = new_terms(150, "49.18");
    trade(full.clone())
        .when(accepted(DEALER, amend(3, larger.clone())))
        .then_expect_events(vec![amended(&larger)]);
    let grown = folded(&[&full[..], &[amended(&larger)]].concat());
    assert_eq!(grown.state(), TradeState::PartiallyFilled);
    trade(full)
        .when(accepted(DEALER, amend(3, new_terms(100, "49.20"))))
        .then_expect_error(TradeRejection::InvalidTransition {
            state: TradeState::Executed,
            command: "AmendTrade",
            version: 3,
        });
}

#[test]
fn what_a_fill_stands_on_is_fixed_until_it_is_busted() {
    let variants = [
        NewTerms {
            account: "ACC-2".parse().unwrap(),
            ..new_terms(100, "49.18")
        },
        NewTerms {
            book: "PROP".parse().unwrap(),
            ..new_terms(100, "49.18")
        },
        NewTerms {
            instrument: "AAPL".parse().unwrap(),
            ..new_terms(100, "49.18")
        },
        NewTerms {
            side: Side::Sell,
            ..new_terms(100, "49.18")
        },
        NewTerms {
            currency: "EUR".parse().unwrap(),
            ..new_terms(100, "49.18")
        },
        NewTerms {
            multiplier: amount("100"),
            ..new_terms(100, "49.18")
        },
        NewTerms {
            lot_method: LotMethod::Lifo,
            ..new_terms(100, "49.18")
        },
    ];
    for terms in variants {
        trade(part_filled())
            .when(accepted(DEALER, amend(2, terms.clone())))
            .then_expect_error(TradeRejection::TermsFixed);
        let mut busted_again = part_filled();
        busted_again.push(busted("e1", 0));
        trade(busted_again)
            .when(accepted(DEALER, amend(3, terms.clone())))
            .then_expect_events(vec![amended(&terms)]);
    }
}
