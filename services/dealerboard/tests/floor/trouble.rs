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
    desk.agent("ann", "presence", json!({"presence": "offline"}))
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
    desk.conversation("V-1", "departures", json!({})).await;
    desk.conversation_is("V-1", "CLOSED", None).await;
    let ann = desk.agent_is("ann", "available").await;
    assert_eq!(
        ann["suspension"],
        json!(null),
        "it was not her fault: {ann}"
    );
    desk.discard().await;
}
