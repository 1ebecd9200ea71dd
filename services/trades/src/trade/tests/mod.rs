//! What the tests speak of: one order to buy 100, and the people around it.

mod amending;
mod booking;
mod clock;
mod correcting;
mod filling;
mod fix_matrices;
mod matrix;
mod page;
mod property;
mod settling;
mod viewing;
mod wire;

use cqrs_es::Aggregate;
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use kernel::{Accepted, Actor, Context, Decimal, Timestamp};

use super::*;

/// Books and records.
const DEALER: &str = "dealer";
/// The second person.
const SECOND: &str = "middle-office";

const ORDERED: i64 = 100;

fn amount<K: AmountKind>(text: &str) -> Amount<K> {
    let value: Decimal = text.parse().unwrap();
    Amount::try_from(value).unwrap()
}

fn exec_id(text: &str) -> ExecId {
    text.parse().unwrap()
}

fn actor(name: &str) -> Actor {
    name.parse().unwrap()
}

fn accepted_for(trade_id: &str, by: &str, command: TradeCommand) -> Accepted<TradeCommand> {
    Accepted {
        id: trade_id.parse().unwrap(),
        actor: actor(by),
        identity: None,
        at: Timestamp::from_millis(1_000),
        command,
    }
}

fn accepted(by: &str, command: TradeCommand) -> Accepted<TradeCommand> {
    accepted_for("T-1", by, command)
}

fn trade(events: Vec<TradeEvent>) -> AggregateTestExecutor<Trade> {
    TestFramework::with(()).given(events)
}

fn folded(events: &[TradeEvent]) -> Trade {
    let mut trade = Trade::default();
    for event in events {
        trade.apply(event.clone());
    }
    trade
}

/// Decides and applies, as the pipeline does.
fn send(
    trade: &mut Trade,
    by: &str,
    command: TradeCommand,
) -> Result<Vec<TradeEvent>, TradeRejection> {
    let events = trade.decide(&accepted(by, command), &())?;
    for event in &events {
        trade.apply(event.clone());
    }
    Ok(events)
}

fn new_terms(quantity: i64, price: &str) -> NewTerms {
    NewTerms {
        account: "ACC-1".parse().unwrap(),
        book: "AGENCY".parse().unwrap(),
        instrument: "IBM".parse().unwrap(),
        side: Side::Buy,
        quantity: amount(&quantity.to_string()),
        price: amount(price),
        currency: "USD".parse().unwrap(),
        multiplier: amount("1"),
        traded_at: Timestamp::from_millis(500),
        lot_method: LotMethod::Fifo,
    }
}

fn book() -> TradeCommand {
    TradeCommand::BookTrade(new_terms(ORDERED, "49.18"))
}

fn report(id: &str, quantity: i64) -> RecordFill {
    RecordFill {
        exec_id: exec_id(id),
        quantity: amount(&quantity.to_string()),
        price: amount("49.18"),
        fee: amount("0.5"),
        fee_currency: None,
        traded_at: Timestamp::from_millis(600),
        source_sequence: None,
        lots: None,
    }
}

fn fill(id: &str, quantity: i64) -> TradeCommand {
    TradeCommand::RecordFill(report(id, quantity))
}

fn cancel() -> TradeCommand {
    TradeCommand::CancelTrade(CancelTrade {})
}

fn amend(expected_version: u64, terms: NewTerms) -> TradeCommand {
    TradeCommand::AmendTrade(AmendTrade {
        expected_version,
        terms,
    })
}

fn correct(id: &str, quantity: i64, price: &str) -> TradeCommand {
    TradeCommand::CorrectFill(CorrectFill {
        exec_id: exec_id(id),
        quantity: amount(&quantity.to_string()),
        price: amount(price),
        fee: amount("0.5"),
    })
}

fn bust(id: &str) -> TradeCommand {
    TradeCommand::BustFill(BustFill {
        exec_id: exec_id(id),
    })
}

fn settle(id: &str, resolution: Resolution) -> TradeCommand {
    TradeCommand::SettleBreak(SettleBreak {
        exec_id: exec_id(id),
        resolution,
        to: None,
        note: "agreed with the venue by telephone".parse().unwrap(),
    })
}

fn note(id: &str, report: Report) -> TradeCommand {
    TradeCommand::NoteRefusal(NoteRefusal {
        exec_id: exec_id(id),
        report,
        code: "LOT_LIMIT".into(),
        detail: "position has 5000 open lots and takes no more".into(),
    })
}

fn refused(id: &str, report: Report) -> TradeEvent {
    let TradeCommand::NoteRefusal(note) = note(id, report) else {
        unreachable!("a note is a note")
    };
    TradeEvent::PositionRefused(PositionRefused {
        exec_id: note.exec_id,
        report: note.report,
        code: note.code,
        detail: note.detail,
    })
}

