//! What the trades context publishes moves positions.

use kernel::context::Reacted;
use kernel::{AggregateId, Alphabet, Currency, Decimal, EventMeta, Reaction, Timestamp, labels};
use serde::Deserialize;

use crate::lots::execution::{ExecId, Selected, Side, TradeId};
use crate::lots::terms::LotMethod;
use crate::position::{ApplyFill, BustFill, CorrectFill, Position, PositionCommand, Report};

/// Sends every fill, correction and bust of a trade to the position it belongs to.
#[derive(Clone, Copy, Debug, Default)]
pub struct FillsToPositions;

/// The events of the trades context as they are read here: unnamed ones are ignored, so that trades
/// may add events. An `UnmatchedFill` is a break for a person to look at and moves no position.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum TradeFill {
    FillRecorded(FillRecorded),
    FillCorrected(FillCorrected),
    FillBusted(FillBusted),
    FillResubmitted(FillResubmitted),
}

/// What was refused here and is reported once more.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct FillResubmitted {
    report: Report,
    fill: FillRecorded,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct FillRecorded {
    exec_id: ExecId,
    account: KeyPart,
    book: KeyPart,
    instrument: Instrument,
    side: Side,
    quantity: Decimal,
    price: Decimal,
    fee: Decimal,
    #[serde(default)]
    fee_currency: Option<Currency>,
    #[serde(default = "one")]
    multiplier: Decimal,
    currency: Currency,
    traded_at: Timestamp,
    #[serde(default)]
    source_sequence: Option<u64>,
    #[serde(default)]
    lot_method: LotMethod,
    #[serde(default)]
    lots: Option<Vec<ChosenLot>>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct FillCorrected {
    exec_id: ExecId,
    account: KeyPart,
    book: KeyPart,
    instrument: Instrument,
    quantity: Decimal,
    price: Decimal,
    fee: Decimal,
    #[serde(default)]
    fee_currency: Option<Currency>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct FillBusted {
    exec_id: ExecId,
    account: KeyPart,
    book: KeyPart,
    instrument: Instrument,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct ChosenLot {
    exec_id: ExecId,
    #[serde(default)]
    trade_id: Option<TradeId>,
    quantity: Decimal,
}

/// Three parts and two slashes stay within an aggregate id's 256 bytes.
const KEY_PART_MAX: usize = 84;

labels! {
    KeyPart / KeyPartKind: "part of a position key", KEY_PART_MAX, Alphabet::SEGMENT;
    /// The last part: it may hold `/`.
    Instrument / InstrumentKind: "instrument", KEY_PART_MAX, Alphabet::INSTRUMENT;
}

impl Reaction for FillsToPositions {
    const NAME: &'static str = "fills-to-positions";
    const PROGRESS: &'static str = "fills_to_positions";
    const ON: &'static str = "trades";
    type To = Position;
    type Event = TradeFill;

    fn wants(&self, event_type: &str) -> bool {
        matches!(
            event_type,
            "FillRecorded" | "FillCorrected" | "FillBusted" | "FillResubmitted"
        )
    }

    fn react(&self, meta: &EventMeta, event: TradeFill) -> Vec<Reacted<Position>> {
        let trade_id = TradeId::new(meta.aggregate.as_str()).ok();
        let (to, command) = match event {
            TradeFill::FillRecorded(fill) => recorded(trade_id, fill),
            TradeFill::FillCorrected(fill) => corrected(trade_id, fill),
            TradeFill::FillBusted(fill) => busted(trade_id, fill),
            TradeFill::FillResubmitted(again) => resubmitted(trade_id, again),
        };
        vec![Reacted {
            tenant: meta.tenant.clone(),
            to,
            command,
        }]
    }
}

fn resubmitted(
    trade_id: Option<TradeId>,
    again: FillResubmitted,
) -> (AggregateId, PositionCommand) {
    match again.report {
        Report::Fill => recorded(trade_id, again.fill),
        Report::Correction => corrected(trade_id, again.fill.into()),
        Report::Bust => busted(trade_id, again.fill.into()),
    }
}

fn recorded(trade_id: Option<TradeId>, fill: FillRecorded) -> (AggregateId, PositionCommand) {
    let to = position(&fill.account, &fill.book, &fill.instrument);
    let selected = |lot: ChosenLot| Selected {
        exec_id: lot.exec_id,
        trade_id: lot.trade_id,
        quantity: lot.quantity,
    };
    let command = ApplyFill {
        exec_id: fill.exec_id,
        trade_id,
        side: fill.side,
        quantity: fill.quantity,
        price: fill.price,
        multiplier: fill.multiplier,
        fee: fill.fee,
        fee_currency: fill.fee_currency,
        currency: fill.currency,
        traded_at: fill.traded_at,
        source_sequence: fill.source_sequence,
        lot_method: fill.lot_method,
        lots: fill
            .lots
            .unwrap_or_default()
            .into_iter()
            .map(selected)
            .collect(),
    };
    (to, PositionCommand::ApplyFill(command))
}

fn corrected(trade_id: Option<TradeId>, fill: FillCorrected) -> (AggregateId, PositionCommand) {
    let to = position(&fill.account, &fill.book, &fill.instrument);
    let FillCorrected {
        exec_id,
        quantity,
        price,
        fee,
        fee_currency,
        ..
    } = fill;
    (
        to,
        PositionCommand::CorrectFill(CorrectFill {
            exec_id,
            trade_id,
            quantity,
            price,
            fee,
            fee_currency,
        }),
    )
}

fn busted(trade_id: Option<TradeId>, fill: FillBusted) -> (AggregateId, PositionCommand) {
    let to = position(&fill.account, &fill.book, &fill.instrument);
    (
        to,
        PositionCommand::BustFill(BustFill {
            exec_id: fill.exec_id,
            trade_id,
        }),
    )
}

impl From<FillRecorded> for FillCorrected {
    fn from(now: FillRecorded) -> Self {
        Self {
            exec_id: now.exec_id,
            account: now.account,
            book: now.book,
            instrument: now.instrument,
            quantity: now.quantity,
            price: now.price,
            fee: now.fee,
            fee_currency: now.fee_currency,
        }
    }
}

impl From<FillRecorded> for FillBusted {
    fn from(now: FillRecorded) -> Self {
        Self {
            exec_id: now.exec_id,
            account: now.account,
            book: now.book,
            instrument: now.instrument,
        }
    }
}

fn position(account: &KeyPart, book: &KeyPart, instrument: &Instrument) -> AggregateId {
    AggregateId::new(&format!("{account}/{book}/{instrument}"))
        .expect("three key parts and two slashes are what an id may hold, and at most 254 bytes")
}

fn one() -> Decimal {
    Decimal::ONE
}

#[cfg(test)]
mod tests {
    use kernel::fixtures::meta;

    use super::*;

    /// A record as the trades context publishes it: the meta's fields, then `type` and `data`.
    fn react(kind: &str, data: &str) -> (String, PositionCommand) {
        let meta = meta("T-1");
        let head = serde_json::to_string(&meta).unwrap();
        let head = head.trim_end_matches('}');
        let record = format!(r#"{head},"type":"{kind}","data":{data}}}"#);
        assert!(FillsToPositions.wants(kind));
        let event = serde_json::from_str(&record).unwrap();
        let [
            Reacted {
                tenant,
                to,
                command,
            },
        ] = <[_; 1]>::try_from(FillsToPositions.react(&meta, event)).unwrap();
        assert_eq!(tenant.as_str(), "demo");
        (to.to_string(), command)
    }

    #[test]
    fn recorded_fill_is_applied_to_its_position() {
        let (to, command) = react(
            "FillRecorded",
            r#"{"exec_id":"E1","account":"ACC-1","book":"AGENCY","instrument":"IBM","side":"SELL",
                "quantity":"10","price":"181.52","fee":"0.035","fee_currency":"CHF","multiplier":"1","currency":"USD",
                "traded_at":"2013-10-07T08:00:00.688Z","lot_method":"SPECID",
                "source_sequence":7,"lots":[{"exec_id":"E0","trade_id":"T-0","quantity":"4"}],
                "cum_quantity":"10","leaves_quantity":"0","recorded_by":"oms"}"#,
        );
        assert_eq!(to, "ACC-1/AGENCY/IBM");
        let expected = ApplyFill {
            exec_id: "E1".parse().unwrap(),
            trade_id: Some("T-1".parse().unwrap()),
            side: Side::Sell,
            quantity: "10".parse().unwrap(),
            price: "181.52".parse().unwrap(),
            multiplier: Decimal::ONE,
            fee: "0.035".parse().unwrap(),
            fee_currency: Some("CHF".parse().unwrap()),
            currency: "USD".parse().unwrap(),
            traded_at: "2013-10-07T08:00:00.688Z".parse().unwrap(),
            source_sequence: Some(7),
            lot_method: LotMethod::SpecId,
            lots: vec![Selected {
                exec_id: "E0".parse().unwrap(),
                trade_id: Some("T-0".parse().unwrap()),
                quantity: "4".parse().unwrap(),
            }],
        };
        assert_eq!(command, PositionCommand::ApplyFill(expected));
    }

    #[test]
    fn corrected_fill_is_corrected_in_its_position() {
        let (to, command) = react(
            "FillCorrected",
            r#"{"exec_id":"E1","account":"A","book":"B","instrument":"C","quantity":"9",
                "price":"2","fee":"0","cum_quantity":"9","corrected_by":"bo"}"#,
        );
        assert_eq!(to, "A/B/C");
        let expected = CorrectFill {
            exec_id: "E1".parse().unwrap(),
            trade_id: Some("T-1".parse().unwrap()),
            quantity: "9".parse().unwrap(),
            price: "2".parse().unwrap(),
            fee: Decimal::ZERO,
            fee_currency: None,
        };
        assert_eq!(command, PositionCommand::CorrectFill(expected));
    }

    #[test]
    fn busted_fill_is_busted_in_its_position() {
        let (to, command) = react(
            "FillBusted",
            r#"{"exec_id":"E1","account":"A","book":"B","instrument":"C","busted_by":"bo"}"#,
        );
        assert_eq!(to, "A/B/C");
        let bust = BustFill {
            exec_id: "E1".parse().unwrap(),
            trade_id: Some("T-1".parse().unwrap()),
        };
        assert_eq!(command, PositionCommand::BustFill(bust));
    }

    #[test]
    fn what_was_refused_is_reported_once_more_as_what_it_was() {
        let fill = r#"{"exec_id":"E1","account":"A","book":"B","instrument":"C","side":"BUY",
            "quantity":"9","price":"2","fee":"0","currency":"USD",
            "traded_at":"2013-10-07T08:00:00Z"}"#;
        let again = |report: &str| {
            let data = format!(r#"{{"report":"{report}","fill":{fill}}}"#);
            react("FillResubmitted", &data)
        };
        assert_eq!(again("fill"), react("FillRecorded", fill));
        let expected = react("FillCorrected", fill);
        assert_eq!(again("correction"), expected);
        assert_eq!(again("bust"), react("FillBusted", fill));
    }

    #[test]
    fn breaks_and_trades_move_no_position() {
        for kind in [
            "UnmatchedFill",
            "OverfillRaised",
            "TradeBooked",
            "TradeExecuted",
        ] {
            assert!(!FillsToPositions.wants(kind), "{kind}");
        }
    }

    #[test]
    fn only_the_last_part_of_a_key_holds_a_slash() {
        let busted = |account: &str, instrument: &str| {
            format!(
                r#"{{"exec_id":"E1","account":"{account}","book":"B","instrument":"{instrument}"}}"#
            )
        };
        let data = busted("A/X", "C");
        let record = format!(r#"{{"type":"FillBusted","data":{data}}}"#);
        assert!(serde_json::from_str::<TradeFill>(&record).is_err());
        for instrument in ["EUR/USD", "SPXW  260120P06835000"] {
            let (to, _) = react("FillBusted", &busted("A", instrument));
            assert_eq!(to, format!("A/B/{instrument}"));
        }
    }

    #[test]
    fn longest_key_parts_still_make_a_position() {
        let part: KeyPart = "x".repeat(KEY_PART_MAX).parse().unwrap();
        let instrument: Instrument = "x".repeat(KEY_PART_MAX).parse().unwrap();
        assert_eq!(position(&part, &part, &instrument).as_str().len(), 254);
    }
}
