//! An execution that one trade hands over is reported to the other.

use kernel::context::Reacted;
use kernel::{EventMeta, Reaction};
use serde::Deserialize;

use crate::trade::{BreakSettled, RecordFill, Trade, TradeCommand};

/// Reports what was handed over to the trade that it is of.
#[derive(Clone, Copy, Debug, Default)]
pub struct HandedFills;

/// The events that may hand something over.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum TradeHandover {
    BreakSettled(BreakSettled),
}

impl Reaction for HandedFills {
    const NAME: &'static str = "handed-fills";
    const PROGRESS: &'static str = "handed_fills";
    const ON: &'static str = "trades";
    type To = Trade;
    type Event = TradeHandover;

    fn wants(&self, event_type: &str) -> bool {
        event_type == "BreakSettled"
    }

    fn react(&self, meta: &EventMeta, event: TradeHandover) -> Vec<Reacted<Trade>> {
        let TradeHandover::BreakSettled(settled) = event;
        let Some(handed) = settled.handed_over else {
            return vec![];
        };
        let to = super::trade(&handed.to);
        let command = TradeCommand::RecordFill(RecordFill {
            exec_id: settled.exec_id,
            quantity: handed.quantity,
            price: handed.price,
            fee: handed.fee,
            fee_currency: handed.fee_currency,
            traded_at: handed.traded_at,
            source_sequence: handed.source_sequence,
            lots: handed.lots,
        });
        vec![Reacted {
            tenant: meta.tenant.clone(),
            to,
            command,
        }]
    }
}
