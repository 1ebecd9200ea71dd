//! Who is at work with something long gets no more of the short ones than others, and no fewer.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::floor::tests::Scene;

const AGENTS: [&str; 6] = ["ann", "bob", "cid", "dee", "eve", "fay"];

/// Agents of the queue, each with so many chats that never end.
fn desk(strategy: &Value, long: &[usize]) -> Scene {
    let mut scene = Scene::default();
    scene.configure("FX", json!({"strategy": strategy}));
    for (id, long) in AGENTS.iter().zip(long) {
        scene.ready(id, &["FX"], json!({}));
        scene.agent(id, "CapacityChanged", json!({"channels": {"chat": 5}}));
        for number in 0..*long {
            let conversation = format!("LONG-{id}-{number}");
            scene.reserve(id, &conversation, "chat");
            scene.slot(id, &conversation, "SlotActivated");
            scene.wait(1);
        }
    }
    scene
}

/// Chats one after another, each over before the next; who had how many.
fn short_ones(scene: &mut Scene, count: usize, rescinded: &[bool]) -> BTreeMap<String, usize> {
    let mut had = BTreeMap::new();
    for number in 0..count {
        let id = format!("SHORT-{number}");
        scene.waits_with(&id, "FX", "chat", json!({}));
        let asked = scene.asked(&id);
        if rescinded.get(number).copied().unwrap_or_default() {
            let second = &asked[1];
            scene.reserve(second, &id, "chat");
            scene.wait(1);
            scene.slot(second, &id, "SlotReleased");
        }
        let first = &asked[0];
        scene.reserve(first, &id, "chat");
        scene.slot(first, &id, "SlotActivated");
        scene.wait(2);
        scene.slot(first, &id, "SlotReleased");
        scene.conversation(&id, "Abandoned", json!({}));
        *had.entry(first.clone()).or_default() += 1;
    }
    had
}

#[test]
fn four_agents_with_a_long_chat_each_share_the_short_ones() {
    for strategy in ["longest_idle", "least_loaded"] {
        let mut scene = desk(&json!(strategy), &[1; 4]);
        let had = short_ones(&mut scene, 40, &[]);
        let ten_each = AGENTS[..4].iter().map(|id| ((*id).to_owned(), 10));
        assert_eq!(had, ten_each.collect(), "{strategy}");
    }
}

#[test]
fn agent_who_was_asked_is_not_asked_again_before_the_others() {
    let mut scene = desk(&json!("longest_idle"), &[0; 3]);
    for (number, expected) in ["ann", "bob", "cid", "ann", "bob", "cid"]
        .iter()
        .enumerate()
    {
        let id = format!("C-{number}");
        scene.waits_with(&id, "FX", "chat", json!({}));
        scene.wait(1);
        assert_eq!(scene.asked(&id)[0], *expected, "{id}");
        scene.reserve(expected, &id, "chat");
        scene.slot(expected, &id, "SlotActivated");
    }
}

#[test]
fn offer_that_came_to_nothing_leaves_the_agent_in_their_place() {
    let mut scene = desk(&json!("longest_idle"), &[1, 1]);
    scene.waits_with("C-1", "FX", "chat", json!({}));
    assert_eq!(scene.asked("C-1"), ["ann", "bob"]);
    scene.wait(1);
    scene.reserve("ann", "C-0", "chat");
    assert_eq!(scene.asked("C-1"), ["bob", "ann"]);
    scene.wait(1);
    scene.slot("ann", "C-0", "SlotReleased");
    assert_eq!(scene.asked("C-1"), ["ann", "bob"]);
}

#[test]
fn least_recently_assigned_comes_first_of_those_who_were_freed_at_once() {
    let mut scene = desk(&json!("longest_idle"), &[0, 0]);
    for id in ["bob", "ann"] {
        scene.wait(1);
        scene.reserve(id, &format!("C-{id}"), "chat");
        scene.slot(id, &format!("C-{id}"), "SlotActivated");
    }
    for id in ["ann", "bob"] {
        scene.slot(id, &format!("C-{id}"), "SlotReleased");
    }
    scene.waits_with("C-1", "FX", "chat", json!({}));
    assert_eq!(scene.asked("C-1"), ["bob", "ann"]);
    let terms = scene.plan("C-1").unwrap().record.candidates.remove(0).terms;
    assert_eq!(terms.turn_since, Some(scene.now()));
    assert_eq!(terms.last_assigned, Some(scene.at(-1)));
}

proptest! {
    #[test]
    fn longest_idle_spreads_short_ones_whatever_the_agents_work_on(
        long in prop::collection::vec(0..4_usize, 2..6),
        count in 1..40_usize,
        rescinded in prop::collection::vec(any::<bool>(), 40),
    ) {
        let mut scene = desk(&json!("longest_idle"), &long);
        let had = short_ones(&mut scene, count, &rescinded);
        is_fair(&had, long.len(), count)?;
    }

    #[test]
    fn least_loaded_spreads_short_ones_among_those_with_the_least_work(
        long in prop::collection::vec(0..4_usize, 2..6),
        count in 1..40_usize,
    ) {
        let mut scene = desk(&json!("least_loaded"), &long);
        let had = short_ones(&mut scene, count, &[]);
        let least = long.iter().min().copied().unwrap_or_default();
        is_fair(&had, long.iter().filter(|long| **long == least).count(), count)?;
    }
}

/// Each has the same number of the `count`, give or take one.
fn is_fair(
    had: &BTreeMap<String, usize>,
    agents: usize,
    count: usize,
) -> Result<(), TestCaseError> {
    prop_assert!(
        had.values().all(|had| *had <= count.div_ceil(agents)),
        "{:?}",
        had
    );
    prop_assert!(count < agents || had.len() == agents, "{:?}", had);
    prop_assert!(
        count < agents || had.values().all(|had| *had >= count / agents),
        "{:?}",
        had
    );
    Ok(())
}
