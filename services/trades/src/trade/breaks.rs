//! What a trade has to be looked at for.

use kernel::Timestamp;

use super::event::{BreakSettled, PositionRefused, Report, StrayFill};
use super::label::ExecId;
use super::summary::{BreakKind, BreakView, FillStatus, RefusalView, TradeSummary};

impl TradeSummary {
    pub(super) fn has_open_breaks(&self) -> bool {
        let mut breaks = self.breaks.iter();
        breaks.any(|found| found.resolved_version.is_none())
    }

    pub(super) fn raise(&mut self, kind: BreakKind, stray: &StrayFill, raised_at: Timestamp) {
        self.breaks.push(BreakView {
            kind,
            exec_id: stray.exec_id.clone(),
            refusal: None,
            quantity: stray.quantity,
            price: stray.price,
            fee: stray.fee,
            traded_at: stray.traded_at,
            version: self.version,
            raised_at,
            resolved_version: None,
            resolution: None,
            note: None,
        });
    }

    /// With the values that the trade has of the fill: those are what the position lacks.
    pub(super) fn refused(&mut self, refused: &PositionRefused, raised_at: Timestamp) {
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
            raised_at,
            resolved_version: None,
            resolution: None,
            note: None,
        };
        // The bust may have come while the refusal was on its way.
        if fill.status == FillStatus::Busted && !raised.is_of_bust() {
            raised.resolved_version = Some(fill.version);
        }
        self.breaks.push(raised);
    }

    pub(super) fn settled(&mut self, settled: &BreakSettled) {
        let version = self.version;
        for found in &mut self.breaks {
            if found.exec_id == settled.exec_id && found.resolved_version.is_none() {
                found.resolved_version = Some(version);
                found.resolution = Some(settled.resolution);
                found.note = Some(settled.note.clone());
            }
        }
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
    /// A bust that the position refused ends nothing: it is the difference.
    fn is_of_bust(&self) -> bool {
        let refusal = self.refusal.as_ref();
        refusal.is_some_and(|refusal| refusal.report == Report::Bust)
    }
}
