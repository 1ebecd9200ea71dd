//! A day is the desk's: of the zone asked for, or of the queue's own.

use kernel::Timestamp;
use serde_json::{Value, json};

use super::{Scene, number, ratio, tenant};
use crate::{Activity, Scheduled};

const NEW_YORK: &str = "America/New_York";

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Seconds into the day of all scenes.
fn second(text: &str) -> i64 {
    let since = instant(text).micros() - super::at(0).micros();
    since / 1_000_000
}

/// Amy is there and away from the first second on, and serves fx.
fn attended() -> Scene {
    let mut scene = Scene::default();
    scene
        .does("amy", 0, "QueuesChanged", json!({ "queues": ["fx"] }))
        .does("amy", 0, "PresenceChanged", json!({ "presence": "away" }));
    scene
}

fn logged_in_hours(row: &Value) -> u64 {
    number(&row["agents"]["logged_in_ms"]) / 3_600_000
}

/// 2026: New York springs forward on 8 March and falls back on 1 November.
#[test]
fn day_has_23_hours_when_clocks_go_forward_and_25_when_they_go_back() {
    let mut scene = attended();
    scene.keeps_time("fx", NEW_YORK);
    let later = second("2026-12-01T00:00:00Z");
    for (day, from, to, hours) in [
        (
            "2026-03-07",
            "2026-03-07T05:00:00Z",
            "2026-03-08T05:00:00Z",
            24,
        ),
        (
            "2026-03-08",
            "2026-03-08T05:00:00Z",
            "2026-03-09T04:00:00Z",
            23,
        ),
        (
            "2026-11-01",
            "2026-11-01T04:00:00Z",
            "2026-11-02T05:00:00Z",
            25,
        ),
    ] {
        for query in [
            format!("day={day}&zone={NEW_YORK}"),
            format!("day={day}&queue=fx"),
        ] {
            let row = scene.total(&query, later);
            assert_eq!(row["from"], json!(instant(from)), "{query}");
            assert_eq!(row["to"], json!(instant(to)), "{query}");
            assert_eq!(logged_in_hours(&row), hours, "{query}");
        }
    }
}

/// Of the week around the change each day has a row, the last one only until the window ends.
#[test]
fn row_per_day_is_of_the_zones_days() {
    let scene = attended();
    let window = "from=2026-03-07T05:00:00Z&to=2026-03-10T10:00:00Z&interval=day";
    let later = second("2026-12-01T00:00:00Z");
    let rows = |zone: &str| -> Vec<(Value, u64)> {
        let rows = scene
            .rows(&format!("{window}&zone={zone}"), later)
            .into_iter();
        rows.map(|row| (row["from"].clone(), logged_in_hours(&row)))
            .collect()
    };
    let from = |text: &str| json!(instant(text));
    let new_york = [
        (from("2026-03-07T05:00:00Z"), 24),
        (from("2026-03-08T05:00:00Z"), 23),
        (from("2026-03-09T04:00:00Z"), 24),
        (from("2026-03-10T04:00:00Z"), 6),
    ];
    assert_eq!(rows(NEW_YORK), new_york);
    let utc = [
        (from("2026-03-07T05:00:00Z"), 19),
        (from("2026-03-08T00:00:00Z"), 24),
        (from("2026-03-09T00:00:00Z"), 24),
        (from("2026-03-10T00:00:00Z"), 10),
    ];
    assert_eq!(rows("UTC"), utc);
}

/// October has 745 hours in London.
#[test]
fn month_with_an_hour_more_is_a_month() {
    let month = "from=2026-09-30T23:00:00Z&to=2026-11-01T00:00:00Z&interval=day&zone=Europe/London";
    let rows = attended().rows(month, second("2026-12-01T00:00:00Z"));
    let hours: Vec<_> = rows.iter().map(logged_in_hours).collect();
    assert_eq!((hours.len(), hours.iter().sum::<u64>()), (31, 745));
    assert_eq!(hours[24], 25, "the 25th");
}

