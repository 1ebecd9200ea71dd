//! What other aggregates' events ask of a trade.

mod handover;
mod refusals;

use kernel::AggregateId;

use crate::trade::TradeId;

pub use handover::{HandedFills, TradeHandover};
pub use refusals::{PositionEvent, RefusalsToTrades};

fn trade(id: &TradeId) -> AggregateId {
    AggregateId::new(id.as_str()).expect("a trade id is graphic and shorter than an aggregate id")
}
