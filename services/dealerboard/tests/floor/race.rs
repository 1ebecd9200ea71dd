//! Two routers and two gateways at once: whichever is faster, no agent gets more than they can
//! take.

use std::collections::BTreeMap;

use reqwest::Client;
use serde_json::{Value, json};

use super::desk::Desk;

const AGENTS: usize = 12;
const CONVERSATIONS: usize = 60;
/// Who asks for matches as well, at each gateway.
const ASKERS: usize = 4;

#[tokio::test]
async fn two_routers_never_give_an_agent_more_than_one_conversation() {
    let desk = Desk::production().await;
    let (mut other, url) = desk.platform().role("gateway,router").await;
    let settings = json!({"queue_id": "FX-VIP", "offer_ttl_ms": 600_000});
    desk.asks("/v1/queues", settings).await;
    for agent in 0..AGENTS {
        desk.comes_to_serve(&format!("A-{agent}"), "FX-VIP", json!({}))
            .await;
    }
    for conversation in 0..CONVERSATIONS {
        desk.waits(&format!("V-{conversation}")).await;
    }
    let urls = [desk.platform().url().to_owned(), url];
    let token = desk.platform().token("demo");
    let askers = (0..ASKERS * urls.len())
        .map(|asker| ask_for_matches(urls[asker % urls.len()].clone(), token.clone(), asker));
    futures::future::join_all(askers).await;
    let is_full = |floor: &Value| {
        let agents = floor["agents"].as_array();
        let reserved = |agent: &Value| {
            agent["slots"]
                .as_object()
                .is_some_and(|slots| slots.len() == 1)
        };
        agents.is_some_and(|agents| agents.iter().all(reserved))
            && floor["offers"]
                .as_array()
                .is_some_and(|offers| offers.len() == AGENTS)
    };
    let floor = desk.shows("/v1/floor", is_full).await;
    never_more_than_one(&floor);

    // All customers who wait or are offered leave: nothing stays reserved for them.
    for conversation in 0..CONVERSATIONS {
        desk.conversation(&format!("V-{conversation}"), ":customer-left", json!({}))
            .await;
    }
    let is_empty = |floor: &Value| {
        let agents = floor["agents"].as_array();
        let free = |agent: &Value| {
            agent["slots"]
                .as_object()
                .is_some_and(serde_json::Map::is_empty)
        };
        agents.is_some_and(|agents| agents.iter().all(free))
    };
    desk.shows("/v1/floor", is_empty).await;
    other.kill();
    desk.verifies();
    desk.discard().await;
}

/// Asks for every conversation, over and over, whatever the answer.
async fn ask_for_matches(url: String, token: String, asker: usize) {
    let client = Client::new();
    for round in 0..CONVERSATIONS {
        let conversation = format!("V-{}", (round * 7 + asker * 13) % CONVERSATIONS);
        let request = client
            .post(format!("{url}/v1/agents/match"))
            .bearer_auth(&token)
            .json(&json!({ "conversation_id": conversation }));
        let status = request.send().await.unwrap().status();
        assert!(!status.is_server_error(), "{status}");
    }
}

fn never_more_than_one(floor: &Value) {
    let mut asked: BTreeMap<&str, usize> = BTreeMap::new();
    for offer in floor["offers"].as_array().unwrap() {
        *asked
            .entry(offer["agent_id"].as_str().unwrap())
            .or_default() += 1;
    }
    assert!(asked.values().all(|offers| *offers == 1), "{asked:?}");
}
