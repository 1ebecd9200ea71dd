//! The bytes others depend on, and the numbers and names that are let in.

use std::path::Path;

use cqrs_es::DomainEvent;
use kernel::{Code, Rejection};
use serde_json::{Value, json};

use super::*;

fn every_command() -> Vec<TradeCommand> {
    vec![
        book(),
        fill("e1", 1),
        cancel(),
        amend(1, new_terms(1, "1")),
        correct("e1", 1, "1"),
        bust("e1"),
        settle("e1", Resolution::TakeIn),
        note("e1", Report::Fill),
    ]
}

fn every_event() -> Vec<TradeEvent> {
    vec![
        booked(),
        filled("e1", 40, 40),
        executed(100),
        overfilled("e1", 101, 0),
        unmatched("e1", 40),
        cancelled(),
        remainder_cancelled(40),
        amended(&new_terms(200, "49.20")),
        corrected("e1", 30, "49", 30),
        busted("e1", 0),
        refused("e1", Report::Fill),
        settling::resubmitted("e1", 40, 40),
        settling::handed_over("e1", 101, "T-2"),
    ]
}

#[test]
fn fill_recorded_is_what_positions_read() {
    let expected = json!({
        "type": "FillRecorded",
        "data": {
            "exec_id": "e1", "account": "ACC-1", "book": "AGENCY", "instrument": "IBM",
            "side": "BUY", "quantity": "40", "price": "49.18", "fee": "0.5", "multiplier": "1",
            "currency": "USD", "traded_at": "1970-01-01T00:00:00.6Z", "lot_method": "FIFO",
            "cum_quantity": "40", "leaves_quantity": "60", "recorded_by": "dealer",
        },
    });
    assert_eq!(
        serde_json::to_value(filled("e1", 40, 40)).unwrap(),
        expected
    );
}

#[test]
fn fill_corrected_and_fill_busted_are_what_positions_read() {
    let data = serde_json::to_value(corrected("e1", 30, "49", 30)).unwrap()["data"].clone();
    let wanted = json!({
        "exec_id": "e1", "account": "ACC-1", "book": "AGENCY", "instrument": "IBM",
        "quantity": "30", "price": "49", "fee": "0.5",
        "cum_quantity": "30", "leaves_quantity": "70", "corrected_by": "middle-office",
    });
    assert_eq!(data, wanted);
    let data = serde_json::to_value(busted("e1", 0)).unwrap()["data"].clone();
    let wanted = json!({
        "exec_id": "e1", "account": "ACC-1", "book": "AGENCY", "instrument": "IBM",
        "cum_quantity": "0", "leaves_quantity": "100", "busted_by": "middle-office",
    });
    assert_eq!(data, wanted);
}

#[test]
fn names_in_code_are_the_names_on_the_wire() {
    for command in every_command() {
        let value = serde_json::to_value(&command).unwrap();
        assert_eq!(value["type"], command.name());
    }
    for event in every_event() {
        let value = serde_json::to_value(&event).unwrap();
        assert_eq!(value["type"], event.event_type());
    }
}

#[test]
fn every_command_has_a_route_or_is_a_reactions_own() {
    let mut names: Vec<_> = every_command().iter().map(TradeCommand::name).collect();
    names.retain(|name| !Trade::INTERNAL.contains(name));
    let routed: Vec<_> = Trade::COMMANDS.iter().map(|route| route.command).collect();
    assert_eq!(names, routed);
}

#[test]
fn command_with_an_unknown_field_is_refused() {
    for command in every_command() {
        let mut value = serde_json::to_value(&command).unwrap();
        assert_eq!(
            serde_json::from_value::<TradeCommand>(value.clone()).unwrap(),
            command
        );
        value["data"]["lot_metod"] = Value::from("LIFO");
        assert!(serde_json::from_value::<TradeCommand>(value).is_err());
    }
}

#[test]
fn event_with_an_unknown_field_is_read() {
    for event in every_event() {
        let mut value = serde_json::to_value(&event).unwrap();
        value["data"]["since_v2"] = Value::from(1);
        assert_eq!(serde_json::from_value::<TradeEvent>(value).unwrap(), event);
    }
}

#[test]
fn booking_defaults_multiplier_and_lot_method() {
    let mut value = serde_json::to_value(book()).unwrap();
    let data = value["data"].as_object_mut().unwrap();
    data.remove("multiplier");
    data.remove("lot_method");
    assert_eq!(
        serde_json::from_value::<TradeCommand>(value).unwrap(),
        book()
    );
}

#[test]
fn lot_methods_are_written_in_capitals() {
    use LotMethod::{Average, Fifo, Hifo, Lifo, SpecId};
    let written = serde_json::to_value([Fifo, Lifo, Hifo, SpecId, Average]).unwrap();
    assert_eq!(
        written,
        json!(["FIFO", "LIFO", "HIFO", "SPECID", "AVERAGE"])
    );
}

fn admits<K: AmountKind>(text: &str) -> bool {
    let value: Decimal = text.parse().unwrap();
    Amount::<K>::try_from(value).is_ok()
}

