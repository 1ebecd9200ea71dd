//! A trade's state, and how an event changes it.

use std::collections::BTreeMap;
use std::{fmt, mem};

use kernel::{Actor, Decimal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::event::{FillRecorded, Report, Resolution, StrayFill, TradeEvent};
use super::execution::{Execution, Fill, Standing, Stray, Values};
use super::label::ExecId;
use super::progress::Progress;
use super::terms::Terms;

/// The headline state as others see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum TradeState {
    Absent,
    /// Nothing is filled, and all of it may be.
    Booked,
    /// 0 < CumQty < OrderQty.
    PartiallyFilled,
    /// CumQty = OrderQty, which a cancel of the remainder has cut to what is filled.
    Executed,
    /// Cancelled, and nothing is filled.
    Cancelled,
}

impl fmt::Display for TradeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The order of a trade, once there is one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    #[default]
    Absent,
    Ordered(Box<Order>),
}

/// What is ordered, and its executions. The headline state is read from it: what a bust takes back,
/// the other fills and a cancel leave as they were.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) terms: Terms,
    /// Terms as booked, where an amendment changed them: a second booking is compared with these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    booked: Option<Box<Terms>>,
    /// Boxed: most trades have few fills, and a node of the map has room for eleven.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) fills: BTreeMap<ExecId, Box<Fill>>,
    /// CumQty: the sum of the quantities that count.
    pub(crate) cum: Decimal,
    /// What was not filled by then is not to be. The market may fill it all the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) cancelled: bool,
    /// Executions that the trade could not take, as they were reported.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) strays: BTreeMap<ExecId, Box<Stray>>,
    /// What the position has refused of a fill, the latest.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) refused: BTreeMap<ExecId, Refusal>,
}

/// Something that a position has refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refusal {
    pub(crate) report: Report,
    /// A person has decided that it stays so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) settled: bool,
}

impl Order {
    fn new(terms: Terms) -> Self {
        Self {
            terms,
            booked: None,
            fills: BTreeMap::new(),
            cum: Decimal::ZERO,
            cancelled: false,
            strays: BTreeMap::new(),
            refused: BTreeMap::new(),
        }
    }

    pub(crate) fn as_booked(&self) -> &Terms {
        self.booked.as_deref().unwrap_or(&self.terms)
    }

    /// What was asked for, whatever was cancelled of it since.
    pub(crate) fn ordered(&self) -> Decimal {
        self.terms.quantity.get()
    }

    /// How far it is once `cum` is filled.
    pub(super) fn at(&self, cum: Decimal) -> Progress {
        Progress::of(self.ordered(), cum, self.cancelled)
    }

    /// Who reported an execution, taken or not, and may not decide alone about it.
    pub(super) fn recorder(&self, exec_id: &ExecId) -> Option<&Actor> {
        let fill = self.fills.get(exec_id).map(|fill| &fill.recorded_by);
        fill.or_else(|| Some(&self.strays.get(exec_id)?.recorded_by))
    }

    fn amend(&mut self, terms: Terms) {
        let before = mem::replace(&mut self.terms, terms);
        self.booked.get_or_insert_with(|| Box::new(before));
    }

    pub(super) fn apply(&mut self, event: TradeEvent) {
        match event {
            // One before it has moved the trade already; these tell others.
            TradeEvent::TradeBooked(_) | TradeEvent::TradeExecuted(_) => {}
            TradeEvent::TradeAmended(amended) => self.amend(amended.terms),
            TradeEvent::TradeCancelled(_) | TradeEvent::RemainderCancelled(_) => {
                self.cancelled = true;
            }
            TradeEvent::FillRecorded(fill) => self.record(fill),
            TradeEvent::FillCorrected(fill) => {
                let values = Values {
                    quantity: fill.quantity,
                    price: fill.price,
                    fee: fill.fee,
                };
                self.restate(&fill.exec_id, Standing::Corrected(Box::new(values)));
                self.cum = fill.cum_quantity;
            }
            TradeEvent::FillBusted(fill) => {
                self.restate(&fill.exec_id, Standing::Busted);
                self.cum = fill.cum_quantity;
                // What the position never had is no difference any more.
                self.refused.remove(&fill.exec_id);
            }
            TradeEvent::OverfillRaised(stray) | TradeEvent::UnmatchedFill(stray) => {
                self.keep(stray);
            }
            TradeEvent::PositionRefused(refused) => {
                let refusal = Refusal {
                    report: refused.report,
                    settled: false,
                };
                self.refused.insert(refused.exec_id, refusal);
            }
            TradeEvent::FillResubmitted(again) => {
                self.refused.remove(&again.fill.exec_id);
            }
            TradeEvent::BreakSettled(settled) => self.settle(&settled.exec_id, settled.resolution),
        }
    }

    fn record(&mut self, fill: FillRecorded) {
        self.strays.remove(&fill.exec_id);
        self.cum = fill.cum_quantity;
        let values = Values {
            quantity: fill.quantity,
            price: fill.price,
            fee: fill.fee,
        };
        let taken = Fill {
            reported: Execution {
                values,
                fee_currency: fill.fee_currency,
                traded_at: fill.traded_at,
                source_sequence: fill.source_sequence,
                lots: fill.lots,
            },
            recorded_by: fill.recorded_by,
            standing: Standing::AsReported,
        };
        self.fills.insert(fill.exec_id, Box::new(taken));
    }

    fn restate(&mut self, exec_id: &ExecId, standing: Standing) {
        if let Some(fill) = self.fills.get_mut(exec_id) {
            fill.standing = standing;
        }
    }

    fn keep(&mut self, stray: StrayFill) {
        let values = Values {
            quantity: stray.quantity,
            price: stray.price,
            fee: stray.fee,
        };
        let kept = Stray {
            reported: Execution {
                values,
                fee_currency: stray.fee_currency,
                traded_at: stray.traded_at,
                source_sequence: stray.source_sequence,
                lots: stray.lots,
            },
            recorded_by: stray.recorded_by,
            settled: None,
        };
        self.strays.insert(stray.exec_id, Box::new(kept));
    }

    fn settle(&mut self, exec_id: &ExecId, resolution: Resolution) {
        if let Some(stray) = self.strays.get_mut(exec_id) {
            stray.settled = Some(resolution);
        } else if let Some(refusal) = self.refused.get_mut(exec_id) {
            refusal.settled = true;
        }
    }
}

impl Stage {
    pub(crate) fn state(&self) -> TradeState {
        match self {
            Self::Absent => TradeState::Absent,
            Self::Ordered(order) => order.at(order.cum).state,
        }
    }

    pub(crate) fn apply(&mut self, event: TradeEvent) {
        match (self, event) {
            (stage @ Self::Absent, TradeEvent::TradeBooked(booked)) => {
                *stage = Self::Ordered(Box::new(Order::new(booked.terms)));
            }
            // Nothing else happens to a trade that is not there.
            (Self::Absent, _) => {}
            (Self::Ordered(order), event) => order.apply(event),
        }
    }
}
