//! Order states as FIX defines them.

use kernel::Rejection;

use super::viewing::viewed;
use super::*;

const MATRICES: &str = include_str!("fix_matrices.txt");

/// A case's name and its steps, each with the expected result.
type Case<'a> = (&'a str, Vec<(&'a str, &'a str)>);

fn cases() -> Vec<Case<'static>> {
    let lines = MATRICES.lines().filter(|line| !line.starts_with('#'));
    let mut cases: Vec<Case<'_>> = Vec::new();
    for line in lines.filter(|line| !line.is_empty()) {
        match line.split_once('|') {
            None => cases.push((line, Vec::new())),
            Some((step, expected)) => {
                let (_, steps) = cases.last_mut().expect("a case has a name");
                steps.push((step.trim(), expected.trim()));
            }
        }
    }
    cases
}

fn ordered(quantity: &str, price: &str) -> NewTerms {
    new_terms(quantity.parse().unwrap(), price)
}

fn command(step: &str, version: u64) -> TradeCommand {
    let words: Vec<_> = step.split_whitespace().collect();
    match words[..] {
        ["new", quantity] => TradeCommand::BookTrade(ordered(quantity, "50")),
        ["fill", id, quantity] => fill(id, quantity.parse().unwrap()),
        ["fill", id, quantity, price] => TradeCommand::RecordFill(RecordFill {
            price: amount(price),
            ..report(id, quantity.parse().unwrap())
        }),
        ["correct", id, quantity] => correct(id, quantity.parse().unwrap(), "49.18"),
        ["correct", id, quantity, price] => correct(id, quantity.parse().unwrap(), price),
        ["bust", id] => bust(id),
        ["cancel"] => cancel(),
        ["replace", quantity] => amend(version, ordered(quantity, "50")),
        ["replace", quantity, price] => amend(version, ordered(quantity, price)),
        ["replace-blind", quantity] => amend(version - 1, ordered(quantity, "50")),
        _ => panic!("{step} is no step"),
    }
}

/// As in FIX: a cancelled order stays so, whatever of it was filled.
fn reported(trade: &TradeSummary) -> String {
    let status = match trade.state {
        _ if trade.cancelled => "Canceled",
        TradeState::Booked => "New",
        TradeState::Executed => "Filled",
        TradeState::PartiallyFilled => "PartiallyFilled",
        TradeState::Absent | TradeState::Cancelled => panic!("{trade:?}"),
    };
    format!(
        "{} {} {} {status}",
        trade.ordered_quantity, trade.cum_quantity, trade.leaves_quantity
    )
}

fn goes_as_reported(name: &str, steps: &[(&str, &str)]) {
    let (mut trade, mut log) = (Trade::default(), Vec::new());
    for (step, expected) in steps {
        let by = match step.split_once(' ') {
            Some(("bust" | "correct", _)) => SECOND,
            _ => DEALER,
        };
        let said = match send(&mut trade, by, command(step, log.len() as u64)) {
            Ok(events) => {
                log.extend(events);
                reported(&viewed(&log).0.unwrap())
            }
            Err(rejection) => rejection.code().name.to_owned(),
        };
        assert_eq!(said, *expected, "{name}: {step}");
    }
}

#[test]
fn orders_go_as_the_order_state_matrices_of_fix_say() {
    let cases = cases();
    assert_eq!(cases.len(), 41);
    for (name, steps) in cases {
        goes_as_reported(name, &steps);
    }
}
