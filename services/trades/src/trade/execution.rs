//! The executions a trade knows.

use kernel::{Actor, Currency, Timestamp};
use serde::{Deserialize, Serialize};

use super::amount::{Fee, Price, Quantity};
use super::event::Resolution;
use super::terms::LotSelection;

/// Executions per trade, strays included: some 1 MiB of state. An order the market fills in more
/// pieces is booked as several trades.
pub(crate) const EXECUTIONS_MAX: usize = 10_000;

/// What a correction may change of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Values {
    pub(crate) quantity: Quantity,
    pub(crate) price: Price,
    pub(crate) fee: Fee,
}

/// An execution as it was reported: what a second report under its id is compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Execution {
    pub(crate) values: Values,
    /// None: the trade's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fee_currency: Option<Currency>,
    pub(crate) traded_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source_sequence: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lots: Option<LotSelection>,
}

impl Execution {
    /// As a trade in that currency keeps it.
    pub(crate) fn in_currency(mut self, currency: &Currency) -> Self {
        self.fee_currency = self.fee_currency.filter(|of_fee| of_fee != currency);
        self
    }

    /// Whether both report the same; what a source numbers it is no part of it.
    pub(crate) fn repeats(&self, other: &Self) -> bool {
        (self.values, &self.fee_currency) == (other.values, &other.fee_currency)
            && (self.traded_at, &self.lots) == (other.traded_at, &other.lots)
    }
}

/// An execution that the trade could not take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stray {
    pub(crate) reported: Execution,
    pub(crate) recorded_by: Actor,
    /// The decision about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) settled: Option<Resolution>,
}

/// An execution that the trade took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fill {
    pub(crate) reported: Execution,
    pub(crate) recorded_by: Actor,
    pub(crate) standing: Standing,
}

/// The outcome of a fill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Standing {
    AsReported,
    Corrected(Box<Values>),
    Busted,
}

impl Fill {
    /// What it counts for now; `None` once it is busted.
    pub(crate) fn values(&self) -> Option<Values> {
        match &self.standing {
            Standing::AsReported => Some(self.reported.values),
            Standing::Corrected(values) => Some(**values),
            Standing::Busted => None,
        }
    }
}
