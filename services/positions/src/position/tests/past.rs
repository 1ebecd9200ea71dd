//! What is known late changes the past.

use std::sync::Arc;

use super::*;

#[test]
fn bust_of_a_buy_turns_a_later_sell_into_a_short_and_raises_a_break() {
    let given = history([
        buy(1, "100", "10"),
        buy(2, "100", "11"),
        sell(3, "150", "12"),
    ]);
    let events = TestFramework::<Position>::with(())
        .given(given)
        .when(accepted(bust("E1")))
        .inspect_result()
        .unwrap();
    let [PositionEvent::PositionRestated(restated)] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(
        restated.cause,
        Cause::FillBusted(ExecRef {
            exec_id: exec("E1"),
            trade_id: None
        })
    );
    assert_eq!(restated.from_place, 1);
    assert_eq!(restated.delta_quantity, d("-100"));
    // Was 250 + … = 100·2 + 50·1; is 100·1.
    assert_eq!(restated.delta_realised, d("-150"));
    let turned = Break {
        exec_id: exec("E3"),
        trade_id: None,
        kind: BreakKind::SideTurned,
    };
    assert_eq!(restated.breaks, [turned]);
    assert_eq!(restated.after.quantity, d("-50"));
}

#[test]
fn last_fill_can_be_busted_and_its_id_stays_used() {
    let given = vec![buy(1, "100", "10"), bust("E1")];
    let view = after(given.clone());
    assert_eq!(
        (view.quantity, view.cost, view.cycle.number),
        (d("0"), d("0"), 0)
    );
    changes_nothing(given.clone(), bust("E1"));
    changes_nothing(given.clone(), buy(1, "100", "10"));
    let other = refused(given.clone(), buy(1, "101", "10"));
    assert_eq!(other, PositionRejection::ExecIdConflict(exec("E1")));
    let late = refused(given, correct("E1", "1", "1"));
    assert_eq!(late, PositionRejection::FillBusted(exec("E1")));
}

#[test]
fn repeat_of_the_first_report_changes_nothing_after_a_correction() {
    let given = vec![buy(1, "100", "10"), correct("E1", "90", "11")];
    changes_nothing(given.clone(), buy(1, "100", "10"));
    changes_nothing(given.clone(), correct("E1", "90", "11"));
    let conflict = refused(given.clone(), buy(1, "90", "11"));
    assert_eq!(conflict, PositionRejection::ExecIdConflict(exec("E1")));
    let mut busted = given;
    busted.push(bust("E1"));
    changes_nothing(busted, buy(1, "100", "10"));
}

#[test]
fn late_fill_is_folded_where_it_belongs() {
    let late = after([buy(2, "50", "12"), sell(3, "60", "13"), buy(1, "100", "10")]);
    let timely = after([buy(1, "100", "10"), buy(2, "50", "12"), sell(3, "60", "13")]);
    assert_eq!(late.realised_gross, d("180"));
    let economics = |view: PositionView| {
        let lot = |lot: &Arc<Lot>| (lot.exec_id.clone(), lot.quantity, lot.cost);
        (view.quantity, view.lots.iter().map(lot).collect::<Vec<_>>())
    };
    assert_eq!(economics(late), economics(timely));
}

/// One instant: `B` before `A` by report, by the text of an id the other way.
fn tied(name: &str, price: &str, source_sequence: Option<u64>) -> PositionCommand {
    PositionCommand::ApplyFill(ApplyFill {
        exec_id: exec(name),
        source_sequence,
        ..fill(1, Side::Buy, "10", price, "0")
    })
}

#[test]
fn same_instant_is_ordered_by_report() {
    let commands = vec![
        tied("B", "12", None),
        tied("A", "11", None),
        sell(2, "10", "13"),
    ];
    assert_eq!(left(commands), [("A".into(), d("10"))]);
}

#[test]
fn same_instant_is_ordered_as_the_source_numbers_it() {
    let commands = vec![
        tied("B", "12", Some(9)),
        tied("A", "11", Some(10)),
        sell(2, "10", "13"),
    ];
    let mut late = commands.clone();
    late.rotate_left(1);
    for commands in [commands, late] {
        assert_eq!(left(commands), [("A".into(), d("10"))]);
    }
}

