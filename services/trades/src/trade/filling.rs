//! The rules of fills: recorded, corrected, busted.

use kernel::{Actor, Decimal};

use super::command::{BustFill, CorrectFill, RecordFill};
use super::event::{FillBusted, FillCorrected, FillRecorded, StrayFill, TradeEvent, TradeExecuted};
use super::execution::{EXECUTIONS_MAX, Execution, Fill, Fills, Values};
use super::label::ExecId;
use super::rejection::TradeRejection;
use super::stage::Order;

/// A trade that a command about a fill meets, and who sends it.
#[derive(Clone, Copy)]
pub(crate) struct Filling<'a> {
    order: &'a Order,
    fills: &'a Fills,
    by: &'a Actor,
}

/// What the trade knows of a reported execution.
enum Seen {
    Never,
    /// Reported with the same content, and kept as a break.
    Stray,
    /// Reported with the same content, and taken.
    Taken,
}

type Decision = Result<Vec<TradeEvent>, TradeRejection>;

impl<'a> Filling<'a> {
    pub(crate) fn new(order: &'a Order, fills: &'a Fills, by: &'a Actor) -> Self {
        Self { order, fills, by }
    }

    /// Takes an execution, or raises it when it goes beyond OrderQty. A stray that is reported again
    /// is taken if it fits by now, for instance after an amendment.
    pub(crate) fn record(self, report: &RecordFill) -> Decision {
        let execution = report.execution();
        let seen = self.seen(&report.exec_id, &execution)?;
        let cum = sum(self.fills.cum, report.quantity.get());
        let fits = cum <= self.order.quantity;
        match seen {
            Seen::Taken => Ok(vec![]),
            Seen::Stray if !fits => Ok(vec![]),
            Seen::Stray => self.take(report, cum),
            Seen::Never => {
                self.has_room()?;
                if fits {
                    self.take(report, cum)
                } else {
                    Ok(vec![TradeEvent::OverfillRaised(self.stray(report))])
                }
            }
        }
    }

    /// Keeps an execution of a trade that is over.
    pub(crate) fn keep_unmatched(self, report: &RecordFill) -> Decision {
        match self.seen(&report.exec_id, &report.execution())? {
            Seen::Taken | Seen::Stray => Ok(vec![]),
            Seen::Never => {
                self.has_room()?;
                Ok(vec![TradeEvent::UnmatchedFill(self.stray(report))])
            }
        }
    }

    /// Replaces a fill's values. A correction beyond OrderQty is refused, not raised: the fill it
    /// names is on the books already, so that nothing real is lost.
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
        self.second_person(exec_id, fill)?;
        let others = less(self.fills.cum, before.quantity.get());
        let cum = sum(others, after.quantity.get());
        if cum > self.order.quantity {
            return Err(TradeRejection::CorrectionOverfills {
                cum_quantity: cum,
                order_quantity: self.order.quantity,
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
            cum_quantity: cum,
            leaves_quantity: less(self.order.quantity, cum),
            corrected_by: self.by.clone(),
        });
        Ok(self.with_execution(corrected, cum))
    }

    /// Takes a fill out as if it had never been.
    pub(crate) fn bust(self, bust: &BustFill) -> Decision {
        let (terms, exec_id) = (&self.order.terms, &bust.exec_id);
        let fill = self.fill(exec_id)?;
        let Some(before) = fill.values() else {
            return Ok(vec![]);
        };
        self.second_person(exec_id, fill)?;
        let cum = less(self.fills.cum, before.quantity.get());
        Ok(vec![TradeEvent::FillBusted(FillBusted {
            exec_id: exec_id.clone(),
            account: terms.account.clone(),
            book: terms.book.clone(),
            instrument: terms.instrument.clone(),
            cum_quantity: cum,
            leaves_quantity: less(self.order.quantity, cum),
            busted_by: self.by.clone(),
        })])
    }

    fn take(self, report: &RecordFill, cum: Decimal) -> Decision {
        let terms = &self.order.terms;
        self.exact_amount(&report.exec_id, report.execution().values)?;
        let recorded = TradeEvent::FillRecorded(FillRecorded {
            exec_id: report.exec_id.clone(),
            account: terms.account.clone(),
            book: terms.book.clone(),
            instrument: terms.instrument.clone(),
            side: terms.side,
            quantity: report.quantity,
            price: report.price,
            fee: report.fee,
            multiplier: terms.multiplier,
            currency: terms.currency.clone(),
            traded_at: report.traded_at,
            lot_method: terms.lot_method,
            lots: report.lots.clone(),
            cum_quantity: cum,
            leaves_quantity: less(self.order.quantity, cum),
            recorded_by: self.by.clone(),
        });
        Ok(self.with_execution(recorded, cum))
    }

    /// The event, and `TradeExecuted` when it is the one that fills the order.
    fn with_execution(self, event: TradeEvent, cum: Decimal) -> Vec<TradeEvent> {
        let filled = self.order.quantity;
        if cum == filled && self.fills.cum != filled {
            let executed = TradeExecuted { cum_quantity: cum };
            vec![event, TradeEvent::TradeExecuted(executed)]
        } else {
            vec![event]
        }
    }

    fn stray(self, report: &RecordFill) -> StrayFill {
        let terms = &self.order.terms;
        StrayFill {
            exec_id: report.exec_id.clone(),
            account: terms.account.clone(),
            book: terms.book.clone(),
            instrument: terms.instrument.clone(),
            side: terms.side,
            quantity: report.quantity,
            price: report.price,
            fee: report.fee,
            traded_at: report.traded_at,
            lots: report.lots.clone(),
            order_quantity: self.order.quantity,
            cum_quantity: self.fills.cum,
            recorded_by: self.by.clone(),
        }
    }

    /// A fill is compared with what was first reported, whatever was corrected since: the retry of
    /// a report stays a retry.
    fn seen(self, exec_id: &ExecId, execution: &Execution) -> Result<Seen, TradeRejection> {
        let (reported, seen) = if let Some(fill) = self.fills.by_id.get(exec_id) {
            (&fill.reported, Seen::Taken)
        } else if let Some(stray) = self.order.strays.get(exec_id) {
            (stray, Seen::Stray)
        } else {
            return Ok(Seen::Never);
        };
        if reported == execution {
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
        let fill = self.fills.by_id.get(exec_id).ok_or_else(unknown)?;
        Ok(fill)
    }

    /// Whoever recorded a fill cannot change it alone. A system is an actor like any other: nothing
    /// in a name proves what it is, so an exemption by name would be a hole. What an import recorded
    /// a person corrects; a venue's own corrections come in under an account that records no fills.
    fn second_person(self, exec_id: &ExecId, fill: &Fill) -> Result<(), TradeRejection> {
        if *self.by == fill.recorded_by {
            return Err(TradeRejection::FourEyes {
                exec_id: exec_id.clone(),
                actor: self.by.clone(),
            });
        }
        Ok(())
    }

    fn has_room(self) -> Result<(), TradeRejection> {
        if self.fills.by_id.len() + self.order.strays.len() < EXECUTIONS_MAX {
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

const FITS: &str = "quantities below 10^15 of 8 places: 28 digits hold any sum of two";

fn sum(left: Decimal, right: Decimal) -> Decimal {
    left.plus(right).expect(FITS)
}

/// `left` less `right`, both of them quantities or zero.
pub(crate) fn less(left: Decimal, right: Decimal) -> Decimal {
    left.minus(right).expect(FITS)
}
