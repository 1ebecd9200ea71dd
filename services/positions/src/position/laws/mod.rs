//! Laws that hold for any sequence of commands.

mod arbitrary;

use std::num::NonZeroU32;
use std::sync::Arc;

use cqrs_es::Aggregate;
use kernel::{Decimal, Timestamp};
use proptest::prelude::*;
use proptest::sample::Index;

use arbitrary::{a_fill, a_method, commands, fills};

use super::tests::{d, exec, history, meta, send, view};
use super::*;
use crate::lots::effect::Totals;
use crate::lots::execution::{Execution, Side};
use crate::lots::holding::Holding;
use crate::lots::lot::Lot;
use crate::lots::split::Split;
use crate::lots::terms::{LotMethod, Terms};
use crate::lots::timeline::{CHECKPOINT_EVERY, Entry, Timeline};

/// The economic state, without what is known of executions that have no effect, and without the
/// numbers of reports: they tell the order of arrival.
fn held(position: &Position) -> (Terms, Totals, Vec<Lot>) {
    let Position::Traded(traded) = position else {
        panic!("nothing was traded")
    };
    let holding = &traded.holding;
    (
        holding.terms.clone(),
        holding.totals,
        unnumbered(holding.lots.by_age()),
    )
}

fn unnumbered(lots: Vec<Arc<Lot>>) -> Vec<Lot> {
    let without = |lot: Arc<Lot>| Lot {
        report_number: None,
        ..(*lot).clone()
    };
    lots.into_iter().map(without).collect()
}

/// As their source would number them.
fn sequenced(mut fills: Vec<ApplyFill>) -> Vec<ApplyFill> {
    for (fill, number) in fills.iter_mut().zip(1..) {
        fill.source_sequence = Some(number);
    }
    fills
}

fn all(fills: impl IntoIterator<Item = ApplyFill>, method: LotMethod) -> Position {
    let mut position = Position::default();
    for fill in fills {
        let fill = ApplyFill {
            lot_method: method,
            ..fill
        };
        send(&mut position, PositionCommand::ApplyFill(fill)).unwrap();
    }
    position
}

fn bust_of(fill: &ApplyFill) -> PositionCommand {
    PositionCommand::BustFill(BustFill {
        exec_id: fill.exec_id.clone(),
        trade_id: fill.trade_id.clone(),
    })
}

/// As they are folded; they are given as they were reported.
fn in_order(fills: &[ApplyFill]) -> Vec<ApplyFill> {
    let mut sorted = fills.to_vec();
    // Stable: ties are in the order of their reports.
    sorted.sort_by_key(|fill| (fill.traded_at, fill.source_sequence));
    sorted
}

fn sum(amounts: impl Iterator<Item = Decimal>) -> Decimal {
    amounts.fold(Decimal::ZERO, |sum, amount| sum.plus(amount).unwrap())
}

/// What was paid and received so far, read from the timeline and independent of any lot.
fn cash(traded: &Traded) -> Decimal {
    let mut quantity = Decimal::ZERO;
    let mut cash = Decimal::ZERO;
    for entry in traded.timeline.entries() {
        let (delta, price) = match entry {
            Entry::Fill(fill) => (fill.delta(), fill.price),
            Entry::Split(split) => {
                let before = quantity;
                quantity = scaled(before, split);
                if split.round_up {
                    quantity = whole_away_from_zero(quantity);
                }
                let Some(price) = split.cash_in_lieu_price else {
                    continue;
                };
                (fraction(quantity).negated(), price)
            }
        };
        quantity = quantity.plus(delta).unwrap();
        cash = cash.minus(delta.times(price).unwrap()).unwrap();
    }
    cash
}

fn scaled(quantity: Decimal, split: &Split) -> Decimal {
    let ratio = |n: NonZeroU32| Decimal::from(i64::from(n.get()));
    quantity
        .times(ratio(split.numerator))
        .unwrap()
        .over(ratio(split.denominator), 8)
        .unwrap()
}

fn whole_away_from_zero(quantity: Decimal) -> Decimal {
    let fraction = fraction(quantity);
    let whole = quantity.minus(fraction).unwrap();
    let one = Decimal::from(if quantity.is_negative() { -1 } else { 1 });
    let given = if fraction.is_zero() {
        Decimal::ZERO
    } else {
        one
    };
    whole.plus(given).unwrap()
}

fn fraction(quantity: Decimal) -> Decimal {
    let text = quantity.to_string();
    let sign = if quantity.is_negative() { "-" } else { "" };
    text.split_once('.')
        .map_or(Decimal::ZERO, |(_, places)| d(&format!("{sign}0.{places}")))
}

