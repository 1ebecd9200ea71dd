//! The view of a trade.

use kernel::fixtures::indexed::agrees_with_filters;
use kernel::{CommandId, EventId, EventMeta, View};

use super::*;

pub(super) fn meta(sequence: u64) -> EventMeta {
    let command: CommandId =
        serde_json::from_str("\"018f3f5e-7c1a-7000-8000-000000000001\"").unwrap();
    EventMeta {
        id: EventId::of(command, 0),
        command,
        tenant: "demo".parse().unwrap(),
        aggregate: "T-1".parse().unwrap(),
        sequence,
        at: Timestamp::from_millis(1_000),
        actor: actor(DEALER),
        correlation: Some("conversation-7".parse().unwrap()),
        causation: None,
        v: 1,
        kind: "".into(),
        log_position: sequence,
    }
}

pub(super) fn viewed(events: &[TradeEvent]) -> TradeView {
    let mut view = TradeView::default();
    for (sequence, event) in (1..).zip(events) {
        view.update(&meta(sequence), event);
    }
    view
}

fn summary(events: &[TradeEvent]) -> TradeSummary {
    viewed(events).0.unwrap()
}

#[test]
fn view_shows_a_booked_trade() {
    let body = serde_json::to_value(viewed(&[booked()])).unwrap();
    let expected = serde_json::json!({
        "trade_id": "T-1", "state": "Booked", "version": 1,
        "account": "ACC-1", "book": "AGENCY", "instrument": "IBM", "side": "BUY",
        "ordered_quantity": "100", "cancelled": false,
        "quantity": "100", "price": "49.18", "currency": "USD", "multiplier": "1",
        "traded_at": "1970-01-01T00:00:00.5Z", "lot_method": "FIFO",
        "cum_quantity": "0", "leaves_quantity": "100",
        "gross_amount": "0", "average_price": null,
        "fills": [], "breaks": [], "booked_by": "dealer",
        "alloc_status": "None", "confirm_status": "None", "settle_status": "None",
        "correlation": "conversation-7",
    });
    assert_eq!(body, expected);
}

#[test]
fn view_averages_the_fills_that_count() {
    let mut events = vec![booked(), filled("e1", 40, 40), filled("e2", 50, 90)];
    events.push(corrected("e2", 20, "50", 60));
    let trade = summary(&events);
    // (40 × 49.18 + 20 × 50) / 60
    assert_eq!(trade.gross_amount, Some("2967.2".parse().unwrap()));
    assert_eq!(trade.average_price, Some("49.453333333".parse().unwrap()));
    assert_eq!(trade.fills[1].status, FillStatus::Corrected);
    assert_eq!((trade.fills[0].version, trade.fills[1].version), (2, 4));

    events.push(busted("e1", 20));
    let trade = summary(&events);
    assert_eq!(trade.average_price, Some("50".parse().unwrap()));
    assert_eq!(trade.fills[0].status, FillStatus::Busted);
    assert_eq!(trade.state, TradeState::PartiallyFilled);
}

#[test]
fn view_has_no_average_and_all_to_fill_when_everything_is_busted() {
    let trade = summary(&[booked(), filled("e1", 40, 40), busted("e1", 0)]);
    assert_eq!(trade.state, TradeState::Booked);
    assert_eq!(trade.average_price, None);
    assert_eq!(trade.leaves_quantity, 100.into());
}

#[test]
fn view_shows_the_amended_terms() {
    let trade = summary(&[booked(), amended(&new_terms(200, "49.20"))]);
    assert_eq!(
        (trade.quantity, trade.leaves_quantity),
        (200.into(), 200.into())
    );
    assert_eq!(trade.price, amount("49.2"));
    assert_eq!(trade.version, 2);
}

