//! The bytes others depend on, and the numbers and names that are let in.

use std::fs;
use std::path::{Path, PathBuf};

use cqrs_es::DomainEvent;
use kernel::{Code, Rejection};
use serde_json::{Value, json};

use super::*;

fn every_command() -> Vec<AgentCommand> {
    vec![
        start("S-1", CHANNELS),
        set(Presence::Available),
        reserve("O-1", "C-1", "chat"),
        activate("O-1"),
        release_offer("O-1", ReleaseCause::Expired),
        hold("C-1"),
        resume("C-1"),
        begin("C-1", 30, true),
        complete("C-1", &["DONE"]),
        extend("C-1", 30),
        set_capacity(&[("chat", 3)]),
        set_skills(&[("fx", 80)]),
        set_queues(&["FX-VIP"]),
        add_queues(&["FX-VIP"]),
        remove_queues(&["FX-VIP"]),
        set_interruptions(&[("chat", &["voice"])]),
        heartbeat("S-1"),
        lose("S-1"),
        sign_off("S-1"),
        suspend(),
        expire_session("S-1"),
        expire_slot("O-1", after(35)),
        expire_wrap_up("C-1", after(30)),
        expire_grace("S-1", after(60)),
        end_cooldown(after(30)),
    ]
}

fn every_event() -> Vec<AgentEvent> {
    vec![
        started("S-1", CHANNELS),
        changed(Presence::Available),
        next(Some(Presence::Busy)),
        reserved("O-1", "C-1", "chat"),
        agent_matched("O-1", "C-1"),
        activated("O-1", "C-1"),
        released("O-1", "C-1", PhaseName::Reserved, ReleaseCause::Expired),
        held("C-1"),
        resumed("C-1"),
        wrapping("C-1", 30, true),
        extended("C-1", 60),
        completed("C-1", &["DONE"]),
        auto_completed("C-1"),
        capacity(&[("chat", 3)]),
        skills(&[("fx", 80)]),
        queues(&["FX-VIP"]),
        interruptions(&[("chat", &["voice"])]),
        lost("S-1"),
        restored("S-1"),
        grace_expired("S-1"),
        heard("S-1", after(20)),
        ended("S-1", SessionEnd::Silent),
        cooling_down(),
        routing_resumed(),
    ]
}

fn data(event: &AgentEvent) -> Value {
    serde_json::to_value(event).unwrap()["data"].clone()
}

#[test]
fn slot_events_are_what_conversations_read() {
    let expected = json!({
        "offer_id": "O-1", "conversation_id": "C-1", "channel": "chat", "cost": 1,
        "expires_at": "1970-01-01T00:17:15Z",
    });
    assert_eq!(data(&reserved("O-1", "C-1", "chat")), expected);
    let expected = json!({ "offer_id": "O-1", "conversation_id": "C-1" });
    assert_eq!(data(&activated("O-1", "C-1")), expected);
    let expected = json!({
        "offer_id": "O-1", "conversation_id": "C-1", "cause": "agent_offline", "phase": "wrap_up",
    });
    let offline = ReleaseCause::AgentOffline;
    assert_eq!(
        data(&released("O-1", "C-1", PhaseName::WrapUp, offline)),
        expected
    );
}

#[test]
fn wrap_up_events_are_what_conversations_read() {
    let expected = json!({ "conversation_id": "C-1", "codes": ["DONE"] });
    assert_eq!(data(&completed("C-1", &["DONE"])), expected);
    assert_eq!(
        data(&auto_completed("C-1")),
        json!({ "conversation_id": "C-1" })
    );
}

#[test]
fn presence_is_a_word_or_a_code_of_the_tenant() {
    let custom = Presence::Custom {
        code: "LUNCH".parse().unwrap(),
        routable: false,
    };
    let expected = json!({
        "presence": { "custom": { "code": "LUNCH", "routable": false } }, "source": "agent",
    });
    assert_eq!(data(&changed(custom)), expected);
    let expected = json!({ "presence": "available", "source": "agent" });
    assert_eq!(data(&changed(Presence::Available)), expected);
    assert_eq!(data(&next(None)), json!({}));
}

