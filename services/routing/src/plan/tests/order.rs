use serde_json::{Value, json};

use crate::decision::Reason;
use crate::floor::tests::{Scene, agent};

/// Four agents who became ready a second apart, the last by name first.
fn four(strategy: &Value) -> Scene {
    let mut scene = Scene::default();
    scene.configure("FX", json!({"strategy": strategy}));
    for id in ["dee", "cid", "bob", "ann"] {
        scene.ready(id, &["FX"], json!({"fx": 50, "de": 50}));
        scene.wait(1);
    }
    scene
}

fn chat(scene: &mut Scene, id: &str, skills: &[&str]) {
    scene.waits_with(id, "FX", "chat", json!({"requirements": skills}));
}

/// A call waits, and is ann's for two minutes.
fn prefers_ann(scene: &mut Scene) {
    let sticky = json!({"agent_id": "ann", "until": scene.at(120)});
    scene.waits_with("C-1", "FX", "voice", json!({"sticky": sticky}));
}

#[test]
fn longest_idle_comes_first_and_the_working_last() {
    let mut scene = four(&json!("longest_idle"));
    scene.reserve("dee", "C-0", "chat");
    scene.slot("dee", "C-0", "SlotActivated");
    chat(&mut scene, "C-1", &[]);
    assert_eq!(scene.asked("C-1"), ["cid", "bob", "ann", "dee"]);
    scene.slot("dee", "C-0", "SlotReleased");
    assert_eq!(scene.asked("C-1"), ["cid", "bob", "ann", "dee"]);
}

#[test]
fn agent_id_breaks_ties() {
    let mut scene = Scene::default();
    for id in ["bob", "ann", "cid"] {
        scene.ready(id, &["FX"], json!({}));
    }
    scene.waits("C-1", "FX", &[]);
    assert_eq!(scene.asked("C-1"), ["ann", "bob", "cid"]);
}

#[test]
fn least_loaded_is_by_share_of_capacity_then_idle() {
    let mut scene = four(&json!("least_loaded"));
    scene.agent("dee", "CapacityChanged", json!({"channels": {"chat": 3}}));
    scene.agent("cid", "CapacityChanged", json!({"channels": {"chat": 4}}));
    scene.reserve("dee", "C-7", "chat");
    scene.reserve("cid", "C-8", "chat");
    chat(&mut scene, "C-1", &[]);
    assert_eq!(scene.asked("C-1"), ["bob", "ann", "cid", "dee"]);
}

#[test]
fn round_robin_goes_on_after_the_last_match_of_the_queue() {
    let mut scene = four(&json!("round_robin"));
    chat(&mut scene, "C-1", &["fx"]);
    assert_eq!(scene.asked("C-1"), ["ann", "bob", "cid", "dee"]);
    scene.agent("bob", "AgentMatched", json!({"queue": "FX"}));
    assert_eq!(scene.asked("C-1"), ["cid", "dee", "ann", "bob"]);
    scene.agent("dee", "AgentMatched", json!({"queue": "VIP"}));
    assert_eq!(scene.asked("C-1"), ["cid", "dee", "ann", "bob"]);
}

#[test]
fn proficiency_weighs_levels_then_load_then_idle() {
    let mut scene = four(&json!("proficiency"));
    let settings = json!({"strategy": "proficiency", "skill_weights": {"fx": 3}});
    scene.configure("FX", settings);
    scene.agent(
        "ann",
        "SkillsChanged",
        json!({"skills": {"fx": 51, "de": 48}}),
    );
    scene.agent(
        "bob",
        "SkillsChanged",
        json!({"skills": {"fx": 49, "de": 52}}),
    );
    scene.reserve("dee", "C-0", "chat");
    chat(&mut scene, "C-1", &["fx", "de"]);
    assert_eq!(scene.asked("C-1"), ["ann", "cid", "dee", "bob"]);
    let scores = scene.plan("C-1").unwrap().record.candidates;
    let scores: Vec<_> = scores
        .iter()
        .map(|candidate| candidate.terms.proficiency)
        .collect();
    assert_eq!(scores, [201, 200, 200, 199]);
}

