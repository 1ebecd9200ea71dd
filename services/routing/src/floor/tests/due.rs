use serde_json::json;

use super::{Scene, conversation, queue, tenant};
use crate::floor::Due;

fn relaxing() -> Scene {
    let mut scene = Scene::default();
    let relaxations = json!([
        {"after_s": 10, "dropped": ["de"]},
        {"after_s": 30, "dropped": ["fx"]},
    ]);
    let overflow = json!({"after_s": 60, "queue": "ALL"});
    scene.configure(
        "FX",
        json!({"relaxations": relaxations, "overflow": overflow}),
    );
    scene.waits("C-1", "FX", &["de", "fx", "vip"]);
    scene
}

fn relax(version: u64, ring: u32, dropped: &[&str]) -> Due {
    Due::Relax {
        tenant: tenant(),
        conversation: conversation("C-1"),
        version,
        seq: 1,
        ring,
        dropped: dropped.iter().map(|skill| skill.parse().unwrap()).collect(),
    }
}

#[test]
fn requirements_are_relaxed_step_by_step() {
    let mut scene = relaxing();
    assert_eq!(scene.floor.next_due(), Some(scene.at(10)));
    scene.wait(9);
    assert_eq!(scene.floor.due(scene.now()), []);
    scene.wait(1);
    assert_eq!(scene.floor.due(scene.now()), [relax(2, 1, &["de"])]);
    assert_eq!(scene.floor.due(scene.now()), []);
    assert_eq!(scene.floor.next_due(), Some(scene.at(20)));
    let relaxed = json!({"ring": 1, "requirements": ["fx", "vip"]});
    scene.conversation("C-1", "RequirementsRelaxed", relaxed);
    scene.wait(20);
    assert_eq!(scene.floor.due(scene.now()), [relax(3, 2, &["fx"])]);
}

#[test]
fn later_step_does_what_the_earlier_would() {
    let mut scene = relaxing();
    scene.wait(40);
    assert_eq!(scene.floor.due(scene.now()), [relax(2, 2, &["de", "fx"])]);
}

#[test]
fn lost_command_is_due_again_when_asked_for() {
    let mut scene = relaxing();
    scene.wait(10);
    let due = scene.floor.due(scene.now());
    scene.floor.again(&due[0]);
    assert_eq!(scene.floor.due(scene.now()), due);
}

#[test]
fn step_is_due_again_when_the_conversation_was_offered_meanwhile() {
    let mut scene = relaxing();
    scene.wait(10);
    assert_eq!(scene.floor.due(scene.now()).len(), 1);
    scene.offer("C-1", "ann", "Offered");
    assert_eq!(scene.floor.next_due(), None);
    scene.offer("C-1", "ann", "OfferRescinded");
    assert_eq!(scene.floor.due(scene.now()), [relax(4, 1, &["de"])]);
}

#[test]
fn conversation_overflows_and_keeps_its_place() {
    let mut scene = relaxing();
    scene.configure("ALL", json!({"overflow": {"after_s": 61, "queue": "FX"}}));
    scene.wait(60);
    let due = scene.floor.due(scene.now());
    let overflow = Due::Overflow {
        tenant: tenant(),
        conversation: conversation("C-1"),
        version: 2,
        seq: 1,
        queue: queue("ALL"),
    };
    assert_eq!(due[1], overflow);
    scene.conversation("C-1", "Overflowed", json!({"from": "FX", "queue": "ALL"}));
    scene.wait(1);
    // It does not go back where it came from.
    assert_eq!(scene.floor.due(scene.now()), []);
    let view = scene
        .floor
        .show_queue(&tenant(), &queue("ALL"), scene.now());
    assert_eq!((view.waiting, view.longest_wait_ms), (1, 61_000));
}

#[test]
fn steps_of_new_settings_apply_to_those_who_wait() {
    let mut scene = relaxing();
    scene.configure(
        "FX",
        json!({"relaxations": [{"after_s": 5, "dropped": ["vip"]}]}),
    );
    assert_eq!(scene.floor.next_due(), Some(scene.at(5)));
}

#[test]
fn ended_cool_down_and_preference_wake_the_queue() {
    let mut scene = Scene::default();
    let sticky = json!({"sticky": {"agent_id": "ann", "until": scene.at(90)}});
    scene.waits_with("C-1", "FX", "voice", sticky);
    scene.offer("C-1", "ann", "Offered");
    scene.offer("C-1", "ann", "OfferExpired");
    scene.woken();
    for (at, next) in [(60, Some(scene.at(90))), (90, None)] {
        scene.now_ms = at * 1_000;
        assert_eq!(scene.floor.due(scene.now()), []);
        assert_eq!(scene.woken(), ["FX"]);
        assert_eq!(scene.floor.next_due(), next);
    }
}

#[test]
fn nothing_is_due_for_who_is_gone() {
    let mut scene = relaxing();
    scene.conversation("C-1", "Abandoned", json!({}));
    assert_eq!(scene.floor.next_due(), None);
}
