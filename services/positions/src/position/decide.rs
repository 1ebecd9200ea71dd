//! What each command does to a position in which something was traded, and the first fill of all.

use kernel::AggregateId;

use crate::lots::execution::{ExecId, Execution, TradeId};
use crate::lots::holding::Holding;
use crate::lots::restated::RestatedLots;
use crate::lots::split::Split;
use crate::lots::terms::Terms;

use super::command::{
    ApplyFill, ApplySplit, BustFill, ChangeLotMethod, CorrectFill, PositionCommand,
    RecordSettlement,
};
use super::event::{Cause, PositionEvent, Restatement, Settlement};
use super::guard;
use super::refusal::RefusedFill;
use super::rejection::PositionRejection;
use super::traded::Traded;

pub(super) type Decided = Result<Vec<PositionEvent>, PositionRejection>;

/// The first fill fixes the terms and opens the position.
pub(super) fn establish(id: &AggregateId, fill: &ApplyFill) -> Decided {
    guard::key(id)?;
    guard::fill(fill)?;
    let terms = Terms {
        currency: fill.currency.clone(),
        multiplier: fill.multiplier,
        lot_method: fill.lot_method,
    };
    let events = vec![PositionEvent::PositionEstablished(terms.clone())];
    fold_on(&Holding::new(terms), &execution(fill), events)
}

/// A bust takes away what never counted here; nothing else can be said of a fill that is not there.
pub(super) fn refused_fill(fill: &RefusedFill, command: &PositionCommand) -> Decided {
    match command {
        PositionCommand::BustFill(_) => Ok(vec![PositionEvent::RefusalWithdrawn(fill.clone())]),
        _ => Err(PositionRejection::FillUnknown(fill.exec_id.clone())),
    }
}

impl Traded {
    pub(super) fn apply_fill(&self, fill: &ApplyFill) -> Decided {
        guard::fill(fill)?;
        let execution = execution(fill);
        let terms_agree = self.terms_agree(fill);
        match self.reported(&fill.exec_id) {
            Some(known) if *known == execution && terms_agree.is_ok() => return Ok(vec![]),
            Some(_) => return Err(PositionRejection::ExecIdConflict(execution.exec_id)),
            None => terms_agree?,
        }
        if self.timeline.ends_before(execution.moment()) {
            fold_on(&self.holding, &execution, vec![])
        } else {
            self.restate(Cause::LateFill(execution))
        }
    }

    pub(super) fn correct_fill(&self, correction: &CorrectFill) -> Decided {
        guard::correction(correction)?;
        let now = self.effective(correction.trade_id.as_ref(), &correction.exec_id)?;
        let corrected = Execution {
            quantity: correction.quantity,
            price: correction.price,
            fee: correction.fee,
            ..now.clone()
        };
        if corrected == *now {
            return Ok(vec![]);
        }
        self.restate(Cause::FillCorrected(corrected))
    }

    pub(super) fn bust_fill(&self, bust: &BustFill) -> Decided {
        let (trade_id, exec_id) = (bust.trade_id.as_ref(), &bust.exec_id);
        let busted = self.busted.get(exec_id);
        if busted.is_some_and(|busted| is_of(busted, trade_id)) {
            return Ok(vec![]);
        }
        self.effective(trade_id, exec_id)?;
        self.restate(Cause::FillBusted {
            exec_id: exec_id.clone(),
        })
    }

    pub(super) fn apply_split(&self, command: &ApplySplit) -> Decided {
        guard::split(command)?;
        let split = Split {
            split_id: command.split_id.clone(),
            numerator: command.numerator,
            denominator: command.denominator,
            ex_at: command.ex_at,
            cash_in_lieu_price: command.cash_in_lieu_price,
        };
        match self.timeline.split(&split.split_id) {
            Some(known) if *known == split => return Ok(vec![]),
            Some(_) => return Err(PositionRejection::SplitIdConflict(split.split_id)),
            None => {}
        }
        if self.timeline.ends_before(split.moment()) {
            let effect = self.holding.split_effect(&split)?;
            Ok(vec![PositionEvent::SplitApplied(effect)])
        } else {
            self.restate(Cause::LateSplit(split))
        }
    }

    pub(super) fn change_lot_method(&self, change: &ChangeLotMethod) -> Decided {
        let lot_method = change.lot_method;
        if lot_method == self.holding.terms.lot_method {
            return Ok(vec![]);
        }
        self.restate(Cause::LotMethodChanged { lot_method })
    }

