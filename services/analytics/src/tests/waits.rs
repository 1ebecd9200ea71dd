use serde_json::{Value, json};

use super::{Scene, at, number, ratio};

/// Within 20 s:
///
/// | conversation | outcome    | wait | within |
/// |--------------|------------|------|--------|
/// | C1           | answered   | 10 s | yes    |
/// | C2           | answered   | 20 s | yes    |
/// | C3           | answered   | 21 s | no     |
/// | C4           | abandoned  |  3 s | yes, short |
/// | C5           | abandoned  | 20 s | yes    |
/// | C6           | abandoned  | 60 s | no     |
/// | C7           | callback   | 15 s | yes    |
/// | C8           | overflowed | 30 s | -      |
/// | C9           | waits      | -    | -      |
pub(super) fn nine() -> Scene {
    let mut scene = Scene::default();
    for n in 1..=9 {
        scene.comes(&format!("C{n}"), 0);
    }
    scene
        .connects("C1", 10, 10)
        .connects("C2", 20, 20)
        .connects("C3", 21, 21)
        .abandons("C4", 3, 3)
        .abandons("C5", 20, 20)
        .abandons("C6", 60, 60)
        .then("C7", 15, "CallbackRequested")
        .says(
            "C8",
            30,
            "Overflowed",
            json!({ "from": "fx", "queue": "spill" }),
        );
    scene
}

#[test]
fn waits_are_counted_by_how_they_end() {
    let total = nine().total("queue=fx", 100);
    for (name, expected) in [
        ("queued", 9),
        ("moved", 1),
        ("offered", 8),
        ("answered", 3),
        ("abandoned", 3),
        ("abandoned_short", 1),
        ("callbacks", 1),
        ("withdrawn", 0),
        ("waiting", 1),
    ] {
        assert_eq!(number(&total[name]), expected, "{name}");
    }
    assert_eq!(ratio(&total["asa_ms"]), (51_000, 3));
    assert_eq!(total["asa_ms"]["value"], json!(17_000.0));
    assert_eq!(ratio(&total["abandon_rate"]), (3, 8));
    assert_eq!(ratio(&total["abandon_rate_without_short"]), (2, 7));
}

/// Ended waits in order: 3, 10, 15, 20, 20, 21, 60. Half of 7 is 3.5, so the 4th; 90 % the 7th.
#[test]
fn percentiles_are_waits_that_were_waited() {
    let wait = nine().total("queue=fx", 100)["wait"].take();
    assert_eq!(number(&wait["p50_ms"]), 20_000);
    assert_eq!(number(&wait["p90_ms"]), 60_000);
    assert_eq!(number(&wait["p95_ms"]), 60_000);
    assert_eq!(number(&wait["longest_ms"]), 100_000);
}

#[test]
fn short_abandon_may_be_judged_again() {
    let total = nine().total("queue=fx&short_abandon_s=20", 100);
    assert_eq!(number(&total["abandoned_short"]), 2);
    assert_eq!(ratio(&total["service_levels"]["SL4"]), (2, 6));
    let total = nine().total("queue=fx&short_abandon_s=2", 100);
    assert_eq!(number(&total["abandoned_short"]), 0);
}

#[test]
fn overflow_is_offered_where_it_ends() {
    let mut scene = nine();
    scene.connects("C8", 45, 45);
    let spill = scene.total("queue=spill", 100);
    assert_eq!(number(&spill["queued_by"]["overflowed"]), 1);
    assert_eq!(number(&spill["answered"]), 1);
    assert_eq!(number(&spill["wait"]["p50_ms"]), 45_000);
    let all = scene.total("", 100);
    assert_eq!((number(&all["queued"]), number(&all["offered"])), (10, 9));
}

#[test]
fn each_fact_stands_in_two_intervals() {
    let mut scene = Scene::default();
    scene.comes("C1", 890).connects("C1", 910, 20);
    let intervals = |query: &str| -> Vec<(Value, u64, u64, u64)> {
        let rows = scene
            .rows(&format!("interval=15m&{query}"), 3_000)
            .into_iter();
        let counts = |row: &Value| {
            let (queued, answered) = (number(&row["queued"]), number(&row["answered"]));
            (
                row["from"].clone(),
                queued,
                answered,
                number(&row["offered"]),
            )
        };
        rows.map(|row| counts(&row)).collect()
    };
    assert_eq!(intervals("by=enqueued"), [(json!(at(0)), 1, 1, 1)]);
    assert_eq!(intervals("by=closed"), [(json!(at(900)), 1, 1, 1)]);
    scene.comes("C2", 2_000);
    assert_eq!(number(&scene.total("by=enqueued", 3_000)["queued"]), 2);
    assert_eq!(number(&scene.total("by=closed", 3_000)["queued"]), 1);
}

#[test]
fn channel_is_asked_for_like_a_queue() {
    let scene = nine();
    assert_eq!(number(&scene.total("channel=voice", 100)["answered"]), 3);
    assert_eq!(number(&scene.total("channel=chat", 100)["answered"]), 0);
    assert_eq!(number(&scene.total("queue=nowhere", 100)["queued"]), 0);
}

#[test]
fn bot_is_no_wait() {
    let mut scene = Scene::default();
    scene.opens("C1", 0, "ann").then("C1", 40, "ResolvedByBot");
    scene
        .opens("C2", 0, "bob")
        .then("C2", 40, "LeftBeforeQueue");
    scene
        .opens("C3", 0, "eve")
        .then("C3", 5, "MessageReceived")
        .queues("C3", 60, "fx", "handed_off")
        .connects("C3", 70, 10)
        .then("C3", 72, "MessageQueued");
    let total = scene.total("", 100);
    assert_eq!(number(&total["queued"]), 1);
    assert_eq!(number(&total["queued_by"]["handed_off"]), 1);
    assert_eq!(ratio(&total["first_response_ms"]), (12_000, 1));
    assert_eq!(scene.metrics.conversations_kept(&super::tenant()), (1, 0));
}

