//! Whose message is a response.

use serde_json::{Value, json};

use super::{Scene, ratio};
use crate::Metrics;

/// A message to the customer by the named actor.
fn writes(scene: &mut Scene, actor: &str, second: i64) {
    scene.says("C1", second, "MessageQueued", json!({ "actor": actor }));
}

/// C1 is amy's from second 2 on.
fn answered() -> Scene {
    let mut scene = Scene::default();
    scene.comes("C1", 0).connects("C1", 2, 2);
    scene
}

fn responses(scene: &Scene) -> [(u64, u64); 2] {
    let total = scene.total("", 800);
    ["first_response_ms", "next_response_ms"].map(|name| ratio(&total[name]))
}

/// A greeting 3 s after the customer came to wait, a person after 60 s.
#[test]
fn greeting_of_a_bot_is_no_first_response() {
    for machine in ["welcome-bot", "reaction:greeter", "timer", "router"] {
        let mut scene = answered();
        writes(&mut scene, machine, 3);
        assert_eq!(responses(&scene)[0], (0, 0), "{machine}");
        writes(&mut scene, "amy", 60);
        assert_eq!(responses(&scene)[0], (60_000, 1), "{machine}");
    }
}

/// Nothing is taken as answered by it: the next response is still to the message at second 70.
#[test]
fn what_is_marked_automated_is_no_response_of_any_sender() {
    let automated = json!({ "automated": true });
    let mut scene = answered();
    scene.says("C1", 3, "MessageQueued", automated.clone());
    writes(&mut scene, "amy", 60);
    scene
        .then("C1", 70, "MessageReceived")
        .says("C1", 71, "MessageQueued", automated);
    writes(&mut scene, "amy", 100);
    assert_eq!(responses(&scene), [(60_000, 1), (30_000, 1)]);
}

#[test]
fn colleague_or_supervisor_who_has_not_the_conversation_does_not_respond() {
    let mut scene = answered();
    scene.then("C1", 5, "MessageReceived");
    writes(&mut scene, "bob", 10);
    writes(&mut scene, "trader", 11);
    assert_eq!(responses(&scene), [(0, 0), (0, 0)]);
}

/// Bob is conferenced from 20 to 40, and answers at 30 what came at 25, but not at 50.
#[test]
fn participant_responds_while_taking_part() {
    let mut scene = answered();
    let bob = || json!({ "agent_id": "bob" });
    writes(&mut scene, "amy", 10);
    scene
        .says("C1", 20, "ParticipantJoined", bob())
        .then("C1", 25, "MessageReceived");
    writes(&mut scene, "bob", 30);
    scene
        .says("C1", 40, "ParticipantLeft", bob())
        .then("C1", 45, "MessageReceived");
    writes(&mut scene, "bob", 50);
    assert_eq!(responses(&scene), [(10_000, 1), (5_000, 1)]);
    writes(&mut scene, "amy", 60);
    assert_eq!(responses(&scene)[1], (20_000, 2));
}

/// After the warm transfer at 20 amy is a bystander; bob's first word comes 8 s after the customer's.
#[test]
fn new_owner_responds_and_the_old_one_no_more() {
    let mut scene = answered();
    writes(&mut scene, "amy", 10);
    let changed = json!({ "from": "amy", "to": "bob" });
    scene
        .says("C1", 20, "OwnerChanged", changed)
        .then("C1", 22, "MessageReceived");
    writes(&mut scene, "amy", 25);
    assert_eq!(responses(&scene)[1], (0, 0));
    writes(&mut scene, "bob", 30);
    assert_eq!(responses(&scene)[1], (8_000, 1));
}

#[test]
fn agent_who_set_it_aside_or_writes_it_up_still_responds() {
    let aside: [(&str, Value); 2] = [("Parked", json!({})), ("Ended", json!({ "wrap_up_s": 60 }))];
    for (kind, data) in aside {
        let mut scene = answered();
        scene.says("C1", 20, kind, data);
        writes(&mut scene, "amy", 30);
        assert_eq!(responses(&scene)[0], (30_000, 1), "{kind}");
    }
}

#[test]
fn receipts_and_attempts_are_not_read_at_all() {
    for kind in [
        "MessageSent",
        "MessageSeen",
        "MessageRetried",
        "MessageStatusChanged",
        "ReceiptRecorded",
        "ReceiptBuffered",
        "ReceiptAnomaly",
    ] {
        assert!(!Metrics::wants("conversations", kind), "{kind}");
    }
}
