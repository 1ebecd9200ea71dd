//! The executions of one position, as it has them and as their trades count them.

use std::collections::HashMap;

use kernel::EventMeta;
use kernel::decimal::Inexact;
use positions::{Cause, ExecRef, Execution, FillRefused, PositionEvent, Reported, Side, Totals};

use crate::conservation::{Sum, own_fee, signed};

#[derive(Default)]
pub(crate) struct Executions {
    held: HashMap<ExecRef, Held>,
    /// What trades count, and was refused here; `None` where they count nothing any more.
    refused: HashMap<ExecRef, Option<Sum>>,
    /// The totals of the last event.
    pub(crate) says: Totals,
    /// A split changed the units: quantities of before and after do not add up.
    pub(crate) is_split: bool,
}

struct Held {
    of_trade: bool,
    sold: bool,
    sum: Sum,
}

impl Executions {
    pub(crate) fn apply(&mut self, meta: &EventMeta, event: PositionEvent) {
        match event {
            PositionEvent::PositionOpened(increase)
            | PositionEvent::PositionIncreased(increase) => {
                self.executed(meta, &increase.execution);
                self.says = increase.after;
            }
            PositionEvent::PositionReduced(reduction)
            | PositionEvent::PositionClosed(reduction) => {
                self.executed(meta, &reduction.execution);
                self.says = reduction.after;
            }
            PositionEvent::PositionRestated(restated) => {
                match &restated.cause {
                    Cause::LateFill(execution) => self.executed(meta, execution),
                    Cause::FillCorrected(execution) => self.corrected(execution),
                    Cause::FillBusted(name) => self.busted(name),
                    Cause::LateSplit(_) | Cause::SplitWithdrawn { .. } => self.is_split = true,
                    Cause::LotMethodChanged { .. } => {}
                }
                self.says = restated.after;
            }
            PositionEvent::SplitApplied(effect) => {
                self.is_split = true;
                self.says = effect.after;
            }
            PositionEvent::FillRefused(refused) => self.refuse(refused),
            PositionEvent::RefusalWithdrawn(fill) => drop(self.refused.remove(&fill)),
            PositionEvent::PositionEstablished(_)
            | PositionEvent::SplitAnnounced(_)
            | PositionEvent::SplitWithdrawn { .. }
            | PositionEvent::BreakSettled(_)
            | PositionEvent::SettlementRecorded(_) => {}
        }
    }

    /// Everything that the position has.
    pub(crate) fn held(&self) -> Result<Sum, Inexact> {
        total(self.held.values().map(|held| held.sum))
    }

    /// What its trades count: what it has of them, and what it refused in the place of that.
    pub(crate) fn as_trades_count(&self) -> Result<Sum, Inexact> {
        let held = self.held.iter().filter(|(_, held)| held.of_trade);
        let agreed = held.filter(|(name, _)| !self.refused.contains_key(name));
        let refused = self.refused.values().flatten();
        total(agreed.map(|(_, held)| held.sum).chain(refused.copied()))
    }

    /// Number of reports that are still refused.
    pub(crate) fn refused(&self) -> usize {
        self.refused.len()
    }

    fn executed(&mut self, meta: &EventMeta, execution: &Execution) {
        let held = Held {
            of_trade: meta.actor.as_reaction() == Some("fills-to-positions"),
            sold: execution.side == Side::Sell,
            sum: sum(execution),
        };
        self.held.insert(execution.name(), held);
    }

    /// A later correction that is taken ends the difference that an earlier one made.
    fn corrected(&mut self, execution: &Execution) {
        let name = execution.name();
        if let Some(held) = self.held.get_mut(&name) {
            held.sum = sum(execution);
            self.refused.remove(&name);
        }
    }

    /// Busts from before events named the trade carry the exec id alone.
    fn busted(&mut self, name: &ExecRef) {
        let known = self.held.contains_key(name);
        let by_exec_id = || self.held.keys().find(|held| held.exec_id == name.exec_id);
        let found = if known { Some(name) } else { by_exec_id() };
        if let Some(found) = found.cloned() {
            self.held.remove(&found);
            self.refused.remove(&found);
        }
    }

    fn refuse(&mut self, refused: FillRefused) {
        let FillRefused { fill, reported, .. } = refused;
        let counted = match reported {
            Reported::Fill {
                side,
                quantity,
                fee,
                fee_currency,
                ..
            } => Some(Sum {
                quantity: signed(quantity, side == Side::Sell),
                fees: own_fee(fee, fee_currency.is_some()),
            }),
            Reported::Correction {
                quantity,
                fee,
                fee_currency,
                ..
            } => Some(Sum {
                quantity: signed(quantity, self.was_sold(&fill)),
                fees: own_fee(fee, fee_currency.is_some()),
            }),
            Reported::Bust => None,
        };
        self.refused.insert(fill, counted);
    }

    /// The side of a fill that is known, taken or refused.
    fn was_sold(&self, fill: &ExecRef) -> bool {
        let refused = self.refused.get(fill).copied().flatten();
        match refused {
            Some(sum) => sum.quantity.is_negative(),
            None => self.held.get(fill).is_some_and(|held| held.sold),
        }
    }
}

fn sum(execution: &Execution) -> Sum {
    Sum {
        quantity: signed(execution.quantity, execution.side == Side::Sell),
        fees: own_fee(execution.fee, execution.fee_currency.is_some()),
    }
}

fn total(sums: impl Iterator<Item = Sum>) -> Result<Sum, Inexact> {
    let mut total = Sum::default();
    for sum in sums {
        total.add(sum)?;
    }
    Ok(total)
}
