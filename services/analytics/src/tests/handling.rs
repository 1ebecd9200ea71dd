use serde_json::json;

use super::{Scene, number, ratio};

/// Talk 30 + 40, hold 20, wrap-up 10.
fn handled() -> Scene {
    let mut scene = Scene::default();
    scene
        .comes("C1", 0)
        .connects("C1", 10, 10)
        .then("C1", 40, "Held")
        .then("C1", 60, "Resumed")
        .ends("C1", 100, 30)
        .then("C1", 110, "Disposed");
    scene
}

#[test]
fn handle_time_is_talk_and_hold_and_wrap_up() {
    let total = handled().total("", 200);
    assert_eq!(number(&total["talk_ms"]), 70_000);
    assert_eq!(number(&total["hold_ms"]), 20_000);
    assert_eq!(number(&total["wrap_up_ms"]), 10_000);
    assert_eq!(ratio(&total["aht_ms"]), (100_000, 1));
    let mut scene = handled();
    scene.comes("C2", 0).connects("C2", 5, 5).ends("C2", 55, 0);
    let total = scene.total("", 200);
    assert_eq!(ratio(&total["aht_ms"]), (150_000, 2));
    assert_eq!(total["aht_ms"]["value"], json!(75_000.0));
}

#[test]
fn handling_counts_when_it_is_over() {
    let mut scene = Scene::default();
    scene
        .comes("C1", 0)
        .connects("C1", 10, 10)
        .ends("C1", 100, 30);
    assert_eq!(number(&scene.total("", 200)["handled"]), 0);
    scene.then("C1", 130, "WrapUpTimedOut");
    let total = scene.total("", 200);
    assert_eq!(ratio(&total["aht_ms"]), (120_000, 1));
}

/// Both agents' time is in the first queue's and the second's: 50 s of `fx`, 20 s of `vip`.
#[test]
fn cold_transfer_is_a_new_wait_in_the_other_queue() {
    let mut scene = Scene::default();
    scene
        .comes("C1", 0)
        .connects("C1", 10, 10)
        .then("C1", 60, "TransferRequested")
        .queues("C1", 60, "vip", "transferred")
        .connects("C1", 90, 30)
        .ends("C1", 110, 0);
    let fx = scene.total("queue=fx", 200);
    assert_eq!(ratio(&fx["aht_ms"]), (50_000, 1));
    assert_eq!(ratio(&fx["transfer_rate"]), (1, 1));
    assert_eq!(number(&fx["closed"]), 0);
    let vip = scene.total("queue=vip", 200);
    assert_eq!(number(&vip["queued_by"]["transferred"]), 1);
    assert_eq!(ratio(&vip["asa_ms"]), (30_000, 1));
    assert_eq!(ratio(&vip["aht_ms"]), (20_000, 1));
    assert_eq!(ratio(&vip["transfer_rate"]), (0, 1));
    assert_eq!(ratio(&vip["fcr"]), (1, 1));
}

#[test]
fn warm_transfer_is_two_handlings_of_one_wait() {
    let mut scene = Scene::default();
    scene
        .comes("C1", 0)
        .connects("C1", 10, 10)
        .says(
            "C1",
            60,
            "OwnerChanged",
            json!({ "from": "amy", "to": "bob" }),
        )
        .ends("C1", 100, 0);
    let total = scene.total("", 200);
    assert_eq!(number(&total["answered"]), 1);
    assert_eq!(ratio(&total["aht_ms"]), (90_000, 2));
    assert_eq!(ratio(&total["transfer_rate"]), (1, 2));
}

#[test]
fn lost_agent_makes_the_customer_wait_again() {
    let mut scene = Scene::default();
    scene
        .comes("C1", 0)
        .connects("C1", 10, 10)
        .says("C1", 40, "Requeued", json!({ "new_wait_clock": true }))
        .queues("C1", 40, "fx", "agent_offline")
        .connects("C1", 45, 5);
    let total = scene.total("", 200);
    assert_eq!(number(&total["queued"]), 2);
    assert_eq!(number(&total["queued_by"]["agent_offline"]), 1);
    assert_eq!(ratio(&total["asa_ms"]), (15_000, 2));
    assert_eq!(ratio(&total["aht_ms"]), (30_000, 1));
}

#[test]
fn parked_time_is_nobodys() {
    let mut scene = Scene::default();
    scene
        .comes("C1", 0)
        .connects("C1", 10, 10)
        .then("C1", 30, "Parked")
        .then("C1", 500, "Unparked")
        .queues("C1", 500, "fx", "unparked")
        .connects("C1", 510, 10)
        .ends("C1", 540, 0);
    let total = scene.total("", 900);
    assert_eq!(ratio(&total["aht_ms"]), (50_000, 2));
    assert_eq!(number(&total["queued_by"]["unparked"]), 1);
    assert_eq!(number(&total["closed"]), 1);
}

#[test]
fn supervisor_ends_handling() {
    let mut scene = Scene::default();
    scene
        .comes("C1", 0)
        .connects("C1", 10, 10)
        .then("C1", 30, "ForceClosed");
    scene
        .comes("C2", 0)
        .connects("C2", 10, 10)
        .then("C2", 40, "ForceRequeued")
        .queues("C2", 40, "fx", "force_requeued");
    let total = scene.total("", 100);
    assert_eq!(ratio(&total["aht_ms"]), (50_000, 2));
    assert_eq!(
        (number(&total["withdrawn"]), number(&total["closed"])),
        (0, 1)
    );
    assert_eq!(number(&total["waiting"]), 1);
}

/// Accepted 1, rejected 1, expired 2, failed 1; one each is rescinded and cancelled.
#[test]
fn offers_are_judged_without_those_that_were_taken_back() {
    let mut scene = Scene::default();
    scene.comes("C1", 0);
    for kind in [
        "OfferRejected",
        "OfferExpired",
        "OfferExpired",
        "OfferFailed",
        "OfferRescinded",
        "OfferCanceled",
        "OfferAccepted",
    ] {
        scene.then("C1", 5, "Offered").then("C1", 6, kind);
    }
    let offers = scene.total("", 100)["offers"].take();
    assert_eq!(ratio(&offers["acceptance"]), (1, 4));
    assert_eq!(ratio(&offers["rona_rate"]), (2, 4));
    assert_eq!(ratio(&offers["answer_rate"]), (1, 5));
    assert_eq!(number(&offers["rescinded"]), 1);
    assert_eq!(number(&offers["canceled"]), 1);
}

#[test]
fn conversation_taken_by_hand_was_not_offered() {
    let mut scene = Scene::default();
    scene
        .comes("C1", 0)
        .then("C1", 5, "ManuallyTaken")
        .then("C1", 5, "Offered")
        .then("C1", 6, "OfferAccepted")
        .connects("C1", 6, 6);
    let total = scene.total("", 100);
    assert_eq!(ratio(&total["offers"]["acceptance"]), (0, 0));
    assert_eq!(number(&total["answered"]), 1);
}
