//! Figures that begin from a snapshot are the figures that were folded from all events.

use kernel::LiveProjection as _;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;

use super::laws::{all, fold, picked, steps, streams};
use super::{Scene, tenant};
use crate::{KeptMetrics, Metrics};

fn json_of(metrics: &Metrics) -> String {
    serde_json::to_string(&metrics.keep()).unwrap()
}

/// The figures as the next process has them.
fn restored(metrics: &Metrics) -> Metrics {
    let kept: KeptMetrics = serde_json::from_str(&json_of(metrics)).unwrap();
    Metrics::restored(kept)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn snapshot_at_any_point_and_the_tail_are_the_whole_fold(
        conversations in steps(),
        agents in steps(),
        picks in prop::collection::vec(0_usize..1_000, 1..200),
        point in any::<Index>(),
    ) {
        let events = picked(streams(&conversations, &agents), &picks);
        let point = point.index(events.len() + 1);
        let mut scene = Scene::default();
        scene.keeps_time("fx", "America/New_York");
        let mut whole = Scene::default();
        whole.keeps_time("fx", "America/New_York");
        for (number, event) in events.iter().enumerate() {
            if number == point {
                let next = restored(&scene.metrics);
                prop_assert_eq!(json_of(&next), json_of(&scene.metrics));
                scene.metrics = next;
            }
            scene.feed(event);
            whole.feed(event);
        }
        prop_assert_eq!(all(&scene), all(&whole));
        prop_assert_eq!(json_of(&scene.metrics), json_of(&whole.metrics));
    }

    #[test]
    fn snapshot_does_not_depend_on_the_order_across_streams(
        conversations in steps(),
        agents in steps(),
        picks in prop::collection::vec(0_usize..1_000, 1..200),
    ) {
        let streams = streams(&conversations, &agents);
        let one_after_the_other = fold(streams.clone(), &[0]);
        let woven = fold(streams, &picks);
        prop_assert_eq!(json_of(&woven.metrics), json_of(&one_after_the_other.metrics));
    }
}

#[test]
fn copy_stays_as_it_was_while_events_go_on() {
    let mut scene = Scene::default();
    scene
        .comes("C1", 0)
        .does("amy", 0, "QueuesChanged", json!({ "queues": ["fx"] }));
    let (kept, before) = (scene.metrics.keep(), json_of(&scene.metrics));
    scene.connects("C1", 10, 10).comes("C2", 20).does(
        "amy",
        30,
        "PresenceChanged",
        json!({ "presence": "available" }),
    );
    scene.ends("C1", 40, 0);
    assert_eq!(serde_json::to_string(&kept).unwrap(), before);
    assert_ne!(json_of(&scene.metrics), before);
}

/// Its cause is one that no event names.
#[test]
fn overflow_under_way_is_one_after_a_start() {
    let mut scene = Scene::default();
    let overflowed = json!({ "from": "fx", "queue": "spill" });
    scene
        .comes("C1", 0)
        .says("C1", 10, "Overflowed", overflowed);
    scene.metrics = restored(&scene.metrics);
    scene.connects("C1", 30, 30);
    let spill = scene.total("queue=spill&by=closed", 100);
    assert_eq!(spill["queued_by"]["overflowed"], json!(1), "{spill}");
}

#[test]
fn zone_of_a_queue_is_known_after_a_start() {
    let mut scene = Scene::default();
    scene.keeps_time("fx", "America/New_York");
    scene.metrics = restored(&scene.metrics);
    let settings = |zone| {
        let queue = "fx".parse().unwrap();
        let settings = scene.metrics.live_settings(&tenant(), &queue, 20, zone);
        settings.unwrap().zone
    };
    assert_eq!(settings(None), settings(Some("America/New_York")));
}
