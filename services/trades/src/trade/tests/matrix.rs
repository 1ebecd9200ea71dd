//! Every command in every state: which are refused outright.

use super::*;

fn stages() -> Vec<(TradeState, Vec<TradeEvent>)> {
    vec![
        (TradeState::Absent, vec![]),
        (TradeState::Booked, vec![booked()]),
        (
            TradeState::PartiallyFilled,
            vec![booked(), filled("e1", 40, 40)],
        ),
        (
            TradeState::Executed,
            vec![booked(), filled("e1", 100, 100), executed(100)],
        ),
        (TradeState::Cancelled, vec![booked(), cancelled()]),
    ]
}

/// Each would have an effect of its own where it is legal.
fn commands(version: u64) -> Vec<TradeCommand> {
    vec![
        book(),
        fill("e2", 10),
        cancel(),
        amend(version, new_terms(200, "49.20")),
        correct("e1", 30, "49"),
        bust("e9"),
        settle("e9", Resolution::Refuse),
        note("e1", Report::Fill),
    ]
}

/// The commands that each state refuses whatever they carry.
fn refused(state: TradeState) -> &'static [&'static str] {
    match state {
        TradeState::Absent => &[
            "RecordFill",
            "CancelTrade",
            "AmendTrade",
            "CorrectFill",
            "BustFill",
            "SettleBreak",
            "NoteRefusal",
        ],
        TradeState::Booked => &["CorrectFill", "BustFill"],
        TradeState::PartiallyFilled => &[],
        TradeState::Executed => &["CancelTrade"],
        TradeState::Cancelled => &["AmendTrade", "CorrectFill", "BustFill"],
    }
}

#[test]
fn command_is_an_invalid_transition_exactly_where_the_table_has_no_row() {
    for (state, events) in stages() {
        let trade = folded(&events);
        assert_eq!(trade.state(), state);
        for command in commands(trade.version()) {
            let name = command.name();
            let decided = trade.decide(&accepted(SECOND, command), &());
            let invalid = TradeRejection::InvalidTransition {
                state,
                command: name,
                version: trade.version(),
            };
            assert_eq!(
                decided == Err(invalid),
                refused(state).contains(&name),
                "{name} while {state}: {decided:?}"
            );
        }
    }
}
