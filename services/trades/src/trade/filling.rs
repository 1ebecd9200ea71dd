//! The rules of fills: recorded, corrected, busted.

use kernel::{Actor, Decimal};

use super::command::{BustFill, CorrectFill, RecordFill};
use super::event::{FillBusted, FillCorrected, FillRecorded, StrayFill, TradeEvent, TradeExecuted};
use super::execution::{EXECUTIONS_MAX, Execution, Fill, Values};
use super::label::ExecId;
use super::rejection::TradeRejection;
use super::stage::{Order, TradeState};

/// A trade that a command about a fill meets, and who sends it.
#[derive(Clone, Copy)]
pub(crate) struct Filling<'a> {
    order: &'a Order,
    by: &'a Actor,
}

/// What the trade knows of a reported execution.
enum Seen {
    Never,
    /// Reported with the same content, and kept as a break that is open.
    Stray,
    /// Reported with the same content, and taken or settled.
    Settled,
}

type Decision = Result<Vec<TradeEvent>, TradeRejection>;

impl<'a> Filling<'a> {
    pub(crate) fn new(order: &'a Order, by: &'a Actor) -> Self {
        Self { order, by }
    }

    /// Takes an execution of what was ordered, whatever was cancelled or busted since: the market may
    /// fill what we believe is over. One beyond is raised. A stray that is reported again is taken if
    /// it fits by now, for instance after an amendment.
    pub(crate) fn record(self, report: &RecordFill) -> Decision {
        let execution = report.execution().in_currency(&self.order.terms.currency);
        let cum = sum(self.order.cum, report.quantity.get());
        let fits = cum <= self.order.ordered();
        match self.seen(&report.exec_id, &execution)? {
            Seen::Settled => Ok(vec![]),
            Seen::Stray if !fits => Ok(vec![]),
            Seen::Stray => self.take(&report.exec_id, &execution),
            Seen::Never => {
                self.has_room()?;
                if fits {
                    self.take(&report.exec_id, &execution)
                } else {
                    Ok(vec![self.raise(report, execution)])
                }
            }
        }
    }

    /// Replaces a fill's values. A correction beyond what was ordered is refused, not raised: the fill
    /// it names is on the books already, so that nothing real is lost.
    pub(crate) fn correct(self, correction: &CorrectFill) -> Decision {
        let (terms, exec_id) = (&self.order.terms, &correction.exec_id);
        let fill = self.fill(exec_id)?;
        let Some(before) = fill.values() else {
            let exec_id = exec_id.clone();
            return Err(TradeRejection::FillBusted { exec_id });
        };
        let after = correction.values();
        if after == before {
            return Ok(vec![]);
        }
        self.second_person(exec_id)?;
        let others = less(self.order.cum, before.quantity.get());
        let cum = sum(others, after.quantity.get());
        if cum > self.order.ordered() {
            return Err(TradeRejection::CorrectionOverfills {
                cum_quantity: cum,
                order_quantity: self.order.ordered(),
            });
        }
        self.exact_amount(exec_id, after)?;
        let corrected = TradeEvent::FillCorrected(FillCorrected {
            exec_id: exec_id.clone(),
            account: terms.account.clone(),
            book: terms.book.clone(),
            instrument: terms.instrument.clone(),
            quantity: after.quantity,
            price: after.price,
            fee: after.fee,
            fee_currency: fill.reported.fee_currency.clone(),
            cum_quantity: cum,
            leaves_quantity: self.order.at(cum).leaves,
            corrected_by: self.by.clone(),
        });
        Ok(self.with_execution(corrected, cum))
    }

    /// Takes a fill out as if it had never been. It ends nothing: what may still be filled is what the
    /// other fills and a cancel leave.
    pub(crate) fn bust(self, bust: &BustFill) -> Decision {
        let (terms, exec_id) = (&self.order.terms, &bust.exec_id);
        let fill = self.fill(exec_id)?;
        let Some(before) = fill.values() else {
            return Ok(vec![]);
        };
        self.second_person(exec_id)?;
        let cum = less(self.order.cum, before.quantity.get());
        Ok(vec![TradeEvent::FillBusted(FillBusted {
            exec_id: exec_id.clone(),
            account: terms.account.clone(),
            book: terms.book.clone(),
            instrument: terms.instrument.clone(),
            cum_quantity: cum,
            leaves_quantity: self.order.at(cum).leaves,
            busted_by: self.by.clone(),
        })])
    }

    /// The execution as a fill of the order, on top of those that count.
    pub(super) fn take(self, exec_id: &ExecId, execution: &Execution) -> Decision {
        self.exact_amount(exec_id, execution.values)?;
        let cum = sum(self.order.cum, execution.values.quantity.get());
        let recorded = TradeEvent::FillRecorded(self.recorded(exec_id, execution, cum));
        Ok(self.with_execution(recorded, cum))
    }

