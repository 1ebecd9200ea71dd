use serde_json::{Value, json};

use super::{Scene, at, number, ratio, tenant};
use crate::{Activity, Scheduled};

pub(super) fn logs_in(scene: &mut Scene, agent: &str, second: i64, queue: &str) {
    let session = json!({ "session_id": "web", "device": "web", "channels": ["chat", "voice"] });
    scene
        .does(agent, second, "QueuesChanged", json!({ "queues": [queue] }))
        .does(
            agent,
            second,
            "CapacityChanged",
            json!({ "channels": { "chat": 3, "fax": 9 } }),
        )
        .does(agent, second, "SessionStarted", session)
        .does(agent, second, "PresenceChanged", presence("away"));
}

pub(super) fn presence(presence: &str) -> Value {
    json!({ "presence": presence, "source": "agent" })
}

fn slot(conversation: &str) -> Value {
    json!({ "conversation_id": conversation, "offer_id": "O", "channel": "chat", "cost": 1 })
}

fn works(scene: &mut Scene, conversation: &str, cost: u16, from: i64, to: i64) {
    let mut reserved = slot(conversation);
    reserved["cost"] = json!(cost);
    scene.does("amy", from, "SlotReserved", reserved).does(
        "amy",
        from,
        "SlotActivated",
        slot(conversation),
    );
    if to > from {
        scene.does("amy", to, "SlotReleased", slot(conversation));
    }
}

/// Seconds: 0 logs in · 100 available · 200-400 C1 · 300-500 C2 (cost 2) · 700 away · 800 offline.
/// Logged in 800, routable 600, busy 300 (200-500), idle 300, handle 200 + 200.
/// Cost 200 + 400; capacity 3 (no device carries faxes) for 600 s.
pub(super) fn shift() -> Scene {
    let mut scene = Scene::default();
    logs_in(&mut scene, "amy", 0, "fx");
    scene.does("amy", 100, "PresenceChanged", presence("available"));
    works(&mut scene, "C1", 1, 200, 200);
    works(&mut scene, "C2", 2, 300, 300);
    scene
        .does("amy", 400, "SlotReleased", slot("C1"))
        .does("amy", 500, "SlotReleased", slot("C2"))
        .does("amy", 700, "PresenceChanged", presence("away"))
        .does("amy", 800, "PresenceChanged", presence("offline"));
    scene
}

/// Away 0-100 and 700-800; in training from 800 on, until 850 with C3 on the line.
#[test]
fn work_without_customers_counts_where_the_question_names_it() {
    let mut scene = shift();
    let training = json!({ "custom": { "code": "TRAINING", "routable": false } });
    works(&mut scene, "C3", 1, 800, 800);
    scene
        .does(
            "amy",
            800,
            "PresenceChanged",
            json!({ "presence": training }),
        )
        .does("amy", 850, "SlotReleased", slot("C3"));
    let productive = |query: &str| {
        let agents = scene.total(query, 1_000)["agents"].take();
        let productive = number(&agents["productive_ms"]);
        (productive, ratio(&agents["utilisation"]))
    };
    assert_eq!(productive(""), (0, (350_000, 1_000_000)));
    let training = (150_000, (500_000, 1_000_000));
    assert_eq!(productive("productive=TRAINING"), training);
    let both = (350_000, (700_000, 1_000_000));
    assert_eq!(productive("productive=TRAINING,away,LUNCH"), both);
    let rows = scene.rows("productive=TRAINING&interval=15m", 1_000);
    let rows = rows.iter().map(|row| &row["agents"]);
    let rows: Vec<_> = rows
        .map(|agents| (number(&agents["agents"]), number(&agents["productive_ms"])))
        .collect();
    assert_eq!(rows, [(1, 50_000), (1, 100_000)]);
}

#[test]
fn time_is_summed_by_what_an_agent_does() {
    let agents = shift().total("", 2_000)["agents"].take();
    assert_eq!(number(&agents["agents"]), 1);
    assert_eq!(number(&agents["logged_in_ms"]), 800_000);
    assert_eq!(number(&agents["routable_ms"]), 600_000);
    assert_eq!(ratio(&agents["occupancy"]), (300_000, 600_000));
    assert_eq!(
        ratio(&agents["occupancy_by_capacity"]),
        (600_000, 1_800_000)
    );
    assert_eq!(ratio(&agents["concurrency"]), (400_000, 300_000));
    assert_eq!(ratio(&agents["utilisation"]), (300_000, 800_000));
}

/// AHT 100 s over 4/3 conversations at once.
#[test]
fn handle_time_is_adjusted_by_concurrency() {
    let mut scene = shift();
    scene
        .comes("C1", 0)
        .connects("C1", 10, 10)
        .ends("C1", 110, 0);
    let adjusted = scene.total("", 2_000)["aht_adjusted_ms"].as_f64().unwrap();
    assert!((adjusted - 75_000.0).abs() < 1e-6, "{adjusted}");
}

