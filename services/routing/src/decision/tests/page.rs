//! The page of the context: its table of decisions is what decisions do.

use kernel::fixtures::page::{Column, Example, Page, Row, commands, machine, refusals};

use super::*;

fn state_of(decision: &Decision) -> &'static str {
    match decision.outcome() {
        Outcome::Open => "open",
        Outcome::Matched => "matched",
        Outcome::Unmatched => "unmatched",
    }
}

fn columns() -> Vec<Column<Decision>> {
    vec![
        ("open", vec![Decision::default(), folded(&[recorded()])]),
        (
            "matched",
            vec![
                folded(&[recorded(), chosen("O-1", "amy")]),
                folded(&[chosen("O-1", "amy")]),
            ],
        ),
        ("unmatched", vec![folded(&[recorded(), nobody_found()])]),
    ]
}

fn row<const N: usize>(name: &'static str, commands: [DecisionCommand; N]) -> Row<Decision> {
    let example = |command: DecisionCommand| -> Example<Decision> {
        Box::new(move |_| accepted(command.clone()))
    };
    (name, commands.map(example).into())
}

fn rows() -> Vec<Row<Decision>> {
    vec![
        row(
            "RecordDecision",
            [record_decision(record()), record_decision(other_record())],
        ),
        row("LoseCandidate", [lose("amy", "NO_CAPACITY")]),
        row(
            "RecordMatch",
            [record_match("O-1", "amy"), record_match("O-1", "bob")],
        ),
        row("RecordUnmatched", [give_up()]),
    ]
}

/// Written by `UPDATE_DOCS=1 cargo test -p dealerboard-routing`.
#[test]
fn page_of_routing_is_what_decisions_do() {
    let page = Page::of("routing");
    page.shows("decisions", &machine(&columns(), &rows(), state_of));
    page.shows("commands of decisions", &commands::<Decision>());
    page.shows("refusals of decisions", &refusals(DecisionRejection::ALL));
}