#[test]
fn suspension_says_why_and_until_when() {
    assert_eq!(
        data(&not_responding()),
        json!({ "reason": "not_responding" })
    );
    let expected = json!({ "reason": "cooldown", "ready_at": "1970-01-01T00:17:10Z" });
    assert_eq!(data(&cooling_down()), expected);
}

#[test]
fn causes_of_a_release_are_written_in_snake_case() {
    use ReleaseCause as C;
    let written = serde_json::to_value([
        C::Rejected,
        C::Expired,
        C::Rescinded,
        C::Canceled,
        C::Failed,
        C::AgentUnavailable,
        C::AgentOffline,
        C::Completed,
        C::Transferred,
        C::Parked,
        C::Force,
        C::TtlExpired,
    ]);
    let expected = json!([
        "rejected",
        "expired",
        "rescinded",
        "canceled",
        "failed",
        "agent_unavailable",
        "agent_offline",
        "completed",
        "transferred",
        "parked",
        "force",
        "ttl_expired",
    ]);
    assert_eq!(written.unwrap(), expected);
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
fn every_command_has_a_route_or_is_the_platforms_own() {
    let commands = every_command();
    let names = commands.iter().map(AgentCommand::name);
    let (internal, sent): (Vec<_>, Vec<_>) = names.partition(|name| Agent::INTERNAL.contains(name));
    let routed: Vec<_> = Agent::COMMANDS.iter().map(|route| route.command).collect();
    assert_eq!(sent, routed);
    assert_eq!(internal, Agent::INTERNAL);
}

#[test]
fn command_with_an_unknown_field_is_refused() {
    for command in every_command() {
        let mut value = serde_json::to_value(&command).unwrap();
        let read: AgentCommand = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(read, command);
        value["data"]["presense"] = Value::from("busy");
        assert!(serde_json::from_value::<AgentCommand>(value).is_err());
    }
}

#[test]
fn event_with_an_unknown_field_is_read() {
    for event in every_event() {
        let mut value = serde_json::to_value(&event).unwrap();
        value["data"]["since_v2"] = Value::from(1);
        assert_eq!(serde_json::from_value::<AgentEvent>(value).unwrap(), event);
    }
}

#[test]
fn presence_begins_now_and_without_force_by_default() {
    let value = json!({ "type": "SetPresence", "data": { "presence": "busy" } });
    let read: AgentCommand = serde_json::from_value(value).unwrap();
    assert_eq!(read, set(Presence::Busy));
}

#[test]
fn level_is_within_one_and_a_hundred() {
    for (level, is_one) in [(0, false), (1, true), (100, true), (101, false)] {
        assert_eq!(Level::try_from(level).is_ok(), is_one, "{level}");
    }
    let schema = serde_json::to_value(schemars::schema_for!(Level)).unwrap();
    assert_eq!(
        (&schema["minimum"], &schema["maximum"]),
        (&json!(1), &json!(100))
    );
}

#[test]
fn names_are_let_in_by_their_kind() {
    for text in ["a/b", "", "a b", "ä"] {
        assert!(text.parse::<AgentId>().is_err(), "{text}");
        assert!(text.parse::<OfferId>().is_err(), "{text}");
        assert!(text.parse::<ConversationId>().is_err(), "{text}");
        assert!(text.parse::<Queue>().is_err(), "{text}");
    }
    assert!("product:fx/spot".parse::<Skill>().is_ok());
    assert!("zurück um 13 Uhr".parse::<Reason>().is_ok());
    assert!("two\nlines".parse::<Reason>().is_err());
    assert!("two\nlines".parse::<Notes>().is_ok());
    assert!("a\u{7}bell".parse::<Notes>().is_err());
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The golden values of one kind: each with the name and version it is of, and whether it is the full
/// one.
fn golden(kind: &str) -> Vec<(String, String, bool, Value)> {
    let folder = root().join(format!("schemas/agents/{kind}/golden"));
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    let mut found: Vec<_> = files
        .map(|file| {
            let text = fs::read_to_string(file.path()).unwrap();
            let value: Value = serde_json::from_str(&text).unwrap();
            let sorted = serde_json::to_string_pretty(&value).unwrap() + "\n";
            assert_eq!(text, sorted, "{}", file.path().display());
            let file = file.file_name().into_string().unwrap();
            let (name, rest) = file.split_once(".v").unwrap();
            let (version, rest) = rest.split_once('.').unwrap();
            (name.to_owned(), version.to_owned(), rest == "json", value)
        })
        .collect();
    found.sort_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1)));
    found
}

