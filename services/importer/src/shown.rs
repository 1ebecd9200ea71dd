//! What the gateway shows of trades and positions, as far as it concerns the outcome of a fill.

use serde::Deserialize;
use trades::{BreakView, ExecId, Report, TradeId};

/// A position and what it refused.
#[derive(Deserialize)]
pub(super) struct PositionShown {
    refused_fills: usize,
    refusals: Vec<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    trade_id: Option<TradeId>,
    exec_id: ExecId,
    report: Report,
    code: String,
    detail: String,
}

/// A trade and its breaks.
#[derive(Deserialize)]
pub(super) struct TradeShown {
    breaks: Vec<BreakView>,
}

impl PositionShown {
    /// Whether all that was refused is in it, and not only the latest.
    pub(super) fn is_whole(&self) -> bool {
        let fills = self.refusals.iter();
        fills
            .filter(|refusal| refusal.report == Report::Fill)
            .count()
            == self.refused_fills
    }

    /// Why it does not have a fill, if it is known here.
    pub(super) fn refusal(&self, trade_id: &TradeId, exec_id: &ExecId) -> Option<String> {
        let mut refusals = self.refusals.iter();
        let of_fill = refusals.find(|refusal| {
            refusal.report == Report::Fill
                && refusal.exec_id == *exec_id
                && refusal.trade_id.as_ref() == Some(trade_id)
        })?;
        Some(format!("{}: {}", of_fill.code, of_fill.detail))
    }
}

impl TradeShown {
    /// Why its position does not have a fill.
    pub(super) fn refusal(&self, exec_id: &ExecId) -> Option<String> {
        let mut refusals = self
            .open(exec_id)
            .filter_map(|found| found.refusal.as_ref());
        let of_fill = refusals.find(|refusal| refusal.report == Report::Fill)?;
        Some(format!("{}: {}", of_fill.code, of_fill.detail))
    }

    /// Whether the trade itself did not take a fill.
    pub(super) fn strays(&self, exec_id: &ExecId) -> bool {
        self.open(exec_id).any(|found| found.refusal.is_none())
    }

    fn open(&self, exec_id: &ExecId) -> impl Iterator<Item = &BreakView> {
        let open = self
            .breaks
            .iter()
            .filter(|found| found.resolved_version.is_none());
        open.filter(move |found| found.exec_id == *exec_id)
    }
}
