use serde_json::json;

use super::{Scene, agent, tenant};

fn silent(scene: &Scene) -> Vec<String> {
    let silent = scene.floor.silent_since(scene.at(-60)).into_iter();
    silent
        .map(|silent| format!("{}/{}@{}", silent.agent, silent.session, silent.version))
        .collect()
}

#[test]
fn session_that_is_never_heard_of_is_silent_after_its_grace() {
    let mut scene = Scene::default();
    scene.ready("ann", &["FX"], json!({}));
    scene.wait(59);
    assert_eq!(silent(&scene), [""; 0]);
    scene.wait(1);
    assert_eq!(silent(&scene), ["ann/S@5"]);
}

#[test]
fn heartbeat_moves_the_end_and_no_version() {
    let mut scene = Scene::default();
    scene.ready("ann", &["FX"], json!({}));
    scene.wait(40);
    scene.floor.hear(&tenant(), &agent("ann"), "S", scene.now());
    scene
        .floor
        .hear(&tenant(), &agent("ann"), "S", scene.at(-20));
    scene.wait(59);
    assert_eq!(silent(&scene), [""; 0]);
    scene.wait(1);
    assert_eq!(silent(&scene), ["ann/S@5"]);
}

#[test]
fn link_that_comes_back_and_heartbeat_by_command_are_signs_of_life() {
    let mut scene = Scene::default();
    scene.ready("ann", &["FX"], json!({}));
    for kind in ["LinkLost", "LinkRestored", "SessionHeard"] {
        scene.wait(40);
        scene.agent("ann", kind, json!({"session_id": "S"}));
    }
    scene.wait(59);
    assert_eq!(silent(&scene), [""; 0]);
}

#[test]
fn session_that_is_lost_or_over_is_not_silent() {
    let mut scene = Scene::default();
    for (id, kind) in [
        ("ann", "LinkLost"),
        ("bob", "SessionEnded"),
        ("cid", "GraceExpired"),
    ] {
        scene.ready(id, &["FX"], json!({}));
        assert!(scene.floor.has_session(&tenant(), &agent(id), "S"));
        scene.agent(id, kind, json!({"session_id": "S"}));
        assert!(!scene.floor.has_session(&tenant(), &agent(id), "S"));
    }
    scene.wait(60);
    assert_eq!(silent(&scene), [""; 0]);
}

#[test]
fn of_two_devices_only_the_dead_one_is_silent() {
    let mut scene = Scene::default();
    scene.ready("ann", &["FX"], json!({}));
    let phone = json!({"session_id": "T", "device": "d", "channels": ["voice"]});
    scene.agent("ann", "SessionStarted", phone);
    scene.wait(60);
    scene.floor.hear(&tenant(), &agent("ann"), "T", scene.now());
    assert_eq!(silent(&scene), ["ann/S@6"]);
    scene.agent("ann", "SessionEnded", json!({"session_id": "S"}));
    scene.waits("C-1", "FX", &[]);
    scene.waits_with("C-2", "FX", "chat", json!({}));
    assert_eq!(scene.asked("C-1"), ["ann"], "the telephone still works");
    assert_eq!(scene.asked("C-2"), [""; 0]);
}
