use kernel::{BadParameter, Timestamp};
use serde_json::json;

use super::{at, parameters, tenant};
use crate::{Ask, Cube, Grain, Metrics, ServiceLevel};

/// Of a desk where nothing has happened.
fn read(query: &str, now: Timestamp) -> Result<Ask, BadParameter> {
    Metrics::default().question(&tenant(), &parameters(query), now)
}

#[test]
fn day_until_now_is_asked_for_unless_said_otherwise() {
    let ask = read("", at(1_000)).unwrap();
    assert_eq!((ask.from, ask.to), (at(0), at(1_800)));
    assert_eq!((ask.by, ask.interval), (Cube::Enqueued, Grain::Total));
    assert_eq!(ask.service_level, ServiceLevel::OfAnswered);
    assert_eq!(
        (ask.within_s, ask.fcr_days, ask.short_abandon_s),
        (20, 7, None)
    );
    let midnight = read("", at(0)).unwrap();
    assert_eq!((midnight.from, midnight.to), (at(0), at(900)));
}

#[test]
fn window_is_widened_to_whole_intervals() {
    let query = "from=2026-03-02T00:20:00Z&to=2026-03-02T00:31:00Z";
    let ask = read(query, at(0)).unwrap();
    assert_eq!((ask.from, ask.to), (at(900), at(2_700)));
}

#[test]
fn all_can_be_said() {
    let query = "queue=fx&channel=voice&by=closed&interval=15m&service_level=SL4&within_s=30\
                 &short_abandon_s=10&fcr_days=3";
    let ask = read(query, at(0)).unwrap();
    assert_eq!(ask.queue.unwrap().as_str(), "fx");
    assert_eq!(ask.channel.unwrap().as_str(), "voice");
    assert_eq!((ask.by, ask.interval), (Cube::Closed, Grain::Interval));
    assert_eq!(ask.service_level, ServiceLevel::OfPatient);
    assert_eq!(
        (ask.within_s, ask.fcr_days, ask.short_abandon_s),
        (30, 3, Some(10))
    );
}

/// 19:30 on Monday in New York is 00:30 on Tuesday in Greenwich.
#[test]
fn without_a_window_the_day_is_that_of_the_zone() {
    let now: Timestamp = "2026-03-03T00:30:00Z".parse().unwrap();
    for (query, from) in [
        ("", "2026-03-03T00:00:00Z"),
        ("zone=America/New_York", "2026-03-02T05:00:00Z"),
        (
            "zone=America/New_York&from=2026-03-01T00:00:00Z",
            "2026-03-01T00:00:00Z",
        ),
    ] {
        let ask = read(query, now).unwrap();
        assert_eq!(ask.from, from.parse().unwrap(), "{query}");
    }
}

#[test]
fn nonsense_is_refused_by_name() {
    for (query, name) in [
        ("within_s=-1", "within_s"),
        ("within_s=soon", "within_s"),
        ("fcr_days=366", "fcr_days"),
        ("productive=on leave", "productive"),
        ("business_hours=always", "business_hours"),
        ("zone=Mars/Olympus", "zone"),
        ("holidays=2026-12-25", "holidays"),
        ("day=yesterday", "day"),
        ("day=2026-02-30", "day"),
        ("day=2026-03-02&from=2026-03-02T00:00:00Z", "day"),
        ("team=yesterday", "team"),
        ("by=birth", "by"),
        ("interval=1h", "interval"),
        ("service_level=SL6", "service_level"),
        ("from=yesterday", "from"),
        ("queue=", "queue"),
        ("from=2026-03-03T00:00:00Z&to=2026-03-02T00:00:00Z", "to"),
        ("from=2026-03-02T00:00:00Z&to=2026-04-02T01:01:00Z", "to"),
    ] {
        let refused = read(query, at(0)).unwrap_err();
        assert_eq!(refused.name, name, "{query}");
    }
    let month = "from=2026-03-02T00:00:00Z&to=2026-04-02T00:00:00Z";
    assert!(read(month, at(0)).is_ok());
}

#[test]
fn answer_repeats_the_question() {
    let ask = read("service_level=SL2&interval=15m", at(1_000)).unwrap();
    let report = Metrics::default().report(&tenant(), &ask, at(1_000));
    let expected = json!({
        "settings": {
            "from": at(0), "to": at(1_800), "zone": "UTC", "by": "enqueued", "interval": "15m",
            "service_level": "SL2", "within_s": 20, "team": "then", "fcr_days": 7,
        },
        "as_of": at(1_000),
        "rows": [],
    });
    assert_eq!(serde_json::to_value(report).unwrap(), expected);
}

#[test]
fn only_what_is_counted_is_wanted() {
    assert!(Metrics::wants("conversations", "Queued"));
    assert!(Metrics::wants("agents", "SlotReleased"));
    assert!(!Metrics::wants("conversations", "PriorityChanged"));
    assert!(!Metrics::wants("agents", "Queued"));
    assert!(!Metrics::wants("trades", "Queued"));
    assert!(Metrics::wants("queues", "QueueConfigured"));
    assert!(!Metrics::wants("queues", "QueueStarved"));
}
