//! Actions of customers while the desk does something else: they take effect all the same.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::desk::Desk;

fn says(id: &str, body: &str) -> Value {
    json!({"provider_message_id": id, "channel": "chat", "body": body})
}

fn callback() -> Value {
    json!({"callback_at": "2100-01-01T00:00:00Z", "number": "+41445550100"})
}

/// A customer who waited and has an agent now.
async fn talks(desk: &Desk, conversation: &str, agent: &str) {
    desk.waits(conversation).await;
    let offer = format!("O-{conversation}");
    desk.is_offered(conversation, &offer, agent).await;
    let accept = json!({"offer_id": offer});
    desk.conversation(conversation, ":accept-offer", accept)
        .await;
    desk.conversation_is(conversation, "ACTIVE", Some(agent))
        .await;
}

/// Case B4, without a router, so that the wait can be looked at.
#[tokio::test]
async fn message_during_the_wrap_up_is_not_missed() {
    let desk = Desk::embedded_without_router().await;
    desk.comes_to_serve("ann", "FX-VIP", json!({})).await;
    talks(&desk, "V-1", "ann").await;
    let ending = json!({"by": "agent", "wrap_up_s": 120});
    desk.conversation("V-1", ":end", ending).await;
    desk.conversation("V-1", ":receive-message", says("m9", "one more thing"))
        .await;
    let kept = desk.conversation_is("V-1", "WRAP_UP", Some("ann")).await;
    assert_eq!(kept["follow_up"], json!({"type": "reopening"}), "{kept}");
    let done = json!({"agent_id": "ann", "codes": ["done"]});
    desk.conversation("V-1", ":complete-wrap-up", done).await;

    let again = desk.conversation_is("V-1", "QUEUED", None).await;
    assert_eq!(
        (&again["episode"], &again["follow_up"]),
        (&json!(2), &Value::Null),
        "{again}"
    );
    assert_eq!(again["messages"][0]["body"], "one more thing");
    let received_at = &again["messages"][0]["received_at"];
    assert_eq!(&again["clocks"]["enqueued_at"], received_at);
    let live = "/v1/queues/FX-VIP/live";
    desk.shows(live, |live| live["today"]["waiting"] == 1).await;
    desk.agent_is("ann", "available").await;
    let dry = json!({"conversation_id": "V-1", "dry_run": true});
    let dry = desk.asks("/v1/agents/match", dry).await;
    assert_eq!(dry["decision"]["candidates"][0]["agent_id"], "ann", "{dry}");
    desk.discard().await;
}

/// The same on a desk that matches by itself, and where customers are kept for whom they know.
#[tokio::test]
async fn message_during_the_wrap_up_comes_back_to_the_agent_who_had_it() {
    let desk = Desk::embedded().await;
    let sticky = json!({"queue_id": "FX-VIP", "strategy": "sticky"});
    desk.asks("/v1/queues", sticky).await;
    desk.comes_to_serve("ann", "FX-VIP", json!({})).await;
    desk.waits("V-1").await;
    desk.is_answered("V-1", "ann").await;
    desk.comes_to_serve("bob", "FX-VIP", json!({})).await;
    let ending = json!({"by": "agent", "wrap_up_s": 120});
    desk.conversation("V-1", ":end", ending).await;
    desk.conversation("V-1", ":receive-message", says("m9", "one more thing"))
        .await;
    let done = json!({"agent_id": "ann", "codes": ["done"]});
    desk.conversation("V-1", ":complete-wrap-up", done).await;
    desk.is_answered("V-1", "ann").await;
    desk.discard().await;
}

#[tokio::test]
async fn reply_to_a_merged_conversation_reaches_its_target() {
    let desk = Desk::embedded_without_router().await;
    desk.comes_to_work("ann").await;
    desk.waits("V-1").await;
    talks(&desk, "V-2", "ann").await;
    desk.conversation("V-1", ":merge", json!({"into": "V-2"}))
        .await;
    for _ in 0..2 {
        desk.conversation("V-1", ":receive-message", says("m9", "one more thing"))
            .await;
    }
    let merged = desk.conversation_is("V-1", "CLOSED", None).await;
    assert_eq!(merged["goes_on_in"], "V-2", "{merged}");
    let heard = |shown: &Value| shown["messages"][0]["body"] == "one more thing";
    let target = desk.shows("/v1/conversations/V-2", heard).await;
    assert_eq!(target["messages"].as_array().unwrap().len(), 1, "{target}");
    assert_eq!(target["owner"], "ann");
    desk.discard().await;
}

