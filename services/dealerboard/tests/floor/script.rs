//! One conversation from the first word to the last.

use serde_json::json;

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
    for agent in ["ann", "bob"] {
        desk.comes_to_work(agent).await;
    }
    desk.waits("V-1").await;
    let word = json!({"provider_message_id": "P-1", "channel": "chat", "text": "100 EURUSD?"});
    desk.conversation("V-1", "received-messages", word).await;
    desk.conversation_is("V-1", "QUEUED", None).await;

    desk.is_offered("V-1", "O-1", "ann").await;
    desk.conversation("V-1", "acceptances", json!({"offer_id": "O-1"}))
        .await;
    desk.conversation_is("V-1", "ACTIVE", Some("ann")).await;
    // One chat is all that ann takes.
    desk.agent_is("ann", "full").await;

    desk.conversation("V-1", "consultations", json!({"target": "bob"}))
        .await;
    desk.reserves("V-1", "O-2", "bob").await;
    desk.agent("bob", "activations", json!({"offer_id": "O-2"}))
        .await;
    desk.conversation("V-1", "transfer-completions", json!({"wrap_up_s": 60}))
        .await;
    desk.conversation_is("V-1", "ACTIVE", Some("bob")).await;
    let ann = desk.agent_is("ann", "full").await;
    assert_eq!(
        ann["slots"].as_object().unwrap().len(),
        1,
        "her wrap-up: {ann}"
    );
    let codes = json!({"conversation_id": "V-1", "codes": ["TRANSFERRED"]});
    desk.agent("ann", "wrap-up-completions", codes).await;
    desk.agent_is("ann", "available").await;

    let end = json!({"by": "customer", "wrap_up_s": 60, "disposition_required": true});
    desk.conversation("V-1", "endings", end).await;
    desk.conversation_is("V-1", "WRAP_UP", Some("bob")).await;
    let codes = json!({"conversation_id": "V-1", "codes": ["DEALT"]});
    desk.agent("bob", "wrap-up-completions", codes).await;
    let closed = desk.conversation_is("V-1", "CLOSED", None).await;
    assert_eq!(closed["dispositions"], json!(["DEALT"]));
    assert_eq!(closed["messages"].as_array().unwrap().len(), 1);
    desk.agent_is("bob", "available").await;
    desk.discard().await;
}