/// The names of which there is a full golden value.
fn full(golden: &[(String, String, bool, Value)]) -> Vec<String> {
    let full = golden.iter().filter(|(.., is_full, _)| *is_full);
    let mut names: Vec<_> = full.map(|(name, ..)| name.clone()).collect();
    names.dedup();
    names
}

#[test]
fn golden_event_is_written_back_as_it_is() {
    let golden = golden("events");
    let mut names: Vec<_> = every_event().iter().map(DomainEvent::event_type).collect();
    names.sort();
    assert_eq!(full(&golden), names);
    for (name, _, _, data) in golden {
        let stored = json!({ "type": name, "data": data });
        let read: AgentEvent = serde_json::from_value(stored.clone()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), stored);
    }
}

#[test]
fn golden_command_is_read_and_loses_nothing() {
    let golden = golden("commands");
    let mut names: Vec<_> = every_command().iter().map(AgentCommand::name).collect();
    names.sort_unstable();
    assert_eq!(full(&golden), names);
    for (name, _, is_full, data) in golden {
        let stored = json!({ "type": name, "data": data });
        let read: AgentCommand = serde_json::from_value(stored.clone()).unwrap();
        let written = serde_json::to_value(read).unwrap();
        // A sender may leave defaults out.
        assert!(!is_full || written == stored, "{written}");
    }
}

fn every_rejection() -> Vec<AgentRejection> {
    let conversation_id: ConversationId = "C-1".parse().unwrap();
    let offer_id: OfferId = "O-1".parse().unwrap();
    let channel: Channel = "chat".parse().unwrap();
    vec![
        AgentRejection::InvalidTransition {
            command: "HoldSlot",
            conversation_id: conversation_id.clone(),
            phase: PhaseName::WrapUp,
        },
        AgentRejection::AgentIdInvalid("a/b".parse::<AgentId>().unwrap_err()),
        AgentRejection::NoSession,
        AgentRejection::NotRoutable {
            channel: channel.clone(),
            why: Unroutable::NotConnected,
        },
        AgentRejection::NoCapacity {
            channel,
            free: 0,
            cost: 1,
        },
        AgentRejection::OfferConflict {
            offer_id: offer_id.clone(),
        },
        AgentRejection::SlotTaken {
            conversation_id: conversation_id.clone(),
            offer_id,
        },
        AgentRejection::SlotLost {
            conversation_id: conversation_id.clone(),
        },
        AgentRejection::ActiveWork { slots: 1 },
        AgentRejection::SupervisorRequired { what: "anything" },
        AgentRejection::DispositionRequired { conversation_id },
        AgentRejection::WrapUpLimit {
            asked: 901,
            max: 900,
        },
        AgentRejection::AgentLimit {
            what: Limited::Skills,
            max: 256,
        },
    ]
}

#[test]
fn every_code_has_a_page() {
    let codes: Vec<Code> = every_rejection().iter().map(Rejection::code).collect();
    assert_eq!(codes, AgentRejection::ALL);
    for code in codes {
        let page = root().join(format!("docs/errors/{code}.md"));
        assert!(page.is_file(), "{} is missing", page.display());
    }
}
