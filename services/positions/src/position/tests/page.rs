//! The page of the context: its table is what positions do.

use kernel::context::Refused;
use kernel::fixtures::page::{Column, Example, Page, Row, commands, machine, refusals};

use super::*;

fn state_of(position: &Position) -> &'static str {
    let Position::Traded(traded) = position else {
        return if *position == Position::Absent {
            "Absent"
        } else {
            "Untraded"
        };
    };
    let quantity = traded.holding.totals.quantity;
    match quantity.cmp(&Decimal::ZERO) {
        std::cmp::Ordering::Less => "short",
        std::cmp::Ordering::Equal => "flat",
        std::cmp::Ordering::Greater => "long",
    }
}

fn after_all(commands: impl IntoIterator<Item = PositionCommand>) -> Position {
    let mut position = Position::default();
    for command in commands {
        send(&mut position, command).unwrap();
    }
    position
}

/// Nothing was traded, and one fill was refused.
fn untraded() -> Position {
    let mut position = Position::default();
    let fill = fill(7, Side::Buy, "0", "5", "0");
    let command = accepted(PositionCommand::ApplyFill(fill));
    let rejection = position.decide(&command, &()).unwrap_err();
    let Refused::Noted(events) = position.refused(&command, &rejection) else {
        panic!("nothing is said of {rejection}");
    };
    for event in events {
        position.apply(event);
    }
    position
}

/// A bust has left a short where the past was long: an open break.
fn turned() -> Position {
    after_all([
        buy(1, "10", "5"),
        sell(2, "10", "6"),
        sell(3, "5", "6"),
        bust("E1"),
    ])
}

fn columns() -> Vec<Column<Position>> {
    let long = [buy(1, "10", "5")];
    let flat = [buy(1, "10", "5"), sell(2, "10", "6")];
    let waiting = [buy(1, "10", "5"), split(900_000, 2, 1, None)];
    vec![
        ("Absent", vec![Position::default()]),
        ("Untraded", vec![untraded()]),
        ("flat", vec![after_all(flat)]),
        ("long", vec![after_all(long), after_all(waiting)]),
        ("short", vec![after_all([sell(1, "10", "5")]), turned()]),
    ]
}

fn row<const N: usize>(name: &'static str, commands: [PositionCommand; N]) -> Row<Position> {
    let example = |command: PositionCommand| -> Example<Position> {
        Box::new(move |_| accepted(command.clone()))
    };
    (name, commands.map(example).into())
}

fn settle(kind: BreakKind) -> PositionCommand {
    PositionCommand::SettleBreak(SettleBreak {
        settled: Break {
            exec_id: exec("E2"),
            trade_id: None,
            kind,
        },
        note: "agreed with the client".parse().unwrap(),
    })
}

fn posted(quantity: &str) -> PositionCommand {
    PositionCommand::RecordSettlement(RecordSettlement {
        settlement_id: "P-1".parse().unwrap(),
        quantity: d(quantity),
    })
}

fn rows() -> Vec<Row<Position>> {
    let withdraw = |id: &str| {
        PositionCommand::WithdrawSplit(WithdrawSplit {
            split_id: id.parse().unwrap(),
        })
    };
    let fold_by = |lot_method| PositionCommand::ChangeLotMethod(ChangeLotMethod { lot_method });
    let other_money = PositionCommand::ApplyFill(ApplyFill {
        currency: "EUR".parse().unwrap(),
        ..fill(9, Side::Buy, "1", "5", "0")
    });
    vec![
        row(
            "ApplyFill",
            [
                buy(8, "10", "5"),
                buy(8, "25", "5"),
                sell(8, "10", "5"),
                sell(8, "25", "5"),
                buy(8, "0", "5"),
                buy(1, "99", "5"),
                other_money,
            ],
        ),
        row(
            "CorrectFill",
            [
                correct("E1", "12", "5"),
                correct("E8", "12", "5"),
                correct("E1", "0", "5"),
            ],
        ),
        row("BustFill", [bust("E1"), bust("E8")]),
        row(
            "ApplySplit",
            [split(50, 2, 1, None), split(800_000, 2, 1, None)],
        ),
        row("WithdrawSplit", [withdraw("S900000"), withdraw("S-9")]),
        row("SettleBreak", [BreakKind::SideTurned].map(settle)),
        row(
            "ChangeLotMethod",
            [fold_by(LotMethod::Lifo), fold_by(LotMethod::Fifo)],
        ),
        row("RecordSettlement", [posted("10"), posted("0")]),
    ]
}

#[test]
fn examples_are_in_the_states_that_the_table_names() {
    for (name, positions) in columns() {
        for position in positions {
            assert_eq!(state_of(&position), name);
        }
    }
}

/// Written by `UPDATE_DOCS=1 cargo test -p dealerboard-positions`.
#[test]
fn page_of_positions_is_what_positions_do() {
    let page = Page::of("positions");
    page.shows("states", &machine(&columns(), &rows(), state_of));
    page.shows("commands", &commands::<Position>());
    page.shows("refusals", &refusals(codes::ALL));
}