#[test]
fn callback_is_one_wait_whatever_becomes_of_it() {
    let mut scene = Scene::default();
    scene
        .comes("C1", 0)
        .then("C1", 30, "CallbackRequested")
        .then("C1", 4_000, "Unparked")
        .then("C1", 4_001, "Offered")
        .then("C1", 4_005, "OfferAccepted")
        .connects("C1", 4_005, 4_005);
    let total = scene.total("", 5_000);
    assert_eq!(number(&total["queued"]), 1);
    assert_eq!(number(&total["callbacks"]), 1);
    assert_eq!(number(&total["callbacks_answered"]), 1);
    assert_eq!(number(&total["answered"]), 0);
    assert_eq!(number(&total["wait"]["longest_ms"]), 30_000);
    assert_eq!(ratio(&total["abandon_rate"]), (0, 1));
}

#[test]
fn expired_and_cancelled_are_withdrawn() {
    let mut scene = Scene::default();
    for (id, kind) in [
        ("C1", "Expired"),
        ("C2", "Cancelled"),
        ("C3", "ForceClosed"),
        ("C4", "Merged"),
    ] {
        scene.comes(id, 0).then(id, 50, kind);
    }
    let total = scene.total("", 100);
    assert_eq!(number(&total["withdrawn"]), 4);
    assert_eq!(number(&total["closed"]), 4);
    assert_eq!(ratio(&total["fcr"]), (0, 0));
    assert_eq!(number(&total["wait"]["p50_ms"]), 50_000);
}

#[test]
fn place_that_is_kept_is_the_same_wait() {
    let mut scene = Scene::default();
    scene.comes("C1", 0).then("C1", 5, "Offered");
    scene
        .then("C1", 9, "OfferRejected")
        .says("C1", 9, "Requeued", json!({ "new_wait_clock": false }))
        .then("C1", 20, "ForceRequeued")
        .says(
            "C1",
            20,
            "Queued",
            json!({ "queue": "fx", "cause": "force_requeued", "enqueued_at": at(0) }),
        );
    let total = scene.total("", 100);
    assert_eq!((number(&total["queued"]), number(&total["moved"])), (1, 0));
    scene.says(
        "C1",
        30,
        "Queued",
        json!({ "queue": "vip", "cause": "force_requeued", "enqueued_at": at(0) }),
    );
    let total = scene.total("queue=fx", 100);
    assert_eq!(
        (number(&total["queued"]), number(&total["offered"])),
        (1, 0)
    );
    assert_eq!(number(&scene.total("queue=vip", 100)["offered"]), 1);
}

#[test]
fn negative_wait_is_zero_and_an_anomaly() {
    let mut scene = Scene::default();
    let anomalous = json!({ "agent_id": "amy", "wait_ms": 0, "clock_anomaly": true });
    scene.comes("C1", 10).says("C1", 10, "Connected", anomalous);
    scene.comes("C2", 10).then("C2", 5, "CallbackRequested");
    let total = scene.total("", 100);
    assert_eq!(number(&total["clock_anomalies"]), 2);
    assert_eq!(number(&total["wait"]["longest_ms"]), 0);
}

#[test]
fn event_that_comes_again_is_not_counted_again() {
    let mut scene = nine();
    let once = scene.total("", 100);
    scene.sequences.insert("C1".into(), 1);
    scene
        .queues("C1", 0, "fx", "enqueued")
        .connects("C1", 10, 10);
    scene.sequences.insert("C4".into(), 0);
    scene.comes("C4", 0).abandons("C4", 3, 3);
    assert_eq!(scene.total("", 100), once);
}

/// Under a promise of 20 s: answered within and after, abandoned within and after, and one who still
/// waits. Another was promised nothing.
#[test]
fn promise_is_kept_or_broken_when_the_wait_ends() {
    let mut scene = Scene::default();
    for id in ["C1", "C2", "C3", "C4", "C5"] {
        scene.is_promised(id, 0);
    }
    scene
        .connects("C1", 20, 20)
        .connects("C2", 21, 21)
        .abandons("C3", 15, 15)
        .abandons("C4", 40, 40)
        .comes("C6", 0)
        .connects("C6", 50, 50);
    for cube in ["by=enqueued", "by=closed"] {
        let total = scene.total(cube, 100);
        assert_eq!(ratio(&total["promises_kept"]), (2, 4), "{cube}");
    }
}

#[test]
fn promise_moves_with_the_moved_wait() {
    let overflowed = json!({ "from": "fx", "queue": "spill" });
    let requeued = json!({
        "queue": "spill", "cause": "force_requeued", "enqueued_at": at(0), "answer_within_ms": 20_000,
    });
    for (kind, data) in [("Overflowed", overflowed), ("Queued", requeued)] {
        let mut scene = Scene::default();
        scene
            .is_promised("C1", 0)
            .says("C1", 10, kind, data)
            .connects("C1", 45, 45);
        let kept = |queue: &str| ratio(&scene.total(queue, 100)["promises_kept"]);
        assert_eq!(kept("queue=fx"), (0, 0), "{kind}");
        assert_eq!(kept("queue=spill"), (0, 1), "{kind}");
    }
}
