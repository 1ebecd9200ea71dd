//! The executions a trade knows, found by their id.

use std::collections::BTreeMap;

use kernel::{Actor, Decimal, Timestamp};
use serde::{Deserialize, Serialize};

use super::amount::{Fee, Price, Quantity};
use super::label::ExecId;
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
    pub(crate) traded_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lots: Option<LotSelection>,
}

/// An execution that the trade took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fill {
    pub(crate) reported: Execution,
    pub(crate) recorded_by: Actor,
    pub(crate) standing: Standing,
}

/// What became of a fill.
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

/// The fills of a trade and what they add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fills {
    /// Boxed: most trades have few fills, and a node of the map has room for eleven.
    pub(crate) by_id: BTreeMap<ExecId, Box<Fill>>,
    /// CumQty: the sum of the quantities that count.
    pub(crate) cum: Decimal,
    /// The order was cut to what is filled, and no fill came since.
    pub(crate) remainder_cancelled: bool,
}

impl Fills {
    /// Those of a trade that was never filled.
    pub(crate) const NONE: &Self = &Self {
        by_id: BTreeMap::new(),
        cum: Decimal::ZERO,
        remainder_cancelled: false,
    };
}
