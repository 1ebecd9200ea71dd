use serde_json::json;

use crate::decision::Reason;
use crate::floor::tests::Scene;

/// A call that ann has refused; bob is there too.
fn refused() -> Scene {
    let mut scene = Scene::default();
    scene.ready("ann", &["FX"], json!({}));
    scene.wait(1);
    scene.ready("bob", &["FX"], json!({}));
    scene.waits("C-1", "FX", &[]);
    scene.reserve("ann", "C-1", "voice");
    scene.offer("C-1", "ann", "Offered");
    scene.offer("C-1", "ann", "OfferRejected");
    scene.slot("ann", "C-1", "SlotReleased");
    scene
}

#[test]
fn refuser_is_not_asked_again_until_cooled_down() {
    let mut scene = refused();
    assert_eq!(scene.asked("C-1"), ["bob"]);
    let record = scene.plan("C-1").unwrap().record;
    assert_eq!(record.excluded, [(Reason::RefusedBefore, 1)].into());
    assert_eq!(record.exclusions[0].until, Some(scene.at(60)));
    scene.wait(60);
    assert_eq!(scene.asked("C-1"), ["ann", "bob"]);
}

#[test]
fn refuser_is_asked_for_others() {
    let mut scene = refused();
    scene.waits("C-2", "FX", &[]);
    assert_eq!(scene.asked("C-2"), ["ann", "bob"]);
}

#[test]
fn cool_down_is_lifted_for_the_only_agent() {
    let mut scene = refused();
    scene.presence("bob", "away");
    assert_eq!(scene.next("FX"), ["C-1"]);
    assert_eq!(scene.asked("C-1"), ["ann"]);
    let record = scene.plan("C-1").unwrap().record;
    assert!(record.cooldown_lifted);
    assert_eq!(record.candidates_total, 1);
    assert_eq!(record.excluded, [(Reason::Presence, 1)].into());
}

#[test]
fn cool_down_is_not_lifted_for_who_is_held_for_a_moment() {
    let mut scene = refused();
    scene.waits("C-2", "FX", &[]);
    scene.hold("C-2", "bob");
    assert_eq!(scene.asked("C-1"), Vec::<String>::new());
    assert_eq!(scene.next("FX"), Vec::<String>::new());
    scene.woken();
    scene.release("C-2", "bob");
    assert_eq!(scene.woken(), ["FX"]);
    assert_eq!(scene.asked("C-1"), ["bob"]);
}

#[test]
fn agent_who_has_a_slot_for_it_is_involved() {
    let mut scene = refused();
    scene.reserve("bob", "C-1", "chat");
    let record = scene.plan("C-1").unwrap().record;
    assert_eq!(record.excluded, [(Reason::Involved, 1)].into());
    assert!(record.cooldown_lifted);
}

#[test]
fn queue_is_woken_when_the_last_other_agent_goes() {
    let mut scene = refused();
    scene.waits("C-2", "FX", &[]);
    scene.hold("C-2", "bob");
    scene.woken();
    scene.presence("bob", "away");
    assert_eq!(scene.woken(), ["FX"]);
    assert_eq!(scene.asked("C-1"), ["ann"]);
}
