//! One conversation from the first word to the last.

use serde_json::{Value, json};

use super::day::same_from_the_events;
use super::desk::Desk;

#[tokio::test]
async fn conversation_is_answered_transferred_and_written_up() {
    play(Desk::embedded().await).await;
}

#[tokio::test]
async fn conversation_in_production_is_answered_transferred_and_written_up() {
    play(Desk::production().await).await;
}

async fn play(desk: Desk) {
    desk.comes_to_serve("ann", "FX-VIP", json!({})).await;
    desk.agent_is("ann", "available").await;
    desk.comes_to_work("bob").await;
    desk.waits("V-1").await;
    let word = json!({"provider_message_id": "P-1", "channel": "chat", "body": "100 EURUSD?"});
    desk.conversation("V-1", ":receive-message", word).await;
    let offer = matched(&desk).await;
    desk.conversation("V-1", ":accept-offer", json!({"offer_id": offer}))
        .await;
    desk.conversation_is("V-1", "ACTIVE", Some("ann")).await;
    // One chat is all that ann takes.
    desk.agent_is("ann", "full").await;

    answers_with_receipts_out_of_order(&desk).await;

    desk.reserves("V-1", "O-2", "bob").await;
    let consult = json!({"target": "bob", "offer_id": "O-2"});
    desk.conversation("V-1", ":consult", consult).await;
    desk.agent_is("bob", "full").await;
    desk.shows("/v1/conversations/V-1", |shown| {
        let mut timeline = shown["timeline"].as_array().unwrap().iter();
        timeline.any(|entry| entry["event"] == "ConsultConnected")
    })
    .await;
    desk.conversation("V-1", ":complete-transfer", json!({"wrap_up_s": 60}))
        .await;
    desk.conversation_is("V-1", "ACTIVE", Some("bob")).await;
    let ann = desk.agent_is("ann", "full").await;
    assert_eq!(
        ann["slots"].as_object().unwrap().len(),
        1,
        "her wrap-up: {ann}"
    );
    let codes = json!({"conversation_id": "V-1", "codes": ["TRANSFERRED"]});
    desk.agent("ann", ":complete-wrap-up", codes).await;
    desk.agent_is("ann", "available").await;

    let end = json!({"by": "customer", "wrap_up_s": 60, "disposition_required": true});
    desk.conversation("V-1", ":end", end).await;
    desk.conversation_is("V-1", "WRAP_UP", Some("bob")).await;
    let codes = json!({"conversation_id": "V-1", "codes": ["DEALT"]});
    desk.agent("bob", ":complete-wrap-up", codes).await;
    let closed = desk.conversation_is("V-1", "CLOSED", None).await;
    assert_eq!(closed["dispositions"], json!(["DEALT"]));
    assert_eq!(closed["messages"].as_array().unwrap().len(), 2);
    desk.agent_is("bob", "available").await;
    same_from_the_events(&desk).await;
    desk.discard().await;
}

/// The router may be faster than the request: the match is the same.
async fn matched(desk: &Desk) -> Value {
    let matched = desk
        .asks("/v1/agents/match", json!({"conversation_id": "V-1"}))
        .await;
    assert!(
        matched["outcome"] == "matched" || matched["outcome"] == "offered",
        "{matched}"
    );
    assert_eq!(matched["agent_id"], "ann");
    let offered = desk.conversation_is("V-1", "OFFERED", None).await;
    assert_eq!(offered["offers"][0]["decision_id"], matched["decision_id"]);
    let decision = matched["decision_id"].as_str().unwrap();
    let query = format!("/v1/decisions/{decision}?agent=bob");
    let decision = desk
        .shows(&query, |decision| decision["outcome"] == "matched")
        .await;
    assert_eq!(decision["offers"][0]["agent_id"], "ann");
    assert_eq!(
        (&decision["standing"], &decision["why"]),
        (&json!("excluded"), &json!("did not serve the queue"))
    );
    matched["offer_id"].clone()
}

/// Read comes before delivered, delivered before sent, and one of them twice.
async fn answers_with_receipts_out_of_order(desk: &Desk) {
    let message = json!({"client_message_id": "M-1", "channel": "chat", "recipients": ["C-1"], "body": "1.0841"});
    desk.conversation("V-1", "/messages", message).await;
    for (status, second) in [("READ", 3), ("DELIVERED", 2), ("READ", 3)] {
        desk.conversation("V-1", "/receipts", receipt(status, second))
            .await;
    }
    let sent = json!({
        "client_message_id": "M-1", "attempt": 1, "provider_message_id": "P-2",
        "sent_at": "2026-01-05T09:00:01Z",
    });
    desk.conversation("V-1", ":mark-sent", sent).await;
    let is_read = |shown: &Value| {
        let messages = shown["messages"].as_array();
        messages.is_some_and(|messages| messages.iter().any(|message| message["status"] == "READ"))
    };
    desk.shows("/v1/conversations/V-1", is_read).await;
}

fn receipt(status: &str, second: u32) -> Value {
    json!({
        "provider_message_id": "P-2", "attempt": 1, "recipient": "C-1", "status": status,
        "at": format!("2026-01-05T09:00:0{second}Z"),
    })
}