#[test]
fn view_has_nothing_left_to_fill_after_a_cancel() {
    let trade = summary(&[booked(), cancelled()]);
    assert_eq!(trade.state, TradeState::Cancelled);
    assert_eq!(trade.leaves_quantity, Decimal::ZERO);

    let trade = summary(&[booked(), filled("e1", 40, 40), remainder_cancelled(40)]);
    assert_eq!(trade.state, TradeState::Executed);
    assert_eq!(
        (trade.quantity, trade.cum_quantity, trade.leaves_quantity),
        (40.into(), 40.into(), Decimal::ZERO)
    );
}

#[test]
fn view_lists_breaks_and_closes_one_when_its_execution_is_taken() {
    let mut events = vec![booked(), overfilled("e1", 110, 0)];
    let raised = summary(&events).breaks;
    assert_eq!(raised.len(), 1);
    assert_eq!(
        (raised[0].kind, raised[0].version),
        (BreakKind::Overfill, 2)
    );
    assert_eq!(raised[0].resolved_version, None);

    events.push(amended(&new_terms(150, "49.18")));
    events.push(filled_of("e1", 110, 110, 150));
    assert_eq!(summary(&events).breaks[0].resolved_version, Some(4));

    let kept = summary(&[booked(), cancelled(), unmatched("e1", 101)]).breaks;
    assert_eq!(kept[0].kind, BreakKind::Unmatched);
}

fn breaks(events: &[TradeEvent]) -> serde_json::Value {
    serde_json::to_value(summary(events).breaks).unwrap()
}

#[test]
fn view_shows_what_the_position_refused_until_the_fill_is_busted() {
    let mut events = vec![booked(), filled("e1", 40, 40), refused("e1", Report::Fill)];
    let expected = serde_json::json!([{
        "kind": "refused", "exec_id": "e1", "report": "fill", "code": "LOT_LIMIT",
        "detail": "position has 5000 open lots and takes no more",
        "quantity": "40", "price": "49.18", "fee": "0.5", "traded_at": "1970-01-01T00:00:00.6Z",
        "version": 3, "raised_at": "1970-01-01T00:00:01Z", "resolved_version": null,
    }]);
    assert_eq!(breaks(&events), expected);
    assert!(is_listed(&events));
    events.push(busted("e1", 0));
    assert_eq!(breaks(&events)[0]["resolved_version"], 4);
    assert!(!is_listed(&events));
}

#[test]
fn bust_that_the_position_refused_stays_a_break() {
    let events = [
        booked(),
        filled("e1", 40, 40),
        busted("e1", 0),
        refused("e1", Report::Bust),
    ];
    assert_eq!(
        breaks(&events)[0]["resolved_version"],
        serde_json::Value::Null
    );
    assert!(is_listed(&events));
}

#[test]
fn refusal_that_arrives_after_the_bust_is_resolved() {
    let events = [
        booked(),
        filled("e1", 40, 40),
        busted("e1", 0),
        refused("e1", Report::Fill),
    ];
    assert_eq!(breaks(&events)[0]["resolved_version"], 3);
    assert!(!is_listed(&events));
}

#[test]
fn break_with_and_without_a_refusal_is_read_as_it_was_written() {
    let trade = viewed(&[
        booked(),
        filled("e1", 40, 40),
        refused("e1", Report::Fill),
        overfilled("e2", 101, 40),
    ]);
    let bytes = serde_json::to_vec(&trade).unwrap();
    assert_eq!(serde_json::from_slice::<TradeView>(&bytes).unwrap(), trade);
}

/// Whether `?breaks=open` lists it.
fn is_listed(events: &[TradeEvent]) -> bool {
    let asked = kernel::Parameters(vec![("breaks".to_owned(), "open".to_owned())]);
    let filter = TradeView::filter(&asked).unwrap().unwrap();
    filter(&viewed(events))
}

#[test]
fn live_streams_find_a_trade_by_what_lists_do() {
    agrees_with_filters(&viewed(&[booked(), filled("e1", 40, 40)]), &["OTHER"]);
}
