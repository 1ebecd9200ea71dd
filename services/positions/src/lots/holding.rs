//! The fold: what a position holds, and what the next execution does to it.

use std::sync::Arc;

use kernel::Decimal;
use kernel::decimal::Inexact;

use super::book::LotBook;
use super::effect::{Cycle, Effect, Effects, Increase, Reduction, Totals};
use super::execution::{Execution, Selected, money, same_side};
use super::lot::{Lot, Match};
use super::restated::RestatedLots;
use super::share::{fine_share, share};
use super::terms::{LotMethod, Terms, minor_places};

/// A fold of executions and splits.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Holding {
    pub(crate) terms: Terms,
    pub(crate) totals: Totals,
    pub(crate) lots: LotBook,
}

/// What a reduction is priced at, and what it costs.
pub(crate) struct Closing<'a> {
    /// Signed change of the position.
    pub(crate) quantity: Decimal,
    pub(crate) price: Decimal,
    pub(crate) fee: Decimal,
    pub(crate) selection: &'a [Selected],
}

/// What a reduction takes and gives.
pub(crate) struct Closed {
    pub(crate) matched: Vec<Match>,
    pub(crate) consumed: Decimal,
    pub(crate) realised: Decimal,
    pub(crate) after: Totals,
    pub(crate) selection_heeded: bool,
}

impl Holding {
    pub(crate) fn new(terms: Terms) -> Self {
        let lots = LotBook::new(terms.lot_method);
        Self {
            terms,
            totals: Totals::default(),
            lots,
        }
    }

    /// # Errors
    /// [`Inexact`] when an amount needs more digits than there are.
    pub(crate) fn effects(&self, execution: &Execution) -> Result<Effects, Inexact> {
        let held = self.totals.quantity;
        let delta = execution.delta();
        if !same_side(held, delta.negated()) {
            let first = open(
                &self.terms,
                self.totals,
                execution,
                delta,
                execution.own_fee(),
            )?;
            let selects = self.terms.lot_method == LotMethod::SpecId && !execution.lots.is_empty();
            return Ok(Effects {
                first,
                second: None,
                selection_heeded: !selects,
            });
        }
        if execution.quantity > held.abs() {
            return self.flip(execution);
        }
        let (first, selection_heeded) = self.reduce(execution, delta, execution.own_fee())?;
        Ok(Effects {
            first,
            second: None,
            selection_heeded,
        })
    }

    /// The fee is split by quantity, half-even to the currency's minor unit, or to the fee's own
    /// places where it has more; the opening part bears what the closing part does not.
    fn flip(&self, execution: &Execution) -> Result<Effects, Inexact> {
        let held = self.totals.quantity;
        let places = minor_places(&self.terms.currency).max(execution.own_fee().places());
        let fee = share(execution.own_fee(), held.abs(), execution.quantity, places)?;
        let (first, selection_heeded) = self.reduce(execution, held.negated(), fee)?;
        let rest = execution.delta().plus(held)?;
        let second = open(
            &self.terms,
            first.after(),
            execution,
            rest,
            execution.own_fee().minus(fee)?,
        )?;
        Ok(Effects {
            first,
            second: Some(second),
            selection_heeded,
        })
    }

    fn reduce(
        &self,
        execution: &Execution,
        quantity: Decimal,
        fee: Decimal,
    ) -> Result<(Effect, bool), Inexact> {
        let price = execution.price;
        let closed = self.close(&Closing {
            quantity,
            price,
            fee,
            selection: &execution.lots,
        })?;
        let reduction = Reduction {
            execution: execution.clone(),
            quantity,
            matched: closed.matched,
            consumed: closed.consumed,
            realised: closed.realised,
            fee,
            after: closed.after,
        };
        let effect = if closed.after.quantity.is_zero() {
            Effect::Closed(reduction)
        } else {
            Effect::Reduced(reduction)
        };
        Ok((effect, closed.selection_heeded))
    }

