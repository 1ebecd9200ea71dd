//! Fees in another currency are kept apart: no rate is assumed.

use super::*;

fn in_francs(at: i64, side: Side, quantity: &str, fee: &str) -> PositionCommand {
    PositionCommand::ApplyFill(ApplyFill {
        fee_currency: Some("CHF".parse().unwrap()),
        ..fill(at, side, quantity, "10", fee)
    })
}

fn other(view: &PositionView) -> Vec<(String, String)> {
    let fees = view.other_fees.iter();
    fees.map(|(currency, fee)| (currency.to_string(), fee.to_string()))
        .collect()
}

fn francs(fee: &str) -> Vec<(String, String)> {
    vec![("CHF".to_owned(), fee.to_owned())]
}

#[test]
fn fee_in_another_currency_is_none_of_the_positions_fees() {
    let dollars = PositionCommand::ApplyFill(fill(2, Side::Buy, "5", "10", "0.25"));
    let view = after([in_francs(1, Side::Buy, "10", "1.5"), dollars]);
    assert_eq!((view.fees, other(&view)), (d("0.25"), francs("1.5")));
}

#[test]
fn flip_is_charged_once() {
    let view = after([
        in_francs(1, Side::Buy, "10", "1"),
        in_francs(2, Side::Sell, "25", "2"),
    ]);
    assert_eq!((view.quantity, view.fees), (d("-15"), d("0")));
    assert_eq!(other(&view), francs("3"));
}

#[test]
fn correction_bust_and_late_fill_change_them() {
    let mut commands = vec![
        in_francs(2, Side::Buy, "10", "1"),
        in_francs(3, Side::Buy, "10", "2"),
        in_francs(1, Side::Buy, "10", "4"),
    ];
    assert_eq!(other(&after(commands.clone())), francs("7"));
    commands.push(correct("E2", "10", "10"));
    assert_eq!(other(&after(commands.clone())), francs("6"));
    commands.push(bust("E1"));
    assert_eq!(other(&after(commands.clone())), francs("2"));
    // What has no such fee leaves them alone.
    commands.push(buy(0, "1", "1"));
    assert_eq!(other(&after(commands)), francs("2"));
}

#[test]
fn live_streams_find_a_position_by_what_lists_do() {
    let view = after([in_francs(1, Side::Buy, "10", "1.5")]);
    kernel::fixtures::indexed::agrees_with_filters(&view, &["OTHER"]);
}
