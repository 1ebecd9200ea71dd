//! The effective executions and splits in the order of their time.

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::Timestamp;
use kernel::decimal::Inexact;
use serde::{Deserialize, Serialize};

use super::effect::Totals;
use super::execution::{ExecId, ExecRef, Execution, by_name};
use super::holding::Holding;
use super::lot::Lot;
use super::place::Place;
use super::split::{Split, SplitId};
use super::terms::{LotMethod, Terms};

/// Entries between two checkpoints: a change of the recent past folds at most so many before it.
pub(crate) const CHECKPOINT_EVERY: usize = 256;

/// Something that moves a position.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Entry {
    Fill(Box<Execution>),
    Split(Box<Split>),
}

/// The order of the fold: by time; at the same instant splits first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment<'a> {
    at: Timestamp,
    what: What<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What<'a> {
    Split(&'a SplitId),
    Fill(Place<&'a ExecId>),
}

/// The entries, with the fold remembered at every [`CHECKPOINT_EVERY`]th.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Timeline {
    entries: Vec<Entry>,
    /// The place of each execution, by which a name finds its entry.
    places: BTreeMap<ExecRef, Place>,
    /// The `n`th is the fold of the first `(n + 1) · CHECKPOINT_EVERY` entries. One exists for each
    /// such count below the number of entries.
    checkpoints: Vec<Checkpoint>,
}

#[derive(Clone, Debug, PartialEq)]
struct Checkpoint {
    totals: Totals,
    lots: Box<[Arc<Lot>]>,
}

/// One change of the past: the entry at `at` goes, or one comes in before it, or both, or neither.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Edit {
    pub(crate) at: usize,
    pub(crate) remove: bool,
    pub(crate) insert: Option<Entry>,
}

impl Edit {
    pub(crate) fn removal(at: usize) -> Self {
        Self {
            at,
            remove: true,
            insert: None,
        }
    }
}

