//! The bytes others depend on.

use std::fs;
use std::path::{Path, PathBuf};

use cqrs_es::DomainEvent;
use kernel::{Code, Rejection};

use super::*;

/// One of each, in the order they are declared.
pub(super) fn every_command() -> Vec<C> {
    let texts = [
        ("Create", opening()),
        ("RouteToBot", json!({})),
        (
            "Enqueue",
            json!({ "queue": "fx", "requirements": ["lang:de"], "priority": 7, "ttl_ms": 600_000, "answer_within_ms": 30_000 }),
        ),
        (
            "Handoff",
            json!({
                "reason": "wants a person", "summary": "asks for EURUSD 5m", "queue": "fx",
                "requirements": ["lang:de"], "priority": 7, "ttl_ms": 600_000,
                "answer_within_ms": 30_000,
            }),
        ),
        ("CustomerLeft", json!({})),
        ("Contain", json!({})),
        ("MarkOffered", offer(7, 3, 2)),
        ("OfferMatch", offer(8, 3, 2)),
        ("Reprioritise", json!({ "priority": 60 })),
        ("Relax", json!({ "ring": 1, "dropped": ["lang:de"] })),
        ("Overflow", json!({ "queue": "fx-2" })),
        (
            "TakeManually",
            json!({ "agent_id": "A-1", "offer_id": "O-3", "decision_id": "D-3", "over_capacity": true }),
        ),
        ("AcceptOffer", of_offer(7)),
        (
            "RejectOffer",
            json!({ "offer_id": "O-7", "reason": "on another call" }),
        ),
        ("ExpireOffer", of_offer(7)),
        (
            "RescindOffer",
            json!({ "offer_id": "O-7", "cause": "agent_unavailable" }),
        ),
        (
            "FailOffer",
            json!({ "offer_id": "O-7", "cause": "setup_timeout" }),
        ),
        ("ConnectOffer", of_offer(7)),
        (
            "RequestCallback",
            json!({ "callback_at": time(3_600), "number": "+41445550100" }),
        ),
        ("Expire", json!({ "seq": 1 })),
        ("MarkOverdue", json!({ "seq": 1 })),
        ("Cancel", json!({})),
        ("Hold", json!({})),
        ("Resume", json!({})),
        ("Park", json!({ "until": time(3_600) })),
        ("Unpark", json!({})),
        ("Consult", json!({ "target": "A-2", "offer_id": "O-9" })),
        ("Conference", json!({})),
        ("EndConsult", json!({})),
        (
            "TransferCold",
            json!({ "queue": "rates", "to_agent_id": "A-2", "requirements": [], "wrap_up_s": 30 }),
        ),
        ("CompleteTransfer", json!({ "wrap_up_s": 30 })),
        ("FailTransfer", json!({ "reason": "no answer" })),
        (
            "End",
            json!({ "by": "agent", "wrap_up_s": 60, "disposition_required": true }),
        ),
        (
            "CompleteWrapUp",
            json!({ "agent_id": "A-1", "codes": ["traded"] }),
        ),
        (
            "ExpireWrapUp",
            json!({ "agent_id": "A-1", "wrap_up_version": 9 }),
        ),
        ("LoseAgent", json!({ "agent_id": "A-1" })),
        ("ForceRequeue", json!({ "queue": "fx", "reason": "stuck" })),
        ("ForceClose", json!({ "reason": "stuck" })),
        ("Merge", json!({ "into": "C-2" })),
        ("Reopen", json!({})),
        ("ReceiveMessage", inbound("m1", "5m EURUSD?")),
        ("ReceiveCarried", carried(&["C-1"], carried_message())),
        ("SendMessage", outbound("s1", &["acme"])),
        ("MarkSent", sent("s1", 1, "p1")),
        ("RecordReceipt", receipt("p1", 1, "acme", "DELIVERED", 120)),
        (
            "RetryMessage",
            json!({ "client_message_id": "s1", "attempt": 1 }),
        ),
        ("CancelMessage", json!({ "client_message_id": "s1" })),
        (
            "MarkSeen",
            json!({ "provider_message_id": "m1", "channel": "chat", "agent_id": "A-1" }),
        ),
    ];
    texts
        .into_iter()
        .map(|(name, data)| command(name, data))
        .collect()
}

fn schemas(kind: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/conversations");
    root.join(kind).join("golden")
}

/// The name and the sample of every file, in order of names.
fn golden(kind: &str) -> Vec<(String, Value)> {
    let files = fs::read_dir(schemas(kind)).unwrap();
    let mut found: Vec<_> = files
        .map(|file| {
            let path = file.unwrap().path();
            let file = path.file_name().unwrap().to_str().unwrap();
            let (name, _) = file.split_once(".v").unwrap();
            (
                name.to_owned(),
                serde_json::from_slice(&fs::read(&path).unwrap()).unwrap(),
            )
        })
        .collect();
    found.sort_by(|left, right| left.0.cmp(&right.0));
    found
}

#[test]
fn names_in_code_are_the_names_on_the_wire() {
    for command in every_command() {
        let value = serde_json::to_value(&command).unwrap();
        assert_eq!(value["type"], command.name());
    }
    for (name, data) in golden("events") {
        assert_eq!(read::<E>(&name, data).event_type(), name);
    }
}

#[test]
fn golden_command_is_read() {
    let mut names: Vec<_> = every_command().iter().map(C::name).collect();
    names.sort_unstable();
    let golden = golden("commands");
    let written: Vec<_> = golden.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(written, names);
    for command in every_command() {
        let sample = golden.iter().find(|(name, _)| name == command.name());
        let data = sample.unwrap().1.clone();
        assert_eq!(read::<C>(command.name(), data), command);
    }
}

