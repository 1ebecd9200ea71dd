//! An execution is known by its trade and its own id together.

use super::*;

fn holding(commands: impl IntoIterator<Item = PositionCommand>) -> (Decimal, Decimal) {
    let view = after(commands);
    (view.quantity, view.realised_gross)
}

#[test]
fn one_match_id_fills_two_orders() {
    // One market order met two resting orders of an account: one id, two fills.
    for price in ["0.32", "0.33"] {
        let orders = [
            of_trade("O-1", buy(1, "5", "0.32")),
            of_trade("O-2", buy(1, "5", price)),
        ];
        assert_eq!(holding(orders), (d("10"), d("0")), "{price}");
    }
}

#[test]
fn both_sides_of_a_self_match_bear_one_id() {
    let orders = [
        of_trade("O-1", buy(1, "5", "0.32")),
        of_trade("O-2", sell(1, "5", "0.33")),
    ];
    assert_eq!(holding(orders), (d("0"), d("0.05")));
}

#[test]
fn id_comes_again_the_next_day() {
    let next_day = PositionCommand::ApplyFill(ApplyFill {
        traded_at: Timestamp::from_millis(86_401_000),
        ..fill(1, Side::Buy, "5", "0.32", "0")
    });
    let orders = [
        of_trade("O-1", buy(1, "5", "0.32")),
        of_trade("O-2", next_day),
    ];
    assert_eq!(holding(orders), (d("10"), d("0")));
}

#[test]
fn repeat_is_of_one_trade_and_so_are_correction_and_bust() {
    let given = vec![
        of_trade("O-1", buy(1, "5", "1")),
        of_trade("O-2", buy(1, "7", "1")),
    ];
    changes_nothing(given.clone(), of_trade("O-2", buy(1, "7", "1")));
    let conflict = refused(given.clone(), of_trade("O-2", buy(1, "5", "1")));
    assert_eq!(conflict, PositionRejection::ExecIdConflict(exec("E1")));
    for (command, quantity) in [(correct("E1", "6", "1"), "11"), (bust("E1"), "5")] {
        let mut commands = given.clone();
        commands.push(of_trade("O-2", command.clone()));
        assert_eq!(holding(commands).0, d(quantity));
        let stranger = refused(given.clone(), of_trade("O-3", command));
        assert_eq!(stranger, PositionRejection::FillUnknown(exec("E1")));
    }
}

#[test]
fn bust_of_before_trades_were_named_finds_its_execution() {
    let text = r#"{"type":"FillBusted","data":{"exec_id":"E1"}}"#;
    let cause: Cause = serde_json::from_str(text).unwrap();
    let Cause::FillBusted(name) = &cause else {
        panic!("{cause:?}")
    };
    assert_eq!(name.trade_id, None);
    let mut position = Position::default();
    send(&mut position, of_trade("O-1", buy(1, "5", "1"))).unwrap();
    let Position::Traded(traded) = &position else {
        panic!("traded")
    };
    assert_eq!(traded.edit(&cause).unwrap().at, 0);
}

#[test]
fn chosen_lot_is_named_by_its_trade_where_its_id_is_not_enough() {
    let open = |trade: &str, price| {
        let fill = fill(1, Side::Buy, "10", price, "0");
        let specid = ApplyFill {
            lot_method: LotMethod::SpecId,
            ..fill
        };
        of_trade(trade, PositionCommand::ApplyFill(specid))
    };
    let choose = |trade: Option<&str>| {
        PositionCommand::ApplyFill(ApplyFill {
            lots: vec![Selected {
                exec_id: exec("E1"),
                trade_id: trade.map(|id| id.parse().unwrap()),
                quantity: d("10"),
            }],
            lot_method: LotMethod::SpecId,
            ..fill(2, Side::Sell, "10", "20", "0")
        })
    };
    let given = vec![open("O-1", "10"), open("O-2", "11")];
    let unclear = refused(given.clone(), choose(None));
    assert_eq!(unclear, PositionRejection::LotsNotOpen(exec("E2")));
    let mut commands = given;
    commands.push(choose(Some("O-2")));
    let view = after(commands.clone());
    assert_eq!(view.lots[0].trade_id, Some("O-1".parse().unwrap()));
    assert_eq!((view.lots.len(), view.realised_gross), (1, d("90")));
    // With the other one gone, the id alone decides.
    commands.truncate(2);
    commands.insert(1, of_trade("O-1", bust("E1")));
    commands.push(choose(None));
    assert_eq!(holding(commands), (d("0"), d("90")));
}
