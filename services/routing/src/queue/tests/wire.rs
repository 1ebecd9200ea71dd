//! The bytes others depend on.

use std::path::Path;

use cqrs_es::DomainEvent;
use kernel::{Code, Rejection};
use serde_json::{Value, json};

use super::*;
use crate::queue::rejection::Setting;

fn every_setting() -> Value {
    json!({
        "strategy": { "ring": 3 },
        "order": { "strict": { "max_wait_s": 300 } },
        "intent_boost_s": { "quote": 60 },
        "skill_weights": { "fx": 2 },
        "offer_ttl_ms": 15_000,
        "cost": 2,
        "cooldown_s": 30,
        "relaxations": [{ "after_s": 60, "dropped": ["lang:de"] }],
        "overflow": { "after_s": 120, "queue": "FX" },
        "service_level": { "within_s": 10, "percent": 90 },
        "zone": "Europe/London",
    })
}

fn every_command() -> Vec<(QueueCommand, Value)> {
    let starve_data = json!({
        "at_conversation": "C-1", "waiting": 3, "agents": { "presence": 2, "not_responding": 1 },
    });
    vec![
        (
            configure(settings(every_setting())),
            json!({ "type": "ConfigureQueue", "data": every_setting() }),
        ),
        (
            starve("C-1"),
            json!({ "type": "ReportStarved", "data": starve_data }),
        ),
        (
            serve("amy"),
            json!({ "type": "ReportServed", "data": { "agent_id": "amy" } }),
        ),
    ]
}

fn every_event() -> Vec<(QueueEvent, Value)> {
    let configured_data = json!({ "queue_id": "FX-VIP", "settings": every_setting() });
    let starved_data = json!({
        "since": "1970-01-01T00:16:40Z", "conversation_id": "C-1", "waiting": 3,
        "agents": { "presence": 2, "not_responding": 1 },
    });
    let served_data = json!({ "agent_id": "amy", "starved_ms": 1_000 });
    vec![
        (
            configured(settings(every_setting())),
            json!({ "type": "QueueConfigured", "data": configured_data }),
        ),
        (
            starved(after(0), "C-1"),
            json!({ "type": "QueueStarved", "data": starved_data }),
        ),
        (
            served("amy", 1_000),
            json!({ "type": "QueueServed", "data": served_data }),
        ),
    ]
}

#[test]
fn commands_are_written_so_and_read_back() {
    for (command, written) in every_command() {
        assert_eq!(serde_json::to_value(&command).unwrap(), written);
        assert_eq!(written["type"], command.name());
        let read: QueueCommand = serde_json::from_value(written).unwrap();
        assert_eq!(read, command);
    }
}

#[test]
fn events_are_written_so_and_read_back() {
    for (event, written) in every_event() {
        assert_eq!(serde_json::to_value(&event).unwrap(), written);
        assert_eq!(written["type"], event.event_type());
        let version = if written["type"] == "QueueConfigured" {
            "2"
        } else {
            "1"
        };
        assert_eq!(event.event_version(), version);
        let read: QueueEvent = serde_json::from_value(written).unwrap();
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
            let (_, read) = kernel::record::decode::<QueueEvent>(1, &bytes).unwrap();
            assert_eq!(read, event);
        }
    }
}

#[test]
fn command_with_an_unknown_field_is_refused() {
    for (_, mut written) in every_command() {
        written["data"]["cool_down_s"] = json!(1);
        assert!(serde_json::from_value::<QueueCommand>(written).is_err());
    }
}

#[test]
fn event_with_an_unknown_field_is_read() {
    for (event, mut written) in every_event() {
        written["data"]["since_v2"] = json!(1);
        if let Some(settings) = written["data"].get_mut("settings") {
            settings["since_v2"] = json!(1);
            settings["service_level"]["since_v2"] = json!(1);
        }
        let read: QueueEvent = serde_json::from_value(written).unwrap();
        assert_eq!(read, event);
    }
}

/// Their own fields are all required, so that a misspelt one is missing.
#[test]
fn step_overflow_and_service_level_are_whole() {
    for (name, value) in [
        ("relaxations", json!([{ "after_s": 1, "drop": [] }])),
        ("overflow", json!({ "after": 1, "queue": "FX" })),
        ("service_level", json!({ "within_s": 1, "per_cent": 80 })),
        ("order", json!({ "strict": { "max_wait": 1 } })),
    ] {
        let read = serde_json::from_value::<NewSettings>(json!({ name: value }));
        assert!(read.is_err(), "{name}");
    }
}

#[test]
fn settings_left_out_are_the_defaults() {
    assert_eq!(settings(json!({})), QueueSettings::default());
    let read: NewSettings = serde_json::from_value(json!({})).unwrap();
    assert_eq!(QueueSettings::from(&read), QueueSettings::default());
    let expected = json!({
        "strategy": "longest_idle", "order": "ageing", "intent_boost_s": {}, "skill_weights": {},
        "offer_ttl_ms": 20_000, "cost": 1, "cooldown_s": 60, "relaxations": [],
        "service_level": { "within_s": 20, "percent": 80 },
    });
    assert_eq!(
        serde_json::to_value(QueueSettings::default()).unwrap(),
        expected
    );
}

#[test]
fn only_supervisors_have_a_route_and_routers_have_none() {
    let routed = Queue::COMMANDS
        .iter()
        .map(|route| (route.path, route.command));
    let expected = [
        ("/v1/queues", "ConfigureQueue"),
        ("/v1/queues/{queue_id}/settings", "ConfigureQueue"),
    ];
    assert_eq!(routed.collect::<Vec<_>>(), expected);
}

fn every_rejection() -> Vec<QueueRejection> {
    vec![
        QueueRejection::QueueIdInvalid("a/b".parse::<crate::label::QueueId>().unwrap_err()),
        QueueRejection::SettingOutOfRange {
            setting: Setting::CooldownS,
            asked: 86_401,
            max: 86_400,
        },
        QueueRejection::RelaxationsNotAscending {
            before_s: 30,
            after_s: 30,
        },
        QueueRejection::OverflowToItself,
        QueueRejection::ZoneUnknown("Mars/Olympus".parse().unwrap()),
    ]
}

#[test]
fn every_code_has_a_page() {
    let codes: Vec<Code> = every_rejection().iter().map(Rejection::code).collect();
    assert_eq!(codes, QueueRejection::ALL);
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
    for code in codes {
        let page = pages.join(format!("{code}.md"));
        assert!(page.is_file(), "{} is missing", page.display());
    }
}

#[test]
fn rejection_names_the_setting_and_its_bound() {
    let sentence = every_rejection()[1].to_string();
    assert_eq!(
        sentence,
        "cooldown_s would be 86401, at most 86400 is possible"
    );
}
