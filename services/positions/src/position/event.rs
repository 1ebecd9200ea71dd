//! What happened to a position, and what it did: an event carries its effects, so that applying it
//! needs no rule.

use std::collections::BTreeMap;

use cqrs_es::DomainEvent;
use kernel::{Currency, Decimal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::lots::breaks::Break;
use crate::lots::effect::{Effect, Increase, Reduction, Totals};
use crate::lots::execution::{ExecRef, Execution};
use crate::lots::restated::RestatedLots;
use crate::lots::split::{Split, SplitEffect, SplitId};
use crate::lots::terms::{LotMethod, Terms};

use super::command::{Note, SettlementId};
use super::refusal::FillRefused;
use super::upcast;

/// An execution gives one of `Opened`, `Increased`, `Reduced`, `Closed`; a flip gives `Closed` and
/// `Opened`, in this order and of one command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data")]
pub enum PositionEvent {
    /// Comes before the first fill, and before the first after every other was busted.
    PositionEstablished(Terms),
    PositionOpened(Increase),
    PositionIncreased(Increase),
    PositionReduced(Reduction),
    /// Quantity and cost are zero; the figures of the cycle in `after` are final.
    PositionClosed(Reduction),
    /// The past changed and was folded again.
    PositionRestated(Restatement),
    SplitApplied(SplitEffect),
    /// A split that waits for its day.
    SplitAnnounced(Split),
    /// A split that waited, and is not to be.
    SplitWithdrawn {
        split_id: SplitId,
    },
    BreakSettled(BreakSettled),
    SettlementRecorded(Settlement),
    /// A trade did what this position cannot take: quantity, cost and lots stand as they stood.
    FillRefused(FillRefused),
    /// The trade has busted what was refused here: the two agree again.
    RefusalWithdrawn(ExecRef),
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
    /// The method from now on, where the bust of a first fill left another's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot_method: Option<LotMethod>,
    /// All fees in other currencies from now on, where they changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_fees: Option<BTreeMap<Currency, Decimal>>,
    /// Fills that turned out differently and should be looked at; the first 16.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub breaks: Vec<Break>,
    /// Open breaks that are none any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closed_breaks: Vec<Break>,
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
    FillBusted(ExecRef),
    /// A split became known after executions in new units.
    LateSplit(Split),
    /// A split turned out not to have been.
    SplitWithdrawn {
        split_id: SplitId,
    },
    LotMethodChanged {
        lot_method: LotMethod,
    },
}

/// A break that someone took as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BreakSettled {
    #[serde(rename = "break")]
    pub settled: Break,
    pub note: Note,
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
            Self::SplitAnnounced(_) => "SplitAnnounced",
            Self::SplitWithdrawn { .. } => "SplitWithdrawn",
            Self::BreakSettled(_) => "BreakSettled",
            Self::SettlementRecorded(_) => "SettlementRecorded",
            Self::FillRefused(_) => "FillRefused",
            Self::RefusalWithdrawn(_) => "RefusalWithdrawn",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        match self {
            // Since reports are numbered.
            Self::PositionRestated(_) => "4",
            Self::PositionOpened(_)
            | Self::PositionIncreased(_)
            | Self::PositionReduced(_)
            | Self::PositionClosed(_) => "3",
            // Since an instrument may hold blanks, and a decimal 77 digits.
            Self::PositionEstablished(_)
            | Self::SplitApplied(_)
            | Self::SettlementRecorded(_)
            | Self::FillRefused(_)
            | Self::RefusalWithdrawn(_) => "2",
            Self::SplitAnnounced(_) | Self::SplitWithdrawn { .. } | Self::BreakSettled(_) => "1",
        }
        .to_owned()
    }
}
