//! The open lots of a position, in the order in which its method consumes them.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::Decimal;
use kernel::decimal::Inexact;

use super::execution::{ExecId, Selected, TradeId};
use super::lot::{Lot, Match};
use super::place::Place;
use super::restated::{LotChanges, LotName};
use super::terms::LotMethod;

/// The open lots. Every operation on one lot is O(log n).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LotBook {
    method: LotMethod,
    /// Lots are shared with the checkpoints of the timeline: a lot never changes in place.
    lots: BTreeMap<Rank, Arc<Lot>>,
    /// The lots that bear an exec id, oldest first; kept under SPECID only, which looks lots up by name.
    named: BTreeMap<ExecId, Vec<Place>>,
}

/// A lot's place in the order: by price first, highest first, if the method asks for it; then by
/// age.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    price: Reverse<Decimal>,
    place: Place,
}

/// What a reduction would take.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Matched {
    pub(crate) matches: Vec<Match>,
    /// Whether every selected quantity was open, and there was no more of it than was wanted.
    pub(crate) selection_heeded: bool,
}

impl LotBook {
    pub(crate) fn new(method: LotMethod) -> Self {
        Self {
            method,
            lots: BTreeMap::new(),
            named: BTreeMap::new(),
        }
    }

    pub(crate) fn holding(method: LotMethod, lots: impl IntoIterator<Item = Arc<Lot>>) -> Self {
        let mut book = Self::new(method);
        for lot in lots {
            book.put(lot);
        }
        book
    }

    pub(crate) fn method(&self) -> LotMethod {
        self.method
    }

    pub(crate) fn count(&self) -> usize {
        self.lots.len()
    }

    /// The lots in the method's own order (LIFO from its far end).
    pub(crate) fn lots(&self) -> impl Iterator<Item = &Arc<Lot>> {
        self.lots.values()
    }

    /// The lots from the oldest to the youngest.
    pub(crate) fn by_age(&self) -> Vec<Arc<Lot>> {
        let mut lots: Vec<_> = self.lots.values().cloned().collect();
        if self.method == LotMethod::Hifo {
            lots.sort_by(|a, b| a.place().cmp(&b.place()));
        }
        lots
    }

    pub(crate) fn put(&mut self, lot: Arc<Lot>) {
        if self.method == LotMethod::SpecId {
            let named = self.named.entry(lot.exec_id.clone()).or_default();
            let place = lot.place().owned();
            if let Err(at) = named.binary_search(&place) {
                named.insert(at, place);
            }
        }
        self.lots.insert(self.rank(&lot), lot);
    }

    /// Carries out what [`match_lots`](Self::match_lots) found.
    pub(crate) fn take(&mut self, matched: &Match) {
        let Some(lot) = self.pull(matched.place()) else {
            return;
        };
        if let Some(left) = &matched.left {
            let rest = Lot {
                quantity: left.quantity,
                cost: left.cost,
                ..(*lot).clone()
            };
            self.put(rest.into());
        }
    }

    /// What tells `now` from this; both have the same method, and so the same order.
    pub(crate) fn changes_to(&self, now: &Self) -> LotChanges {
        let mut changes = LotChanges::default();
        let mut now = now.lots.iter().peekable();
        for (rank, was) in &self.lots {
            while let Some((_, new)) = now.next_if(|(next, _)| *next < rank) {
                changes.open.push(Arc::clone(new));
            }
            match now.next_if(|(next, _)| *next == rank) {
                Some((_, lot)) if lot == was => {}
                Some((_, lot)) => changes.open.push(Arc::clone(lot)),
                None => changes.closed.push(LotName::of(was)),
            }
        }
        changes.open.extend(now.map(|(_, lot)| Arc::clone(lot)));
        changes
    }

    /// Carries out what [`changes_to`](Self::changes_to) found. A lot whose price changed is closed
    /// under the old one and open under the new.
    pub(crate) fn change(&mut self, changes: &LotChanges) {
        for name in &changes.closed {
            self.pull(name.place());
        }
        for lot in &changes.open {
            self.put(Arc::clone(lot));
        }
    }

    /// The matches that add up to `quantity` (signed like the lots, at most all of them).
    ///
    /// # Errors
    /// [`Inexact`] when a part needs more digits than there are.
    pub(crate) fn match_lots(
        &self,
        quantity: Decimal,
        selection: &[Selected],
        multiplier: Decimal,
    ) -> Result<Matched, Inexact> {
        let mut filling = Filling {
            wanted: quantity,
            multiplier,
            matches: Vec::new(),
        };
        match self.method {
            LotMethod::SpecId if !selection.is_empty() => {
                return self.match_selected(filling, selection);
            }
            LotMethod::Lifo => filling.take_from(self.lots.values().rev())?,
            _ => filling.take_from(self.lots.values())?,
        }
        Ok(Matched {
            matches: filling.matches,
            selection_heeded: true,
        })
    }