impl Timeline {
    pub(crate) fn of(entries: Vec<Entry>, terms: &Terms) -> Self {
        let fills = entries.iter().filter_map(Entry::execution);
        let places = fills
            .map(|fill| (fill.name(), fill.place().owned()))
            .collect();
        let mut timeline = Self {
            entries,
            places,
            checkpoints: Vec::new(),
        };
        timeline.remember(terms);
        timeline
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Valid executions.
    pub(crate) fn fills(&self) -> usize {
        self.places.len()
    }

    pub(crate) fn execution(&self, name: &ExecRef) -> Option<&Execution> {
        self.entries[self.index_of(name)?].execution()
    }

    pub(crate) fn index_of(&self, name: &ExecRef) -> Option<usize> {
        let place = by_name(&self.places, name)?.borrowed();
        self.search(Moment::of_fill(place)).ok()
    }

    /// The lot method of the first valid report apart from the one of this name; `None` where it is
    /// unknown, because reports did not carry it or none is left.
    pub(crate) fn first_method(&self, without: &ExecRef) -> Option<LotMethod> {
        let without = self.execution(without)?;
        let fills = self.entries.iter().filter_map(Entry::execution);
        let others = fills.filter(|fill| fill.place() != without.place());
        others.min_by_key(|fill| fill.report_number)?.lot_method
    }

    pub(crate) fn split(&self, split_id: &SplitId) -> Option<&Split> {
        match &self.entries[self.index_of_split(split_id)?] {
            Entry::Split(split) => Some(split),
            Entry::Fill(_) => None,
        }
    }

    pub(crate) fn index_of_split(&self, split_id: &SplitId) -> Option<usize> {
        let is_it = |entry: &Entry| matches!(entry, Entry::Split(it) if it.split_id == *split_id);
        self.entries.iter().position(is_it)
    }

    /// Whether every entry comes before `moment`: the steady case, nothing to search.
    pub(crate) fn ends_before(&self, moment: Moment<'_>) -> bool {
        self.entries
            .last()
            .is_none_or(|last| last.moment() < moment)
    }

    /// Where a new entry belongs.
    pub(crate) fn place_for(&self, entry: &Entry) -> usize {
        self.search(entry.moment()).unwrap_or_else(|place| place)
    }

    /// Adds the latest entry; `before` is the fold of those that are there.
    pub(crate) fn append(&mut self, entry: Entry, before: &Holding) {
        let count = self.entries.len();
        if count > 0 && count.is_multiple_of(CHECKPOINT_EVERY) {
            self.checkpoints.push(Checkpoint::of(before));
        }
        self.enter(count, entry);
    }

    /// Changes the past; `terms` are those that hold afterwards.
    pub(crate) fn edit(&mut self, edit: Edit, terms: &Terms) {
        self.checkpoints.truncate(edit.at / CHECKPOINT_EVERY);
        if edit.remove {
            let removed = self.entries.remove(edit.at);
            if let Some(execution) = removed.execution() {
                self.places.remove(&execution.name());
            }
        }
        if let Some(entry) = edit.insert {
            self.enter(edit.at, entry);
        }
        self.remember(terms);
    }

    /// Forgets every checkpoint: they were folded under other terms.
    pub(crate) fn fold_again(&mut self, terms: &Terms) {
        self.checkpoints.clear();
        self.remember(terms);
    }

    /// The fold of entries that come in any order.
    ///
    /// # Errors
    /// [`Inexact`] when an amount needs more digits than there are.
    pub(crate) fn fold_all(
        entries: impl Iterator<Item = Entry>,
        terms: &Terms,
    ) -> Result<Holding, Inexact> {
        let mut entries: Vec<_> = entries.collect();
        entries.sort_by(|one, other| one.moment().cmp(&other.moment()));
        let mut holding = Holding::new(terms.clone());
        for entry in &entries {
            holding.step(entry)?;
        }
        Ok(holding)
    }

    /// The fold of the entries before `place`, from the last checkpoint on.
    pub(super) fn before(&self, place: usize, terms: &Terms) -> Result<Holding, Inexact> {
        let passed = (place / CHECKPOINT_EVERY).min(self.checkpoints.len());
        let mut holding = self.at_checkpoint(passed, terms);
        for entry in &self.entries[passed * CHECKPOINT_EVERY..place] {
            holding.step(entry)?;
        }
        Ok(holding)
    }

    /// The fold of the first `passed · CHECKPOINT_EVERY` entries.
    fn at_checkpoint(&self, passed: usize, terms: &Terms) -> Holding {
        let mut holding = Holding::new(terms.clone());
        if let Some(checkpoint) = passed.checked_sub(1).map(|last| &self.checkpoints[last]) {
            holding.replace(checkpoint.totals, &checkpoint.lots);
        }
        holding
    }

    /// Folds on from the last checkpoint and keeps the ones that are missing. A checkpoint is a
    /// saving, not a fact: should the fold stop, there is one less.
    fn remember(&mut self, terms: &Terms) {
        let wanted = self.entries.len().saturating_sub(1) / CHECKPOINT_EVERY;
        self.checkpoints.truncate(wanted);
        if self.checkpoints.len() == wanted {
            return;
        }
        let mut holding = self.at_checkpoint(self.checkpoints.len(), terms);
        while self.checkpoints.len() < wanted {
            let from = self.checkpoints.len() * CHECKPOINT_EVERY;
            for entry in &self.entries[from..from + CHECKPOINT_EVERY] {
                if holding.step(entry).is_err() {
                    return;
                }
            }
            self.checkpoints.push(Checkpoint::of(&holding));
        }
    }

    fn enter(&mut self, place: usize, entry: Entry) {
        if let Entry::Fill(fill) = &entry {
            self.places.insert(fill.name(), fill.place().owned());
        }
        self.entries.insert(place, entry);
    }

    fn search(&self, moment: Moment<'_>) -> Result<usize, usize> {
        self.entries
            .binary_search_by(|entry| entry.moment().cmp(&moment))
    }
}

impl Checkpoint {
    fn of(holding: &Holding) -> Self {
        Self {
            totals: holding.totals,
            lots: holding.lots.lots().cloned().collect(),
        }
    }
}

impl Entry {
    pub(crate) fn execution(&self) -> Option<&Execution> {
        match self {
            Self::Fill(execution) => Some(execution),
            Self::Split(_) => None,
        }
    }

    fn moment(&self) -> Moment<'_> {
        match self {
            Self::Fill(fill) => fill.moment(),
            Self::Split(split) => split.moment(),
        }
    }
}

impl<'a> Moment<'a> {
    fn of_fill(place: Place<&'a ExecId>) -> Self {
        Self {
            at: place.traded_at,
            what: What::Fill(place),
        }
    }
}

impl Execution {
    pub(crate) fn moment(&self) -> Moment<'_> {
        Moment::of_fill(self.place())
    }
}

impl Split {
    pub(crate) fn moment(&self) -> Moment<'_> {
        Moment {
            at: self.ex_at,
            what: What::Split(&self.split_id),
        }
    }
}
