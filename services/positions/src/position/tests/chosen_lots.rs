//! SPECID: the fill names the lots.

use super::*;

fn chosen(at: i64, quantity: &str, lots: &[(&str, &str)]) -> PositionCommand {
    let selected = |&(name, quantity): &(&str, &str)| Selected {
        exec_id: exec(name),
        trade_id: None,
        quantity: d(quantity),
    };
    PositionCommand::ApplyFill(ApplyFill {
        lots: lots.iter().map(selected).collect(),
        lot_method: LotMethod::SpecId,
        ..fill(at, Side::Sell, quantity, "20", "0")
    })
}

fn three_lots() -> Vec<PositionCommand> {
    [(1, "10"), (2, "11"), (3, "12")]
        .map(|(at, price)| {
            let fill = fill(at, Side::Buy, "10", price, "0");
            PositionCommand::ApplyFill(ApplyFill {
                lot_method: LotMethod::SpecId,
                ..fill
            })
        })
        .into()
}

#[test]
fn chosen_lots_go_first_and_the_oldest_supply_the_rest() {
    let mut commands = three_lots();
    commands.push(chosen(4, "15", &[("E3", "4"), ("E2", "3")]));
    assert_eq!(
        left(commands),
        [
            ("E1".into(), d("2")),
            ("E2".into(), d("7")),
            ("E3".into(), d("6"))
        ]
    );
}

#[test]
fn partly_chosen_lot_supplies_the_rest_too_when_it_is_the_oldest() {
    let mut commands = three_lots();
    commands.push(chosen(4, "12", &[("E1", "4")]));
    assert_eq!(
        left(commands),
        [("E2".into(), d("8")), ("E3".into(), d("10"))]
    );
}

#[test]
fn choice_is_refused_when_the_lots_are_not_open() {
    for lots in [
        &[("E9", "1")][..],
        &[("E1", "11")],
        &[("E1", "10"), ("E2", "6")],
    ] {
        let rejection = refused(three_lots(), chosen(4, "15", lots));
        assert_eq!(
            rejection,
            PositionRejection::LotsNotOpen(exec("E4")),
            "{lots:?}"
        );
    }
    let opening = PositionCommand::ApplyFill(ApplyFill {
        lots: vec![Selected {
            exec_id: exec("E1"),
            trade_id: None,
            quantity: d("1"),
        }],
        ..fill(4, Side::Buy, "1", "1", "0")
    });
    assert_eq!(
        refused(three_lots(), opening),
        PositionRejection::LotsNotOpen(exec("E4"))
    );
    let twice = chosen(4, "15", &[("E1", "1"), ("E1", "1")]);
    assert_eq!(
        refused(three_lots(), twice),
        PositionRejection::SelectionMalformed
    );
}

#[test]
fn choice_lost_to_a_bust_falls_back_to_the_oldest_and_raises_a_break() {
    let mut commands = three_lots();
    commands.push(chosen(4, "10", &[("E3", "10")]));
    commands.push(bust("E3"));
    let view = after(commands);
    assert_eq!(view.lots.len(), 1);
    assert_eq!(view.lots[0].exec_id.as_str(), "E2");
    assert_eq!(view.breaks.len(), 1);
    assert_eq!(view.breaks[0].kind, BreakKind::SelectionLost);
}