/// An unknown conversation, and one that was never for a queue, begins for the customer's sake.
#[tokio::test]
async fn reply_that_has_nowhere_to_go_begins_a_conversation() {
    let desk = Desk::embedded_without_router().await;
    desk.waits("V-1").await;
    desk.conversation("V-1", ":merge", json!({"into": "V-9"}))
        .await;
    desk.conversation("V-1", ":receive-message", says("m1", "hello?"))
        .await;
    let opened = desk.conversation_is("V-9", "QUEUED", None).await;
    assert_eq!(
        (&opened["continues"], &opened["queue"]),
        (&json!("V-1"), &json!("FX-VIP")),
        "{opened}"
    );

    let create = json!({"conversation_id": "V-3", "customer_id": "C-3", "channel": "chat", "intent": "order"});
    desk.asks("/v1/conversations", create).await;
    desk.conversation("V-3", ":customer-left", json!({})).await;
    desk.conversation("V-3", ":receive-message", says("m3", "still there?"))
        .await;
    let over = |shown: &Value| shown["goes_on_in"].is_string();
    let left = desk.shows("/v1/conversations/V-3", over).await;
    let next = left["goes_on_in"].as_str().unwrap();
    let next = desk.conversation_is(next, "CREATED", None).await;
    assert_eq!(next["customer_id"], "C-3", "{next}");
    assert_eq!(next["messages"][0]["body"], "still there?");
    desk.discard().await;
}

#[tokio::test]
async fn callback_asked_for_while_it_rings_stops_the_ringing() {
    let desk = Desk::embedded_without_router().await;
    desk.comes_to_work("ann").await;
    desk.waits("V-1").await;
    desk.is_offered("V-1", "O-1", "ann").await;
    desk.conversation("V-1", "/callbacks", callback()).await;
    let parked = desk.conversation_is("V-1", "PARKED", None).await;
    assert_eq!(parked["offers"], json!([]), "{parked}");
    let ann = desk.agent_is("ann", "available").await;
    assert_eq!(ann["suspension"], json!(null), "{ann}");
    let late = desk.refusal(
        "/v1/conversations/V-1:accept-offer",
        json!({"offer_id": "O-1"}),
    );
    let stale = (StatusCode::CONFLICT, "STALE_OFFER".to_owned());
    assert_eq!(late.await, stale);
    desk.conversation("V-1", ":unpark", json!({})).await;
    desk.conversation_is("V-1", "QUEUED", None).await;
    desk.discard().await;
}

#[tokio::test]
async fn parked_customer_may_leave_and_may_cancel() {
    let desk = Desk::embedded_without_router().await;
    desk.comes_to_work("ann").await;
    for (id, path, reason) in [
        ("V-1", ":customer-left", "abandoned"),
        ("V-2", ":cancel", "cancelled"),
    ] {
        talks(&desk, id, "ann").await;
        desk.conversation(id, ":park", json!({})).await;
        desk.conversation_is(id, "PARKED", None).await;
        desk.conversation(id, path, json!({})).await;
        let closed = desk.conversation_is(id, "CLOSED", None).await;
        assert_eq!(closed["close_reason"], reason, "{closed}");
        desk.agent_is("ann", "available").await;
    }
    desk.discard().await;
}

#[tokio::test]
async fn customer_on_hold_waits_while_another_agent_is_consulted() {
    let desk = Desk::embedded_without_router().await;
    desk.comes_to_work("ann").await;
    desk.comes_to_work("ben").await;
    talks(&desk, "V-1", "ann").await;
    desk.conversation("V-1", ":hold", json!({})).await;
    desk.reserves("V-1", "O-9", "ben").await;
    let consult = json!({"target": "ben", "offer_id": "O-9"});
    desk.conversation("V-1", ":consult", consult).await;
    desk.agent_is("ben", "full").await;
    let consulting = desk.reads("/v1/conversations/V-1").await;
    assert_eq!(
        (
            &consulting["sub_state"],
            &consulting["customer_on_hold"],
            &consulting["owner"]
        ),
        (&json!("consulting"), &json!(true), &json!("ann")),
        "{consulting}"
    );
    desk.conversation("V-1", ":end-consult", json!({})).await;
    desk.shows("/v1/conversations/V-1", |shown| {
        shown["sub_state"] == "held"
    })
    .await;
    desk.agent_is("ben", "available").await;
    desk.conversation("V-1", ":resume", json!({})).await;
    desk.shows("/v1/conversations/V-1", |shown| {
        shown["sub_state"] == "talking"
    })
    .await;
    desk.discard().await;
}