/// 19:30 on Monday in New York is 00:30 on Tuesday in Greenwich. C1 was answered at 18:00 there.
#[test]
fn live_today_is_the_queues_own_day() {
    let mut scene = Scene::default();
    let (answered, now) = (
        second("2026-03-02T23:00:00Z"),
        instant("2026-03-03T00:30:00Z"),
    );
    scene
        .comes("C1", answered - 10)
        .connects("C1", answered, 10);
    let today = |scene: &Scene, zone| {
        let queue = "fx".parse().unwrap();
        let settings = scene.metrics.live_settings(&tenant(), &queue, 20, zone);
        let live = scene
            .metrics
            .live(&tenant(), &queue, now, &settings.unwrap());
        (
            live.today.from,
            live.today.answered,
            live.today.service_level.denominator,
        )
    };
    let greenwich = (instant("2026-03-03T00:00:00Z"), 0, 0);
    let new_york = (instant("2026-03-02T05:00:00Z"), 1, 1);
    assert_eq!(today(&scene, None), greenwich);
    assert_eq!(today(&scene, Some(NEW_YORK)), new_york);
    scene.keeps_time("fx", NEW_YORK);
    assert_eq!(today(&scene, None), new_york);
    assert_eq!(today(&scene, Some("UTC")), greenwich);
    let queue = "fx".parse().unwrap();
    let unknown = scene
        .metrics
        .live_settings(&tenant(), &queue, 20, Some("Mars/Olympus"));
    assert_eq!(unknown.unwrap_err().name, "zone");
}

#[test]
fn day_asked_for_is_the_queues_own_unless_another_zone_is_named() {
    let mut scene = attended();
    scene
        .keeps_time("fx", NEW_YORK)
        .keeps_time("vip", "Asia/Kolkata");
    let now = second("2026-03-03T00:30:00Z");
    for (query, from) in [
        ("queue=fx", "2026-03-02T05:00:00Z"),
        ("queue=vip", "2026-03-02T18:30:00Z"),
        ("queue=fx&zone=Asia/Kolkata", "2026-03-02T18:30:00Z"),
        ("queue=other", "2026-03-03T00:00:00Z"),
        ("", "2026-03-03T00:00:00Z"),
    ] {
        assert_eq!(scene.asked(query, now).from, instant(from), "{query}");
    }
    // The settings are replaced: without a zone it is UTC's day again.
    let settings = json!({ "queue_id": "fx", "settings": {} });
    scene.next("queues", "fx", now, "QueueConfigured", settings);
    assert_eq!(
        scene.asked("queue=fx", now).from,
        instant("2026-03-03T00:00:00Z")
    );
}

/// Asked at 23:00 and answered at 01:00 in New York, where the desk closes at 02:00: 120 minutes.
#[test]
fn business_hours_are_by_the_queues_clocks() {
    let mut scene = Scene::default();
    let [asked, answered] = ["2026-03-03T04:00:00Z", "2026-03-03T06:00:00Z"].map(second);
    scene
        .keeps_time("fx", NEW_YORK)
        .comes("C1", asked)
        .connects("C1", answered, 7_200)
        .then("C1", answered, "MessageQueued");
    let of = |zone: &str| {
        let query = format!("queue=fx&business_hours=mon-sun/21:00-02:00&day=2026-03-02{zone}");
        ratio(&scene.total(&query, answered)["first_response_business_ms"])
    };
    assert_eq!(of(""), (7_200_000, 1));
    assert_eq!(of("&zone=America/New_York"), (7_200_000, 1));
    assert_eq!(
        of("&zone=UTC"),
        (0, 0),
        "04:00 on Tuesday is no part of Monday"
    );
}

/// Planned from 18:00 to 20:00 in New York and available from 18:30 on; it is 19:30. In Greenwich only
/// the half hour since midnight is of today.
#[test]
fn adherence_is_of_the_zones_day() {
    let mut scene = attended();
    let available = second("2026-03-03T00:30:00Z") - 3_600;
    scene.does(
        "amy",
        available,
        "PresenceChanged",
        json!({ "presence": "available" }),
    );
    let plan = [Scheduled {
        from: instant("2026-03-02T23:00:00Z"),
        to: instant("2026-03-03T01:00:00Z"),
        activity: Activity::OnQueue,
    }];
    let now = second("2026-03-03T00:30:00Z");
    let of = |query: &str| {
        let ask = scene.asked(query, now);
        let amy = "amy".parse().unwrap();
        let now = instant("2026-03-03T00:30:00Z");
        let presence = scene
            .metrics
            .presence(&tenant(), &amy, ask.from, ask.to, now);
        let adherence = presence.unwrap().adherence(&plan).adherence;
        (adherence.numerator / 60_000, adherence.denominator / 60_000)
    };
    assert_eq!(of("zone=America/New_York"), (60, 90));
    assert_eq!(of(""), (30, 30));
}
