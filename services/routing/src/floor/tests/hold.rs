use serde_json::json;

use super::Scene;
use crate::decision::Reason;
use crate::plan::Unmatchable;

/// Two calls, one agent with one slot.
fn contended() -> Scene {
    let mut scene = Scene::default();
    scene.ready("ann", &["FX"], json!({}));
    scene.waits("C-1", "FX", &[]);
    scene.waits("C-2", "FX", &[]);
    scene.hold("C-1", "ann");
    scene.woken();
    scene
}

const RESERVED: u64 = 6;

#[test]
fn held_ones_are_out_of_the_running() {
    let scene = contended();
    assert_eq!(scene.plan("C-1"), Err(Unmatchable::Held));
    let plan = scene.plan("C-2").unwrap();
    assert_eq!(plan.asked(), []);
    assert_eq!(plan.record.excluded, [(Reason::InFlight, 1)].into());
    assert_eq!(scene.next("FX"), Vec::<String>::new());
}

#[test]
fn released_ones_are_back() {
    let mut scene = contended();
    scene.release("C-1", "ann");
    assert_eq!(scene.woken(), ["FX"]);
    assert_eq!(scene.next("FX"), ["C-1", "C-2"]);
}

#[test]
fn agent_is_held_until_its_reservation_is_seen() {
    let mut scene = contended();
    scene.agent("ann", "CapacityChanged", json!({"channels": {"voice": 9}}));
    scene.reserved("C-1", "ann", RESERVED + 1);
    assert_eq!(scene.asked("C-2"), Vec::<String>::new());
    scene.reserve("ann", "C-1", "voice");
    assert_eq!(scene.asked("C-2"), ["ann"]);
    assert_eq!(scene.plan("C-1"), Err(Unmatchable::Held));
}

#[test]
fn conversation_is_held_until_it_answers() {
    let mut scene = contended();
    scene.reserved("C-1", "ann", RESERVED);
    scene.reserve("ann", "C-1", "voice");
    scene.conversation("C-1", "PriorityChanged", json!({"priority": 3}));
    assert_eq!(scene.plan("C-1"), Err(Unmatchable::Held));
    scene.offer("C-1", "ann", "Offered");
    scene.offer("C-1", "ann", "OfferRejected");
    assert_eq!(scene.plan("C-1").unwrap().asked(), []);
}

#[test]
fn answer_that_is_seen_before_the_reservation_counts() {
    let mut scene = contended();
    scene.reserve("ann", "C-1", "voice");
    scene.offer("C-1", "ann", "MatchRefused");
    assert_eq!(scene.plan("C-1"), Err(Unmatchable::Held));
    scene.woken();
    scene.reserved("C-1", "ann", RESERVED + 1);
    assert!(scene.plan("C-1").is_ok());
    assert_eq!(scene.woken(), ["FX"]);
}

#[test]
fn slot_that_is_gone_ends_the_hold() {
    let mut scene = contended();
    scene.reserve("ann", "C-1", "voice");
    scene.slot("ann", "C-1", "SlotReleased");
    scene.reserved("C-1", "ann", RESERVED);
    assert_eq!(scene.asked("C-1"), ["ann"]);
    assert_eq!(scene.woken(), ["FX"]);
}

#[test]
fn refusal_of_who_is_gone_ends_the_hold() {
    let mut scene = contended();
    scene.conversation("C-1", "Abandoned", json!({}));
    scene.reserve("ann", "C-1", "chat");
    scene.reserved("C-1", "ann", RESERVED);
    scene.offer("C-1", "ann", "MatchRefused");
    scene.conversation("C-1", "Reopened", json!({"episode": 2}));
    scene.queued("C-1", "FX", json!({"seq": 2}));
    assert!(scene.plan("C-1").is_ok());
}

#[test]
fn holds_do_not_show() {
    let mut scene = contended();
    let held = scene.shown();
    scene.release("C-1", "ann");
    assert_eq!(scene.shown(), held);
}
