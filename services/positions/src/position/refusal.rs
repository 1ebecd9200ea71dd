//! What a trade did and the position could not take.
//!
//! A fill is a fact: refusing it makes it no less true, so the refusal is kept where it was made, and
//! an event reports it to the trade.

use std::collections::BTreeSet;

use kernel::{Currency, Decimal, Rejection as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::lots::execution::{ExecRef, Side};

use super::command::{ApplyFill, PositionCommand};
use super::rejection::PositionRejection;

/// A report of a trade about one of its executions, and why it was refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FillRefused {
    #[serde(flatten)]
    pub fill: ExecRef,
    pub reported: Reported,
    /// Code of the refusal, such as `LOT_LIMIT`.
    pub code: Box<str>,
    pub detail: Box<str>,
}

/// What was reported: what the trade counts the execution for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data")]
pub enum Reported {
    Fill {
        side: Side,
        quantity: Decimal,
        price: Decimal,
        fee: Decimal,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fee_currency: Option<Currency>,
    },
    Correction {
        quantity: Decimal,
        price: Decimal,
        fee: Decimal,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fee_currency: Option<Currency>,
    },
    Bust,
}

/// The kind of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    Fill,
    Correction,
    Bust,
}

impl Reported {
    pub(super) fn kind(&self) -> Report {
        match self {
            Self::Fill { .. } => Report::Fill,
            Self::Correction { .. } => Report::Correction,
            Self::Bust => Report::Bust,
        }
    }
}

impl FillRefused {
    /// None for a command that no trade sends.
    pub(super) fn of(command: &PositionCommand, rejection: &PositionRejection) -> Option<Self> {
        let (trade_id, exec_id, reported) = match command {
            PositionCommand::ApplyFill(fill) => {
                let reported = Reported::Fill {
                    side: fill.side,
                    quantity: fill.quantity,
                    price: fill.price,
                    fee: fill.fee,
                    fee_currency: fill.fee_currency.clone(),
                };
                (&fill.trade_id, &fill.exec_id, reported)
            }
            PositionCommand::CorrectFill(fill) => {
                let reported = Reported::Correction {
                    quantity: fill.quantity,
                    price: fill.price,
                    fee: fill.fee,
                    fee_currency: fill.fee_currency.clone(),
                };
                (&fill.trade_id, &fill.exec_id, reported)
            }
            PositionCommand::BustFill(fill) => (&fill.trade_id, &fill.exec_id, Reported::Bust),
            PositionCommand::ApplySplit(_)
            | PositionCommand::WithdrawSplit(_)
            | PositionCommand::SettleBreak(_)
            | PositionCommand::ChangeLotMethod(_)
            | PositionCommand::RecordSettlement(_) => return None,
        };
        Some(Self {
            fill: ExecRef::new(trade_id.as_ref(), exec_id),
            reported,
            code: rejection.code().name.into(),
            detail: rejection.to_string().into(),
        })
    }
}

/// The fills that were refused and that their trades still count.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Refusals(BTreeSet<ExecRef>);

impl Refusals {
    pub(super) fn add(&mut self, refused: &FillRefused) {
        // Of what else was refused the position has the execution, with other values.
        if refused.reported.kind() == Report::Fill {
            self.0.insert(refused.fill.clone());
        }
    }

    pub(super) fn remove(&mut self, fill: &ExecRef) {
        self.0.remove(fill);
    }

    /// The same fill, where it was refused before.
    pub(super) fn of(&self, fill: &ApplyFill) -> Option<&ExecRef> {
        self.0
            .get(&ExecRef::new(fill.trade_id.as_ref(), &fill.exec_id))
    }

    /// The refused fill that a correction or a bust is about.
    pub(super) fn named_by(&self, command: &PositionCommand) -> Option<&ExecRef> {
        let (trade_id, exec_id) = match command {
            PositionCommand::CorrectFill(fill) => (&fill.trade_id, &fill.exec_id),
            PositionCommand::BustFill(fill) => (&fill.trade_id, &fill.exec_id),
            _ => return None,
        };
        self.0.get(&ExecRef::new(trade_id.as_ref(), exec_id))
    }
}
