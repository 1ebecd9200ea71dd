//! Currency, multiplier and lot method come from the valid fills.

use super::*;

fn in_euros(at: i64) -> ApplyFill {
    ApplyFill {
        currency: "EUR".parse().unwrap(),
        multiplier: d("100"),
        lot_method: LotMethod::Lifo,
        ..fill(at, Side::Buy, "10", "100", "0")
    }
}

#[test]
fn busted_first_fill_fixes_nothing() {
    let euros = PositionCommand::ApplyFill(in_euros(1));
    let given = vec![euros.clone(), bust("E1")];
    let mut commands = given.clone();
    commands.push(buy(2, "10", "100"));
    let view = after(commands);
    assert_eq!((view.quantity, view.cost), (d("10"), d("1000")));
    assert_eq!(view.currency, Some("USD".parse().unwrap()));
    assert_eq!(
        (view.multiplier, view.lot_method),
        (d("1"), LotMethod::Fifo)
    );
    // The busted report comes again: it is known, whatever the position is kept in now.
    let mut again = given;
    again.push(buy(2, "10", "100"));
    changes_nothing(again, euros);
}

#[test]
fn fill_that_stands_still_fixes_the_terms() {
    let given = vec![buy(1, "1", "1"), buy(2, "1", "1"), bust("E1")];
    let other = refused(given.clone(), PositionCommand::ApplyFill(in_euros(3)));
    assert!(matches!(other, PositionRejection::CurrencyMismatch { .. }));
    let other = PositionCommand::ApplyFill(ApplyFill {
        multiplier: d("100"),
        ..fill(3, Side::Buy, "1", "1", "0")
    });
    let other = refused(given, other);
    assert!(matches!(
        other,
        PositionRejection::MultiplierMismatch { .. }
    ));
}

#[test]
fn method_is_that_of_the_first_report_that_stands() {
    let with = |at: i64, lot_method, price| {
        PositionCommand::ApplyFill(ApplyFill {
            lot_method,
            ..fill(at, Side::Buy, "10", price, "0")
        })
    };
    let commands = vec![
        with(1, LotMethod::Fifo, "1"),
        with(2, LotMethod::Lifo, "2"),
        with(3, LotMethod::Fifo, "3"),
        sell(4, "10", "5"),
        bust("E1"),
    ];
    let view = after(commands.clone());
    assert_eq!(
        (view.lot_method, view.realised_gross),
        (LotMethod::Lifo, d("20"))
    );
    let without = after(commands[1..4].to_vec());
    assert_eq!(view.realised_gross, without.realised_gross);
    // A chosen method stays, while any report is valid.
    let mut chosen = commands;
    let hifo = ChangeLotMethod {
        lot_method: LotMethod::Hifo,
    };
    chosen.insert(4, PositionCommand::ChangeLotMethod(hifo));
    assert_eq!(after(chosen).lot_method, LotMethod::Hifo);
}

#[test]
fn split_between_outlives_the_fills() {
    let commands = [
        PositionCommand::ApplyFill(in_euros(1)),
        split(5, 2, 1, None),
        bust("E1"),
        // Of before the split, and known after it.
        buy(2, "10", "100"),
    ];
    let view = after(commands);
    assert_eq!((view.quantity, view.cost), (d("20"), d("1000")));
    assert_eq!(view.currency, Some("USD".parse().unwrap()));
}
