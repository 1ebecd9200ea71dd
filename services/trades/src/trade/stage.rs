//! Where a trade stands, and how an event moves it.

use std::collections::BTreeMap;
use std::{fmt, mem};

use kernel::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::event::{FillRecorded, StrayFill, TradeEvent};
use super::execution::{Execution, Fill, Fills, Standing, Values};
use super::label::ExecId;
use super::terms::Terms;

/// The headline state as others see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum TradeState {
    Absent,
    Booked,
    PartiallyFilled,
    Executed,
    Cancelled,
    Busted,
}

impl fmt::Display for TradeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The headline state with what is known in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    #[default]
    Absent,
    Booked(Order),
    /// 0 < CumQty < OrderQty.
    PartiallyFilled(Order, Fills),
    /// CumQty = OrderQty.
    Executed(Order, Fills),
    /// Never filled, and never to be.
    Cancelled(Order),
    /// Every fill was busted: nothing ever was, and the trade is over.
    Busted(Order, Fills),
}

/// What is ordered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) terms: Terms,
    /// Terms as booked, where an amendment changed them: a second booking is compared with these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    booked: Option<Box<Terms>>,
    /// OrderQty: the terms' quantity, or what was filled when the remainder was cancelled.
    pub(crate) quantity: Decimal,
    /// Executions that the trade could not take, as they were reported.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) strays: BTreeMap<ExecId, Execution>,
}

impl Order {
    fn new(terms: Terms) -> Self {
        Self {
            quantity: terms.quantity.get(),
            terms,
            booked: None,
            strays: BTreeMap::new(),
        }
    }

    pub(crate) fn as_booked(&self) -> &Terms {
        self.booked.as_deref().unwrap_or(&self.terms)
    }

    fn amend(&mut self, terms: Terms) {
        self.quantity = terms.quantity.get();
        let before = mem::replace(&mut self.terms, terms);
        self.booked.get_or_insert_with(|| Box::new(before));
    }
}

impl Stage {
    pub(crate) fn state(&self) -> TradeState {
        match self {
            Self::Absent => TradeState::Absent,
            Self::Booked(_) => TradeState::Booked,
            Self::PartiallyFilled(..) => TradeState::PartiallyFilled,
            Self::Executed(..) => TradeState::Executed,
            Self::Cancelled(_) => TradeState::Cancelled,
            Self::Busted(..) => TradeState::Busted,
        }
    }

    pub(crate) fn apply(&mut self, event: TradeEvent) {
        match event {
            TradeEvent::TradeBooked(booked) => *self = Self::Booked(Order::new(booked.terms)),
            TradeEvent::TradeAmended(amended) => {
                self.change_order(|order| order.amend(amended.terms));
            }
            TradeEvent::TradeCancelled(_) => self.cancel(),
            TradeEvent::RemainderCancelled(cancelled) => self.change_fills(|order, fills| {
                order.quantity = cancelled.order_quantity;
                fills.remainder_cancelled = true;
            }),
            TradeEvent::FillRecorded(fill) => {
                self.change_fills(|order, fills| record(order, fills, fill));
            }
            TradeEvent::FillCorrected(fill) => {
                let values = Values {
                    quantity: fill.quantity,
                    price: fill.price,
                    fee: fill.fee,
                };
                let standing = Standing::Corrected(Box::new(values));
                self.restate(&fill.exec_id, standing, fill.cum_quantity);
            }
            TradeEvent::FillBusted(fill) => {
                self.restate(&fill.exec_id, Standing::Busted, fill.cum_quantity);
            }
            // The fill before it has moved the trade already; this one tells others. What a position
            // refused is told to people.
            TradeEvent::TradeExecuted(_) | TradeEvent::PositionRefused(_) => {}
            TradeEvent::OverfillRaised(stray) | TradeEvent::UnmatchedFill(stray) => {
                self.change_order(|order| keep(order, stray));
            }
        }
    }

    fn change_order(&mut self, change: impl FnOnce(&mut Order)) {
        match self {
            Self::Absent => {}
            Self::Booked(order)
            | Self::PartiallyFilled(order, _)
            | Self::Executed(order, _)
            | Self::Cancelled(order)
            | Self::Busted(order, _) => change(order),
        }
    }

    fn cancel(&mut self) {
        if let Self::Booked(order) = mem::take(self) {
            *self = Self::Cancelled(order);
        }
    }

    fn restate(&mut self, exec_id: &ExecId, standing: Standing, cum: Decimal) {
        self.change_fills(|_, fills| {
            if let Some(fill) = fills.by_id.get_mut(exec_id) {
                fill.standing = standing;
            }
            fills.cum = cum;
        });
    }

    /// Changes the fills and reads the headline from what they add up to.
    fn change_fills(&mut self, change: impl FnOnce(&mut Order, &mut Fills)) {
        let (mut order, mut fills) = match mem::take(self) {
            Self::Absent => return,
            Self::Booked(order) | Self::Cancelled(order) => (order, Fills::default()),
            Self::PartiallyFilled(order, fills)
            | Self::Executed(order, fills)
            | Self::Busted(order, fills) => (order, fills),
        };
        change(&mut order, &mut fills);
        *self = if fills.cum.is_zero() {
            Self::Busted(order, fills)
        } else if fills.cum == order.quantity {
            Self::Executed(order, fills)
        } else {
            Self::PartiallyFilled(order, fills)
        };
    }
}

fn record(order: &mut Order, fills: &mut Fills, fill: FillRecorded) {
    order.strays.remove(&fill.exec_id);
    fills.cum = fill.cum_quantity;
    fills.remainder_cancelled = false;
    let values = Values {
        quantity: fill.quantity,
        price: fill.price,
        fee: fill.fee,
    };
    let taken = Fill {
        reported: Execution {
            values,
            traded_at: fill.traded_at,
            lots: fill.lots,
        },
        recorded_by: fill.recorded_by,
        standing: Standing::AsReported,
    };
    fills.by_id.insert(fill.exec_id, Box::new(taken));
}

fn keep(order: &mut Order, stray: StrayFill) {
    let values = Values {
        quantity: stray.quantity,
        price: stray.price,
        fee: stray.fee,
    };
    let reported = Execution {
        values,
        traded_at: stray.traded_at,
        lots: stray.lots,
    };
    order.strays.insert(stray.exec_id, reported);
}