#[test]
fn agent_has_figures_of_their_own() {
    let mut scene = shift();
    logs_in(&mut scene, "bob", 0, "fx");
    let ask = scene.asked("", 2_000);
    let of = |agent: &str| {
        let agent = agent.parse().unwrap();
        let figures = scene
            .metrics
            .agent_figures(&tenant(), &agent, &ask, at(2_000));
        figures.map(|figures| (figures.logged_in_ms, figures.busy_ms))
    };
    assert_eq!(of("amy"), Some((800_000, 300_000)));
    assert_eq!(of("bob"), Some((2_000_000, 0)));
    assert_eq!(of("eve"), None);
}

#[test]
fn phases_of_work_are_distinguished() {
    let mut scene = Scene::default();
    logs_in(&mut scene, "amy", 0, "fx");
    works(&mut scene, "C1", 1, 10, 10);
    scene
        .does("amy", 30, "SlotHeld", slot("C1"))
        .does("amy", 35, "SlotResumed", slot("C1"))
        .does("amy", 50, "WrapUpStarted", slot("C1"))
        .does("amy", 57, "SlotReleased", slot("C1"));
    let agents = scene.total("", 100)["agents"].take();
    assert_eq!(number(&agents["talk_ms"]), 35_000);
    assert_eq!(number(&agents["hold_ms"]), 5_000);
    assert_eq!(number(&agents["wrap_up_ms"]), 7_000);
    assert_eq!(number(&agents["handle_ms"]), 47_000);
}

#[test]
fn reservation_is_no_work() {
    let mut scene = Scene::default();
    logs_in(&mut scene, "amy", 0, "fx");
    scene
        .does("amy", 0, "PresenceChanged", presence("available"))
        .does("amy", 10, "SlotReserved", slot("C1"))
        .does("amy", 30, "SlotReleased", slot("C1"));
    let agents = scene.total("", 100)["agents"].take();
    assert_eq!(ratio(&agents["occupancy"]), (0, 100_000));
}

#[test]
fn work_is_split_at_the_borders_and_open_work_runs_until_now() {
    let mut scene = Scene::default();
    logs_in(&mut scene, "amy", 0, "fx");
    works(&mut scene, "C1", 1, 800, 800);
    let busy = |now| -> Vec<u64> {
        let rows = scene.rows("interval=15m&to=2026-03-02T01:00:00Z", now);
        rows.iter()
            .map(|row| number(&row["agents"]["busy_ms"]))
            .collect()
    };
    assert_eq!(busy(850), [50_000]);
    assert_eq!(busy(900), [100_000]);
    assert_eq!(busy(2_000), [100_000, 900_000, 200_000]);
    assert_eq!(busy(9_000), [100_000, 900_000, 900_000, 900_000]);
    assert_eq!(busy(850), [50_000], "an answer keeps nothing");
    let agents = scene.total("", 2_000)["agents"].take();
    assert_eq!(number(&agents["busy_ms"]), 1_200_000);
    assert_eq!(number(&agents["agents"]), 1);
}

#[test]
fn what_keeps_offers_out_ends_routable_time() {
    let off: [(&str, Value, &str, Value); 4] = [
        (
            "LinkLost",
            json!({ "session_id": "web" }),
            "LinkRestored",
            json!({ "session_id": "web" }),
        ),
        (
            "NextPresenceSet",
            json!({ "next": presence("away") }),
            "NextPresenceSet",
            json!({}),
        ),
        (
            "RoutingSuspended",
            json!({ "reason": "not_responding" }),
            "RoutingResumed",
            json!({}),
        ),
        (
            "RoutingSuspended",
            json!({ "reason": "cooldown", "ready_at": at(90) }),
            "RoutingResumed",
            json!({}),
        ),
    ];
    for (stop, why, go, back) in off {
        let mut scene = Scene::default();
        logs_in(&mut scene, "amy", 0, "fx");
        scene
            .does("amy", 10, "PresenceChanged", presence("available"))
            .does("amy", 20, stop, why)
            .does("amy", 50, go, back);
        let agents = scene.total("", 100)["agents"].take();
        assert_eq!(number(&agents["routable_ms"]), 60_000, "{stop}");
        assert_eq!(number(&agents["logged_in_ms"]), 100_000, "{stop}");
    }
}

#[test]
fn queue_asks_for_those_who_serve_it() {
    let mut scene = shift();
    logs_in(&mut scene, "bob", 0, "vip");
    let agents = |query| number(&scene.total(query, 1_000)["agents"]["agents"]);
    assert_eq!(
        (agents("queue=fx"), agents("queue=vip"), agents("")),
        (1, 1, 2)
    );
    assert_eq!(agents("queue=none"), 0);
}

