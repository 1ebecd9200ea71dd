//! What each command does to a position in which something was traded, and the first fill of all.

use kernel::{AggregateId, Timestamp};

use crate::lots::execution::{ExecRef, Execution, by_name};
use crate::lots::holding::Holding;
use crate::lots::split::Split;
use crate::lots::terms::Terms;

use super::command::{
    ApplyFill, ApplySplit, BustFill, ChangeLotMethod, CorrectFill, PositionCommand,
    RecordSettlement, SettleBreak, WithdrawSplit,
};
use super::event::{BreakSettled, Cause, PositionEvent, Settlement};
use super::guard;
use super::rejection::PositionRejection;
use super::traded::Traded;

pub(super) type Decided = Result<Vec<PositionEvent>, PositionRejection>;

/// The first fill fixes the terms and opens the position.
pub(super) fn establish(id: &AggregateId, fill: &ApplyFill) -> Decided {
    guard::key(id)?;
    guard::fill(fill)?;
    let terms = terms(fill);
    let events = vec![PositionEvent::PositionEstablished(terms.clone())];
    fold_on(&Holding::new(terms), &execution(fill, 1), events)
}

/// A bust removes what never counted here; any other command on an unknown fill is rejected.
pub(super) fn refused_fill(fill: &ExecRef, command: &PositionCommand) -> Decided {
    match command {
        PositionCommand::BustFill(_) => Ok(vec![PositionEvent::RefusalWithdrawn(fill.clone())]),
        _ => Err(PositionRejection::FillUnknown(fill.exec_id.clone())),
    }
}

impl Traded {
    pub(super) fn apply_fill(&self, fill: &ApplyFill) -> Decided {
        guard::fill(fill)?;
        let execution = execution(fill, self.next_report());
        if let Some(same) = self.is_repeated(fill, &execution) {
            return if same {
                Ok(vec![])
            } else {
                Err(PositionRejection::ExecIdConflict(execution.exec_id))
            };
        }
        if self.timeline.fills() == 0 {
            return self.establish_again(fill, execution);
        }
        self.terms_agree(fill)?;
        if self.timeline.ends_before(execution.moment()) {
            fold_on(&self.holding, &execution, vec![])
        } else {
            self.restate(Cause::LateFill(execution))
        }
    }

    /// Whether what is known under the fill's name was reported like this; none when nothing is.
    fn is_repeated(&self, fill: &ApplyFill, execution: &Execution) -> Option<bool> {
        let name = execution.name();
        if let Some(known) = self.reported(&name) {
            return Some(known.repeats(execution) && self.terms_agree(fill).is_ok());
        }
        let busted = by_name(&self.busted, &name)?;
        let terms = (&busted.currency, busted.multiplier);
        Some(busted.reported.repeats(execution) && terms == (&fill.currency, fill.multiplier))
    }

    /// Every other fill was busted, and what it had fixed with it. Splits may have come since, so the
    /// fill can be late all the same.
    fn establish_again(&self, fill: &ApplyFill, execution: Execution) -> Decided {
        let terms = terms(fill);
        let mut events = Vec::new();
        if self.method_chosen || terms != self.holding.terms {
            events.push(PositionEvent::PositionEstablished(terms.clone()));
        }
        if self.timeline.ends_before(execution.moment()) {
            return fold_on(&Holding::new(terms), &execution, events);
        }
        let mut after = self.clone();
        for event in events.clone() {
            after.apply(event);
        }
        events.extend(after.restate(Cause::LateFill(execution))?);
        Ok(events)
    }

    pub(super) fn correct_fill(&self, correction: &CorrectFill) -> Decided {
        guard::correction(correction)?;
        let name = ExecRef::new(correction.trade_id.as_ref(), &correction.exec_id);
        let now = self.effective(&name)?;
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
        let name = ExecRef::new(bust.trade_id.as_ref(), &bust.exec_id);
        if by_name(&self.busted, &name).is_some() {
            return Ok(vec![]);
        }
        let name = self.effective(&name)?.name();
        self.restate(Cause::FillBusted(name))
    }

    /// A split whose day has not come waits for it.
    pub(super) fn apply_split(&self, command: &ApplySplit, at: Timestamp) -> Decided {
        guard::split(command)?;
        let split = split(command);
        let known = self.timeline.split(&split.split_id);
        let announced = self.announced.get(&split.split_id);
        let due = split.ex_at <= at;
        match (known, announced) {
            (Some(known), _) | (_, Some(known)) if *known != split => {
                Err(PositionRejection::SplitIdConflict(split.split_id))
            }
            (Some(_), _) => Ok(vec![]),
            (None, Some(_)) if !due => Ok(vec![]),
            (None, None) if !due => {
                guard::announced(self.announced.len())?;
                Ok(vec![PositionEvent::SplitAnnounced(split)])
            }
            (None, _) if self.timeline.ends_before(split.moment()) => {
                let effect = self.holding.split_effect(&split)?;
                Ok(vec![PositionEvent::SplitApplied(effect)])
            }
            (None, _) => self.restate(Cause::LateSplit(split)),
        }
    }

    pub(super) fn withdraw_split(&self, command: &WithdrawSplit) -> Decided {
        let split_id = command.split_id.clone();
        if self.announced.contains_key(&split_id) {
            return Ok(vec![PositionEvent::SplitWithdrawn { split_id }]);
        }
        if self.timeline.split(&split_id).is_none() {
            return Err(PositionRejection::SplitUnknown(split_id));
        }
        self.restate(Cause::SplitWithdrawn { split_id })
    }

    pub(super) fn settle_break(&self, command: &SettleBreak) -> Decided {
        if !self.open_breaks.contains(&command.settled) {
            let exec_id = command.settled.exec_id.clone();
            return Err(PositionRejection::BreakNotOpen(exec_id));
        }
        Ok(vec![PositionEvent::BreakSettled(BreakSettled {
            settled: command.settled.clone(),
            note: command.note.clone(),
        })])
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

    fn effective(&self, name: &ExecRef) -> Result<&Execution, PositionRejection> {
        if let Some(known) = self.timeline.execution(name) {
            return Ok(known);
        }
        let exec_id = name.exec_id.clone();
        Err(if by_name(&self.busted, name).is_some() {
            PositionRejection::FillBusted(exec_id)
        } else {
            PositionRejection::FillUnknown(exec_id)
        })
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

fn execution(fill: &ApplyFill, report_number: u64) -> Execution {
    Execution {
        exec_id: fill.exec_id.clone(),
        trade_id: fill.trade_id.clone(),
        side: fill.side,
        quantity: fill.quantity,
        price: fill.price,
        fee: fill.fee,
        fee_currency: fill.fee_currency.clone(),
        traded_at: fill.traded_at,
        source_sequence: fill.source_sequence,
        report_number: Some(report_number),
        lot_method: Some(fill.lot_method),
        lots: fill.lots.clone().into(),
    }
}

fn terms(fill: &ApplyFill) -> Terms {
    Terms {
        currency: fill.currency.clone(),
        multiplier: fill.multiplier,
        lot_method: fill.lot_method,
    }
}

fn split(command: &ApplySplit) -> Split {
    Split {
        split_id: command.split_id.clone(),
        numerator: command.numerator,
        denominator: command.denominator,
        ex_at: command.ex_at,
        cash_in_lieu_price: command.cash_in_lieu_price,
        round_up: command.round_up,
    }
}