    fn match_selected(
        &self,
        mut filling: Filling,
        selection: &[Selected],
    ) -> Result<Matched, Inexact> {
        let mut heeded = true;
        let mut wanted = BTreeMap::new();
        for selected in selection {
            let Some(lot) = self.named(selected) else {
                heeded = false;
                continue;
            };
            let taken = smaller(signed(selected.quantity, lot.quantity), lot.quantity);
            let taken = smaller(taken, filling.wanted);
            heeded &= taken.abs() == selected.quantity;
            filling.wanted = filling.wanted.minus(taken)?;
            wanted.insert(self.rank(lot), taken);
        }
        // What the selection leaves over comes from the oldest lots, selected ones included.
        for (rank, lot) in &self.lots {
            if filling.wanted.is_zero() {
                break;
            }
            let chosen = wanted.get(rank).copied().unwrap_or(Decimal::ZERO);
            let taken = smaller(lot.quantity.minus(chosen)?, filling.wanted);
            filling.wanted = filling.wanted.minus(taken)?;
            wanted.insert(rank.clone(), chosen.plus(taken)?);
        }
        for (rank, quantity) in wanted {
            if !quantity.is_zero() {
                filling
                    .matches
                    .push(self.lots[&rank].take(quantity, filling.multiplier)?);
            }
        }
        Ok(Matched {
            matches: filling.matches,
            selection_heeded: heeded,
        })
    }

    /// The one open lot that is meant: an id that several lots share is ambiguous without a trade.
    fn named(&self, selected: &Selected) -> Option<&Arc<Lot>> {
        let places = self.named.get(&selected.exec_id)?.iter();
        let lots = places.filter_map(|place| self.lots.get(&Rank::by_age(place.clone())));
        let mut meant = lots.filter(|lot| may_be_of(&lot.trade_id, &selected.trade_id));
        let lot = meant.next()?;
        meant.next().is_none().then_some(lot)
    }

    fn pull(&mut self, place: Place<&ExecId>) -> Option<Arc<Lot>> {
        let place = place.owned();
        self.forget_name(&place);
        if self.method != LotMethod::Hifo {
            return self.lots.remove(&Rank::by_age(place));
        }
        // An event does not tell the lot's price, and need not: a match takes the first lot.
        // Others are found by their place.
        let first = self.lots.first_entry().filter(|e| e.key().place == place);
        if let Some(first) = first {
            return Some(first.remove());
        }
        let rank = self.lots.keys().find(|rank| rank.place == place)?.clone();
        self.lots.remove(&rank)
    }

    fn forget_name(&mut self, place: &Place) {
        if let Some(named) = self.named.get_mut(&place.exec_id) {
            if let Ok(at) = named.binary_search(place) {
                named.remove(at);
            }
            if named.is_empty() {
                self.named.remove(&place.exec_id);
            }
        }
    }

    fn rank(&self, lot: &Lot) -> Rank {
        let price = if self.method == LotMethod::Hifo {
            lot.price
        } else {
            Decimal::ZERO
        };
        Rank {
            price: Reverse(price),
            place: lot.place().owned(),
        }
    }
}

impl Rank {
    fn by_age(place: Place) -> Self {
        Self {
            price: Reverse(Decimal::ZERO),
            place,
        }
    }
}

/// Whether an execution of one trade may be meant where the other is named; where none is, any.
fn may_be_of(left: &Option<TradeId>, right: &Option<TradeId>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => left == right,
        _ => true,
    }
}

/// A reduction on its way through the lots.
struct Filling {
    /// Still to be matched, signed like the lots.
    wanted: Decimal,
    multiplier: Decimal,
    matches: Vec<Match>,
}

impl Filling {
    fn take_from<'a>(&mut self, lots: impl Iterator<Item = &'a Arc<Lot>>) -> Result<(), Inexact> {
        for lot in lots {
            if self.wanted.is_zero() {
                break;
            }
            let taken = smaller(lot.quantity, self.wanted);
            self.wanted = self.wanted.minus(taken)?;
            self.matches.push(lot.take(taken, self.multiplier)?);
        }
        Ok(())
    }
}

/// The one nearer to zero; both have the same sign.
fn smaller(left: Decimal, right: Decimal) -> Decimal {
    if left.abs() <= right.abs() {
        left
    } else {
        right
    }
}

/// `magnitude` with the sign of `like`.
fn signed(magnitude: Decimal, like: Decimal) -> Decimal {
    if like.is_negative() {
        magnitude.negated()
    } else {
        magnitude
    }
}
