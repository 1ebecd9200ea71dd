//! What the positions context refuses of a trade's fills is a break of the trade.

use kernel::context::Reacted;
use kernel::{EventMeta, Reaction};
use serde::Deserialize;

use crate::trade::{ExecId, NoteRefusal, Report, Trade, TradeCommand, TradeId};

/// Tells a trade what its position refused.
#[derive(Clone, Copy, Debug, Default)]
pub struct RefusalsToTrades;

/// The events of the positions context as they are read here: what is not named is ignored.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum PositionEvent {
    FillRefused(FillRefused),
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct FillRefused {
    #[serde(default)]
    trade_id: Option<TradeId>,
    exec_id: ExecId,
    reported: Reported,
    code: Box<str>,
    detail: Box<str>,
}

/// What was refused, without the values: the trade knows them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Reported {
    #[serde(rename = "type")]
    kind: ReportedKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
enum ReportedKind {
    Fill,
    Correction,
    Bust,
}

impl Reaction for RefusalsToTrades {
    const NAME: &'static str = "refusals-to-trades";
    const PROGRESS: &'static str = "refusals_to_trades";
    const ON: &'static str = "positions";
    type To = Trade;
    type Event = PositionEvent;

    fn wants(&self, event_type: &str) -> bool {
        event_type == "FillRefused"
    }

    fn react(&self, meta: &EventMeta, event: PositionEvent) -> Vec<Reacted<Trade>> {
        let PositionEvent::FillRefused(refused) = event;
        // A report from before trades were named in them: its position tells of it alone.
        let Some(trade_id) = refused.trade_id else {
            return vec![];
        };
        let report = match refused.reported.kind {
            ReportedKind::Fill => Report::Fill,
            ReportedKind::Correction => Report::Correction,
            ReportedKind::Bust => Report::Bust,
        };
        vec![Reacted {
            tenant: meta.tenant.clone(),
            to: super::trade(&trade_id),
            command: TradeCommand::NoteRefusal(NoteRefusal {
                exec_id: refused.exec_id,
                report,
                code: refused.code,
                detail: refused.detail,
            }),
        }]
    }
}

#[cfg(test)]
mod tests {
    use kernel::fixtures::meta;
    use serde_json::json;

    use super::*;

    fn refused(trade: Option<&str>) -> Vec<Reacted<Trade>> {
        let event = json!({ "type": "FillRefused", "data": {
            "trade_id": trade, "exec_id": "E-1", "code": "LOT_LIMIT", "detail": "too many",
            "reported": { "type": "Fill", "data": {
                "side": "BUY", "quantity": "1", "price": "1", "fee": "0",
            } },
        } });
        let event = serde_json::from_value(event).unwrap();
        RefusalsToTrades.react(&meta("ACC-1/AGENCY/IBM"), event)
    }

    #[test]
    fn refusal_is_reported_to_its_trade() {
        let [reacted] = <[_; 1]>::try_from(refused(Some("T-1"))).unwrap();
        assert_eq!(
            (reacted.tenant.as_str(), reacted.to.as_str()),
            ("demo", "T-1")
        );
        let data = json!({
            "exec_id": "E-1", "report": "fill", "code": "LOT_LIMIT", "detail": "too many",
        });
        let command = serde_json::to_value(reacted.command).unwrap();
        assert_eq!(command, json!({ "type": "NoteRefusal", "data": data }));
    }

    #[test]
    fn refusal_of_an_unnamed_trade_is_reported_nowhere() {
        assert!(refused(None).is_empty());
    }

    #[test]
    fn only_refusals_are_listened_to() {
        assert!(RefusalsToTrades.wants("FillRefused"));
        for kind in ["PositionOpened", "RefusalWithdrawn", "PositionRestated"] {
            assert!(!RefusalsToTrades.wants(kind), "{kind}");
        }
    }
}
