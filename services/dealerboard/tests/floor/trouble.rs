//! What goes wrong on a floor, across both streams.

use reqwest::StatusCode;
use serde_json::json;

use super::desk::Desk;

#[tokio::test]
async fn agent_who_leaves_with_an_offer_gives_it_back_to_its_place() {
    let desk = Desk::embedded().await;
    desk.comes_to_work("ann").await;
    desk.waits("V-1").await;
    let before = desk.conversation_is("V-1", "QUEUED", None).await;
    desk.is_offered("V-1", "O-1", "ann").await;
    desk.conversation_is("V-1", "OFFERED", None).await;
    desk.agent("ann", "/presence", json!({"presence": "offline"}))
        .await;
    let after = desk.conversation_is("V-1", "QUEUED", None).await;
    assert_eq!(
        after["clocks"]["enqueued_at"],
        before["clocks"]["enqueued_at"]
    );
    desk.agent_is("ann", "offline").await;
    desk.discard().await;
}

#[tokio::test]
async fn conversation_that_is_disposed_of_frees_the_agent_who_wrote_it_up() {
    let desk = Desk::embedded().await;
    desk.comes_to_work("ann").await;
    desk.waits("V-1").await;
    desk.is_offered("V-1", "O-1", "ann").await;
    desk.conversation("V-1", ":accept-offer", json!({"offer_id": "O-1"}))
        .await;
    desk.conversation_is("V-1", "ACTIVE", Some("ann")).await;
    desk.conversation("V-1", ":end", json!({"by": "agent", "wrap_up_s": 600}))
        .await;
    let codes = json!({"agent_id": "ann", "codes": ["DEALT"]});
    desk.conversation("V-1", ":complete-wrap-up", codes).await;
    desk.agent_is("ann", "available").await;
    desk.discard().await;
}

#[tokio::test]
async fn conversation_that_is_taken_by_hand_has_a_slot_and_loses_it_with_its_agent() {
    let desk = Desk::embedded().await;
    desk.comes_to_work("ann").await;
    desk.waits("V-1").await;
    desk.reserves("V-1", "O-1", "ann").await;
    let take = json!({"agent_id": "ann", "offer_id": "O-1", "decision_id": "by-hand"});
    desk.conversation("V-1", ":take", take).await;
    desk.conversation_is("V-1", "ACTIVE", Some("ann")).await;
    desk.agent_is("ann", "full").await;
    let release = json!({"slot": {"conversation_id": "V-1"}, "cause": "force"});
    desk.agent("ann", ":release-slot", release).await;
    desk.conversation_is("V-1", "QUEUED", None).await;
    desk.agent_is("ann", "available").await;
    desk.discard().await;
}

#[tokio::test]
async fn last_slot_is_given_once() {
    let desk = Desk::embedded().await;
    desk.comes_to_work("ann").await;
    desk.waits("V-1").await;
    desk.waits("V-2").await;
    desk.is_offered("V-1", "O-1", "ann").await;
    let second = json!({"offer_id": "O-2", "conversation_id": "V-2", "channel": "chat", "cost": 1, "ttl_ms": 35_000});
    let refusal = desk.refusal("/v1/agents/ann/reservations", second).await;
    assert_eq!(refusal, (StatusCode::CONFLICT, "NO_CAPACITY".to_owned()));
    desk.discard().await;
}

#[tokio::test]
async fn customer_who_leaves_while_it_rings_frees_the_agent() {
    let desk = Desk::embedded().await;
    desk.comes_to_work("ann").await;
    desk.waits("V-1").await;
    desk.is_offered("V-1", "O-1", "ann").await;
    desk.conversation("V-1", ":customer-left", json!({})).await;
    desk.conversation_is("V-1", "CLOSED", None).await;
    let ann = desk.agent_is("ann", "available").await;
    assert_eq!(
        ann["suspension"],
        json!(null),
        "it was not her fault: {ann}"
    );
    desk.discard().await;
}

#[tokio::test]
async fn unanswered_offer_expires_though_the_platform_crashes_meanwhile() {
    expires(Desk::embedded().await).await;
}

#[tokio::test]
async fn unanswered_offer_in_production_expires_though_the_platform_crashes_meanwhile() {
    expires(Desk::production().await).await;
}

/// The offer's time is a timer: a row beside the event that set it.
async fn expires(mut desk: Desk) {
    desk.comes_to_work("ann").await;
    desk.waits("V-1").await;
    let before = desk.conversation_is("V-1", "QUEUED", None).await;
    desk.is_offered_for("V-1", "O-1", "ann", 3_000).await;
    desk.crash().await;
    let after = desk.conversation_is("V-1", "QUEUED", None).await;
    assert_eq!(
        after["clocks"]["enqueued_at"],
        before["clocks"]["enqueued_at"]
    );
    let events: Vec<_> = after["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["event"].as_str().unwrap())
        .collect();
    assert!(events.contains(&"OfferExpired"), "{events:?}");
    desk.agent_is("ann", "available").await;
    desk.discard().await;
}