#[test]
fn corrected_fill_keeps_its_place_among_ties() {
    let commands = vec![
        tied("B", "12", None),
        tied("A", "11", None),
        correct("B", "10", "14"),
        sell(2, "10", "13"),
    ];
    assert_eq!(left(commands), [("A".into(), d("10"))]);
}

#[test]
fn executions_of_before_reports_were_numbered_keep_the_order_of_their_ids() {
    let unnumbered = |name: &str| {
        let mut events = history([tied(name, "11", None)]);
        let [
            PositionEvent::PositionEstablished(_),
            PositionEvent::PositionOpened(opened),
        ] = &mut events[..]
        else {
            panic!("{events:?}")
        };
        opened.execution.report_number = None;
        let late = Cause::LateFill(opened.execution.clone());
        (events, late)
    };
    let (mut position, (opened, _), (_, late)) =
        (Position::default(), unnumbered("B"), unnumbered("A"));
    for event in opened {
        position.apply(event);
    }
    let Position::Traded(traded) = &position else {
        panic!("traded")
    };
    assert_eq!(traded.edit(&late).unwrap().at, 0, "as it was folded then");
    let numbered = send(&mut position, tied("0", "10", None)).unwrap();
    assert!(
        matches!(numbered[..], [PositionEvent::PositionIncreased(_)]),
        "{numbered:?}"
    );
}

#[test]
fn changed_method_folds_everything_again() {
    let mut commands = golden(LotMethod::Fifo)[..3].to_vec();
    let change = |lot_method| PositionCommand::ChangeLotMethod(ChangeLotMethod { lot_method });
    commands.push(change(LotMethod::Average));
    let view = after(commands.clone());
    assert_eq!(
        (view.realised_gross, view.lot_method),
        (d("140"), LotMethod::Average)
    );
    assert!(view.lots.iter().all(|lot| lot.cost.is_none()));
    changes_nothing(commands, change(LotMethod::Average));
}

#[test]
fn restatement_names_the_lots_that_changed_and_no_others() {
    let opened = |n: i64| buy(n, "10", "10");
    let mut given: Vec<_> = (1..=5).map(|n| opened(2 * n)).collect();
    given.push(sell(20, "15", "11"));
    let lots = |command| {
        let mut position = Position::default();
        for command in given.clone() {
            send(&mut position, command).unwrap();
        }
        let events = send(&mut position, command).unwrap();
        let [PositionEvent::PositionRestated(restated)] = &events[..] else {
            panic!("{events:?}")
        };
        restated.lots.clone()
    };
    // Sold were E2 and half of E4; with E3 known it is half of E3 instead.
    let RestatedLots::Changed(late) = lots(opened(3)) else {
        panic!("one of five lots changed")
    };
    let named: Vec<_> = late.open.iter().map(|lot| lot.exec_id.as_str()).collect();
    assert_eq!((named, late.closed.len()), (vec!["E3", "E4"], 0));
    // Without E8, nothing else moves.
    let RestatedLots::Changed(busted) = lots(bust("E8")) else {
        panic!("one of five lots changed")
    };
    assert_eq!(busted.closed[0].exec_id, exec("E8"));
    assert_eq!((busted.closed.len(), busted.open.len()), (1, 0));
}

#[test]
fn restatement_of_version_1_lists_every_lot() {
    let all = serde_json::json!({
        "cause": {"type": "FillBusted", "data": {"exec_id": "E1"}},
        "from_place": 1,
        "delta_quantity": "-1", "delta_cost": "-10", "delta_realised": "0", "delta_fees": "0",
        "lots_after": [
            {"exec_id": "E2", "traded_at": "2013-10-07T08:00:00Z", "quantity": "5", "cost": "50", "price": "10"},
        ],
        "after": {
            "quantity": "5", "cost": "50", "realised_gross": "0", "fees": "0",
            "cycle": {"number": 1, "realised_gross": "0", "fees": "0"},
        },
    });
    let restated: Restatement = serde_json::from_value(all).unwrap();
    let RestatedLots::All(lots) = restated.lots else {
        panic!("{:?}", restated.lots)
    };
    assert_eq!((lots.len(), lots[0].quantity), (1, d("5")));
}