#[test]
fn amount_outside_its_kind_is_refused() {
    for text in [
        "0.000000000000000001",
        "1.1000000000",
        "999999999999999999.999999999999999999",
    ] {
        assert!(admits::<amount::QuantityKind>(text), "{text}");
        assert!(admits::<amount::MultiplierKind>(text), "{text}");
    }
    for text in [
        "0",
        "0.000",
        "-1",
        "0.0000000000000000001",
        "1000000000000000000",
    ] {
        assert!(!admits::<amount::QuantityKind>(text), "{text}");
        assert!(!admits::<amount::MultiplierKind>(text), "{text}");
    }
    for text in [
        "-37.63",
        "0",
        "0.000000000000000001",
        "-999999999999999999.999999999999999999",
    ] {
        assert!(admits::<amount::PriceKind>(text), "{text}");
        assert!(admits::<amount::FeeKind>(text), "{text}");
    }
    for text in [
        "0.0000000000000000001",
        "1000000000000000000",
        "-1000000000000000000",
    ] {
        assert!(!admits::<amount::PriceKind>(text), "{text}");
        assert!(!admits::<amount::FeeKind>(text), "{text}");
    }
}

#[test]
fn segment_of_a_position_key_has_no_slash() {
    for text in ["a/b", "", "a b", "ä"] {
        assert!(text.parse::<Account>().is_err());
        assert!(text.parse::<Book>().is_err());
        assert!(text.parse::<TradeId>().is_err());
    }
    for text in ["BRK.B", "BRK/B", "EUR/USD", "SPXW  260120P06835000"] {
        assert!(text.parse::<Instrument>().is_ok());
    }
    for text in ["", "a//b", " a", "a ", "ä"] {
        assert!(text.parse::<Instrument>().is_err());
    }
    assert!("XNYS/2013-10-07/1".parse::<ExecId>().is_ok());
}

#[test]
fn fill_with_too_many_lots_or_one_lot_twice_is_refused() {
    let picks = |count: u32| {
        let pick = |n| LotPick {
            exec_id: exec_id(&format!("e{n}")),
            trade_id: None,
            quantity: amount("1"),
        };
        (0..count).map(pick).collect::<Vec<_>>()
    };
    assert!(LotSelection::try_from(picks(100)).is_ok());
    assert_eq!(
        LotSelection::try_from(picks(101)),
        Err(BadSelection::TooManyLots)
    );
    let twice = [picks(2), picks(1)].concat();
    assert_eq!(
        LotSelection::try_from(twice),
        Err(BadSelection::NamedTwice(exec_id("e0")))
    );
}

#[test]
fn schema_states_the_bounds_that_reading_enforces() {
    let schema = serde_json::to_value(schemars::schema_for!(RecordFill)).unwrap();
    let of = |field: &str| schema["properties"][field].clone();
    assert_eq!(of("quantity")["pattern"], r"^0*\d{1,18}(\.\d{1,18}0*)?$");
    assert_eq!(of("price")["pattern"], r"^-?0*\d{1,18}(\.\d{1,18}0*)?$");
    assert_eq!(of("lots")["maxItems"], 100);
    assert_eq!(schema["additionalProperties"], false);
}

fn every_rejection() -> Vec<TradeRejection> {
    let exec_id = exec_id("e1");
    vec![
        folded(&[])
            .decide(&accepted(DEALER, cancel()), &())
            .unwrap_err(),
        TradeRejection::IdConflict,
        TradeRejection::TradeIdInvalid("a/b".parse::<TradeId>().unwrap_err()),
        TradeRejection::ExecIdConflict {
            exec_id: exec_id.clone(),
        },
        TradeRejection::ExecutionLimit { max: 1 },
        TradeRejection::AmountInexact {
            exec_id: exec_id.clone(),
        },
        TradeRejection::FillUnknown {
            exec_id: exec_id.clone(),
        },
        TradeRejection::FillBusted {
            exec_id: exec_id.clone(),
        },
        TradeRejection::FourEyes {
            exec_id,
            actor: actor(DEALER),
        },
        TradeRejection::TermsFixed,
        TradeRejection::AmendmentBelowFilled {
            quantity: 39.into(),
            cum_quantity: 40.into(),
        },
        TradeRejection::BreakNotOpen {
            exec_id: "e1".parse().unwrap(),
        },
        TradeRejection::NotHandedOver,
        TradeRejection::TradedAhead {
            traded_at: Timestamp::from_millis(1),
        },
        TradeRejection::CorrectionOverfills {
            cum_quantity: 101.into(),
            order_quantity: 100.into(),
        },
    ]
}

#[test]
fn every_code_has_a_page() {
    let codes: Vec<Code> = every_rejection().iter().map(Rejection::code).collect();
    assert_eq!(codes, TradeRejection::ALL);
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
    for code in codes {
        let page = pages.join(format!("{code}.md"));
        assert!(page.is_file(), "{} is missing", page.display());
    }
}
