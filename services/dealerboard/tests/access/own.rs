//! An agent acts as themselves, and in conversations that are theirs.

use std::time::Duration;

use serde_json::json;
use testkit::eventually;

use crate::desk::Desk;

/// Until the slot of an offer is confirmed.
const FOLLOWED: Duration = Duration::from_secs(20);

#[tokio::test]
async fn agent_does_nothing_for_another() {
    agent(Desk::embedded().await).await;
}

#[tokio::test]
async fn agent_in_production_does_nothing_for_another() {
    agent(Desk::production().await).await;
}

async fn agent(desk: Desk) {
    desk.works("ann").await;
    desk.works("bob").await;
    let bob = desk.token(&["--actor", "bob", "--role", "agent"]);
    let accept = json!({"offer_id": "F-O-ann"});
    let taken = desk
        .post(&bob, "/v1/conversations/O-ann:accept-offer", accept.clone())
        .await;
    assert!(taken.is_refused());
    assert_eq!(taken.body["permission"], "conversations:work");
    assert!(
        taken.body["fix"]
            .as_str()
            .unwrap()
            .contains("conversations:work")
    );
    let message = |id: &str| json!({"client_message_id": id, "channel": "chat", "recipients": ["C-1"], "body": "Hi"});
    let written = desk
        .post(&bob, "/v1/conversations/V-ann/messages", message("M-1"))
        .await;
    assert!(written.is_refused());
    let away = desk
        .post(&bob, "/v1/agents/ann/presence", json!({"presence": "away"}))
        .await;
    assert!(away.is_refused());
    assert!(desk.get(&bob, "/v1/metrics/agents/ann").await.is_refused());

    // The same of their own; what was accepted a moment ago is theirs though no view has it yet.
    let ann = desk.token(&["--actor", "ann", "--role", "agent"]);
    let taken = desk
        .post(&ann, "/v1/conversations/O-ann:accept-offer", accept)
        .await;
    assert!(taken.status.is_success(), "{taken:?}");
    let own = desk
        .post(&bob, "/v1/conversations/V-bob/messages", message("M-2"))
        .await;
    assert!(own.status.is_success(), "{own:?}");
    let away = desk
        .post(&bob, "/v1/agents/bob/presence", json!({"presence": "away"}))
        .await;
    assert!(away.status.is_success(), "{away:?}");
    let figures = desk.get(&bob, "/v1/metrics/agents/bob").await;
    assert!(figures.status.is_success(), "{figures:?}");
    // An offer that is gone is answered by its conversation, which knows why.
    let gone = json!({"offer_id": "F-V-bob"});
    let gone = desk
        .post(&bob, "/v1/conversations/V-bob:accept-offer", gone)
        .await;
    assert!(!gone.is_refused(), "{gone:?}");
    let unknown = desk
        .post(&bob, "/v1/conversations/V-9:hold", json!({}))
        .await;
    assert_eq!(unknown.status, 404, "{unknown:?}");
    foreign(&desk, &bob).await;
    desk.discard().await;
}

/// What gave an agent rights that were not theirs.
async fn foreign(desk: &Desk, bob: &str) {
    // A conversation that waits, taken under a made-up offer: nothing is theirs before the slot is.
    desk.waits("W-1").await;
    let take = json!({"agent_id": "bob", "offer_id": "made-up", "decision_id": "D-9"});
    let taken = desk.post(bob, "/v1/conversations/W-1:take", take).await;
    assert!(taken.status.is_success(), "{taken:?}");
    let left = desk
        .post(bob, "/v1/conversations/W-1:customer-left", json!({}))
        .await;
    assert!(!left.status.is_success(), "{left:?}");
    // One that was opened a moment ago, before anybody has it.
    for n in 0..20 {
        let id = format!("N-{n}");
        let create = json!({"conversation_id": id, "customer_id": "C-1", "channel": "chat", "intent": "order"});
        desk.sends("/v1/conversations", &create).await;
        let cancel = desk
            .post(bob, &format!("/v1/conversations/{id}:cancel"), json!({}))
            .await;
        assert!(!cancel.status.is_success(), "{n}: {cancel:?}");
    }
    // Merged into another's conversation.
    let merge = desk
        .post(
            bob,
            "/v1/conversations/V-bob:merge",
            json!({"into": "V-ann"}),
        )
        .await;
    assert!(merge.is_refused(), "{merge:?}");
    // Another's consultation, by an offer that nobody knows.
    let consult = json!({"target": "cas", "offer_id": "F-cas"});
    let consulted = desk
        .post(&desk.token(&[]), "/v1/conversations/V-ann:consult", consult)
        .await;
    if consulted.status.is_success() {
        desk.shows("/v1/conversations/V-ann", |shown| {
            shown["sub_state"] == "consulting"
        })
        .await;
        let failed = json!({"offer_id": "F-cas", "cause": "setup_failed"});
        let failed = desk
            .post(bob, "/v1/conversations/V-ann:fail-offer", failed)
            .await;
        assert!(failed.is_refused(), "{failed:?}");
        let cas = desk.token(&["--actor", "cas", "--role", "agent"]);
        let ended = desk
            .post(&cas, "/v1/conversations/V-ann:end", json!({"by": "agent"}))
            .await;
        assert!(ended.is_refused(), "{ended:?}");
    } else {
        panic!("{consulted:?}");
    }
}

#[tokio::test]
async fn supervisor_acts_for_agents() {
    let desk = Desk::embedded().await;
    desk.works("ann").await;
    let supervisor = desk.token(&["--actor", "sue", "--role", "supervisor"]);
    let away = desk
        .post(
            &supervisor,
            "/v1/agents/ann/presence",
            json!({"presence": "away"}),
        )
        .await;
    assert!(away.status.is_success(), "{away:?}");
    let held = desk
        .post(&supervisor, "/v1/conversations/V-ann:hold", json!({}))
        .await;
    assert!(held.status.is_success(), "{held:?}");
}

#[tokio::test]
async fn agent_by_another_name_is_the_one_that_the_token_says() {
    let desk = Desk::embedded().await;
    desk.works("ann").await;
    let token = desk.token(&["--actor", "a.smith", "--role", "agent", "--agent", "ann"]);
    let held = desk
        .post(&token, "/v1/conversations/V-ann:hold", json!({}))
        .await;
    assert!(held.status.is_success(), "{held:?}");
    let other = desk.token(&["--actor", "ann", "--role", "agent", "--agent", "bob"]);
    assert!(
        desk.post(&other, "/v1/conversations/V-ann:resume", json!({}))
            .await
            .is_refused()
    );
}

/// A conversation is whose it is now: also when no view has followed yet.
#[tokio::test]
async fn what_was_just_accepted_is_written_in_at_once() {
    let desk = Desk::embedded().await;
    for n in 0..20 {
        let agent = format!("a{n}");
        desk.works(&agent).await;
        let token = desk.token(&["--actor", &agent, "--role", "agent"]);
        let accept = json!({"offer_id": format!("F-O-{agent}")});
        let of = format!("/v1/conversations/O-{agent}");
        let taken = desk
            .post(&token, &format!("{of}:accept-offer"), accept)
            .await;
        assert!(taken.status.is_success(), "{taken:?}");
        // Theirs once their slot is, by the events: no view has to follow.
        eventually("the hold", FOLLOWED, async || {
            let held = desk.post(&token, &format!("{of}:hold"), json!({})).await;
            held.status.is_success().then_some(())
        })
        .await;
    }
}
