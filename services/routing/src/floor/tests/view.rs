use serde_json::json;

use super::{Scene, agent, conversation, queue, tenant};
use crate::floor::{Floor, FloorEvent};

#[test]
fn reservation_does_not_stop_the_idle_clock_but_work_does() {
    let mut scene = Scene::default();
    scene.ready("ann", &["FX"], json!({}));
    let idle = |scene: &Scene| scene.floor.show(&tenant(), scene.now()).agents[0].idle_since;
    let ready_at = scene.now();
    scene.wait(5);
    scene.reserve("ann", "C-1", "chat");
    assert_eq!(idle(&scene), Some(ready_at));
    scene.slot("ann", "C-1", "SlotActivated");
    assert_eq!(idle(&scene), None);
    scene.slot("ann", "C-1", "WrapUpStarted");
    scene.wait(5);
    scene.slot("ann", "C-1", "WrapUpCompleted");
    scene.slot("ann", "C-1", "SlotReleased");
    assert_eq!(idle(&scene), Some(scene.now()));
}

#[test]
fn revoked_skill_blocks_only_new_offers() {
    let mut scene = Scene::default();
    scene.ready("ann", &["FX"], json!({"fx": 3}));
    scene.reserve("ann", "C-0", "chat");
    scene.slot("ann", "C-0", "SlotActivated");
    scene.agent("ann", "SkillsChanged", json!({"skills": {}}));
    scene.waits_with("C-1", "FX", "chat", json!({"requirements": ["fx"]}));
    assert_eq!(scene.asked("C-1"), Vec::<String>::new());
    let view = scene.floor.show(&tenant(), scene.now());
    assert_eq!(view.agents[0].slots.len(), 1);
}

#[test]
fn reopened_conversation_keeps_its_channel() {
    let mut scene = Scene::default();
    scene.ready("ann", &["FX"], json!({}));
    scene.waits_with("C-1", "FX", "chat", json!({}));
    scene.conversation("C-1", "Connected", json!({"agent_id": "ann"}));
    scene.conversation("C-1", "Ended", json!({"agent_id": "ann", "wrap_up_s": 0}));
    assert!(scene.plan("C-1").is_err());
    scene.conversation("C-1", "Reopened", json!({"episode": 2}));
    scene.queued("C-1", "FX", json!({"seq": 2}));
    assert_eq!(scene.plan("C-1").unwrap().record.channel.as_str(), "chat");
}

#[test]
fn callback_has_its_old_place_again() {
    let mut scene = Scene::default();
    scene.ready("ann", &["FX"], json!({}));
    scene.waits("C-1", "FX", &[]);
    scene.conversation("C-1", "CallbackRequested", json!({}));
    assert_eq!(scene.next("FX"), Vec::<String>::new());
    scene.conversation("C-1", "Unparked", json!({"cause": "timer"}));
    assert_eq!(scene.next("FX"), ["C-1"]);
}

#[test]
fn live_offer_is_shown_until_it_is_answered() {
    let mut scene = Scene::default();
    scene.waits("C-1", "FX", &[]);
    scene.offer("C-1", "ann", "Offered");
    let live = |scene: &Scene| scene.floor.live_offer(&tenant(), &conversation("C-1"));
    assert_eq!(live(&scene).unwrap().agent_id, agent("ann"));
    let figures = scene.floor.show_queue(&tenant(), &queue("FX"), scene.now());
    assert_eq!((figures.waiting, figures.offered), (0, 1));
    scene.offer("C-1", "ann", "OfferAccepting");
    scene.offer("C-1", "ann", "OfferAccepted");
    assert_eq!(live(&scene), None);
    let figures = scene.floor.show_queue(&tenant(), &queue("FX"), scene.now());
    assert_eq!((figures.waiting, figures.offered), (0, 0));
}

#[test]
fn offer_of_a_foreign_decision_is_read() {
    let mut scene = Scene::default();
    scene.waits("C-1", "FX", &[]);
    let offered = json!({
        "offer_id": "O-1", "agent_id": "ann", "decision_id": "crm/7", "expires_at": scene.at(20),
    });
    scene.conversation("C-1", "Offered", offered);
    let live = scene.floor.live_offer(&tenant(), &conversation("C-1"));
    assert_eq!(&*live.unwrap().decision_id, "crm/7");
}

#[test]
fn repeated_event_counts_once() {
    let mut scene = Scene::default();
    scene.ready("ann", &["FX"], json!({}));
    scene.waits("C-1", "FX", &[]);
    scene.offer("C-1", "ann", "Offered");
    scene.conversation("C-1", "Abandoned", json!({}));
    let shown = scene.shown();
    for (meta, event) in scene.sent.clone() {
        scene.floor.apply(0, &meta, event.unwrap());
    }
    assert_eq!(scene.shown(), shown);
}

#[test]
fn unwanted_event_moves_version_and_position() {
    let mut scene = Scene::default();
    scene.ready("ann", &["FX"], json!({}));
    scene.waits("C-1", "FX", &[]);
    scene.slot("ann", "C-9", "WrapUpExtended");
    scene.conversation("C-1", "MessageReceived", json!({}));
    let plan = scene.plan("C-1").unwrap();
    assert_eq!(plan.asked()[0].version, 6);
    assert_eq!(plan.record.conversation_version, 3);
    assert_eq!(plan.record.based_on["conversations"], [9]);
    assert_eq!(plan.record.based_on["agents"], [8]);
}

#[test]
fn only_what_counts_is_wanted() {
    assert!(Floor::wants("agents", "SlotReserved"));
    assert!(!Floor::wants("agents", "WrapUpExtended"));
    assert!(!Floor::wants("trades", "SlotReserved"));
    let queue: FloorEvent =
        FloorEvent::Queue(super::event("QueueServed", &json!({"agent_id": "a"})));
    assert!(matches!(queue, FloorEvent::Queue(_)));
}