#[test]
fn ring_asks_several_at_once() {
    let mut scene = four(&json!({"ring": 3}));
    scene.waits("C-1", "FX", &[]);
    let plan = scene.plan("C-1").unwrap();
    assert_eq!(plan.parallel_max, 3);
    assert_eq!(scene.asked("C-1"), ["dee", "cid", "bob", "ann"]);
}

#[test]
fn preferred_agent_comes_first_until_the_preference_ends() {
    let mut scene = four(&json!("longest_idle"));
    prefers_ann(&mut scene);
    assert_eq!(scene.asked("C-1"), ["ann", "dee", "cid", "bob"]);
    assert!(scene.plan("C-1").unwrap().asked()[0].terms.sticky);
    scene.wait(120);
    assert_eq!(scene.asked("C-1"), ["dee", "cid", "bob", "ann"]);
}

#[test]
fn pool_is_asked_when_the_preferred_agent_is_offline() {
    let mut scene = four(&json!("longest_idle"));
    scene.presence("ann", "offline");
    prefers_ann(&mut scene);
    assert_eq!(scene.asked("C-1"), ["dee", "cid", "bob"]);
}

#[test]
fn sticky_queue_waits_for_the_preferred_agent_as_long_as_they_may_come_free() {
    let mut scene = four(&json!("sticky"));
    scene.reserve("ann", "C-0", "voice");
    prefers_ann(&mut scene);
    scene.waits("C-2", "FX", &[]);
    assert_eq!(scene.asked("C-1"), [""; 0]);
    assert_eq!(
        scene.asked("C-2"),
        ["dee", "cid", "bob"],
        "has no preference"
    );
    let record = scene.plan("C-1").unwrap().record;
    let excluded = [(Reason::NoCapacity, 1), (Reason::NotPreferred, 3)];
    assert_eq!(record.excluded, excluded.into());
    let named = &record.exclusions[1];
    assert_eq!(scene.floor.stalled_ms(scene.now()), 0);
    assert_eq!(
        (&named.agent_id, named.reason, named.until),
        (&agent("bob"), Reason::NotPreferred, Some(scene.at(120)))
    );
    scene.slot("ann", "C-0", "SlotReleased");
    assert_eq!(scene.asked("C-1"), ["ann"]);
    assert_eq!(scene.plan("C-1").unwrap().record.candidates_total, 1);
    scene.reserve("ann", "C-0", "voice");
    scene.wait(120);
    assert_eq!(scene.asked("C-1"), ["dee", "cid", "bob"]);
}

#[test]
fn sticky_queue_waits_for_who_has_the_conversation_still() {
    let mut scene = four(&json!("sticky"));
    scene.reserve("ann", "C-1", "voice");
    prefers_ann(&mut scene);
    assert_eq!(scene.asked("C-1"), [""; 0]);
    scene.wait(30);
    scene.woken();
    scene.slot("ann", "C-1", "SlotReleased");
    assert_eq!(scene.woken(), ["FX"]);
    assert_eq!(scene.asked("C-1"), ["ann"]);
    let record = scene.plan("C-1").unwrap().record;
    let named: Vec<_> = record
        .exclusions
        .iter()
        .map(|named| (named.agent_id.as_str(), named.reason))
        .collect();
    let other = |id| (id, Reason::NotPreferred);
    assert_eq!(named, ["bob", "cid", "dee"].map(other));
    assert_eq!(
        scene.floor.stalled_ms(scene.now()),
        0,
        "ann has just come free"
    );
    scene.presence("ann", "away");
    scene.wait(91);
    assert_eq!(scene.floor.stalled_ms(scene.now()), 1_000);
}

#[test]
fn sticky_queue_asks_the_pool_once_the_preferred_agent_has_gone_or_refused() {
    let mut scene = four(&json!("sticky"));
    prefers_ann(&mut scene);
    assert_eq!(scene.asked("C-1"), ["ann"]);
    scene.presence("ann", "offline");
    assert_eq!(scene.asked("C-1"), ["dee", "cid", "bob"]);
    scene.presence("ann", "available");
    assert_eq!(scene.asked("C-1"), ["ann"]);
    scene.reserve("ann", "C-1", "voice");
    scene.offer("C-1", "ann", "Offered");
    scene.offer("C-1", "ann", "OfferRejected");
    scene.slot("ann", "C-1", "SlotReleased");
    assert_eq!(scene.asked("C-1"), ["dee", "cid", "bob"]);
}

