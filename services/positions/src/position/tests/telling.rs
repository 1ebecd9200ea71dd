//! What a position refuses of a trade is reported, and counted until the trade takes it back.

use kernel::context::Refused;

use super::*;

/// Refuses the command as a reaction's, and returns the report of it.
fn tell(position: &mut Position, command: PositionCommand) -> FillRefused {
    let accepted = accepted(command);
    let rejection = position.decide(&accepted, &()).unwrap_err();
    let Refused::Noted(events) = position.refused(&accepted, &rejection) else {
        panic!("no report of {rejection}");
    };
    let [event] = <[_; 1]>::try_from(events).unwrap();
    position.apply(event.clone());
    let PositionEvent::FillRefused(report) = event else {
        panic!("{event:?}");
    };
    assert_eq!(&*report.code, rejection.code().name);
    report
}

/// A sale that names a lot which is not there.
fn unknown_lot(at: i64) -> PositionCommand {
    PositionCommand::ApplyFill(ApplyFill {
        lot_method: LotMethod::SpecId,
        lots: vec![Selected {
            exec_id: exec("L-1"),
            trade_id: None,
            quantity: d("10"),
        }],
        ..fill(at, Side::Sell, "10", "6", "0")
    })
}

#[test]
fn refused_fill_is_reported_with_its_trade_and_moves_nothing() {
    let mut position = Position::default();
    let opening = PositionCommand::ApplyFill(ApplyFill {
        lot_method: LotMethod::SpecId,
        ..fill(1, Side::Buy, "10", "5", "0")
    });
    send(&mut position, of_trade("L-1", opening)).unwrap();
    let before = held(&position);
    let report = tell(&mut position, of_trade("L-2", unknown_lot(2)));
    assert_eq!(report.fill.trade_id, Some("L-2".parse().unwrap()));
    assert_eq!(&*report.code, "LOTS_NOT_OPEN");
    assert_eq!(held(&position), before);
}

#[test]
fn first_fill_of_all_may_be_refused_and_a_later_one_opens_the_position() {
    let mut position = Position::default();
    tell(&mut position, of_trade("L-2", unknown_lot(1)));
    let events = send(&mut position, of_trade("L-3", buy(2, "10", "5"))).unwrap();
    assert!(matches!(events[0], PositionEvent::PositionEstablished(_)));
    let withdrawn = send(&mut position, of_trade("L-2", bust("E1"))).unwrap();
    assert!(matches!(
        withdrawn[..],
        [PositionEvent::RefusalWithdrawn(_)]
    ));
}

#[test]
fn busted_trade_takes_its_refused_fill_back_and_no_other() {
    let mut position = Position::default();
    send(&mut position, of_trade("T-1", buy(1, "10", "5"))).unwrap();
    // The venue gave another trade the same id.
    let other = PositionCommand::ApplyFill(ApplyFill {
        currency: "EUR".parse().unwrap(),
        ..fill(1, Side::Buy, "10", "5", "0")
    });
    let report = tell(&mut position, of_trade("T-2", other));
    assert_eq!(&*report.code, "CURRENCY_MISMATCH");
    let before = held(&position);
    let report = tell(&mut position, of_trade("T-2", correct("E1", "9", "5")));
    assert_eq!(
        (report.reported.kind(), &*report.code),
        (Report::Correction, "FILL_UNKNOWN")
    );
    let withdrawn = send(&mut position, of_trade("T-2", bust("E1"))).unwrap();
    assert!(matches!(
        withdrawn[..],
        [PositionEvent::RefusalWithdrawn(_)]
    ));
    assert_eq!(held(&position), before);
    // Now it is a stranger to this fill, and still may not bust it.
    let report = tell(&mut position, of_trade("T-2", bust("E1")));
    assert_eq!(
        (report.reported, &*report.code),
        (Reported::Bust, "FILL_UNKNOWN")
    );
    assert_eq!(held(&position), before);
    send(&mut position, of_trade("T-1", bust("E1"))).unwrap();
}

#[test]
fn view_counts_refused_fills_and_shows_the_latest() {
    let mut position = Position::default();
    let mut events = Vec::new();
    for at in 1..=40 {
        events.push(PositionEvent::FillRefused(tell(
            &mut position,
            of_trade(&format!("T-{at}"), unknown_lot(at)),
        )));
    }
    let shown = view(&events);
    assert_eq!((shown.refused_fills, shown.refusals.len()), (40, 32));
    assert_eq!(
        (&*shown.account, shown.quantity, shown.currency),
        ("ACC-1", d("0"), None)
    );
    let latest = shown.refusals.back().unwrap();
    assert_eq!(latest.exec_id, exec("E40"));
    assert_eq!((latest.report, latest.version), (Report::Fill, 40));
    events.extend(send(&mut position, of_trade("T-40", bust("E40"))).unwrap());
    let shown = view(&events);
    assert_eq!((shown.refused_fills, shown.refusals.len()), (39, 31));
}

#[test]
fn snapshot_knows_what_was_refused() {
    let mut position = Position::default();
    tell(&mut position, of_trade("T-1", unknown_lot(1)));
    let restored = |position: &Position| -> Position {
        serde_json::from_slice(&serde_json::to_vec(position).unwrap()).unwrap()
    };
    assert_eq!(restored(&position), position);
    send(&mut position, of_trade("T-2", buy(2, "10", "5"))).unwrap();
    assert_eq!(restored(&position), position);
}

#[test]
fn split_by_hand_that_is_refused_has_no_report() {
    let (position, command) = (Position::default(), split(1, 2, 1, None));
    let accepted = accepted(command);
    let rejection = position.decide(&accepted, &()).unwrap_err();
    assert_eq!(
        position.refused(&accepted, &rejection),
        Refused::Noted(vec![])
    );
}

fn held(position: &Position) -> crate::lots::holding::Holding {
    let Position::Traded(traded) = position else {
        panic!("nothing was traded")
    };
    traded.holding.clone()
}

#[test]
fn refused_fill_that_is_reported_again_and_fits_by_now_is_refused_no_longer() {
    let mut position = Position::default();
    send(&mut position, of_trade("L-0", buy(1, "10", "5"))).unwrap();
    let euros = of_trade(
        "L-2",
        PositionCommand::ApplyFill(ApplyFill {
            currency: "EUR".parse().unwrap(),
            ..fill(2, Side::Buy, "3", "6", "0")
        }),
    );
    let mut events = vec![PositionEvent::FillRefused(tell(
        &mut position,
        euros.clone(),
    ))];
    events.extend(send(&mut position, of_trade("L-0", bust("E1"))).unwrap());
    let taken = send(&mut position, euros).unwrap();
    assert!(matches!(
        taken[..],
        [
            PositionEvent::PositionEstablished(_),
            PositionEvent::PositionOpened(_),
            PositionEvent::RefusalWithdrawn(_),
        ]
    ));
    events.extend(taken);
    let shown = view(&events);
    assert_eq!((shown.quantity, shown.refused_fills), (d("3"), 0));
}
