//! What a position refused, as it is read.

use kernel::{EventMeta, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::lots::execution::{ExecId, ExecRef, TradeId};

use super::refusal::{FillRefused, Report};
use super::view::{BREAKS_SHOWN_MAX, PositionView};

/// What a trade reported and the position could not take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RefusalView {
    pub trade_id: Option<TradeId>,
    pub exec_id: ExecId,
    pub report: Report,
    pub code: Box<str>,
    pub detail: Box<str>,
    /// Version of the position that reports it.
    pub version: u64,
    pub refused_at: Timestamp,
}

impl PositionView {
    pub(super) fn has_open_breaks(&self) -> bool {
        self.open_breaks > 0 || self.refused_fills > 0 || !self.refusals.is_empty()
    }

    pub(super) fn refused(&mut self, meta: &EventMeta, refused: &FillRefused) {
        let report = refused.reported.kind();
        self.refused_fills += u64::from(report == Report::Fill);
        self.refusals.push_back(RefusalView {
            trade_id: refused.fill.trade_id.clone(),
            exec_id: refused.fill.exec_id.clone(),
            report,
            code: refused.code.clone(),
            detail: refused.detail.clone(),
            version: meta.sequence,
            refused_at: meta.at,
        });
        let surplus = self.refusals.len().saturating_sub(BREAKS_SHOWN_MAX);
        self.refusals.drain(..surplus);
    }

    pub(super) fn withdrawn(&mut self, fill: &ExecRef) {
        self.refused_fills = self.refused_fills.saturating_sub(1);
        self.refusals
            .retain(|shown| (&shown.trade_id, &shown.exec_id) != (&fill.trade_id, &fill.exec_id));
    }
}
