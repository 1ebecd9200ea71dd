//! How a queue is served.

use serde_json::{Map, Value, json};

use super::*;
use crate::queue::rejection::Setting;

fn rejected(json: Value, rejection: QueueRejection) {
    queue(vec![])
        .when(accepted(configure(settings(json))))
        .then_expect_error(rejection);
}

fn admitted(json: Value) {
    let settings = settings(json);
    queue(vec![])
        .when(accepted(configure(settings.clone())))
        .then_expect_events(vec![configured(settings)]);
}

/// The greatest value is let in, the one above it is not.
fn bounded(setting: Setting, max: u64, with: impl Fn(u64) -> Value) {
    admitted(with(max));
    let asked = max + 1;
    let rejection = QueueRejection::SettingOutOfRange {
        setting,
        asked,
        max,
    };
    rejected(with(asked), rejection);
}

fn entries(count: u64, value: u64) -> Map<String, Value> {
    (0..count)
        .map(|n| (format!("n{n}"), json!(value)))
        .collect()
}

#[test]
fn settings_are_replaced() {
    let (first, second) = (json!({ "cooldown_s": 5 }), json!({ "cost": 2 }));
    queue(vec![configured(settings(first))])
        .when(accepted(configure(settings(second.clone()))))
        .then_expect_events(vec![configured(settings(second))]);
}

#[test]
fn same_settings_again_change_nothing() {
    let same = settings(json!({ "cooldown_s": 5 }));
    queue(vec![configured(same.clone())])
        .when(accepted(configure(same)))
        .then_expect_events(vec![]);
}

#[test]
fn queue_that_is_configured_by_the_defaults_is_a_queue_that_was_configured() {
    admitted(json!({}));
    queue(vec![starved(after(0), "C-1")])
        .when(accepted(configure(settings(json!({})))))
        .then_expect_events(vec![configured(settings(json!({})))]);
}

#[test]
fn queue_that_was_never_configured_is_served_by_the_defaults() {
    assert_eq!(Queue::default().settings(), QueueSettings::default());
    let changed = settings(json!({ "cost": 2 }));
    assert_eq!(folded(&[configured(changed.clone())]).settings(), changed);
}

#[test]
fn numbers_are_bounded() {
    bounded(
        Setting::Ring,
        10,
        |agents| json!({ "strategy": { "ring": agents } }),
    );
    bounded(
        Setting::IntentBoostS,
        86_400,
        |s| json!({ "intent_boost_s": { "quote": s } }),
    );
    bounded(
        Setting::SkillWeight,
        1_000,
        |weight| json!({ "skill_weights": { "fx": weight } }),
    );
    bounded(
        Setting::OfferTtlMs,
        3_600_000,
        |ms| json!({ "offer_ttl_ms": ms }),
    );
    bounded(Setting::CooldownS, 86_400, |s| json!({ "cooldown_s": s }));
    bounded(
        Setting::Percent,
        100,
        |percent| json!({ "service_level": { "within_s": 20, "percent": percent } }),
    );
}

#[test]
fn lists_are_bounded() {
    bounded(
        Setting::IntentBoosts,
        100,
        |count| json!({ "intent_boost_s": entries(count, 1) }),
    );
    bounded(
        Setting::SkillWeights,
        100,
        |count| json!({ "skill_weights": entries(count, 1) }),
    );
    bounded(Setting::Relaxations, 10, |count| {
        let steps = (1..=count).map(|s| json!({ "after_s": s, "dropped": ["fx"] }));
        json!({ "relaxations": steps.collect::<Vec<_>>() })
    });
    bounded(Setting::DroppedSkills, 100, |count| {
        let dropped: Vec<_> = (0..count).map(|n| format!("n{n}")).collect();
        json!({ "relaxations": [{ "after_s": 1, "dropped": dropped }] })
    });
}

#[test]
fn relaxations_ascend() {
    for after_s in [29, 30] {
        let steps = [
            json!({ "after_s": 30, "dropped": ["fx"] }),
            json!({ "after_s": after_s, "dropped": ["lang:de"] }),
        ];
        let rejection = QueueRejection::RelaxationsNotAscending {
            before_s: 30,
            after_s,
        };
        rejected(json!({ "relaxations": steps }), rejection);
    }
}

#[test]
fn queue_overflows_to_another() {
    let to = |queue| json!({ "overflow": { "after_s": 60, "queue": queue } });
    rejected(to(FX_VIP), QueueRejection::OverflowToItself);
    admitted(to("FX"));
}

#[test]
fn zone_is_one_that_there_is() {
    for zone in ["America/New_York", "Asia/Kathmandu", "UTC"] {
        admitted(json!({ "zone": zone }));
    }
    for zone in ["Mars/Olympus", "America/new-york", "+02:00"] {
        let unknown = QueueRejection::ZoneUnknown(zone.parse().unwrap());
        rejected(json!({ "zone": zone }), unknown);
    }
}

#[test]
fn queue_id_is_one_segment_of_a_path() {
    let too_long = "q".repeat(65);
    for id in ["FX/VIP", &too_long] {
        let bad = id.parse::<crate::label::QueueId>().unwrap_err();
        for command in [configure(settings(json!({}))), starve("C-1"), serve("amy")] {
            queue(vec![])
                .when(accepted_for(id, after(0), command))
                .then_expect_error(QueueRejection::QueueIdInvalid(bad.clone()));
        }
    }
}

#[test]
fn setting_that_cannot_be_0_is_not_read_as_0() {
    for json in [
        json!({ "strategy": { "ring": 0 } }),
        json!({ "order": { "strict": { "max_wait_s": 0 } } }),
        json!({ "skill_weights": { "fx": 0 } }),
        json!({ "offer_ttl_ms": 0 }),
        json!({ "cost": 0 }),
        json!({ "relaxations": [{ "after_s": 0, "dropped": [] }] }),
        json!({ "service_level": { "within_s": 20, "percent": 0 } }),
    ] {
        let read = serde_json::from_value::<QueueSettings>(json.clone());
        assert!(read.is_err(), "{json}");
    }
}
