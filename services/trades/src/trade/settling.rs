//! What a break comes to: every one can be settled by a command.

use kernel::{Actor, AggregateId};

use super::amount::Quantity;
use super::command::SettleBreak;
use super::event::{
    BreakSettled, FillResubmitted, HandedOver, Resolution, TradeAmended, TradeEvent,
};
use super::execution::{Execution, Stray, Values};
use super::filling::{Filling, sum};
use super::label::TradeId;
use super::rejection::TradeRejection;
use super::stage::{Order, Refusal};
use super::terms::Terms;

type Decision = Result<Vec<TradeEvent>, TradeRejection>;

/// A break to be settled, its trade, and the person who settles it.
pub(crate) struct Settling<'a> {
    pub(crate) trade: &'a AggregateId,
    pub(crate) order: &'a Order,
    pub(crate) command: &'a SettleBreak,
    pub(crate) by: &'a Actor,
}

impl Settling<'_> {
    pub(crate) fn decide(&self) -> Decision {
        let exec_id = &self.command.exec_id;
        if let Some(stray) = self.order.strays.get(exec_id) {
            return self.settle_stray(stray);
        }
        if !self.order.fills.contains_key(exec_id) {
            return Err(self.not_open());
        }
        match self.order.refused.get(exec_id) {
            Some(refusal) => self.settle_refusal(*refusal),
            // It was taken in, perhaps by this very command.
            None if self.command.resolution == Resolution::TakeIn => Ok(vec![]),
            None => Err(self.not_open()),
        }
    }

    fn settle_stray(&self, stray: &Stray) -> Decision {
        match stray.settled {
            Some(settled) if settled == self.command.resolution => return Ok(vec![]),
            Some(_) => return Err(self.not_open()),
            None => {}
        }
        self.filling(self.order)
            .second_person(&self.command.exec_id)?;
        match self.command.resolution {
            Resolution::TakeIn => self.take_in(&stray.reported),
            Resolution::Refuse => Ok(vec![self.settled(None)]),
            Resolution::HandOver => {
                let to = self.other_trade()?;
                Ok(vec![self.settled(Some(handed_over(to, &stray.reported)))])
            }
        }
    }

    /// The order was as large as what was done of it.
    fn take_in(&self, execution: &Execution) -> Decision {
        let cum = sum(self.order.cum, execution.values.quantity.get());
        if cum <= self.order.ordered() {
            return self
                .filling(self.order)
                .take(&self.command.exec_id, execution);
        }
        let inexact = |_| TradeRejection::AmountInexact {
            exec_id: self.command.exec_id.clone(),
        };
        let terms = Terms {
            quantity: Quantity::try_from(cum).map_err(inexact)?,
            ..self.order.terms.clone()
        };
        let amended = TradeEvent::TradeAmended(TradeAmended {
            terms,
            amended_by: self.by.clone(),
        });
        let mut grown = self.order.clone();
        grown.apply(amended.clone());
        let taken = self
            .filling(&grown)
            .take(&self.command.exec_id, execution)?;
        Ok([vec![amended], taken].concat())
    }

    /// A refused report is sent to its position once more, or stays refused.
    fn settle_refusal(&self, refusal: Refusal) -> Decision {
        match self.command.resolution {
            Resolution::TakeIn => Ok(vec![self.resubmitted(refusal)]),
            Resolution::Refuse if refusal.settled => Ok(vec![]),
            Resolution::Refuse => {
                self.filling(self.order)
                    .second_person(&self.command.exec_id)?;
                Ok(vec![self.settled(None)])
            }
            Resolution::HandOver => Err(TradeRejection::NotHandedOver),
        }
    }

    fn resubmitted(&self, refusal: Refusal) -> TradeEvent {
        let exec_id = &self.command.exec_id;
        let fill = &self.order.fills[exec_id];
        let now = Execution {
            values: fill.values().unwrap_or(fill.reported.values),
            ..fill.reported.clone()
        };
        let recorded = self
            .filling(self.order)
            .recorded(exec_id, &now, self.order.cum);
        TradeEvent::FillResubmitted(Box::new(FillResubmitted {
            report: refusal.report,
            fill: recorded,
        }))
    }

    fn other_trade(&self) -> Result<TradeId, TradeRejection> {
        let to = self.command.to.clone();
        to.filter(|to| to.as_str() != self.trade.as_str())
            .ok_or(TradeRejection::NotHandedOver)
    }

    fn settled(&self, handed_over: Option<HandedOver>) -> TradeEvent {
        TradeEvent::BreakSettled(BreakSettled {
            exec_id: self.command.exec_id.clone(),
            resolution: self.command.resolution,
            note: self.command.note.clone(),
            handed_over,
            settled_by: self.by.clone(),
        })
    }

    fn filling<'a>(&'a self, order: &'a Order) -> Filling<'a> {
        Filling::new(order, self.by)
    }

    fn not_open(&self) -> TradeRejection {
        let exec_id = self.command.exec_id.clone();
        TradeRejection::BreakNotOpen { exec_id }
    }
}

fn handed_over(to: TradeId, execution: &Execution) -> HandedOver {
    let Values {
        quantity,
        price,
        fee,
    } = execution.values;
    HandedOver {
        to,
        quantity,
        price,
        fee,
        fee_currency: execution.fee_currency.clone(),
        traded_at: execution.traded_at,
        source_sequence: execution.source_sequence,
        lots: execution.lots.clone(),
    }
}
