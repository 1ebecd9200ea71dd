//! Given these events, when this command, then those events.

use std::num::NonZeroU32;

use cqrs_es::Aggregate;
use cqrs_es::test::TestFramework;
use kernel::{
    Accepted, CommandId, Context, Decimal, EventId, EventMeta, Rejection, Timestamp, View,
};
use uuid::Uuid;

use super::*;
use crate::lots::breaks::{Break, BreakKind};
use crate::lots::execution::{ExecId, ExecRef, Execution, Selected, Side};
use crate::lots::lot::Lot;
use crate::lots::restated::RestatedLots;
use crate::lots::terms::LotMethod;

mod breaks;
mod chosen_lots;
mod fills;
mod names;
mod other_fees;
mod page;
mod past;
mod refusals;
mod splits;
mod splits_ahead;
mod telling;
mod terms;

const KEY: &str = "ACC-1/PRINCIPAL/IBM";

pub(super) fn d(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(super) fn exec(name: &str) -> ExecId {
    name.parse().unwrap()
}

/// A day on which everything that the tests trade and split has happened.
pub(super) fn accepted(command: PositionCommand) -> Accepted<PositionCommand> {
    accepted_at(100_000, command)
}

fn accepted_at(second: i64, command: PositionCommand) -> Accepted<PositionCommand> {
    Accepted {
        id: KEY.parse().unwrap(),
        actor: "oms".parse().unwrap(),
        identity: None,
        at: Timestamp::from_millis(second * 1_000),
        command,
    }
}

/// Sends the command and applies its events.
pub(super) fn send(
    position: &mut Position,
    command: PositionCommand,
) -> Result<Vec<PositionEvent>, PositionRejection> {
    send_at(100_000, position, command)
}

fn send_at(
    second: i64,
    position: &mut Position,
    command: PositionCommand,
) -> Result<Vec<PositionEvent>, PositionRejection> {
    let events = position.decide(&accepted_at(second, command), &())?;
    for event in events.clone() {
        position.apply(event);
    }
    Ok(events)
}

/// The events of the commands, each of which is accepted.
pub(super) fn history(commands: impl IntoIterator<Item = PositionCommand>) -> Vec<PositionEvent> {
    let mut position = Position::default();
    commands
        .into_iter()
        .flat_map(|command| send(&mut position, command).unwrap())
        .collect()
}

pub(super) fn view(events: &[PositionEvent]) -> PositionView {
    let mut view = PositionView::default();
    for (event, sequence) in events.iter().zip(1..) {
        view.update(&meta(sequence), event);
    }
    view
}

pub(super) fn meta(sequence: u64) -> EventMeta {
    let command = CommandId(Uuid::nil());
    EventMeta {
        id: EventId::of(command, 0),
        command,
        tenant: "demo".parse().unwrap(),
        aggregate: KEY.parse().unwrap(),
        sequence,
        at: Timestamp::from_millis(i64::try_from(sequence).unwrap()),
        actor: "oms".parse().unwrap(),
        correlation: None,
        causation: None,
        v: 1,
        kind: "".into(),
        log_position: sequence,
    }
}

/// A fill at second `at`, named after it.
pub(super) fn fill(at: i64, side: Side, quantity: &str, price: &str, fee: &str) -> ApplyFill {
    ApplyFill {
        exec_id: exec(&format!("E{at}")),
        trade_id: None,
        side,
        quantity: d(quantity),
        price: d(price),
        multiplier: Decimal::ONE,
        fee: d(fee),
        fee_currency: None,
        currency: "USD".parse().unwrap(),
        traded_at: Timestamp::from_millis(at * 1_000),
        source_sequence: None,
        lot_method: LotMethod::Fifo,
        lots: vec![],
    }
}

fn buy(at: i64, quantity: &str, price: &str) -> PositionCommand {
    PositionCommand::ApplyFill(fill(at, Side::Buy, quantity, price, "0"))
}

fn sell(at: i64, quantity: &str, price: &str) -> PositionCommand {
    PositionCommand::ApplyFill(fill(at, Side::Sell, quantity, price, "0"))
}

fn bust(name: &str) -> PositionCommand {
    PositionCommand::BustFill(BustFill {
        exec_id: exec(name),
        trade_id: None,
    })
}

fn correct(name: &str, quantity: &str, price: &str) -> PositionCommand {
    PositionCommand::CorrectFill(CorrectFill {
        exec_id: exec(name),
        trade_id: None,
        quantity: d(quantity),
        price: d(price),
        fee: Decimal::ZERO,
        fee_currency: None,
    })
}

fn split(at: i64, numerator: u32, denominator: u32, in_lieu: Option<&str>) -> PositionCommand {
    PositionCommand::ApplySplit(ApplySplit {
        split_id: format!("S{at}").parse().unwrap(),
        numerator: NonZeroU32::new(numerator).unwrap(),
        denominator: NonZeroU32::new(denominator).unwrap(),
        ex_at: Timestamp::from_millis(at * 1_000),
        cash_in_lieu_price: in_lieu.map(d),
        round_up: false,
    })
}

/// The command as a trade sends it.
fn of_trade(trade: &str, command: PositionCommand) -> PositionCommand {
    let trade_id = Some(trade.parse().unwrap());
    match command {
        PositionCommand::ApplyFill(fill) => {
            PositionCommand::ApplyFill(ApplyFill { trade_id, ..fill })
        }
        PositionCommand::CorrectFill(fill) => {
            PositionCommand::CorrectFill(CorrectFill { trade_id, ..fill })
        }
        PositionCommand::BustFill(fill) => PositionCommand::BustFill(BustFill { trade_id, ..fill }),
        other => other,
    }
}

/// The golden vector: fees 1, 1, .5, 2, .5.
fn golden(method: LotMethod) -> Vec<PositionCommand> {
    [
        fill(1, Side::Buy, "100", "10", "1"),
        fill(2, Side::Buy, "50", "12", "1"),
        fill(3, Side::Sell, "60", "13", "0.5"),
        fill(4, Side::Sell, "140", "12.50", "2"),
        fill(5, Side::Buy, "50", "12", "0.5"),
    ]
    .map(|fill| {
        PositionCommand::ApplyFill(ApplyFill {
            lot_method: method,
            ..fill
        })
    })
    .into()
}

fn after(commands: impl IntoIterator<Item = PositionCommand>) -> PositionView {
    view(&history(commands))
}

fn refused(given: Vec<PositionCommand>, when: PositionCommand) -> PositionRejection {
    TestFramework::<Position>::with(())
        .given(history(given))
        .when(accepted(when))
        .inspect_result()
        .unwrap_err()
}

fn changes_nothing(given: Vec<PositionCommand>, when: PositionCommand) {
    TestFramework::<Position>::with(())
        .given(history(given))
        .when(accepted(when))
        .then_expect_events(vec![]);
}

/// The open lots that the commands leave, oldest first.
fn left(commands: Vec<PositionCommand>) -> Vec<(String, Decimal)> {
    after(commands)
        .lots
        .iter()
        .map(|lot| (lot.exec_id.to_string(), lot.quantity))
        .collect()
}
