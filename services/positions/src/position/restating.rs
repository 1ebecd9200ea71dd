//! A change of the past: what it comes to, folded again.

use crate::lots::execution::Execution;
use crate::lots::fees::{OtherFees, other_fees};
use crate::lots::refold::{Change, Refolded};
use crate::lots::restated::RestatedLots;
use crate::lots::terms::Terms;
use crate::lots::timeline::Entry;

use super::decide::Decided;
use super::event::{Cause, PositionEvent, Restatement};
use super::guard;
use super::rejection::PositionRejection;
use super::traded::Traded;

impl Traded {
    /// Folds the changed past; the event carries the result.
    pub(super) fn restate(&self, cause: Cause) -> Decided {
        let now = self.terms_after(&cause);
        let refolded = self.refold(&cause, &now)?;
        // A late fill must find the lots it names. An execution after it, or a corrected one, is a
        // fact already and gets a break instead.
        if let (Cause::LateFill(late), false) = (&cause, refolded.selection_heeded) {
            return Err(PositionRejection::LotsNotOpen(late.exec_id.clone()));
        }
        guard::open_lots(refolded.holding.lots.count())?;
        let other_fees = self.other_fees_after(&cause)?;
        let (was, after) = (self.holding.totals, refolded.holding.totals);
        let bust = matches!(cause, Cause::FillBusted(_));
        let other_method = now.lot_method != self.holding.terms.lot_method;
        Ok(vec![PositionEvent::PositionRestated(Restatement {
            cause,
            from_place: refolded.from as u64 + 1,
            delta_quantity: after.quantity.minus(was.quantity)?.normalized(),
            delta_cost: after.cost.minus(was.cost)?.normalized(),
            delta_realised: after.realised_gross.minus(was.realised_gross)?.normalized(),
            delta_fees: after.fees.minus(was.fees)?.normalized(),
            lot_method: (bust && other_method).then_some(now.lot_method),
            other_fees,
            breaks: refolded.raised,
            closed_breaks: refolded.closed,
            lots: RestatedLots::between(&self.holding.lots, &refolded.holding.lots),
            after,
        })])
    }

    /// The fold of what then is, and what turned out differently.
    fn refold(&self, cause: &Cause, now: &Terms) -> Result<Refolded, PositionRejection> {
        let edit = self.edit(cause).unwrap_or_default();
        let takes_back = matches!(cause, Cause::FillCorrected(_) | Cause::FillBusted(_));
        Ok(self.timeline.refold(&Change {
            edit: &edit,
            was: &self.holding.terms,
            now,
            open: &self.open_breaks,
            takes_back,
        })?)
    }

    /// The fees in other currencies once the cause has come in; none where it changes none.
    fn other_fees_after(&self, cause: &Cause) -> Result<Option<OtherFees>, PositionRejection> {
        let (gone, put) = match cause {
            Cause::LateFill(put) => (None, Some(put)),
            Cause::FillCorrected(put) => (self.timeline.execution(&put.name()), Some(put)),
            Cause::FillBusted(name) => (self.timeline.execution(name), None),
            _ => return Ok(None),
        };
        let concerned = gone.into_iter().chain(put);
        if concerned.filter_map(Execution::other_fee).next().is_none() {
            return Ok(None);
        }
        let fills = self.timeline.entries().iter().filter_map(Entry::execution);
        let gone = gone.map(Execution::place);
        let stand = fills.filter(|fill| Some(fill.place()) != gone).chain(put);
        Ok(Some(other_fees(stand)?))
    }

    /// The terms once the cause has come in: the method is that of the first valid report.
    fn terms_after(&self, cause: &Cause) -> Terms {
        let terms = self.holding.terms.clone();
        let lot_method = match cause {
            Cause::LotMethodChanged { lot_method } => Some(*lot_method),
            Cause::FillBusted(name) if !self.method_chosen => self.timeline.first_method(name),
            _ => None,
        };
        Terms {
            lot_method: lot_method.unwrap_or(terms.lot_method),
            ..terms
        }
    }
}
