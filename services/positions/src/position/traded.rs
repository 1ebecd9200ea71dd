//! The state of a position in which something was traded, and how events change it.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Currency, Decimal};
use serde::{Deserialize, Serialize, Serializer};

use crate::lots::breaks::Break;
use crate::lots::execution::{ExecRef, Execution, by_name};
use crate::lots::holding::Holding;
use crate::lots::split::{Split, SplitId};
use crate::lots::terms::Terms;
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
    /// Busted executions: without effect, but their names stay used permanently.
    pub(super) busted: BTreeMap<ExecRef, Busted>,
    /// Corrected executions as they were first reported, to know a repeat of that report.
    pub(super) corrected: BTreeMap<ExecRef, Execution>,
    /// The lot method is that of a `ChangeLotMethod`, whatever the fills carry.
    pub(super) method_chosen: bool,
    /// Splits whose day has not come.
    pub(super) announced: BTreeMap<SplitId, Split>,
    pub(super) open_breaks: BTreeSet<Break>,
    pub(super) settled: Decimal,
    pub(super) settlements: BTreeMap<SettlementId, Decimal>,
    pub(super) refusals: Refusals,
}

/// A busted execution as it was first reported, and what it was reported under.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Busted {
    pub(super) reported: Execution,
    pub(super) currency: Currency,
    pub(super) multiplier: Decimal,
}

impl Traded {
    pub(super) fn new(terms: Terms, refusals: Refusals) -> Self {
        Self {
            holding: Holding::new(terms),
            timeline: Timeline::default(),
            busted: BTreeMap::new(),
            corrected: BTreeMap::new(),
            method_chosen: false,
            announced: BTreeMap::new(),
            open_breaks: BTreeSet::new(),
            settled: Decimal::ZERO,
            settlements: BTreeMap::new(),
            refusals,
        }
    }

    /// A valid execution, as it was first reported.
    pub(super) fn reported(&self, name: &ExecRef) -> Option<&Execution> {
        by_name(&self.corrected, name).or_else(|| self.timeline.execution(name))
    }

    /// The number of the next report.
    pub(super) fn next_report(&self) -> u64 {
        (self.timeline.fills() + self.busted.len() + 1) as u64
    }

    pub(super) fn apply(&mut self, event: PositionEvent) {
        match event {
            PositionEvent::PositionEstablished(terms) => self.established_again(terms),
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
                self.announced.remove(&effect.split.split_id);
                self.holding.take_split(&effect);
            }
            PositionEvent::SplitAnnounced(split) => {
                self.announced.insert(split.split_id.clone(), split);
            }
            PositionEvent::SplitWithdrawn { split_id } => drop(self.announced.remove(&split_id)),
            PositionEvent::BreakSettled(settled) => {
                self.open_breaks.remove(&settled.settled);
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

    /// Every fill was busted, and the next one fixes the terms; of splits nothing was held.
    fn established_again(&mut self, terms: Terms) {
        self.holding = Holding::new(terms);
        self.method_chosen = false;
        self.timeline.fold_again(&self.holding.terms);
    }

    fn restated(&mut self, restatement: Restatement) {
        let Restatement {
            cause,
            after,
            lots,
            lot_method,
            breaks,
            closed_breaks,
            ..
        } = restatement;
        let edit = self.edit(&cause);
        self.note(&cause);
        let chosen = match cause {
            Cause::LotMethodChanged { lot_method } => Some(lot_method),
            _ => None,
        };
        self.method_chosen |= chosen.is_some();
        if let Some(edit) = edit {
            self.timeline.edit(edit, &self.holding.terms);
        }
        if let Some(lot_method) = chosen.or(lot_method) {
            self.holding.terms.lot_method = lot_method;
            self.timeline.fold_again(&self.holding.terms);
        }
        self.open_breaks.extend(breaks);
        for closed in &closed_breaks {
            self.open_breaks.remove(closed);
        }
        self.holding.restate(after, &lots);
    }

    /// Keeps what the timeline does not: how things were first reported.
    fn note(&mut self, cause: &Cause) {
        match cause {
            Cause::FillBusted(name) => self.note_bust(name),
            Cause::FillCorrected(execution) => {
                let name = execution.name();
                if let Some(reported) = self.reported(&name).cloned() {
                    self.corrected.entry(reported.name()).or_insert(reported);
                }
            }
            Cause::LateSplit(split) => drop(self.announced.remove(&split.split_id)),
            Cause::LateFill(_) | Cause::SplitWithdrawn { .. } | Cause::LotMethodChanged { .. } => {}
        }
    }

    fn note_bust(&mut self, name: &ExecRef) {
        let Some(reported) = self.reported(name).cloned() else {
            return;
        };
        let name = reported.name();
        self.corrected.remove(&name);
        let terms = &self.holding.terms;
        let busted = Busted {
            reported,
            currency: terms.currency.clone(),
            multiplier: terms.multiplier,
        };
        self.busted.insert(name, busted);
    }

    /// The change of the timeline that a cause asks for; none for a cause that changes no entry.
    pub(super) fn edit(&self, cause: &Cause) -> Option<Edit> {
        match cause {
            Cause::LateFill(execution) => {
                Some(self.insertion(Entry::Fill(Box::new(execution.clone()))))
            }
            Cause::LateSplit(split) => Some(self.insertion(Entry::Split(Box::new(split.clone())))),
            Cause::FillCorrected(execution) => Some(Edit {
                at: self.timeline.index_of(&execution.name())?,
                remove: true,
                insert: Some(Entry::Fill(Box::new(execution.clone()))),
            }),
            Cause::FillBusted(name) => Some(Edit::removal(self.timeline.index_of(name)?)),
            Cause::SplitWithdrawn { split_id } => {
                Some(Edit::removal(self.timeline.index_of_split(split_id)?))
            }
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
        if last.is_none_or(|last| last.place() != execution.place()) {
            self.timeline
                .append(Entry::Fill(Box::new(execution.clone())), &self.holding);
        }
    }
}

impl Serialize for Traded {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Stored::from(self).serialize(serializer)
    }
}