    pub(super) fn recorded(
        self,
        exec_id: &ExecId,
        execution: &Execution,
        cum: Decimal,
    ) -> FillRecorded {
        let (terms, values) = (&self.order.terms, execution.values);
        FillRecorded {
            exec_id: exec_id.clone(),
            account: terms.account.clone(),
            book: terms.book.clone(),
            instrument: terms.instrument.clone(),
            side: terms.side,
            quantity: values.quantity,
            price: values.price,
            fee: values.fee,
            fee_currency: execution.fee_currency.clone(),
            multiplier: terms.multiplier,
            currency: terms.currency.clone(),
            traded_at: execution.traded_at,
            source_sequence: execution.source_sequence,
            lot_method: terms.lot_method,
            lots: execution.lots.clone(),
            cum_quantity: cum,
            leaves_quantity: self.order.at(cum).leaves,
            recorded_by: self.by.clone(),
        }
    }

    /// The event, and `TradeExecuted` when it is the one that fills the order.
    fn with_execution(self, event: TradeEvent, cum: Decimal) -> Vec<TradeEvent> {
        let state_at = |cum| self.order.at(cum).state;
        let filled = TradeState::Executed;
        if state_at(cum) == filled && state_at(self.order.cum) != filled {
            let executed = TradeExecuted { cum_quantity: cum };
            vec![event, TradeEvent::TradeExecuted(executed)]
        } else {
            vec![event]
        }
    }

    fn raise(self, report: &RecordFill, execution: Execution) -> TradeEvent {
        let terms = &self.order.terms;
        let stray = StrayFill {
            exec_id: report.exec_id.clone(),
            account: terms.account.clone(),
            book: terms.book.clone(),
            instrument: terms.instrument.clone(),
            side: terms.side,
            quantity: report.quantity,
            price: report.price,
            fee: report.fee,
            fee_currency: execution.fee_currency,
            traded_at: execution.traded_at,
            source_sequence: execution.source_sequence,
            lots: execution.lots,
            order_quantity: self.order.at(self.order.cum).quantity,
            cum_quantity: self.order.cum,
            recorded_by: self.by.clone(),
        };
        if self.order.cancelled {
            TradeEvent::UnmatchedFill(stray)
        } else {
            TradeEvent::OverfillRaised(stray)
        }
    }

    /// A fill is compared with what was first reported, whatever was corrected since: the retry of
    /// a report stays a retry.
    fn seen(self, exec_id: &ExecId, execution: &Execution) -> Result<Seen, TradeRejection> {
        let (reported, seen) = if let Some(fill) = self.order.fills.get(exec_id) {
            (&fill.reported, Seen::Settled)
        } else if let Some(stray) = self.order.strays.get(exec_id) {
            let settled = stray.settled.is_some();
            let seen = if settled { Seen::Settled } else { Seen::Stray };
            (&stray.reported, seen)
        } else {
            return Ok(Seen::Never);
        };
        if reported.repeats(execution) {
            Ok(seen)
        } else {
            let exec_id = exec_id.clone();
            Err(TradeRejection::ExecIdConflict { exec_id })
        }
    }

    fn fill(self, exec_id: &ExecId) -> Result<&'a Fill, TradeRejection> {
        let unknown = || TradeRejection::FillUnknown {
            exec_id: exec_id.clone(),
        };
        let fill = self.order.fills.get(exec_id).ok_or_else(unknown)?;
        Ok(fill)
    }

    /// The actor who recorded a fill cannot change it alone. A system is an actor like any other: a
    /// person corrects what an import recorded. The venue's own report is a fact, not a decision,
    /// no matter who recorded the fill.
    pub(super) fn second_person(self, exec_id: &ExecId) -> Result<(), TradeRejection> {
        if !self.by.is_venue() && self.order.recorder(exec_id) == Some(self.by) {
            return Err(TradeRejection::FourEyes {
                exec_id: exec_id.clone(),
                actor: self.by.clone(),
            });
        }
        Ok(())
    }

    fn has_room(self) -> Result<(), TradeRejection> {
        if self.order.fills.len() + self.order.strays.len() < EXECUTIONS_MAX {
            Ok(())
        } else {
            let max = EXECUTIONS_MAX;
            Err(TradeRejection::ExecutionLimit { max })
        }
    }

    /// What no position could book exactly is refused here, before it is on one book and not on the
    /// other.
    fn exact_amount(self, exec_id: &ExecId, values: Values) -> Result<(), TradeRejection> {
        let multiplier = self.order.terms.multiplier.get();
        let (quantity, price) = (values.quantity.get(), values.price.get());
        let amount = quantity
            .times(price)
            .and_then(|gross| gross.times(multiplier));
        amount.map(drop).map_err(|_| TradeRejection::AmountInexact {
            exec_id: exec_id.clone(),
        })
    }
}

const FITS: &str = "quantities below 10^18 of 18 places: 77 digits hold any sum of two";

pub(super) fn sum(left: Decimal, right: Decimal) -> Decimal {
    left.plus(right).expect(FITS)
}

/// `left` less `right`, both of them quantities or zero.
pub(super) fn less(left: Decimal, right: Decimal) -> Decimal {
    left.minus(right).expect(FITS)
}
