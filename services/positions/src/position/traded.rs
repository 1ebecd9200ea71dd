//! The state of a position in which something was traded, and how events change it.

use std::collections::BTreeMap;

use kernel::Decimal;
use kernel::decimal::Inexact;
use serde::{Deserialize, Serialize, Serializer};

use crate::lots::execution::{ExecId, Execution};
use crate::lots::holding::Holding;
use crate::lots::refold::Refolded;
use crate::lots::terms::{LotMethod, Terms};
use crate::lots::timeline::{Edit, Entry, Timeline};

use super::command::SettlementId;
use super::event::{Cause, PositionEvent, Restatement};
use super::refusal::Refusals;
use super::snapshot::{Snapshot, Stored};

/// Everything a decision needs.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(from = "Snapshot")]
pub struct Traded {
    pub(crate) holding: Holding,
    pub(super) timeline: Timeline,
    /// Busted executions: without effect, but their ids are used for ever.
    pub(super) busted: BTreeMap<ExecId, Execution>,
    /// Corrected executions as they were first reported, to know a repeat of that report.
    pub(super) corrected: BTreeMap<ExecId, Execution>,
    pub(super) settled: Decimal,
    pub(super) settlements: BTreeMap<SettlementId, Decimal>,
    pub(super) refusals: Refusals,
}

impl Traded {
    pub(super) fn new(terms: Terms, refusals: Refusals) -> Self {
        Self {
            holding: Holding::new(terms),
            timeline: Timeline::default(),
            busted: BTreeMap::new(),
            corrected: BTreeMap::new(),
            settled: Decimal::ZERO,
            settlements: BTreeMap::new(),
            refusals,
        }
    }

    /// The execution as it was first reported.
    pub(super) fn reported(&self, exec_id: &ExecId) -> Option<&Execution> {
        self.corrected
            .get(exec_id)
            .or_else(|| self.timeline.execution(exec_id))
            .or_else(|| self.busted.get(exec_id))
    }

    /// The position as it would be had it always used `method`.
    ///
    /// # Errors
    /// [`Inexact`] when an amount needs more digits than there are.
    pub(crate) fn under(&self, method: LotMethod) -> Result<Holding, Inexact> {
        let terms = Terms {
            lot_method: method,
            ..self.holding.terms.clone()
        };
        self.timeline.fold(&terms)
    }

    pub(super) fn apply(&mut self, event: PositionEvent) {
        match event {
            // The first event made this state; it comes once.
            PositionEvent::PositionEstablished(_) => {}
            PositionEvent::PositionOpened(increase)
            | PositionEvent::PositionIncreased(increase) => {
                self.append(&increase.execution);
                self.holding.increase(&increase);
            }
            PositionEvent::PositionReduced(reduction)
            | PositionEvent::PositionClosed(reduction) => {
                self.append(&reduction.execution);
                self.holding.consume(&reduction);
            }
            PositionEvent::PositionRestated(restatement) => self.restated(restatement),
            PositionEvent::SplitApplied(effect) => {
                let entry = Entry::Split(Box::new(effect.split.clone()));
                self.timeline.append(entry, &self.holding);
                self.holding.take_split(&effect);
            }
            PositionEvent::SettlementRecorded(settlement) => {
                self.settlements
                    .insert(settlement.settlement_id, settlement.quantity);
                self.settled = settlement.settled_after;
            }
            PositionEvent::FillRefused(refused) => self.refusals.add(&refused),
            PositionEvent::RefusalWithdrawn(fill) => self.refusals.remove(&fill),
        }
    }

    /// The first place that a cause changes, and the fold of what then is.
    pub(super) fn refold(&self, cause: &Cause) -> Result<(u64, Refolded), Inexact> {
        let terms = &self.holding.terms;
        if let Cause::LotMethodChanged { lot_method } = cause {
            let now = Terms {
                lot_method: *lot_method,
                ..terms.clone()
            };
            return Ok((0, self.timeline.refold_under(terms, &now)?));
        }
        let Some(edit) = self.edit(cause) else {
            return Err(Inexact);
        };
        Ok((edit.at as u64, self.timeline.refold(&edit, terms)?))
    }

    fn restated(&mut self, restatement: Restatement) {
        let Restatement {
            cause, after, lots, ..
        } = restatement;
        if let Cause::LotMethodChanged { lot_method } = cause {
            self.holding.terms.lot_method = lot_method;
            self.timeline.fold_anew(&self.holding.terms);
        } else {
            self.change_past(cause);
        }
        self.holding.restate(after, &lots);
    }

    fn change_past(&mut self, cause: Cause) {
        let Some(edit) = self.edit(&cause) else {
            return;
        };
        match cause {
            Cause::FillBusted { exec_id } => {
                if let Some(reported) = self.reported(&exec_id).cloned() {
                    self.corrected.remove(&exec_id);
                    self.busted.insert(exec_id, reported);
                }
            }
            Cause::FillCorrected(execution) => {
                if let Some(reported) = self.reported(&execution.exec_id).cloned() {
                    self.corrected.entry(execution.exec_id).or_insert(reported);
                }
            }
            Cause::LateFill(_) | Cause::LateSplit(_) | Cause::LotMethodChanged { .. } => {}
        }
        self.timeline.edit(edit, &self.holding.terms);
    }

    /// The change of the timeline that a cause asks for; none for a cause that changes no entry.
    pub(super) fn edit(&self, cause: &Cause) -> Option<Edit> {
        match cause {
            Cause::LateFill(execution) => Some(self.insertion(Entry::Fill(execution.clone()))),
            Cause::LateSplit(split) => Some(self.insertion(Entry::Split(Box::new(split.clone())))),
            Cause::FillCorrected(execution) => Some(Edit {
                at: self.timeline.index_of(&execution.exec_id)?,
                remove: true,
                insert: Some(Entry::Fill(execution.clone())),
            }),
            Cause::FillBusted { exec_id } => Some(Edit {
                at: self.timeline.index_of(exec_id)?,
                remove: true,
                insert: None,
            }),
            Cause::LotMethodChanged { .. } => None,
        }
    }

    fn insertion(&self, entry: Entry) -> Edit {
        Edit {
            at: self.timeline.place_for(&entry),
            remove: false,
            insert: Some(entry),
        }
    }

    /// The second event of a flip names the execution that the first has entered already.
    fn append(&mut self, execution: &Execution) {
        let last = self.timeline.entries().last().and_then(Entry::execution);
        if last.is_none_or(|last| last.exec_id != execution.exec_id) {
            self.timeline
                .append(Entry::Fill(execution.clone()), &self.holding);
        }
    }
}

impl Serialize for Traded {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Stored::from(self).serialize(serializer)
    }
}