fn holds_the_invariants(position: &Position) {
    let Position::Traded(traded) = position else {
        return;
    };
    let totals = traded.holding.totals;
    let lots = traded.holding.lots.by_age();
    assert_eq!(sum(lots.iter().map(|lot| lot.quantity)), totals.quantity);
    if traded.holding.terms.lot_method != LotMethod::Average {
        assert_eq!(sum(lots.iter().map(|lot| lot.cost.unwrap())), totals.cost);
    }
    if totals.quantity.is_zero() {
        assert!(totals.cost.is_zero() && lots.is_empty(), "{totals:?}");
    }
    let mark = d("7.77");
    let value = totals.quantity.times(mark).unwrap();
    let unrealised = value.minus(totals.cost).unwrap();
    let identity = cash(traded).plus(value).unwrap();
    assert_eq!(totals.realised_gross.plus(unrealised).unwrap(), identity);
    assert_eq!(
        Timeline::fold_all(
            traded.timeline.entries().iter().cloned(),
            &traded.holding.terms
        )
        .as_ref(),
        Ok(&traded.holding)
    );
}

fn holds_the_state(view: &PositionView, position: &Position) {
    let Position::Traded(traded) = position else {
        return;
    };
    let totals = traded.holding.totals;
    assert_eq!((view.quantity, view.cost), (totals.quantity, totals.cost));
    assert_eq!(
        (view.realised_gross, view.fees),
        (totals.realised_gross, totals.fees)
    );
    assert_eq!(view.lots, traded.holding.lots.by_age());
    assert_eq!(view.lot_method, traded.holding.terms.lot_method);
    assert_eq!(view.settled_quantity, traded.settled);
    let text = serde_json::to_string(view).unwrap();
    for word in text.split('"').filter(|word| word.starts_with("-0")) {
        assert!(!word.parse::<Decimal>().unwrap().is_zero(), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn replay_and_snapshot_give_the_live_state_and_every_step_holds_the_invariants(
        commands in commands(),
        cut in any::<Index>(),
    ) {
        let mut live = Position::default();
        let mut events = Vec::new();
        for command in commands {
            let before = live.clone();
            match send(&mut live, command) {
                Ok(new) => events.extend(new),
                Err(_) => prop_assert_eq!(&before, &live),
            }
            holds_the_invariants(&live);
        }
        // What is stored is text: replay from that.
        let events: Vec<PositionEvent> = events
            .iter()
            .map(|event| serde_json::from_str(&serde_json::to_string(event).unwrap()).unwrap())
            .collect();
        holds_the_state(&view(&events), &live);

        // Any point will do, and the ends are points.
        let cut = cut.index(events.len() + 1);
        let mut replayed = Position::default();
        for event in &events[..cut] {
            replayed.apply(event.clone());
        }
        let snapshot = serde_json::to_string(&replayed).unwrap();
        let mut restored: Position = serde_json::from_str(&snapshot).unwrap();
        prop_assert_eq!(&restored, &replayed);
        for event in &events[cut..] {
            replayed.apply(event.clone());
            restored.apply(event.clone());
        }
        prop_assert_eq!(&replayed, &live);
        prop_assert_eq!(&restored, &live);
        // A snapshot is compared byte by byte with the fold of the events.
        let text = |position| serde_json::to_string(position).unwrap();
        prop_assert_eq!(text(&replayed), text(&live));
        prop_assert_eq!(text(&restored), text(&live));
    }

    #[test]
    fn repeated_commands_change_nothing(commands in commands()) {
        let mut position = Position::default();
        for command in commands {
            if send(&mut position, command.clone()).is_ok() {
                prop_assert_eq!(send(&mut position, command), Ok(vec![]));
            }
        }
    }

    #[test]
    fn busted_fill_leaves_no_trace(fills in fills(2..60), which in any::<Index>(), method in a_method()) {
        let which = which.index(fills.len());
        let mut busted = all(fills.clone(), method);
        send(&mut busted, bust_of(&fills[which])).unwrap();
        let mut without = fills;
        without.remove(which);
        prop_assert_eq!(held(&busted), held(&all(in_order(&without), method)));
    }

    #[test]
    fn corrected_fill_is_as_if_reported_so(
        fills in fills(1..60), which in any::<Index>(), new in a_fill(), method in a_method(),
    ) {
        let which = which.index(fills.len());
        let mut corrected = all(fills.clone(), method);
        let now = ApplyFill { quantity: new.quantity, price: new.price, fee: new.fee, ..fills[which].clone() };
        send(&mut corrected, PositionCommand::CorrectFill(CorrectFill {
            exec_id: now.exec_id.clone(), quantity: now.quantity, price: now.price, fee: now.fee,
            trade_id: now.trade_id.clone(), fee_currency: None,
        })).unwrap();
        let mut with = fills;
        with[which] = now;
        prop_assert_eq!(held(&corrected), held(&all(in_order(&with), method)));
    }

    #[test]
    fn order_of_arrival_does_not_matter(
        fills in fills(1..60).prop_map(sequenced).prop_shuffle(), method in a_method(),
    ) {
        prop_assert_eq!(held(&all(fills.clone(), method)), held(&all(in_order(&fills), method)));
    }

    #[test]
    fn changed_method_is_as_if_always_used(
        fills in fills(1..60), first in a_method(), then in a_method(),
    ) {
        let mut changed = all(fills.clone(), first);
        let change = ChangeLotMethod { lot_method: then };
        send(&mut changed, PositionCommand::ChangeLotMethod(change)).unwrap();
        prop_assert_eq!(held(&changed), held(&all(in_order(&fills), then)));
    }

    #[test]
    fn alternative_view_is_the_view_under_that_method(
        fills in fills(1..60), first in a_method(), other in a_method(),
    ) {
        let sent = |method| fills.clone().into_iter().map(move |fill| {
            PositionCommand::ApplyFill(ApplyFill { lot_method: method, ..fill })
        });
        let mut alternative = AlternativeView::new(other);
        for (event, sequence) in history(sent(first)).into_iter().zip(1..) {
            alternative.update(&meta(sequence), event);
        }
        let (answer, direct) = (alternative.finish().unwrap(), view(&history(sent(other))));
        prop_assert_eq!(
            (answer.quantity, answer.cost, answer.realised_net, answer.lots, answer.average_price),
            (direct.quantity, direct.cost, direct.realised_net, direct.lots, direct.average_price)
        );
    }
}

proptest! {
    // Each case folds thousands of entries: the checkpoints are what is at stake.
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn long_history_is_refolded_from_its_checkpoints(
        mut fills in fills(3 * CHECKPOINT_EVERY - 2..3 * CHECKPOINT_EVERY + 3),
        busts in prop::collection::vec(any::<Index>(), 1..6),
        method in a_method(),
    ) {
        for (fill, at) in fills.iter_mut().zip(0..) {
            fill.traded_at = Timestamp::from_millis(at);
        }
        let late = fills.remove(CHECKPOINT_EVERY);
        let mut changed = all(fills.clone(), method);
        for bust in busts {
            let busted = fills.remove(bust.index(fills.len()));
            send(&mut changed, bust_of(&busted)).unwrap();
        }
        let last = ApplyFill { lot_method: method, ..late.clone() };
        send(&mut changed, PositionCommand::ApplyFill(last)).unwrap();
        fills.push(late);
        let direct = all(in_order(&fills), method);
        prop_assert_eq!(held(&changed), held(&direct));
        let (Position::Traded(changed), Position::Traded(direct)) = (&changed, &direct) else {
            panic!("nothing was traded")
        };
        let places = |traded: &Traded| {
            let fills = traded.timeline.entries().iter().filter_map(Entry::execution);
            fills.map(Execution::name).collect::<Vec<_>>()
        };
        prop_assert_eq!(places(changed), places(direct));
    }
}

#[test]
fn timeline_of_stored_entries_has_the_checkpoints_of_the_live_one() {
    let terms = Terms {
        currency: "USD".parse().unwrap(),
        multiplier: Decimal::ONE,
        lot_method: LotMethod::Hifo,
    };
    let mut live = Timeline::default();
    let mut holding = Holding::new(terms.clone());
    for count in 0..=2 * CHECKPOINT_EVERY {
        let execution = Execution {
            exec_id: exec(&format!("E{count:04}")),
            trade_id: None,
            source_sequence: None,
            report_number: None,
            lot_method: None,
            side: Side::Buy,
            quantity: Decimal::ONE,
            price: Decimal::from(i64::try_from(count).unwrap() % 7),
            fee: Decimal::ZERO,
            fee_currency: None,
            traded_at: Timestamp::from_millis(i64::try_from(count).unwrap()),
            lots: Box::default(),
        };
        let effects = holding.effects(&execution).unwrap();
        live.append(Entry::Fill(Box::new(execution)), &holding);
        holding.take(&effects.first);
        assert_eq!(
            Timeline::of(live.entries().to_vec(), &terms),
            live,
            "{count}"
        );
    }
}
