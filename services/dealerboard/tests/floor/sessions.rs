//! Sessions live by their heartbeats.

use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep, sleep_until};

use super::desk::Desk;

/// A session's grace, and the time until all have followed.
const GRACE: Duration = Duration::from_secs(60);
const FOLLOWED: Duration = Duration::from_secs(15);
const BEAT: Duration = Duration::from_secs(10);

async fn beats(desk: &Desk, agent: &str, session: &str) -> serde_json::Value {
    let path = format!("/v1/agents/{agent}/heartbeats");
    desk.asks(&path, json!({"session_id": session})).await
}

/// Ann's desktop crashes silently; bob's continues, and so does cid's telephone but not his
/// browser.
#[tokio::test]
async fn agent_whose_desktop_is_silent_is_offline_after_the_grace_and_is_offered_nothing() {
    let desk = Desk::embedded().await;
    let began = Instant::now();
    desk.comes_to_serve("ann", "FX-VIP", json!({})).await;
    for id in ["bob", "cid"] {
        desk.comes_to_serve(id, "RATES", json!({})).await;
    }
    let phone = json!({"session_id": "P-cid", "device": "phone", "channels": ["voice"]});
    desk.agent("cid", "/sessions", phone).await;
    let before = desk.agent_is("bob", "available").await;
    let until = began + GRACE + FOLLOWED;
    while Instant::now() + BEAT < until {
        sleep(BEAT).await;
        beats(&desk, "cid", "P-cid").await;
        let heard = beats(&desk, "bob", "S-bob").await;
        assert_eq!(heard["status"], "heard", "{heard}");
    }
    sleep_until(until).await;

    let ann = desk.agent_is("ann", "offline").await;
    assert_eq!(ann["link"]["state"], "lost", "{ann}");
    desk.waits("V-1").await;
    let starved = |queue: &serde_json::Value| queue["starved"]["waiting"] == 1;
    desk.shows("/v1/queues/FX-VIP", starved).await;
    desk.conversation_is("V-1", "QUEUED", None).await;

    let bob = desk.agent_is("bob", "available").await;
    assert_eq!(
        bob["version"], before["version"],
        "no heartbeat is an event"
    );
    let cid = desk.reads("/v1/agents/cid/state").await;
    assert_eq!(cid["link"]["state"], "connected", "{cid}");
    let left: Vec<_> = cid["sessions"].as_object().unwrap().keys().collect();
    assert_eq!(left, ["P-cid"]);
    desk.discard().await;
}

#[tokio::test]
async fn agent_may_sign_in_any_number_of_times_whatever_was_left_behind() {
    let desk = Desk::embedded().await;
    for n in 1..=9 {
        let session =
            json!({"session_id": format!("S-{n}"), "device": "web", "channels": ["chat"]});
        desk.agent("ann", "/sessions", session).await;
    }
    let left = |ann: &serde_json::Value| {
        let sessions = ann["sessions"].as_object();
        sessions.is_some_and(|left| left.len() == 8 && !left.contains_key("S-1"))
    };
    desk.shows("/v1/agents/ann/state", left).await;
    desk.agent("ann", "/presence", json!({"presence": "offline"}))
        .await;
    let ann = desk
        .shows("/v1/agents/ann/state", |ann| ann["state"] == "offline")
        .await;
    assert_eq!(ann["sessions"], json!({}));
    let session = json!({"session_id": "S-10", "device": "web", "channels": ["chat"]});
    desk.agent("ann", "/sessions", session).await;
    desk.agent("ann", ":end-session", json!({"session_id": "S-10"}))
        .await;
    desk.shows("/v1/agents/ann/state", |ann| {
        ann["sessions"] == json!({}) && ann["state"] == "offline"
    })
    .await;
    desk.discard().await;
}