#[test]
fn all_skills_are_needed_at_any_level() {
    let mut scene = four(&json!("longest_idle"));
    scene.agent("dee", "SkillsChanged", json!({"skills": {"fx": 100}}));
    scene.agent(
        "bob",
        "SkillsChanged",
        json!({"skills": {"fx": 1, "de": 1}}),
    );
    chat(&mut scene, "C-1", &["fx", "de"]);
    assert_eq!(scene.asked("C-1"), ["cid", "bob", "ann"]);
    let record = scene.plan("C-1").unwrap().record;
    assert_eq!(record.candidates_total, 3);
    assert_eq!(record.excluded, [(Reason::SkillMissing, 1)].into());
    scene.conversation(
        "C-1",
        "RequirementsRelaxed",
        json!({"ring": 1, "requirements": ["fx"]}),
    );
    assert_eq!(scene.asked("C-1"), ["dee", "cid", "bob", "ann"]);
    assert_eq!(scene.plan("C-1").unwrap().record.ring, 1);
}

#[test]
fn capacity_below_what_is_in_use_stops_offers_until_it_is_free() {
    let mut scene = Scene::default();
    scene.ready("ann", &["FX"], json!({}));
    scene.reserve("ann", "C-8", "chat");
    scene.reserve("ann", "C-9", "chat");
    scene.agent("ann", "CapacityChanged", json!({"channels": {"chat": 1}}));
    chat(&mut scene, "C-1", &[]);
    let full = [(Reason::NoCapacity, 1)].into();
    assert_eq!(scene.plan("C-1").unwrap().record.excluded, full);
    scene.slot("ann", "C-8", "SlotReleased");
    assert_eq!(scene.plan("C-1").unwrap().record.excluded, full);
    scene.slot("ann", "C-9", "SlotReleased");
    assert_eq!(scene.asked("C-1"), ["ann"]);
}

#[test]
fn agents_are_named_when_none_can_be_asked() {
    let mut scene = four(&json!("longest_idle"));
    scene.presence("ann", "busy");
    scene.agent("bob", "CapacityChanged", json!({"channels": {"chat": 1}}));
    scene.waits("C-1", "FX", &["vip"]);
    let record = scene.plan("C-1").unwrap().record;
    let named: Vec<_> = record
        .exclusions
        .iter()
        .map(|named| (named.agent_id.clone(), named.reason))
        .collect();
    let expected = [
        ("ann", Reason::Presence),
        ("bob", Reason::NotPermitted),
        ("cid", Reason::SkillMissing),
        ("dee", Reason::SkillMissing),
    ];
    assert_eq!(named, expected.map(|(id, reason)| (agent(id), reason)));
    assert_eq!(record.exclusions[3].skill, Some("vip".parse().unwrap()));
}

#[test]
fn those_who_cannot_be_asked_are_named_beside_those_who_can() {
    let mut scene = four(&json!("longest_idle"));
    scene.presence("ann", "away");
    scene.agent("bob", "SkillsChanged", json!({"skills": {}}));
    scene.agent("cid", "CapacityChanged", json!({"channels": {"chat": 1}}));
    scene.reserve("cid", "C-0", "chat");
    chat(&mut scene, "C-1", &["fx"]);
    assert_eq!(scene.asked("C-1"), ["dee"]);
    let record = scene.plan("C-1").unwrap().record;
    let named = record.exclusions.iter();
    let named: Vec<_> = named
        .map(|named| (named.agent_id.as_str(), named.reason))
        .collect();
    let expected = [
        ("ann", Reason::Presence),
        ("bob", Reason::SkillMissing),
        ("cid", Reason::NoCapacity),
    ];
    assert_eq!(named, expected);
}
