//! What a trade has to be looked at for.

use super::event::{PositionRefused, Report, StrayFill};
use super::label::ExecId;
use super::summary::{BreakKind, BreakView, FillStatus, RefusalView, TradeSummary};

impl TradeSummary {
    pub(super) fn has_open_breaks(&self) -> bool {
        let mut breaks = self.breaks.iter();
        breaks.any(|found| found.resolved_version.is_none())
    }

    pub(super) fn raise(&mut self, kind: BreakKind, stray: &StrayFill) {
        self.breaks.push(BreakView {
            kind,
            exec_id: stray.exec_id.clone(),
            refusal: None,
            quantity: stray.quantity,
            price: stray.price,
            fee: stray.fee,
            traded_at: stray.traded_at,
            version: self.version,
            resolved_version: None,
        });
    }

    /// With the values that the trade has of the fill: those are what the position lacks.
    pub(super) fn refused(&mut self, refused: &PositionRefused) {
        let Some(fill) = self
            .fills
            .iter()
            .rfind(|fill| fill.exec_id == refused.exec_id)
        else {
            return;
        };
        let mut raised = BreakView {
            kind: BreakKind::Refused,
            exec_id: refused.exec_id.clone(),
            refusal: Some(RefusalView {
                report: refused.report,
                code: refused.code.clone(),
                detail: refused.detail.clone(),
            }),
            quantity: fill.quantity,
            price: fill.price,
            fee: fill.fee,
            traded_at: fill.traded_at,
            version: self.version,
            resolved_version: None,
        };
        // The bust may have come while the refusal was on its way.
        if fill.status == FillStatus::Busted && raised.ends_with_bust() {
            raised.resolved_version = Some(fill.version);
        }
        self.breaks.push(raised);
    }

    pub(super) fn resolve(&mut self, exec_id: &ExecId, ends: impl Fn(&BreakView) -> bool) {
        let version = self.version;
        let of_fill = self
            .breaks
            .iter_mut()
            .filter(|found| found.exec_id == *exec_id);
        for found in of_fill.filter(|found| ends(found)) {
            found.resolved_version.get_or_insert(version);
        }
    }
}

impl BreakView {
    /// What a position never had is no difference any more once the trade has busted it.
    pub(super) fn ends_with_bust(&self) -> bool {
        let refusal = self.refusal.as_ref();
        refusal.is_some_and(|refusal| refusal.report != Report::Bust)
    }
}
