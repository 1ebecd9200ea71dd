use serde_json::json;

use crate::floor::tests::{Scene, conversation, queue, tenant};
use crate::plan::Unmatchable;

fn one_agent(settings: serde_json::Value) -> Scene {
    let mut scene = Scene::default();
    scene.configure("FX", settings);
    scene.ready("ann", &["FX"], json!({"fx": 1}));
    scene
}

fn with_priority(scene: &mut Scene, id: &str, priority: i64) {
    scene.waits_with(id, "FX", "voice", json!({"priority": priority}));
}

#[test]
fn ageing_counts_a_minute_for_each_priority() {
    let mut scene = one_agent(json!({}));
    with_priority(&mut scene, "C-1", 0);
    scene.wait(59);
    with_priority(&mut scene, "C-2", 1);
    scene.wait(2);
    with_priority(&mut scene, "C-3", 1);
    assert_eq!(scene.next("FX"), ["C-2", "C-1", "C-3"]);
    scene.conversation("C-3", "PriorityChanged", json!({"priority": 2}));
    assert_eq!(scene.next("FX"), ["C-3", "C-2", "C-1"]);
}

#[test]
fn intent_is_ahead_by_its_boost() {
    let mut scene = one_agent(json!({"intent_boost_s": {"quote": 30}}));
    scene.conversation(
        "C-1",
        "ConversationCreated",
        json!({"channel": "voice", "intent": "other"}),
    );
    scene.queued("C-1", "FX", json!({}));
    scene.wait(29);
    scene.waits("C-2", "FX", &[]);
    scene.wait(2);
    scene.waits("C-3", "FX", &[]);
    assert_eq!(scene.next("FX"), ["C-2", "C-1", "C-3"]);
    assert_eq!(scene.plan("C-2").unwrap().record.turn.boost_s, 30);
}

#[test]
fn strict_order_lets_only_those_pass_who_have_waited_too_long() {
    let mut scene = one_agent(json!({"order": {"strict": {"max_wait_s": 100}}}));
    with_priority(&mut scene, "C-1", 0);
    scene.wait(50);
    with_priority(&mut scene, "C-2", 5);
    with_priority(&mut scene, "C-3", 9);
    scene.wait(49);
    assert_eq!(scene.next("FX"), ["C-3", "C-2", "C-1"]);
    scene.wait(1);
    assert_eq!(scene.next("FX"), ["C-1", "C-3", "C-2"]);
    scene.wait(50);
    assert_eq!(scene.next("FX"), ["C-1", "C-2", "C-3"]);
}

#[test]
fn place_and_then_id_break_ties() {
    let mut scene = one_agent(json!({}));
    for (id, seq) in [("C-3", 1), ("C-1", 2), ("C-2", 1)] {
        scene.waits_with(id, "FX", "voice", json!({"seq": seq}));
    }
    assert_eq!(scene.next("FX"), ["C-2", "C-3", "C-1"]);
}

#[test]
fn only_those_are_next_whom_somebody_can_serve() {
    let mut scene = one_agent(json!({}));
    scene.waits("C-1", "FX", &["vip"]);
    scene.waits_with("C-2", "FX", "mail", json!({}));
    scene.waits("C-3", "FX", &["fx"]);
    assert_eq!(scene.next("FX"), ["C-3"]);
    scene.presence("ann", "away");
    assert_eq!(scene.next("FX"), Vec::<String>::new());
}

#[test]
fn those_of_other_routers_are_left_to_them() {
    let mut scene = one_agent(json!({}));
    scene.waits("C-1", "FX", &[]);
    scene.waits("C-2", "FX", &[]);
    let mine = |_: &_, id: &_| *id == conversation("C-2");
    let next = scene
        .floor
        .next(&tenant(), &queue("FX"), scene.now(), &mine, 5);
    assert_eq!(next, [conversation("C-2")]);
}

#[test]
fn stalled_dispatcher_is_seen_by_who_waits_beside_a_free_agent() {
    let mut scene = one_agent(json!({}));
    let oldest = |scene: &Scene| {
        let figures = scene.floor.show_queue(&tenant(), &queue("FX"), scene.now());
        figures.oldest_matchable_ms
    };
    scene.presence("ann", "away");
    scene.waits("C-1", "FX", &[]);
    scene.wait(100);
    assert_eq!(oldest(&scene), None);
    scene.presence("ann", "available");
    scene.wait(7);
    assert_eq!(oldest(&scene), Some(7_000));
    scene.reserve("ann", "C-0", "voice");
    assert_eq!(oldest(&scene), None);
}

#[test]
fn conversation_that_does_not_wait_is_not_planned() {
    let mut scene = one_agent(json!({}));
    assert_eq!(scene.plan("C-1"), Err(Unmatchable::Unknown));
    scene.waits("C-1", "FX", &[]);
    scene.offer("C-1", "ann", "Offered");
    let offered = Unmatchable::NotWaiting {
        version: 3,
        is_offered: true,
    };
    assert_eq!(scene.plan("C-1"), Err(offered));
    scene.conversation("C-1", "Abandoned", json!({}));
    assert_eq!(scene.plan("C-1"), Err(Unmatchable::Unknown));
}
