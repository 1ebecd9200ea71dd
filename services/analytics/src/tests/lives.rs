use serde_json::{Value, json};

use super::{Scene, at, number, ratio, tenant};
use crate::{LiveSettings, ServiceLevel};

fn live(scene: &Scene, queue: &str, now: i64) -> Value {
    let settings = LiveSettings {
        service_level: ServiceLevel::OfAnswered,
        within_s: 20,
        zone: jiff::tz::TimeZone::UTC,
    };
    let queue = queue.parse().unwrap();
    let live = scene.metrics.live(&tenant(), &queue, at(now), &settings);
    serde_json::to_value(live).unwrap()
}

#[test]
fn queue_is_shown_as_it_stands() {
    let mut scene = Scene::default();
    scene.comes("C1", 10);
    scene.comes("C2", 20).then("C2", 25, "Offered");
    scene.comes("C3", 20).connects("C3", 30, 10);
    scene
        .comes("C4", 20)
        .connects("C4", 41, 21)
        .ends("C4", 50, 30);
    scene.comes("C5", 20).abandons("C5", 60, 40);
    scene.comes("C6", 20).then("C6", 60, "CallbackRequested");
    let shown = live(&scene, "fx", 100);
    for (name, expected) in [
        ("waiting", 2),
        ("offered", 1),
        ("active", 1),
        ("wrap_up", 1),
        ("parked", 1),
        ("longest_wait_ms", 90_000),
    ] {
        assert_eq!(number(&shown[name]), expected, "{name}");
    }
    assert_eq!(number(&shown["today"]["answered"]), 2);
    assert_eq!(number(&shown["today"]["abandoned"]), 1);
    assert_eq!(ratio(&shown["today"]["service_level"]), (1, 2));
    scene.then("C2", 100, "OfferExpired");
    assert_eq!(number(&live(&scene, "fx", 100)["offered"]), 0);
    assert_eq!(number(&live(&scene, "vip", 100)["waiting"]), 0);
}

#[test]
fn broken_promise_is_seen_while_the_customer_waits() {
    let mut scene = Scene::default();
    scene
        .is_promised("C1", 0)
        .is_promised("C2", 0)
        .comes("C3", 0);
    let overdue = |scene: &Scene, now| {
        let shown = live(scene, "fx", now);
        let kept = ratio(&shown["today"]["promises_kept"]);
        (number(&shown["overdue"]), kept)
    };
    assert_eq!(overdue(&scene, 20), (0, (0, 0)));
    scene.connects("C2", 15, 15);
    assert_eq!(overdue(&scene, 21), (1, (1, 1)));
    scene.connects("C1", 30, 30);
    assert_eq!(overdue(&scene, 40), (0, (1, 2)));
}

#[test]
fn agents_of_the_queue_are_in_one_state_each() {
    let mut scene = Scene::default();
    let session = json!({ "session_id": "web", "channels": ["chat"] });
    let slot = json!({ "conversation_id": "C", "cost": 1 });
    let chosen = |presence: &str| json!({ "presence": presence });
    for name in ["free", "rings", "talks", "writes", "away", "gone"] {
        scene
            .does(name, 0, "QueuesChanged", json!({ "queues": ["fx"] }))
            .does(name, 0, "SessionStarted", session.clone())
            .does(name, 0, "PresenceChanged", chosen("available"));
    }
    for name in ["rings", "talks", "writes"] {
        scene.does(name, 10, "SlotReserved", slot.clone());
    }
    for name in ["talks", "writes"] {
        scene.does(name, 10, "SlotActivated", slot.clone());
    }
    scene
        .does("writes", 10, "WrapUpStarted", slot)
        .does("away", 10, "PresenceChanged", chosen("away"))
        .does("gone", 10, "PresenceChanged", chosen("offline"));
    let shown = live(&scene, "fx", 20);
    let expected = json!({
        "logged_in": 5, "available": 1, "offered": 1, "engaged": 1, "wrap_up": 1, "away": 1,
    });
    assert_eq!(shown["agents"], expected);
    // Busy 2 x 10 s; idle 6 x 10 s of all and 2 x 10 s of the free one and the one being asked.
    assert_eq!(ratio(&shown["today"]["occupancy"]), (20_000, 100_000));
}