#[test]
fn golden_event_is_read_and_written_as_it_was() {
    let golden = golden("events");
    assert_eq!(golden.len(), 60);
    for (name, data) in golden {
        let written = serde_json::to_value(read::<E>(&name, data.clone())).unwrap();
        assert_eq!(written["data"], data, "{name}");
    }
}

/// What the agents context reads of the events it listens to.
#[test]
fn events_that_agents_listen_to_have_their_fields() {
    let wanted: &[(&str, &[&str])] = &[
        ("OfferAccepting", &["offer_id", "agent_id"]),
        ("OfferRejected", &["offer_id", "agent_id"]),
        ("OfferExpired", &["offer_id", "agent_id"]),
        ("OfferRescinded", &["offer_id", "agent_id", "cause"]),
        ("OfferCanceled", &["offer_id", "agent_id"]),
        ("OfferFailed", &["offer_id", "agent_id", "cause"]),
        ("MatchRefused", &["offer_id", "agent_id"]),
        ("Held", &["agent_id"]),
        ("Resumed", &["agent_id"]),
        ("Parked", &["agent_id"]),
        ("AgentLeft", &["agent_id", "wrap_up_s"]),
        ("OwnerChanged", &["from", "to", "wrap_up_s"]),
        (
            "Ended",
            &["by", "agent_id", "wrap_up_s", "disposition_required"],
        ),
        ("Disposed", &["agent_id", "codes"]),
    ];
    let golden = golden("events");
    for (name, fields) in wanted {
        let (_, data) = golden.iter().find(|(known, _)| known == name).unwrap();
        for field in *fields {
            assert!(data.get(field).is_some(), "{name} has no {field}");
        }
    }
}

#[test]
fn every_command_of_people_and_channels_has_a_route() {
    let mut routed: Vec<_> = Conversation::COMMANDS
        .iter()
        .map(|route| route.command)
        .collect();
    routed.extend(Conversation::INTERNAL);
    routed.sort_unstable();
    let mut names: Vec<_> = every_command().iter().map(C::name).collect();
    names.sort_unstable();
    assert_eq!(routed, names);
    let mut paths: Vec<_> = Conversation::COMMANDS
        .iter()
        .map(|route| route.path)
        .collect();
    let routes = paths.len();
    paths.sort_unstable();
    paths.dedup();
    assert_eq!(paths.len(), routes);
}

#[test]
fn command_with_an_unknown_field_is_refused() {
    for command in every_command() {
        let mut value = serde_json::to_value(&command).unwrap();
        assert_eq!(serde_json::from_value::<C>(value.clone()).unwrap(), command);
        value["data"]["prioritty"] = Value::from(1);
        assert!(
            serde_json::from_value::<C>(value).is_err(),
            "{}",
            command.name()
        );
    }
}

#[test]
fn event_with_an_unknown_field_is_read() {
    for (name, mut data) in golden("events") {
        let event: E = read(&name, data.clone());
        data["since_v2"] = Value::from(1);
        assert_eq!(read::<E>(&name, data), event);
    }
}

#[test]
fn value_outside_its_bounds_is_refused() {
    for (name, data) in [
        ("Reprioritise", json!({ "priority": 10_081 })),
        ("End", json!({ "by": "agent", "wrap_up_s": 901 })),
        ("ForceClose", json!({ "reason": "" })),
        ("ForceClose", json!({ "reason": "x".repeat(501) })),
        ("SendMessage", outbound("s1", &[])),
        ("RecordReceipt", receipt("p1", 1, "acme", "CANCELED", 1)),
        ("AcceptOffer", json!({ "offer_id": "a/b" })),
    ] {
        let value = json!({ "type": name, "data": data });
        assert!(serde_json::from_value::<C>(value).is_err(), "{name}");
    }
}

fn every_rejection() -> Vec<ConversationRejection> {
    use ConversationRejection as R;
    let offer_id: crate::OfferId = "O-1".parse().unwrap();
    let message_id: crate::MessageId = "m1".parse().unwrap();
    vec![
        Story::default().decide("Hold", &json!({})).unwrap_err(),
        R::IdConflict,
        R::ConversationIdInvalid("a/b".parse::<crate::ConversationId>().unwrap_err()),
        R::StaleOffer {
            offer_id: offer_id.clone(),
        },
        R::OfferContended {
            offer_id: offer_id.clone(),
        },
        R::ConsultPending { offer_id },
        R::OfferLimit { max: 1 },
        R::HopLimit { max: 1 },
        R::DispositionRequired,
        R::MergeTargetInvalid,
        R::ConversationOver {
            goes_on_in: Some("C-2".parse().unwrap()),
        },
        R::IdempotencyMismatch {
            message_id: message_id.clone(),
        },
        R::MessageUnknown {
            message_id: message_id.clone(),
        },
        R::RecipientUnknown {
            message_id: message_id.clone(),
            recipient: "eve".parse().unwrap(),
        },
        R::AttemptLimit { message_id, max: 1 },
    ]
}

#[test]
fn every_code_has_a_page() {
    let codes: Vec<Code> = every_rejection().iter().map(Rejection::code).collect();
    assert_eq!(codes, ConversationRejection::ALL);
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
    for code in codes {
        let page = pages.join(format!("{code}.md"));
        assert!(page.is_file(), "{} is missing", page.display());
    }
}
