use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;

use super::Scene;
use super::interleaving::{QUEUES, steps};

/// A call waits, the agent is not routable yet, and no router has looked at the queue since.
fn waiting(change: impl FnOnce(&mut Scene)) -> Scene {
    let mut scene = Scene::default();
    scene.ready("ann", &["FX"], json!({"fx": 5}));
    change(&mut scene);
    scene.waits("C-1", "FX", &["fx"]);
    assert_eq!(scene.woken(), ["FX"]);
    assert_eq!(scene.woken(), Vec::<String>::new());
    assert_eq!(scene.next("FX"), Vec::<String>::new());
    scene
}

#[track_caller]
fn assert_woken(mut scene: Scene) {
    assert_eq!(scene.woken(), ["FX"]);
    assert_eq!(scene.next("FX"), ["C-1"]);
    assert_eq!(scene.asked("C-1"), ["ann"]);
}

#[test]
fn queue_is_woken_when_an_agent_comes_back() {
    let mut scene = waiting(|scene| scene.presence("ann", "away"));
    scene.presence("ann", "available");
    assert_woken(scene);
}

#[test]
fn queue_is_woken_when_a_link_is_restored() {
    let mut scene = waiting(|scene| {
        let lost = json!({"session_id": "S", "grace_until": scene.at(60)});
        scene.agent("ann", "LinkLost", lost);
    });
    scene.agent("ann", "LinkRestored", json!({"session_id": "S"}));
    assert_woken(scene);
}

#[test]
fn queue_is_woken_when_a_suspension_ends() {
    let mut scene = waiting(|scene| {
        let suspended = json!({"reason": "cooldown", "ready_at": scene.at(30)});
        scene.agent("ann", "RoutingSuspended", suspended);
    });
    scene.agent("ann", "RoutingResumed", json!({}));
    assert_woken(scene);
}

#[test]
fn queue_is_woken_when_a_slot_is_released() {
    let mut scene = waiting(|scene| scene.reserve("ann", "C-0", "voice"));
    scene.slot("ann", "C-0", "SlotReleased");
    assert_woken(scene);
}

#[test]
fn queue_is_woken_when_capacity_is_raised() {
    let mut scene = waiting(|scene| {
        scene.agent("ann", "CapacityChanged", json!({"channels": {"voice": 0}}));
    });
    scene.agent("ann", "CapacityChanged", json!({"channels": {"voice": 1}}));
    assert_woken(scene);
}

#[test]
fn queue_is_woken_when_an_agent_learns() {
    let mut scene = waiting(|scene| scene.agent("ann", "SkillsChanged", json!({"skills": {}})));
    scene.agent("ann", "SkillsChanged", json!({"skills": {"fx": 1}}));
    assert_woken(scene);
}

#[test]
fn queue_is_woken_when_an_agent_joins_it() {
    let mut scene = waiting(|scene| scene.agent("ann", "QueuesChanged", json!({"queues": []})));
    scene.agent("ann", "QueuesChanged", json!({"queues": ["FX"]}));
    assert_woken(scene);
}

#[test]
fn queue_is_woken_when_requirements_are_relaxed() {
    let mut scene = waiting(|scene| scene.agent("ann", "SkillsChanged", json!({"skills": {}})));
    let relaxed = json!({"ring": 1, "requirements": []});
    scene.conversation("C-1", "RequirementsRelaxed", relaxed);
    assert_woken(scene);
}

#[test]
fn queue_is_woken_when_the_cost_is_lowered() {
    let mut scene = waiting(|scene| scene.configure("FX", json!({"cost": 2})));
    scene.configure("FX", json!({"cost": 1}));
    assert_woken(scene);
}

#[test]
fn queue_that_is_overflowed_into_is_woken() {
    let mut scene = Scene::default();
    scene.ready("ann", &["FX"], json!({}));
    scene.waits("C-1", "VIP", &[]);
    scene.woken();
    scene.conversation("C-1", "Overflowed", json!({"from": "VIP", "queue": "FX"}));
    assert_woken(scene);
}

#[test]
fn empty_queue_stays_asleep() {
    let mut scene = Scene::default();
    scene.ready("ann", &["FX"], json!({}));
    scene.presence("ann", "away");
    scene.presence("ann", "available");
    assert_eq!(scene.woken(), Vec::<String>::new());
}

#[test]
fn queue_is_woken_when_the_agent_that_somebody_waits_for_goes() {
    let mut scene = Scene::default();
    scene.configure("FX", json!({"strategy": "sticky"}));
    for id in ["ann", "bob"] {
        scene.ready(id, &["FX"], json!({}));
    }
    scene.reserve("ann", "C-0", "voice");
    let sticky = json!({"agent_id": "ann", "until": scene.at(60)});
    scene.waits_with("C-1", "FX", "voice", json!({"sticky": sticky}));
    scene.woken();
    assert_eq!(scene.next("FX"), Vec::<String>::new());
    scene.presence("ann", "away");
    assert_eq!(scene.woken(), ["FX"]);
    assert_eq!(scene.asked("C-1"), ["bob"]);
}

proptest! {
    /// A router looks at a queue when it is woken: a conversation that can be matched now, and
    /// could not before, must wake its queue.
    #[test]
    fn queue_is_woken_for_all_that_can_be_matched_from_now_on(steps in steps(60)) {
        let mut scene = Scene::morning();
        let mut before = BTreeSet::new();
        for step in &steps {
            scene.step(step);
            scene.act(step);
            drop(scene.floor.due(scene.now()));
            let woken = scene.woken();
            let mut matchable = BTreeSet::new();
            for queue in QUEUES {
                for conversation in scene.next(queue) {
                    let is_new = !before.contains(&conversation);
                    prop_assert!(
                        !is_new || woken.iter().any(|woken| woken == queue),
                        "{} of {} after {:?}", conversation, queue, step
                    );
                    matchable.insert(conversation);
                }
            }
            before = matchable;
        }
    }
}