    pub(super) fn record_settlement(&self, settlement: &RecordSettlement) -> Decided {
        guard::settled(settlement.quantity)?;
        let settlement_id = settlement.settlement_id.clone();
        match self.settlements.get(&settlement_id) {
            Some(known) if *known == settlement.quantity => Ok(vec![]),
            Some(_) => Err(PositionRejection::SettlementIdConflict(settlement_id)),
            None => Ok(vec![PositionEvent::SettlementRecorded(Settlement {
                settlement_id,
                quantity: settlement.quantity,
                settled_after: self.settled.plus(settlement.quantity)?.normalized(),
            })]),
        }
    }

    /// Folds the changed past; the event says what it came to.
    fn restate(&self, cause: Cause) -> Decided {
        let (from, refolded) = self.refold(&cause)?;
        // A late fill must find the lots it names. Whoever comes after it, or was corrected, is a
        // fact already and gets a break instead.
        if let (Cause::LateFill(late), false) = (&cause, refolded.selection_heeded) {
            return Err(PositionRejection::LotsNotOpen(late.exec_id.clone()));
        }
        guard::open_lots(refolded.holding.lots.count())?;
        let (was, after) = (self.holding.totals, refolded.holding.totals);
        Ok(vec![PositionEvent::PositionRestated(Restatement {
            cause,
            from_place: from + 1,
            delta_quantity: after.quantity.minus(was.quantity)?.normalized(),
            delta_cost: after.cost.minus(was.cost)?.normalized(),
            delta_realised: after.realised_gross.minus(was.realised_gross)?.normalized(),
            delta_fees: after.fees.minus(was.fees)?.normalized(),
            breaks: refolded.breaks,
            lots: RestatedLots::between(&self.holding.lots, &refolded.holding.lots),
            after,
        })])
    }

    fn terms_agree(&self, fill: &ApplyFill) -> Result<(), PositionRejection> {
        let kept = &self.holding.terms;
        if fill.currency != kept.currency {
            return Err(PositionRejection::CurrencyMismatch {
                kept: kept.currency.clone(),
                asked: fill.currency.clone(),
            });
        }
        if fill.multiplier != kept.multiplier {
            let (kept, asked) = (kept.multiplier, fill.multiplier);
            return Err(PositionRejection::MultiplierMismatch { kept, asked });
        }
        Ok(())
    }

    fn effective(
        &self,
        trade_id: Option<&TradeId>,
        exec_id: &ExecId,
    ) -> Result<&Execution, PositionRejection> {
        if self.busted.contains_key(exec_id) {
            return Err(PositionRejection::FillBusted(exec_id.clone()));
        }
        let known = self.timeline.execution(exec_id);
        let known = known.filter(|known| is_of(known, trade_id));
        known.ok_or_else(|| PositionRejection::FillUnknown(exec_id.clone()))
    }
}

/// Whether the trade, where it is named, is the execution's: a venue may give one id to two trades,
/// and the second must not change what the first did.
fn is_of(execution: &Execution, trade_id: Option<&TradeId>) -> bool {
    match (&execution.trade_id, trade_id) {
        (Some(of), Some(asked)) => of == asked,
        _ => true,
    }
}

/// The steady case: the execution is the latest.
fn fold_on(holding: &Holding, execution: &Execution, mut events: Vec<PositionEvent>) -> Decided {
    let effects = holding.effects(execution)?;
    if !effects.selection_heeded {
        return Err(PositionRejection::LotsNotOpen(execution.exec_id.clone()));
    }
    if effects.opens() {
        // A flip closes every other lot first.
        let others = if effects.second.is_some() {
            0
        } else {
            holding.lots.count()
        };
        guard::open_lots(others + 1)?;
    }
    events.push(effects.first.into());
    events.extend(effects.second.map(PositionEvent::from));
    Ok(events)
}

fn execution(fill: &ApplyFill) -> Execution {
    Execution {
        exec_id: fill.exec_id.clone(),
        trade_id: fill.trade_id.clone(),
        side: fill.side,
        quantity: fill.quantity,
        price: fill.price,
        fee: fill.fee,
        traded_at: fill.traded_at,
        lots: fill.lots.clone().into(),
    }
}