#[test]
fn event_before_its_time_happens_at_the_time_of_the_one_before() {
    let mut scene = Scene::default();
    logs_in(&mut scene, "amy", 100, "fx");
    scene
        .does("amy", 50, "PresenceChanged", presence("available"))
        .does("amy", 160, "PresenceChanged", presence("offline"));
    let total = scene.total("", 1_000);
    assert_eq!(number(&total["agents"]["routable_ms"]), 60_000);
    assert_eq!(number(&total["clock_anomalies"]), 1);
}

fn custom() -> Value {
    json!({ "presence": { "custom": { "code": "OUTBOUND", "routable": true } }, "source": "agent" })
}

#[test]
fn presence_is_reported_in_intervals() {
    let mut scene = shift();
    scene.does("amy", 900, "PresenceChanged", custom()).does(
        "amy",
        950,
        "LinkLost",
        json!({ "session_id": "web" }),
    );
    let of = |from, to, now| {
        let amy = "amy".parse().unwrap();
        let report = scene
            .metrics
            .presence(&tenant(), &amy, at(from), at(to), at(now));
        let intervals = report.unwrap().intervals.into_iter();
        let intervals = intervals.map(|one| {
            let seconds = (one.to.micros() - one.from.micros()) / 1_000_000;
            (one.presence, seconds, one.routable)
        });
        intervals.collect::<Vec<_>>()
    };
    let expected = |rows: &[(&str, i64, bool)]| -> Vec<(String, i64, bool)> {
        let owned = rows
            .iter()
            .map(|(name, s, routable)| ((*name).to_owned(), *s, *routable));
        owned.collect()
    };
    let window = expected(&[
        ("available", 200, true),
        ("away", 100, false),
        ("offline", 100, false),
        ("OUTBOUND", 50, true),
        ("OUTBOUND", 50, false),
    ]);
    assert_eq!(of(500, 1_000, 2_000), window);
    assert_eq!(of(500, 5_000, 1_000), window, "no further than now");
    let stranger = "eve".parse().unwrap();
    let unknown = scene
        .metrics
        .presence(&tenant(), &stranger, at(0), at(1), at(1));
    assert_eq!(unknown, None);
}

#[test]
fn each_reason_of_a_presence_is_an_interval_and_a_sum_of_its_own() {
    let mut scene = Scene::default();
    logs_in(&mut scene, "amy", 0, "fx");
    for (second, reason) in [(100, "lunch"), (400, "training"), (500, "lunch")] {
        let away = json!({ "presence": "away", "reason": reason, "source": "agent" });
        scene.does("amy", second, "PresenceChanged", away);
    }
    scene.does("amy", 900, "PresenceChanged", presence("available"));
    let amy = "amy".parse().unwrap();
    let report = scene
        .metrics
        .presence(&tenant(), &amy, at(0), at(1_000), at(1_000));
    let report = serde_json::to_value(report.unwrap()).unwrap();
    let reasons = |list: &str| -> Vec<Value> {
        let list = report[list].as_array().unwrap().iter();
        list.map(|one| json!([one["presence"], one["reason"]]))
            .collect()
    };
    let intervals = [
        json!(["away", null]),
        json!(["away", "lunch"]),
        json!(["away", "training"]),
        json!(["away", "lunch"]),
        json!(["available", null]),
    ];
    assert_eq!(reasons("intervals"), intervals);
    let totals: Vec<_> = report["totals"].as_array().unwrap().iter().collect();
    let ms: Vec<_> = totals.iter().map(|total| number(&total["ms"])).collect();
    assert_eq!(ms, [100_000, 100_000, 700_000, 100_000]);
    let sums = [
        json!(["available", null]),
        json!(["away", null]),
        json!(["away", "lunch"]),
        json!(["away", "training"]),
    ];
    assert_eq!(reasons("totals"), sums);
}

#[test]
fn presence_is_summed_and_compared_with_the_schedule() {
    let scene = shift();
    let amy = "amy".parse().unwrap();
    let report = scene
        .metrics
        .presence(&tenant(), &amy, at(0), at(900), at(900));
    let report = report.unwrap();
    let totals: Vec<_> = report
        .totals
        .iter()
        .map(|total| (total.presence.as_str(), total.ms, total.routable_ms))
        .collect();
    let expected = [
        ("available", 600_000, 600_000),
        ("away", 200_000, 0),
        ("offline", 100_000, 0),
    ];
    assert_eq!(totals, expected);
    // Planned on queue from 0 to 800: done from 100 to 700. What is planned for later is not yet
    // due.
    let on_queue = |from, to| Scheduled {
        from: at(from),
        to: at(to),
        activity: Activity::OnQueue,
    };
    let compared = report.adherence(&[on_queue(0, 800), on_queue(900, 5_000)]);
    assert_eq!(compared.adherence.value, Some(0.75));
    assert_eq!(compared.conformance.value, Some(0.75));
}