fn booked() -> TradeEvent {
    TradeEvent::TradeBooked(TradeBooked {
        trade_id: "T-1".parse().unwrap(),
        terms: (&new_terms(ORDERED, "49.18")).into(),
        booked_by: actor(DEALER),
    })
}

/// The event of `fill(id, quantity)` that brings CumQty to `cum` of `ordered`.
fn filled_of(id: &str, quantity: i64, cum: i64, ordered: i64) -> TradeEvent {
    let report = report(id, quantity);
    TradeEvent::FillRecorded(FillRecorded {
        exec_id: report.exec_id,
        account: "ACC-1".parse().unwrap(),
        book: "AGENCY".parse().unwrap(),
        instrument: "IBM".parse().unwrap(),
        side: Side::Buy,
        quantity: report.quantity,
        price: report.price,
        fee: report.fee,
        fee_currency: None,
        multiplier: amount("1"),
        currency: "USD".parse().unwrap(),
        traded_at: report.traded_at,
        source_sequence: None,
        lot_method: LotMethod::Fifo,
        lots: None,
        cum_quantity: cum.into(),
        leaves_quantity: (ordered - cum).into(),
        recorded_by: actor(DEALER),
    })
}

fn filled(id: &str, quantity: i64, cum: i64) -> TradeEvent {
    filled_of(id, quantity, cum, ORDERED)
}

fn executed(cum: i64) -> TradeEvent {
    TradeEvent::TradeExecuted(TradeExecuted {
        cum_quantity: cum.into(),
    })
}

fn stray(id: &str, quantity: i64, cum: i64, ordered: i64) -> StrayFill {
    let report = report(id, quantity);
    StrayFill {
        exec_id: report.exec_id,
        account: "ACC-1".parse().unwrap(),
        book: "AGENCY".parse().unwrap(),
        instrument: "IBM".parse().unwrap(),
        side: Side::Buy,
        quantity: report.quantity,
        price: report.price,
        fee: report.fee,
        fee_currency: None,
        traded_at: report.traded_at,
        source_sequence: None,
        lots: None,
        order_quantity: ordered.into(),
        cum_quantity: cum.into(),
        recorded_by: actor(DEALER),
    }
}

fn overfilled(id: &str, quantity: i64, cum: i64) -> TradeEvent {
    TradeEvent::OverfillRaised(stray(id, quantity, cum, ORDERED))
}

fn unmatched(id: &str, quantity: i64) -> TradeEvent {
    TradeEvent::UnmatchedFill(stray(id, quantity, 0, ORDERED))
}

fn cancelled() -> TradeEvent {
    TradeEvent::TradeCancelled(TradeCancelled {
        cancelled_quantity: ORDERED.into(),
        cancelled_by: actor(DEALER),
    })
}

fn remainder_cancelled(cum: i64) -> TradeEvent {
    TradeEvent::RemainderCancelled(RemainderCancelled {
        cancelled_quantity: (ORDERED - cum).into(),
        order_quantity: cum.into(),
        cancelled_by: actor(DEALER),
    })
}

fn amended(terms: &NewTerms) -> TradeEvent {
    TradeEvent::TradeAmended(TradeAmended {
        terms: terms.into(),
        amended_by: actor(DEALER),
    })
}

fn corrected(id: &str, quantity: i64, price: &str, cum: i64) -> TradeEvent {
    TradeEvent::FillCorrected(FillCorrected {
        exec_id: exec_id(id),
        account: "ACC-1".parse().unwrap(),
        book: "AGENCY".parse().unwrap(),
        instrument: "IBM".parse().unwrap(),
        quantity: amount(&quantity.to_string()),
        price: amount(price),
        fee: amount("0.5"),
        fee_currency: None,
        cum_quantity: cum.into(),
        leaves_quantity: (ORDERED - cum).into(),
        corrected_by: actor(SECOND),
    })
}

/// The event of `bust(id)` that brings CumQty to `cum` of `ordered`.
fn busted_of(id: &str, cum: i64, ordered: i64) -> TradeEvent {
    TradeEvent::FillBusted(FillBusted {
        exec_id: exec_id(id),
        account: "ACC-1".parse().unwrap(),
        book: "AGENCY".parse().unwrap(),
        instrument: "IBM".parse().unwrap(),
        cum_quantity: cum.into(),
        leaves_quantity: (ordered - cum).into(),
        busted_by: actor(SECOND),
    })
}

fn busted(id: &str, cum: i64) -> TradeEvent {
    busted_of(id, cum, ORDERED)
}