    /// Consumes at most what is held.
    ///
    /// # Errors
    /// [`Inexact`] when an amount needs more digits than there are.
    pub(crate) fn close(&self, closing: &Closing<'_>) -> Result<Closed, Inexact> {
        let (held, multiplier) = (self.totals, self.terms.multiplier);
        let taken = closing.quantity.negated();
        let matched = self.lots.match_lots(taken, closing.selection, multiplier)?;
        let consumed = if taken == held.quantity {
            held.cost
        } else if self.lots.method() == LotMethod::Average {
            fine_share(held.cost, taken, held.quantity)?
        } else {
            sum(matched.matches.iter().filter_map(|taken| taken.cost))?
        };
        let realised = money(taken, closing.price, multiplier)?.minus(consumed)?;
        let cycle = Cycle {
            number: held.cycle.number,
            realised_gross: held.cycle.realised_gross.plus(realised)?,
            fees: held.cycle.fees.plus(closing.fee)?,
        };
        let after = Totals {
            quantity: held.quantity.minus(taken)?.normalized(),
            cost: held.cost.minus(consumed)?.normalized(),
            realised_gross: held.realised_gross.plus(realised)?,
            fees: held.fees.plus(closing.fee)?,
            cycle,
        };
        Ok(Closed {
            matched: matched.matches,
            consumed,
            realised,
            after,
            selection_heeded: matched.selection_heeded,
        })
    }

    /// Takes totals and lots as they are given.
    pub(crate) fn replace(&mut self, totals: Totals, lots: &[Arc<Lot>]) {
        self.lots = LotBook::holding(self.terms.lot_method, lots.iter().cloned());
        self.totals = totals;
    }

    /// Takes the totals and the changed lots.
    pub(crate) fn restate(&mut self, totals: Totals, lots: &RestatedLots) {
        match lots {
            RestatedLots::All(all) => self.replace(totals, all),
            RestatedLots::Changed(changes) => {
                self.lots.change(changes);
                self.totals = totals;
            }
        }
    }

    /// Carries an effect out.
    pub(crate) fn take(&mut self, effect: &Effect) {
        match effect {
            Effect::Opened(increase) | Effect::Increased(increase) => self.increase(increase),
            Effect::Reduced(reduction) | Effect::Closed(reduction) => self.consume(reduction),
        }
    }

    pub(crate) fn increase(&mut self, increase: &Increase) {
        self.lots.put(increase.lot(self.terms.lot_method).into());
        self.totals = increase.after;
    }

    pub(crate) fn consume(&mut self, reduction: &Reduction) {
        for matched in &reduction.matched {
            self.lots.take(matched);
        }
        self.totals = reduction.after;
    }
}

fn open(
    terms: &Terms,
    held: Totals,
    execution: &Execution,
    quantity: Decimal,
    fee: Decimal,
) -> Result<Effect, Inexact> {
    let cost = money(quantity, execution.price, terms.multiplier)?;
    let flat = held.quantity.is_zero();
    let cycle = if flat {
        Cycle {
            number: held.cycle.number + 1,
            realised_gross: Decimal::ZERO,
            fees: fee,
        }
    } else {
        Cycle {
            fees: held.cycle.fees.plus(fee)?,
            ..held.cycle
        }
    };
    let after = Totals {
        quantity: held.quantity.plus(quantity)?,
        cost: held.cost.plus(cost)?,
        realised_gross: held.realised_gross,
        fees: held.fees.plus(fee)?,
        cycle,
    };
    let increase = Increase {
        execution: execution.clone(),
        quantity,
        cost,
        fee,
        after,
    };
    Ok(if flat {
        Effect::Opened(increase)
    } else {
        Effect::Increased(increase)
    })
}

fn sum(amounts: impl Iterator<Item = Decimal>) -> Result<Decimal, Inexact> {
    let mut total = Decimal::ZERO;
    for amount in amounts {
        total = total.plus(amount)?;
    }
    Ok(total)
}
