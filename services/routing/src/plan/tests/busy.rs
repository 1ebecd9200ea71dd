//! Who is at work on a channel that excludes others.

use serde_json::json;

use crate::decision::{Reason, Record};
use crate::floor::tests::{Scene, agent};

/// Ann, who takes one call and two chats, is on a call; a chat waits.
fn on_a_call() -> Scene {
    let mut scene = Scene::default();
    scene.ready("ann", &["FX"], json!({}));
    scene.reserve("ann", "V-3", "voice");
    scene.slot("ann", "V-3", "SlotActivated");
    scene.waits_with("V-4", "FX", "chat", json!({}));
    scene
}

fn record(scene: &Scene) -> Record {
    scene.plan("V-4").unwrap().record
}

#[test]
fn agent_on_a_call_is_not_asked_for_chats_until_it_is_written_up() {
    let mut scene = on_a_call();
    for kind in ["SlotHeld", "SlotResumed", "WrapUpStarted"] {
        scene.slot("ann", "V-3", kind);
        let record = record(&scene);
        assert!(record.candidates.is_empty(), "{kind}");
        assert_eq!(record.excluded, [(Reason::BusyOnChannel, 1)].into());
        let named = &record.exclusions[0];
        assert_eq!(
            (&named.agent_id, named.reason),
            (&agent("ann"), Reason::BusyOnChannel)
        );
        let sentence = "was busy on a channel that this one may not interrupt: voice";
        assert_eq!(named.to_string(), sentence);
    }
    assert!(scene.floor.starvation().is_empty(), "ann comes free");
    scene.woken();
    scene.slot("ann", "V-3", "SlotReleased");
    assert_eq!(scene.woken(), ["FX"]);
    assert_eq!(scene.asked("V-4"), ["ann"]);
}

#[test]
fn call_that_the_desk_lets_chats_interrupt_excludes_none() {
    let mut scene = on_a_call();
    scene.woken();
    let by = json!({"interruptible_by": {"voice": ["chat"]}});
    scene.agent("ann", "InterruptionsChanged", by);
    assert_eq!(scene.woken(), ["FX"]);
    assert_eq!(scene.asked("V-4"), ["ann"]);
}

#[test]
fn chat_lets_a_call_in_unless_the_desk_says_otherwise() {
    let mut scene = Scene::default();
    scene.ready("ann", &["FX"], json!({}));
    scene.reserve("ann", "V-1", "chat");
    scene.waits("V-2", "FX", &[]);
    assert_eq!(scene.asked("V-2"), ["ann"]);
    let by = json!({"interruptible_by": {"chat": []}});
    scene.agent("ann", "InterruptionsChanged", by);
    assert_eq!(scene.asked("V-2"), [""; 0]);
}
