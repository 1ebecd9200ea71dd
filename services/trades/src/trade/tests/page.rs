//! The page of the context: its tables are what trades do.

use kernel::fixtures::page::{Example, Page, Row, commands, machine, refusals};

use super::*;

/// A trade that was sent these, each by the dealer unless it needs a second person.
fn after(commands: &[(&str, TradeCommand)]) -> Trade {
    let mut trade = Trade::default();
    for (by, command) in commands {
        send(&mut trade, by, command.clone()).unwrap();
    }
    trade
}

fn columns() -> Vec<(&'static str, Vec<Trade>)> {
    let (book, cancel) = ((DEALER, book()), (DEALER, cancel()));
    let filled = |id: &str, quantity| (DEALER, fill(id, quantity));
    let part = vec![book.clone(), filled("e1", 40)];
    let whole = vec![book.clone(), filled("e1", ORDERED)];
    let with = |before: &[(&'static str, TradeCommand)], more: &[_]| [before, more].concat();
    let busted = with(&part, &[(SECOND, bust("e1"))]);
    let refused = with(&part, &[(SECOND, note("e1", Report::Fill))]);
    let overfilled = with(&whole, &[filled("e9", 10)]);
    let cut = with(&part, std::slice::from_ref(&cancel));
    let cancelled = vec![book.clone(), cancel];
    let unmatched = with(&cancelled, &[filled("e9", 5 * ORDERED)]);
    vec![
        ("Absent", vec![Trade::default()]),
        ("Booked", vec![after(&[book]), after(&busted)]),
        ("PartiallyFilled", vec![after(&part), after(&refused)]),
        (
            "Executed",
            vec![after(&whole), after(&overfilled), after(&cut)],
        ),
        ("Cancelled", vec![after(&cancelled), after(&unmatched)]),
    ]
}

fn by(sender: &'static str, command: TradeCommand) -> Example<Trade> {
    Box::new(move |_| accepted(sender, command.clone()))
}

fn amending(quantity: i64, price: &'static str) -> Example<Trade> {
    Box::new(move |trade| {
        let amend = amend(trade.version(), new_terms(quantity, price));
        accepted(DEALER, amend)
    })
}

fn rows() -> Vec<Row<Trade>> {
    let other_terms = TradeCommand::BookTrade(new_terms(7, "1"));
    let fills = [10, 60, ORDERED, 5 * ORDERED].map(|quantity| by(DEALER, fill("e2", quantity)));
    let hand_over = TradeCommand::SettleBreak(SettleBreak {
        exec_id: exec_id("e9"),
        resolution: Resolution::HandOver,
        to: Some("T-2".parse().unwrap()),
        note: "it is of the other order".parse().unwrap(),
    });
    let stale = amend(99, new_terms(200, "49.20"));
    vec![
        (
            "BookTrade",
            vec![by(DEALER, book()), by(DEALER, other_terms)],
        ),
        (
            "RecordFill",
            fills
                .into_iter()
                .chain([by(DEALER, fill("e1", 41))])
                .collect(),
        ),
        ("CancelTrade", vec![by(DEALER, cancel())]),
        (
            "AmendTrade",
            vec![
                amending(200, "49.20"),
                amending(40, "49.18"),
                amending(7, "49.18"),
                by(DEALER, stale),
            ],
        ),
        (
            "CorrectFill",
            vec![
                by(SECOND, correct("e1", 30, "49")),
                by(SECOND, correct("e1", ORDERED, "49")),
                by(SECOND, correct("e1", 5 * ORDERED, "49")),
                by(SECOND, correct("e8", 30, "49")),
                by(DEALER, correct("e1", 30, "49")),
            ],
        ),
        (
            "BustFill",
            vec![
                by(SECOND, bust("e1")),
                by(SECOND, bust("e8")),
                by(DEALER, bust("e1")),
            ],
        ),
        (
            "SettleBreak",
            vec![
                by(SECOND, settle("e9", Resolution::TakeIn)),
                by(SECOND, settle("e9", Resolution::Refuse)),
                by(SECOND, settle("e1", Resolution::TakeIn)),
                by(SECOND, settle("e1", Resolution::Refuse)),
                by(SECOND, hand_over),
                by(DEALER, settle("e9", Resolution::Refuse)),
            ],
        ),
        ("NoteRefusal", vec![by(SECOND, note("e1", Report::Fill))]),
    ]
}

fn state_of(trade: &Trade) -> &'static str {
    match trade.state() {
        TradeState::Absent => "Absent",
        TradeState::Booked => "Booked",
        TradeState::PartiallyFilled => "PartiallyFilled",
        TradeState::Executed => "Executed",
        TradeState::Cancelled => "Cancelled",
    }
}

#[test]
fn examples_are_in_the_states_that_the_table_names() {
    for (name, trades) in columns() {
        for trade in trades {
            assert_eq!(state_of(&trade), name);
        }
    }
}

/// Written by `UPDATE_DOCS=1 cargo test -p dealerboard-trades`.
#[test]
fn page_of_trades_is_what_trades_do() {
    let page = Page::of("trades");
    page.shows("states", &machine(&columns(), &rows(), state_of));
    page.shows("commands", &commands::<Trade>());
    page.shows("refusals", &refusals(TradeRejection::ALL));
}
