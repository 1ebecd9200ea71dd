use serde_json::Value;

use super::{Scene, at, number, ratio};

const DAY_S: i64 = 86_400;

fn resolved(scene: &mut Scene, id: &str, customer: &str, second: i64) {
    scene
        .opens(id, second, customer)
        .queues(id, second, "fx", "enqueued")
        .connects(id, second + 10, 10)
        .ends(id, second + 60, 0);
}

/// Ann comes again a day later, Bob never does.
#[test]
fn first_contact_resolves_unless_the_customer_comes_again() {
    let mut scene = Scene::default();
    resolved(&mut scene, "C1", "ann", 0);
    resolved(&mut scene, "C2", "bob", 0);
    resolved(&mut scene, "C3", "ann", DAY_S);
    let day = "from=2026-03-02T00:00:00Z&to=2026-03-03T00:00:00Z";
    let total = scene.total(day, 2 * DAY_S);
    assert_eq!(ratio(&total["fcr"]), (1, 2));
    assert_eq!(number(&total["fcr_undecided"]), 1);
    let total = scene.total(day, 30 * DAY_S);
    assert_eq!(number(&total["fcr_undecided"]), 0);
    let same_day = scene.total(&format!("{day}&fcr_days=0"), 30 * DAY_S);
    assert_eq!(ratio(&same_day["fcr"]), (2, 2));
    // Closed at 60 s, come again at 86400 s: within one day, by a minute.
    let one_day = scene.total(&format!("{day}&fcr_days=1"), 30 * DAY_S);
    assert_eq!(ratio(&one_day["fcr"]), (1, 2));
}

#[test]
fn another_matter_is_another_contact() {
    let mut scene = Scene::default();
    resolved(&mut scene, "C1", "ann", 0);
    let complaint = serde_json::json!({
        "customer_id": "ann", "channel": "chat", "intent": "complaint",
    });
    scene
        .says("C2", 500, "ConversationCreated", complaint)
        .queues("C2", 500, "fx", "enqueued");
    assert_eq!(ratio(&scene.total("", 900)["fcr"]), (1, 1));
}

#[test]
fn reopened_episode_was_not_resolved_and_restarts() {
    let mut scene = Scene::default();
    resolved(&mut scene, "C1", "ann", 0);
    resolved(&mut scene, "C2", "bob", 0);
    scene
        .then("C1", 1_000, "Reopened")
        .queues("C1", 1_000, "fx", "reopened")
        .then("C1", 1_000, "MessageReceived")
        .connects("C1", 1_030, 30)
        .then("C1", 1_040, "MessageQueued")
        .ends("C1", 1_050, 0);
    let total = scene.total("", 2_000);
    assert_eq!(ratio(&total["reopen_rate"]), (1, 3));
    assert_eq!(ratio(&total["fcr"]), (2, 3));
    assert_eq!(number(&total["queued_by"]["reopened"]), 1);
    assert_eq!(ratio(&total["first_response_ms"]), (40_000, 1));
    // In either cube it is counted with the closing that it undid.
    for cube in ["enqueued", "closed"] {
        let rows = scene.rows(&format!("by={cube}&interval=15m"), 2_000);
        assert_eq!(ratio(&rows[0]["reopen_rate"]), (1, 2), "{cube}");
        assert_eq!(ratio(&rows[1]["reopen_rate"]), (0, 1), "{cube}");
    }
    assert_eq!(scene.metrics.conversations_kept(&super::tenant()), (0, 2));
}

/// First response after 15 s; then 20 s from the earlier of two messages, and 5 s.
#[test]
fn next_response_is_to_the_earliest_unanswered_message() {
    let mut scene = Scene::default();
    scene
        .comes("C1", 0)
        .then("C1", 2, "MessageReceived")
        .then("C1", 3, "MessageQueued")
        .connects("C1", 10, 10)
        .then("C1", 15, "MessageQueued")
        .then("C1", 16, "MessageQueued")
        .then("C1", 30, "MessageReceived")
        .then("C1", 45, "MessageReceived")
        .then("C1", 50, "MessageQueued")
        .then("C1", 60, "MessageReceived")
        .then("C1", 65, "MessageQueued");
    let total = scene.total("", 100);
    assert_eq!(ratio(&total["first_response_ms"]), (15_000, 1));
    assert_eq!(ratio(&total["next_response_ms"]), (25_000, 2));
}

/// Monday 2 March: asked at 17:50, answered on Tuesday at 08:10, and once more within the hour.
#[test]
fn night_is_no_part_of_a_response_by_business_hours() {
    let (evening, morning) = (64_200, 86_400 + 29_400);
    let mut scene = Scene::default();
    scene
        .comes("C1", evening)
        .connects("C1", morning, 51_600)
        .then("C1", morning, "MessageQueued")
        .then("C1", morning + 60, "MessageReceived")
        .then("C1", morning + 100, "MessageQueued");
    let day = format!("from={}&to={}", at(0), at(2 * 86_400));
    let now = 2 * 86_400;
    let total = scene.total(&day, now);
    assert_eq!(ratio(&total["first_response_ms"]), (51_600_000, 1));
    assert_eq!(total["first_response_business_ms"], Value::Null);
    let hours = format!("{day}&business_hours=mon-fri/08:00-18:00");
    let total = scene.total(&hours, now);
    assert_eq!(ratio(&total["first_response_business_ms"]), (1_200_000, 1));
    assert_eq!(ratio(&total["next_response_business_ms"]), (40_000, 1));
    let london = format!("{hours}&zone=Europe/London&holidays=2026-03-03");
    let total = scene.total(&london, now);
    assert_eq!(ratio(&total["first_response_business_ms"]), (600_000, 1));
}
