//! Whose time counts for a queue.

use serde_json::json;

use super::agents::{logs_in, presence, shift};
use super::{Scene, at, number};

/// Monday: amy is there for fx, bob for vip, cid for both from noon on. On Friday all change
/// places, and in the week after the same is asked again.
#[test]
fn figures_of_last_week_stay_the_same_bytes_when_every_agent_has_moved() {
    const DAY_S: i64 = 86_400;
    let mut scene = shift();
    logs_in(&mut scene, "bob", 0, "vip");
    logs_in(&mut scene, "cid", DAY_S / 2, "fx");
    scene
        .does(
            "cid",
            DAY_S / 2,
            "QueuesChanged",
            json!({ "queues": ["fx", "vip"] }),
        )
        .comes("C1", 0)
        .connects("C1", 10, 10)
        .ends("C1", 110, 0);
    for name in ["bob", "cid"] {
        scene.does(name, DAY_S, "PresenceChanged", presence("offline"));
    }
    let questions = [
        "",
        "&queue=fx",
        "&queue=vip",
        "&queue=fx&interval=15m&by=closed",
    ];
    let monday = format!("from={}&to={}", at(0), at(DAY_S));
    let answers = |scene: &Scene, now| -> Vec<Vec<u8>> {
        let bytes = |question| {
            let rows = scene.rows(&format!("{monday}{question}"), now);
            serde_json::to_vec(&rows).unwrap()
        };
        questions.map(bytes).to_vec()
    };
    // A week later what customers come back for is decided as well.
    let asked = answers(&scene, 8 * DAY_S);
    for (name, queue) in [("amy", "vip"), ("bob", "fx"), ("cid", "fx")] {
        logs_in(&mut scene, name, 9 * DAY_S, queue);
    }
    assert_eq!(answers(&scene, 20 * DAY_S), asked);
    let of = |query: &str| {
        let agents = scene.total(&format!("{monday}{query}"), 20 * DAY_S)["agents"].take();
        (number(&agents["agents"]), number(&agents["logged_in_ms"]))
    };
    // Amy's 800 s and cid's afternoon; bob's day and the same afternoon.
    assert_eq!(of("&queue=fx"), (2, 800_000 + 43_200_000));
    assert_eq!(of("&queue=vip"), (2, 86_400_000 + 43_200_000));
    // Who serves them now is another question.
    assert_eq!(of("&queue=fx&team=now"), (2, 86_400_000 + 43_200_000));
    assert_eq!(of("&queue=vip&team=now"), (1, 800_000));
}

/// Away at fx from 0, at vip from 300, at fx again from 500 until now.
#[test]
fn time_belongs_to_the_queues_that_were_served_in_it() {
    let mut scene = Scene::default();
    logs_in(&mut scene, "amy", 0, "fx");
    for (second, queue) in [(300, "vip"), (500, "fx")] {
        scene.does("amy", second, "QueuesChanged", json!({ "queues": [queue] }));
    }
    let of = |query: &str| {
        let agents = scene.total(query, 800)["agents"].take();
        let names = ["logged_in_ms", "productive_ms"].map(|name| number(&agents[name]));
        (number(&agents["agents"]), names)
    };
    assert_eq!(of("queue=fx&productive=away"), (1, [600_000, 600_000]));
    assert_eq!(of("queue=vip&productive=away"), (1, [200_000, 200_000]));
    assert_eq!(of("productive=away"), (1, [800_000, 800_000]));
    assert_eq!(of("queue=vip&team=now"), (0, [0, 0]));
    let both = json!({ "queues": ["vip", "fx"] });
    scene.does("amy", 900, "QueuesChanged", both);
    let of = |query: &str| number(&scene.total(query, 1_000)["agents"]["logged_in_ms"]);
    assert_eq!((of("queue=fx"), of("queue=vip")), (800_000, 300_000));
}
