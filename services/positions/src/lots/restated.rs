//! The open lots after a change of the past, as differences from before.

use std::sync::Arc;

use kernel::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::book::LotBook;
use super::execution::{ExecId, TradeId};
use super::lot::Lot;
use super::place::Place;

/// The shorter of the two ways to say it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data")]
pub enum RestatedLots {
    /// Every open lot, oldest first.
    All(Vec<Arc<Lot>>),
    Changed(LotChanges),
}

/// What tells the lots after from the lots before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LotChanges {
    /// Open before, and no longer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closed: Vec<LotName>,
    /// New, or other than before; as they are now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<Arc<Lot>>,
}

/// The execution that opened a lot, and where it stands among others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LotName {
    pub exec_id: ExecId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trade_id: Option<TradeId>,
    pub traded_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_sequence: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report_number: Option<u64>,
}

impl RestatedLots {
    pub(crate) fn between(was: &LotBook, now: &LotBook) -> Self {
        // Books of two methods do not have one order.
        if was.method() == now.method() {
            let changes = was.changes_to(now);
            if changes.closed.len() + changes.open.len() < now.count() {
                return Self::Changed(changes);
            }
        }
        Self::All(now.by_age())
    }

    /// Applies it to lots in order, oldest first.
    pub(crate) fn apply(&self, lots: &mut Vec<Arc<Lot>>) {
        let changes = match self {
            Self::All(all) => return lots.clone_from(all),
            Self::Changed(changes) => changes,
        };
        for name in &changes.closed {
            if let Ok(place) = find(lots, name.place()) {
                lots.remove(place);
            }
        }
        for lot in &changes.open {
            match find(lots, lot.place()) {
                Ok(place) => lots[place] = Arc::clone(lot),
                Err(place) => lots.insert(place, Arc::clone(lot)),
            }
        }
    }
}

/// The place of a lot among lots in order, oldest first, or where it would be.
pub(crate) fn find(lots: &[Arc<Lot>], place: Place<&ExecId>) -> Result<usize, usize> {
    lots.binary_search_by(|lot| lot.place().cmp(&place))
}

impl LotName {
    pub(crate) fn of(lot: &Lot) -> Self {
        Self {
            exec_id: lot.exec_id.clone(),
            trade_id: lot.trade_id.clone(),
            traded_at: lot.traded_at,
            source_sequence: lot.source_sequence,
            report_number: lot.report_number,
        }
    }
}
