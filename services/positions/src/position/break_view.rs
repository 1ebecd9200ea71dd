//! Breaks of a position, as they are read.

use kernel::{EventMeta, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::lots::breaks::{Break, BreakKind};
use crate::lots::execution::{ExecId, TradeId};

use super::view::{BREAKS_SHOWN_MAX, PositionView};

/// A fill that a change of the past turned into something else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BreakView {
    pub exec_id: ExecId,
    pub trade_id: Option<TradeId>,
    pub kind: BreakKind,
    /// Version of the position that raised it.
    pub version: u64,
    pub raised_at: Timestamp,
}

impl PositionView {
    pub(super) fn raise(&mut self, meta: &EventMeta, breaks: &[Break]) {
        self.open_breaks += breaks.len() as u64;
        for raised in breaks {
            self.breaks.push_back(BreakView {
                exec_id: raised.exec_id.clone(),
                trade_id: raised.trade_id.clone(),
                kind: raised.kind,
                version: meta.sequence,
                raised_at: meta.at,
            });
        }
        let surplus = self.breaks.len().saturating_sub(BREAKS_SHOWN_MAX);
        self.breaks.drain(..surplus);
    }

    pub(super) fn close(&mut self, breaks: &[Break]) {
        self.open_breaks = self.open_breaks.saturating_sub(breaks.len() as u64);
        self.breaks
            .retain(|shown| !breaks.iter().any(|closed| shown.shows(closed)));
    }
}

impl BreakView {
    fn shows(&self, of: &Break) -> bool {
        (&self.exec_id, &self.trade_id, self.kind) == (&of.exec_id, &of.trade_id, of.kind)
    }
}
