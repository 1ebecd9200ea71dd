//! A break is open for as long as a person has to look at it.

use super::*;

/// A bust made the sell a short.
fn turned() -> (Position, Vec<PositionEvent>) {
    let mut position = Position::default();
    let mut events = Vec::new();
    for command in [
        buy(1, "100", "10"),
        buy(2, "100", "11"),
        sell(3, "150", "12"),
        bust("E1"),
    ] {
        events.extend(send(&mut position, command).unwrap());
    }
    (position, events)
}

fn turned_sell() -> Break {
    Break {
        exec_id: exec("E3"),
        trade_id: None,
        kind: BreakKind::SideTurned,
    }
}

fn settle(settled: Break) -> PositionCommand {
    PositionCommand::SettleBreak(SettleBreak {
        settled,
        note: "sold short with the client's consent".parse().unwrap(),
    })
}

fn shown(events: &[PositionEvent]) -> (u64, usize) {
    let view = view(events);
    (view.open_breaks, view.breaks.len())
}

#[test]
fn report_that_puts_it_right_closes_the_break() {
    let replaced = PositionCommand::ApplyFill(ApplyFill {
        exec_id: exec("E1-again"),
        ..fill(1, Side::Buy, "100", "10.5", "0")
    });
    for report in [replaced, bust("E3")] {
        let (mut position, mut events) = turned();
        assert_eq!(shown(&events), (1, 1));
        let righted = send(&mut position, report).unwrap();
        let [PositionEvent::PositionRestated(restated)] = &righted[..] else {
            panic!("{righted:?}")
        };
        assert_eq!(restated.closed_breaks, [turned_sell()]);
        events.extend(righted);
        assert_eq!(shown(&events), (0, 0));
        let gone = send(&mut position, settle(turned_sell()));
        assert_eq!(gone, Err(PositionRejection::BreakNotOpen(exec("E3"))));
    }
}

#[test]
fn person_settles_a_break_that_is_right_as_it_is() {
    let (mut position, mut events) = turned();
    let settled = send(&mut position, settle(turned_sell())).unwrap();
    assert!(matches!(settled[..], [PositionEvent::BreakSettled(_)]));
    events.extend(settled);
    assert_eq!(shown(&events), (0, 0));
    assert_eq!(view(&events).quantity, d("-50"));
}

#[test]
fn break_is_raised_once_however_often_the_past_changes() {
    let (mut position, mut events) = turned();
    events.extend(send(&mut position, correct("E2", "90", "11")).unwrap());
    assert_eq!(shown(&events), (1, 1));
}

/// In its time it would have been a short from the start.
#[test]
fn fill_that_only_comes_late_turns_nothing() {
    let view = after([
        buy(1, "100", "10"),
        sell(3, "100", "12"),
        sell(2, "50", "12"),
    ]);
    assert_eq!((view.quantity, view.open_breaks), (d("-50"), 0));
}
