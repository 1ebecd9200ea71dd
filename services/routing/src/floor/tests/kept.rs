//! A floor that begins from a snapshot is the floor that was folded from all events.

use kernel::LiveProjection as _;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;

use super::interleaving::{QUEUES, Sent, steps, woven};
use super::{Scene, agent, queue, tenant};
use crate::floor::{Floor, KeptFloor};

fn json_of(floor: &Floor) -> String {
    serde_json::to_string(&floor.keep()).unwrap()
}

/// The floor as the next process has it.
fn restored(floor: &Floor) -> Floor {
    let kept: KeptFloor = serde_json::from_str(&json_of(floor)).unwrap();
    Floor::restored(kept)
}

fn fold(floor: &mut Floor, sent: &[Sent]) {
    for (meta, event) in sent {
        match event.clone() {
            Some(event) => floor.apply(0, meta, event),
            None => floor.pass("conversations", 0, meta),
        }
    }
}

proptest! {
    #[test]
    fn snapshot_at_any_point_and_the_tail_are_the_whole_fold(
        steps in steps(60),
        at in any::<Index>(),
    ) {
        let mut scene = Scene::morning();
        for step in &steps {
            scene.step(step);
        }
        let sent = std::mem::take(&mut scene.sent);
        let (before, after) = sent.split_at(at.index(sent.len() + 1));
        let mut begun = Floor::default();
        fold(&mut begun, before);
        let mut floor = restored(&begun);
        prop_assert_eq!(json_of(&floor), json_of(&begun));
        fold(&mut floor, after);
        let whole = std::mem::replace(&mut scene.floor, floor);
        prop_assert_eq!(json_of(&scene.floor), json_of(&whole));
        let (shown, asked, next) = (scene.shown(), plans(&scene), nexts(&scene));
        scene.floor = whole;
        prop_assert_eq!(shown, scene.shown());
        prop_assert_eq!(asked, plans(&scene));
        prop_assert_eq!(next, nexts(&scene));
    }

    #[test]
    fn snapshot_does_not_depend_on_how_streams_are_woven_nor_on_what_this_process_does(
        steps in steps(60),
        choices in prop::collection::vec(any::<Index>(), 1..200),
    ) {
        let mut scene = Scene::morning();
        for step in &steps {
            scene.step(step);
            scene.act(step);
            let now = scene.now();
            scene.floor.hear(&tenant(), &agent("ann"), "S", now);
            drop(scene.floor.due(now));
        }
        let mut floor = Floor::default();
        fold(&mut floor, &woven(&scene.sent, &choices));
        prop_assert_eq!(json_of(&floor), json_of(&scene.floor));
    }
}

fn plans(scene: &Scene) -> Vec<String> {
    let plans = (1..=6).map(|n| format!("{:?}", scene.plan(&format!("C-{n}"))));
    plans.collect()
}

fn nexts(scene: &Scene) -> Vec<Vec<String>> {
    QUEUES.iter().map(|queue| scene.next(queue)).collect()
}

#[test]
fn queues_with_somebody_in_line_are_looked_at_after_a_start() {
    let mut scene = Scene::default();
    scene.ready("ann", &["FX", "VIP"], json!({}));
    scene.waits("C-1", "FX", &[]);
    assert_eq!(scene.woken(), ["FX"]);
    scene.floor = restored(&scene.floor);
    assert_eq!(scene.woken(), ["FX"]);
    assert!(scene.floor.knows(&tenant(), &queue("VIP")));
}

#[test]
fn what_is_due_is_due_after_a_start() {
    let mut scene = Scene::default();
    let overflow = json!({"overflow": {"after_s": 30, "queue": "VIP"}});
    scene.configure("FX", overflow);
    scene.waits("C-1", "FX", &[]);
    scene.wait(31);
    let now = scene.now();
    let mut next = restored(&scene.floor);
    let due = next.due(now);
    assert_eq!(due.len(), 1);
    assert_eq!(due, scene.floor.due(now));
}

#[test]
fn conversation_that_was_closed_is_opened_again_after_a_start() {
    let mut scene = Scene::default();
    scene.waits("C-1", "FX", &[]);
    scene.conversation("C-1", "Abandoned", json!({}));
    scene.floor = restored(&scene.floor);
    scene.wait(7 * 86_400);
    scene.conversation("C-1", "Reopened", json!({"episode": 2}));
    scene.queued("C-1", "FX", json!({}));
    assert_eq!(scene.floor.waiting(&tenant(), &queue("FX")), 1);
}
