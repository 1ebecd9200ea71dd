//! The open lots of a position, in the order in which its method consumes them.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::decimal::Inexact;
use kernel::{Decimal, Timestamp};

use super::execution::{ExecId, Selected};
use super::lot::{Lot, Match};
use super::restated::{LotChanges, LotName};
use super::terms::LotMethod;

/// The open lots. Every operation on one lot is O(log n).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LotBook {
    method: LotMethod,
    /// Lots are shared with the checkpoints of the timeline: a lot never changes in place.
    lots: BTreeMap<Place, Arc<Lot>>,
    /// When the lot of a name was traded; kept under SPECID only, which looks lots up by name.
    named: BTreeMap<ExecId, Timestamp>,
}

/// Where a lot stands: by price first, highest first, if the method asks for it; then by age.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    price: Reverse<Decimal>,
    traded_at: Timestamp,
    exec_id: ExecId,
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
            lots.sort_by(|a, b| (a.traded_at, &a.exec_id).cmp(&(b.traded_at, &b.exec_id)));
        }
        lots
    }

    pub(crate) fn put(&mut self, lot: Arc<Lot>) {
        if self.method == LotMethod::SpecId {
            self.named.insert(lot.exec_id.clone(), lot.traded_at);
        }
        self.lots.insert(self.place(&lot), lot);
    }

    /// Carries out what [`match_lots`](Self::match_lots) found.
    pub(crate) fn take(&mut self, matched: &Match) {
        let Some(lot) = self.pull(&matched.exec_id, matched.traded_at) else {
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
        for (place, was) in &self.lots {
            while let Some((_, new)) = now.next_if(|(next, _)| *next < place) {
                changes.open.push(Arc::clone(new));
            }
            match now.next_if(|(next, _)| *next == place) {
                Some((_, lot)) if lot == was => {}
                Some((_, lot)) => changes.open.push(Arc::clone(lot)),
                None => changes.closed.push(LotName {
                    exec_id: was.exec_id.clone(),
                    traded_at: was.traded_at,
                }),
            }
        }
        changes.open.extend(now.map(|(_, lot)| Arc::clone(lot)));
        changes
    }

    /// Carries out what [`changes_to`](Self::changes_to) found. A lot whose price changed is closed
    /// under the old one and open under the new.
    pub(crate) fn change(&mut self, changes: &LotChanges) {
        for name in &changes.closed {
            self.pull(&name.exec_id, name.traded_at);
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
            let Some(lot) = self.named(&selected.exec_id) else {
                heeded = false;
                continue;
            };
            let taken = smaller(signed(selected.quantity, lot.quantity), lot.quantity);
            let taken = smaller(taken, filling.wanted);
            heeded &= taken.abs() == selected.quantity;
            filling.wanted = filling.wanted.minus(taken)?;
            wanted.insert(self.place(lot), taken);
        }
        // What the selection leaves over comes from the oldest lots, selected ones included.
        for (place, lot) in &self.lots {
            if filling.wanted.is_zero() {
                break;
            }
            let chosen = wanted.get(place).copied().unwrap_or(Decimal::ZERO);
            let taken = smaller(lot.quantity.minus(chosen)?, filling.wanted);
            filling.wanted = filling.wanted.minus(taken)?;
            wanted.insert(place.clone(), chosen.plus(taken)?);
        }
        for (place, quantity) in wanted {
            if !quantity.is_zero() {
                filling
                    .matches
                    .push(self.lots[&place].take(quantity, filling.multiplier)?);
            }
        }
        Ok(Matched {
            matches: filling.matches,
            selection_heeded: heeded,
        })
    }

    fn named(&self, exec_id: &ExecId) -> Option<&Arc<Lot>> {
        let traded_at = *self.named.get(exec_id)?;
        self.lots
            .get(&self.place_of(Decimal::ZERO, traded_at, exec_id))
    }

    fn pull(&mut self, exec_id: &ExecId, traded_at: Timestamp) -> Option<Arc<Lot>> {
        self.named.remove(exec_id);
        if self.method == LotMethod::Hifo {
            // An event does not tell the lot's price, and need not: a match takes the first lot.
            // Others are found by their name.
            let first = self
                .lots
                .first_entry()
                .filter(|e| e.key().exec_id == *exec_id);
            if let Some(first) = first {
                return Some(first.remove());
            }
            let place = self
                .lots
                .keys()
                .find(|place| place.exec_id == *exec_id)?
                .clone();
            return self.lots.remove(&place);
        }
        self.lots
            .remove(&self.place_of(Decimal::ZERO, traded_at, exec_id))
    }

    fn place(&self, lot: &Lot) -> Place {
        self.place_of(lot.price, lot.traded_at, &lot.exec_id)
    }

    fn place_of(&self, price: Decimal, traded_at: Timestamp, exec_id: &ExecId) -> Place {
        let price = if self.method == LotMethod::Hifo {
            price
        } else {
            Decimal::ZERO
        };
        Place {
            price: Reverse(price),
            traded_at,
            exec_id: exec_id.clone(),
        }
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
