//! The same position under another lot method, from the same events.

use std::collections::BTreeMap;

use kernel::context::Refold;
use kernel::decimal::Inexact;
use kernel::{BadParameter, EventMeta, View};

use crate::lots::execution::{ExecRef, Execution, by_name};
use crate::lots::split::{Split, SplitId};
use crate::lots::terms::{LotMethod, Terms};
use crate::lots::timeline::{Entry, Timeline};

use super::event::{Cause, PositionEvent};
use super::view::PositionView;

/// Reads a position's events and answers what it would be had it always used another method.
///
/// Executions, corrections, busts and splits are those of the events; where a fill names lots,
/// SPECID uses them as far as they are open. What is valid is folded once, at the end: events may have
/// come in any order.
pub struct AlternativeView {
    method: LotMethod,
    terms: Option<Terms>,
    fills: BTreeMap<ExecRef, Execution>,
    splits: BTreeMap<SplitId, Split>,
    view: PositionView,
}

impl AlternativeView {
    #[must_use]
    pub fn new(method: LotMethod) -> Self {
        Self {
            method,
            terms: None,
            fills: BTreeMap::new(),
            splits: BTreeMap::new(),
            view: PositionView::default(),
        }
    }

    /// Takes the next event of the position, from the first on.
    pub fn update(&mut self, meta: &EventMeta, event: PositionEvent) {
        self.view.update(meta, &event);
        match event {
            PositionEvent::PositionEstablished(terms) => self.terms = Some(terms),
            PositionEvent::PositionOpened(increase)
            | PositionEvent::PositionIncreased(increase) => self.stands(increase.execution),
            PositionEvent::PositionReduced(reduction)
            | PositionEvent::PositionClosed(reduction) => self.stands(reduction.execution),
            PositionEvent::SplitApplied(effect) => self.split(effect.split),
            PositionEvent::PositionRestated(restatement) => self.restated(restatement.cause),
            _ => {}
        }
    }

    /// The view under the other method; version and settlement are the position's own.
    ///
    /// # Errors
    /// [`Inexact`] when an amount under that method needs more digits than there are.
    pub fn finish(mut self) -> Result<PositionView, Inexact> {
        let Some(terms) = self.terms else {
            return Ok(self.view);
        };
        let terms = Terms {
            lot_method: self.method,
            ..terms
        };
        let fills = self.fills.into_values().map(Box::new).map(Entry::Fill);
        let splits = self.splits.into_values().map(Box::new).map(Entry::Split);
        let holding = Timeline::fold_all(fills.chain(splits), &terms)?;
        self.view.lot_method = self.method;
        self.view.lots = holding.lots.by_age();
        self.view.show(&holding.totals);
        Ok(self.view)
    }

    fn restated(&mut self, cause: Cause) {
        match cause {
            Cause::LateFill(execution) | Cause::FillCorrected(execution) => self.stands(execution),
            Cause::FillBusted(name) => {
                if let Some(busted) = by_name(&self.fills, &name).map(Execution::name) {
                    self.fills.remove(&busted);
                }
            }
            Cause::LateSplit(split) => self.split(split),
            Cause::SplitWithdrawn { split_id } => drop(self.splits.remove(&split_id)),
            Cause::LotMethodChanged { .. } => {}
        }
    }

    fn stands(&mut self, execution: Execution) {
        self.fills.insert(execution.name(), execution);
    }

    fn split(&mut self, split: Split) {
        self.splits.insert(split.split_id.clone(), split);
    }
}

impl Refold<PositionView> for AlternativeView {
    fn update(&mut self, meta: &EventMeta, event: PositionEvent) {
        Self::update(self, meta, event);
    }

    fn finish(self: Box<Self>) -> Result<PositionView, BadParameter> {
        Self::finish(*self).map_err(|error| BadParameter {
            name: "method",
            reason: error.to_string(),
        })
    }
}
