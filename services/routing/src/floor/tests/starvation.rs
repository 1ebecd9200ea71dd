use serde_json::json;

use super::{Scene, agent, conversation, queue, tenant};
use crate::decision::Reason;
use crate::floor::Starvation;

fn starved(agents: &[(Reason, u32)]) -> Vec<Starvation> {
    vec![Starvation::Starved {
        tenant: tenant(),
        queue: queue("FX"),
        conversation: conversation("C-1"),
        waiting: 2,
        agents: agents.iter().copied().collect(),
    }]
}

fn two_wait(skills: &[&str]) -> Scene {
    let mut scene = Scene::default();
    scene.ready("ann", &["FX"], json!({}));
    scene.ready("bob", &["FX"], json!({}));
    scene.waits("C-1", "FX", skills);
    scene.wait(1);
    scene.waits("C-2", "FX", &[]);
    scene
}

#[test]
fn queue_starves_when_all_are_away_and_is_served_when_one_comes_back() {
    let mut scene = two_wait(&[]);
    assert_eq!(scene.floor.starvation(), []);
    scene.presence("ann", "offline");
    assert_eq!(scene.floor.starvation(), []);
    scene.agent(
        "bob",
        "RoutingSuspended",
        json!({"reason": "not_responding"}),
    );
    let why = [(Reason::Presence, 1), (Reason::NotResponding, 1)];
    assert_eq!(scene.floor.starvation(), starved(&why));
    scene.tell("queues", "FX", "QueueStarved", json!({"waiting": 2}));
    assert_eq!(scene.floor.starvation(), []);

    scene.woken();
    scene.presence("ann", "available");
    assert_eq!(scene.woken(), ["FX"]);
    assert_eq!(scene.next("FX"), ["C-1", "C-2"]);
    let served = Starvation::Served {
        tenant: tenant(),
        queue: queue("FX"),
        agent: agent("ann"),
    };
    assert_eq!(scene.floor.starvation(), [served]);
    scene.tell("queues", "FX", "QueueServed", json!({"agent_id": "ann"}));
    assert_eq!(scene.floor.starvation(), []);
}

#[test]
fn queue_with_busy_agents_does_not_starve() {
    let mut scene = two_wait(&[]);
    scene.presence("bob", "away");
    scene.reserve("ann", "C-0", "voice");
    assert_eq!(scene.next("FX"), Vec::<String>::new());
    assert_eq!(scene.floor.starvation(), []);
}

#[test]
fn queue_starves_when_no_agent_left_has_the_skills() {
    let mut scene = two_wait(&["fx"]);
    scene.presence("bob", "away");
    scene.reserve("ann", "C-0", "voice");
    let why = [(Reason::Presence, 1), (Reason::SkillMissing, 1)];
    assert_eq!(scene.floor.starvation(), starved(&why));
    scene.agent("ann", "SkillsChanged", json!({"skills": {"fx": 1}}));
    assert_eq!(scene.floor.starvation(), []);
}

#[test]
fn queue_without_an_agent_starves() {
    let mut scene = Scene::default();
    scene.waits("C-1", "FX", &[]);
    assert_eq!(scene.floor.starvation().len(), 1);
    scene.conversation("C-1", "Abandoned", json!({}));
    assert_eq!(scene.floor.starvation(), []);
}
