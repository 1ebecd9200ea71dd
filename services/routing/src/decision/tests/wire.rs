//! The bytes others depend on, and the names that are let in.

use std::path::Path;

use cqrs_es::DomainEvent;
use kernel::{Code, Rejection};

use super::*;
use crate::decision::rejection::Limited;

fn every_command() -> Vec<(DecisionCommand, Value)> {
    let lost = json!({ "agent_id": "amy", "code": "NO_CAPACITY" });
    let matched = json!({ "offer_id": "O-1", "agent_id": "amy" });
    vec![
        (
            record_decision(record()),
            json!({ "type": "RecordDecision", "data": record_json() }),
        ),
        (
            lose("amy", "NO_CAPACITY"),
            json!({ "type": "LoseCandidate", "data": lost }),
        ),
        (
            record_match("O-1", "amy"),
            json!({ "type": "RecordMatch", "data": matched }),
        ),
        (give_up(), json!({ "type": "RecordUnmatched", "data": {} })),
    ]
}

fn every_event() -> Vec<(DecisionEvent, Value)> {
    let lost_data = json!({ "agent_id": "amy", "code": "NO_CAPACITY" });
    let chosen_data = json!({ "offer_id": "O-1", "agent_id": "amy" });
    vec![
        (
            recorded(),
            json!({ "type": "DecisionRecorded", "data": record_json() }),
        ),
        (
            lost("amy", "NO_CAPACITY"),
            json!({ "type": "CandidateLost", "data": lost_data }),
        ),
        (
            chosen("O-1", "amy"),
            json!({ "type": "AgentChosen", "data": chosen_data }),
        ),
        (nobody_found(), json!({ "type": "NobodyFound", "data": {} })),
    ]
}

#[test]
fn commands_are_written_so_and_read_back() {
    for (command, written) in every_command() {
        assert_eq!(serde_json::to_value(&command).unwrap(), written);
        assert_eq!(written["type"], command.name());
        let read: DecisionCommand = serde_json::from_value(written).unwrap();
        assert_eq!(read, command);
    }
}

#[test]
fn events_are_written_so_and_read_back() {
    for (event, written) in every_event() {
        assert_eq!(serde_json::to_value(&event).unwrap(), written);
        assert_eq!(written["type"], event.event_type());
        let is_record = matches!(event, DecisionEvent::DecisionRecorded(_));
        assert_eq!(event.event_version(), if is_record { "2" } else { "1" });
        let read: DecisionEvent = serde_json::from_value(written).unwrap();
        assert_eq!(read, event);
    }
}

/// In a record as in any JSON: the name may follow the data.
#[test]
fn events_are_read_from_records() {
    for (event, _) in every_event() {
        let mut record = Vec::new();
        kernel::record::encode(&meta(1), &event, &mut record).unwrap();
        let sorted: Value = serde_json::from_slice(&record).unwrap();
        for bytes in [record, sorted.to_string().into_bytes()] {
            let (_, read) = kernel::record::decode::<DecisionEvent>(1, &bytes).unwrap();
            assert_eq!(read, event);
        }
    }
}

/// The schemas of commands know no `null`.
#[test]
fn what_is_not_known_of_an_agent_is_left_out() {
    let mut written = record_json();
    written["candidates"][0]["terms"]["idle_since"] = json!(null);
    let read: Record = serde_json::from_value(written).unwrap();
    let written = serde_json::to_string(&read).unwrap();
    assert!(!written.contains("null"), "{written}");
}

/// But for the record, which is the same in the command and in the event.
#[test]
fn command_with_an_unknown_field_is_refused() {
    for (_, mut written) in every_command().split_off(1) {
        written["data"]["agent"] = json!("amy");
        assert!(serde_json::from_value::<DecisionCommand>(written).is_err());
    }
}

#[test]
fn event_with_an_unknown_field_is_read() {
    for (event, mut written) in every_event() {
        written["data"]["since_v2"] = json!(1);
        let read: DecisionEvent = serde_json::from_value(written).unwrap();
        assert_eq!(read, event);
    }
}

#[test]
fn decision_has_no_public_command() {
    assert_eq!(Decision::COMMANDS, &[]);
}

#[test]
fn refusal_code_is_written_as_codes_are() {
    for text in ["NO_CAPACITY", "VERSION_CONFLICT", "A1"] {
        assert!(text.parse::<RefusalCode>().is_ok(), "{text}");
    }
    for text in [
        "",
        "no_capacity",
        "NO CAPACITY",
        "NO-CAPACITY",
        &"A".repeat(65),
    ] {
        assert!(text.parse::<RefusalCode>().is_err(), "{text}");
    }
}

fn every_rejection() -> Vec<DecisionRejection> {
    vec![
        DecisionRejection::InvalidTransition {
            command: "RecordUnmatched",
            outcome: Outcome::Matched,
        },
        DecisionRejection::DecisionIdInvalid(
            "a/b".parse::<crate::label::DecisionId>().unwrap_err(),
        ),
        DecisionRejection::IdConflict,
        DecisionRejection::OfferConflict {
            offer_id: "O-1".parse().unwrap(),
        },
        DecisionRejection::DecisionLimit {
            what: Limited::Offers,
            max: 10,
        },
    ]
}

#[test]
fn every_code_has_a_page() {
    let codes: Vec<Code> = every_rejection().iter().map(Rejection::code).collect();
    assert_eq!(codes, DecisionRejection::ALL);
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
    for code in codes {
        let page = pages.join(format!("{code}.md"));
        assert!(page.is_file(), "{} is missing", page.display());
    }
}
