//! What happened to a position, and what it did: an event carries its effects, so that whoever
//! applies it needs no rule.

use cqrs_es::DomainEvent;
use kernel::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::lots::effect::{Effect, Increase, Reduction, Totals};
use crate::lots::execution::{ExecId, Execution};
use crate::lots::refold::Break;
use crate::lots::restated::RestatedLots;
use crate::lots::split::{Split, SplitEffect};
use crate::lots::terms::{LotMethod, Terms};

use super::command::SettlementId;
use super::refusal::{FillRefused, RefusedFill};
use super::upcast;

/// An execution gives one of `Opened`, `Increased`, `Reduced`, `Closed`; a flip gives `Closed` and
/// `Opened`, in this order and of one command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data")]
pub enum PositionEvent {
    /// Always the first event.
    PositionEstablished(Terms),
    PositionOpened(Increase),
    PositionIncreased(Increase),
    PositionReduced(Reduction),
    /// Quantity and cost are zero; the figures of the cycle in `after` are final.
    PositionClosed(Reduction),
    /// The past changed and was folded again.
    PositionRestated(Restatement),
    SplitApplied(SplitEffect),
    SettlementRecorded(Settlement),
    /// A trade did what this position cannot take: quantity, cost and lots stand as they stood.
    FillRefused(FillRefused),
    /// The trade has busted what was refused here: the two agree again.
    RefusalWithdrawn(RefusedFill),
}

/// A changed past and its consequences.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Restatement {
    pub cause: Cause,
    /// First place that changed in the order of executions and splits: 1, 2, 3 …
    pub from_place: u64,
    pub delta_quantity: Decimal,
    pub delta_cost: Decimal,
    pub delta_realised: Decimal,
    pub delta_fees: Decimal,
    /// Fills that turned out differently and should be looked at; the first 16.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub breaks: Vec<Break>,
    #[serde(alias = "lots_after", deserialize_with = "upcast::restated_lots")]
    pub lots: RestatedLots,
    pub after: Totals,
}

/// Why the past changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data")]
pub enum Cause {
    /// An execution became known after later ones.
    LateFill(Execution),
    /// The execution as it is now.
    FillCorrected(Execution),
    FillBusted {
        exec_id: ExecId,
    },
    /// A split became known after executions in new units.
    LateSplit(Split),
    LotMethodChanged {
        lot_method: LotMethod,
    },
}

/// Units delivered or received.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Settlement {
    pub settlement_id: SettlementId,
    /// Positive when received.
    pub quantity: Decimal,
    /// Settled quantity in all.
    pub settled_after: Decimal,
}

impl From<Effect> for PositionEvent {
    fn from(effect: Effect) -> Self {
        match effect {
            Effect::Opened(increase) => Self::PositionOpened(increase),
            Effect::Increased(increase) => Self::PositionIncreased(increase),
            Effect::Reduced(reduction) => Self::PositionReduced(reduction),
            Effect::Closed(reduction) => Self::PositionClosed(reduction),
        }
    }
}

impl DomainEvent for PositionEvent {
    fn event_type(&self) -> String {
        match self {
            Self::PositionEstablished(_) => "PositionEstablished",
            Self::PositionOpened(_) => "PositionOpened",
            Self::PositionIncreased(_) => "PositionIncreased",
            Self::PositionReduced(_) => "PositionReduced",
            Self::PositionClosed(_) => "PositionClosed",
            Self::PositionRestated(_) => "PositionRestated",
            Self::SplitApplied(_) => "SplitApplied",
            Self::SettlementRecorded(_) => "SettlementRecorded",
            Self::FillRefused(_) => "FillRefused",
            Self::RefusalWithdrawn(_) => "RefusalWithdrawn",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        match self {
            // Since an execution names its trade.
            Self::PositionRestated(_) => "3",
            Self::PositionOpened(_)
            | Self::PositionIncreased(_)
            | Self::PositionReduced(_)
            | Self::PositionClosed(_) => "2",
            _ => "1",
        }
        .to_owned()
    }
}
