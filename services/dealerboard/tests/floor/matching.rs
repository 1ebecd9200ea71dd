//! Conversations and agents find each other, on request and by themselves.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::desk::Desk;

const MATCH: &str = "/v1/agents/match";

#[tokio::test]
async fn match_on_request_names_the_agent_and_says_why() {
    match_on_request(Desk::embedded_without_router().await).await;
}

#[tokio::test]
async fn match_on_request_in_production_names_the_agent_and_says_why() {
    match_on_request(Desk::production_without_router().await).await;
}

async fn match_on_request(desk: Desk) {
    desk.comes_to_serve("ann", "FX-VIP", json!({"lang:de": 50}))
        .await;
    desk.comes_to_serve("bob", "FX-VIP", json!({})).await;
    desk.comes_to_serve("cid", "RATES", json!({"lang:de": 90}))
        .await;
    desk.agent("dan", "/queues", json!({"queues": ["FX-VIP"]}))
        .await;
    desk.waits_for("V-1", json!(["lang:de"])).await;

    // The floor gets the events one by one.
    desk.shows("/v1/queues/FX-VIP/live", |live| {
        live["floor"]["waiting"] == 1
    })
    .await;
    desk.shows("/v1/floor", |floor| {
        floor["agents"].as_array().is_some_and(|all| all.len() == 4)
    })
    .await;
    let body = json!({"conversation_id": "V-1", "dry_run": true});
    let dry = desk.asks(MATCH, body).await;
    assert_eq!(named(&dry["decision"]["candidates"]), ["ann"], "{dry}");
    desk.conversation_is("V-1", "QUEUED", None).await;

    let asked = json!({"conversation_id": "V-1"});
    let matched = desk.asks(MATCH, asked.clone()).await;
    assert_eq!(matched["outcome"], "matched", "{matched}");
    assert_eq!(matched["agent_id"], "ann");
    let decision = &matched["decision"];
    assert_eq!(decision["candidates_total"], 1);
    assert_eq!(
        decision["excluded"],
        json!({"presence": 1, "skill_missing": 1})
    );
    assert!(decision["based_on"]["agents"].is_array(), "{decision}");

    let shown = desk.conversation_is("V-1", "OFFERED", None).await;
    assert_eq!(shown["offers"][0]["offer_id"], matched["offer_id"]);
    assert_eq!(shown["offers"][0]["decision_id"], matched["decision_id"]);
    let path = format!("/v1/decisions/{}", matched["decision_id"].as_str().unwrap());
    let kept = desk.shows(&path, |kept| kept["outcome"] == "matched").await;
    assert_eq!(kept["offers"][0]["agent_id"], "ann");
    assert_eq!(kept["record"]["candidates"], decision["candidates"]);

    let again = desk.asks(MATCH, asked.clone()).await;
    assert_eq!(
        (&again["outcome"], &again["offer_id"]),
        (&json!("offered"), &matched["offer_id"])
    );
    let accept = json!({"offer_id": matched["offer_id"]});
    desk.conversation("V-1", ":accept-offer", accept).await;
    desk.conversation_is("V-1", "ACTIVE", Some("ann")).await;
    let refusal = desk.refusal(MATCH, asked).await;
    assert_eq!(refusal, (StatusCode::CONFLICT, "NOT_WAITING".to_owned()));
    let unknown = json!({"conversation_id": "V-9"});
    let refusal = desk.refusal(MATCH, unknown).await;
    assert_eq!(refusal, (StatusCode::NOT_FOUND, "NOT_FOUND".to_owned()));

    let post_alone = desk.refused_reading("/v1/conversations/V-1/messages");
    let code = "METHOD_NOT_ALLOWED".to_owned();
    assert_eq!(post_alone.await, (StatusCode::METHOD_NOT_ALLOWED, code));
    for path in ["/v1/agents/ann/moods", "/v1/agentsmith", "/v1/agents/"] {
        let refusal = desk.refused_reading(path).await;
        let expected = (StatusCode::NOT_FOUND, "NOT_FOUND".to_owned());
        assert_eq!(refusal, expected, "{path}");
    }

    // The next conversation finds no agent who knows the language, and the answer says so.
    desk.waits_for("V-2", json!(["lang:de"])).await;
    let none = desk.asks(MATCH, json!({"conversation_id": "V-2"})).await;
    assert_eq!(
        (&none["outcome"], &none["agent_id"]),
        (&json!("unmatched"), &Value::Null)
    );
    assert_eq!(
        none["decision"]["excluded"],
        json!({"presence": 1, "no_capacity": 1, "skill_missing": 1})
    );
    let path = format!("/v1/decisions/{}", none["decision_id"].as_str().unwrap());
    desk.shows(&path, |kept| kept["outcome"] == "unmatched")
        .await;
    desk.discard().await;
}

fn named(agents: &Value) -> Vec<&str> {
    let agents = agents.as_array().unwrap().iter();
    agents
        .map(|agent| agent["agent_id"].as_str().unwrap())
        .collect()
}

/// Edge case: all are away, the customer waits, and the first who comes back is asked.
#[tokio::test]
async fn starved_queue_is_said_to_starve_and_served_as_soon_as_somebody_is_there() {
    let desk = Desk::embedded().await;
    desk.agent("ann", "/queues", json!({"queues": ["FX-VIP"]}))
        .await;
    desk.waits("V-1").await;
    let queue = "/v1/queues/FX-VIP";
    let starved = desk
        .shows(queue, |queue| queue["starved"].is_object())
        .await;
    assert_eq!(starved["starved"]["conversation_id"], "V-1", "{starved}");
    desk.conversation_is("V-1", "QUEUED", None).await;
    desk.comes_to_serve("ann", "FX-VIP", json!({})).await;
    let shown = desk.conversation_is("V-1", "OFFERED", None).await;
    assert_eq!(shown["offers"][0]["agent_id"], "ann");
    desk.shows(queue, |queue| queue["starved"].is_null()).await;
    desk.discard().await;
}

#[tokio::test]
async fn who_refuses_is_passed_over_and_who_waits_longest_is_first() {
    let desk = Desk::embedded().await;
    desk.waits("V-1").await;
    desk.waits("V-2").await;
    desk.comes_to_serve("ann", "FX-VIP", json!({})).await;
    let first = desk.conversation_is("V-1", "OFFERED", None).await;
    let refuse = json!({"offer_id": first["offers"][0]["offer_id"], "reason": "at lunch"});
    desk.conversation("V-1", ":reject-offer", refuse).await;
    desk.conversation_is("V-1", "QUEUED", None).await;
    desk.comes_to_serve("bob", "FX-VIP", json!({})).await;
    let first = desk.conversation_is("V-1", "OFFERED", None).await;
    assert_eq!(first["offers"][0]["agent_id"], "bob", "{first}");
    desk.conversation_is("V-2", "QUEUED", None).await;
    desk.discard().await;
}

#[tokio::test]
async fn sticky_queue_keeps_a_customer_for_the_agent_they_know() {
    let desk = Desk::embedded().await;
    let sticky = json!({"queue_id": "FX-VIP", "strategy": "sticky"});
    desk.asks("/v1/queues", sticky).await;
    desk.waits("V-1").await;
    desk.comes_to_serve("ann", "FX-VIP", json!({})).await;
    desk.is_answered("V-1", "ann").await;
    desk.conversation("V-1", ":park", json!({})).await;
    desk.waits("V-2").await;
    desk.is_answered("V-2", "ann").await;
    desk.comes_to_serve("bob", "FX-VIP", json!({})).await;
    desk.agent_is("bob", "available").await;

    desk.conversation("V-1", ":unpark", json!({})).await;
    desk.conversation_is("V-1", "QUEUED", None).await;
    let body = json!({"conversation_id": "V-1", "dry_run": true});
    let dry = desk.asks(MATCH, body).await;
    assert_eq!(
        dry["decision"]["excluded"],
        json!({"no_capacity": 1, "not_preferred": 1}),
        "{dry}"
    );
    let over = json!({"by": "agent", "wrap_up_s": 0});
    desk.conversation("V-2", ":end", over).await;
    desk.is_answered("V-1", "ann").await;
    desk.discard().await;
}

#[tokio::test]
async fn requirements_that_no_agent_meets_are_dropped_in_time() {
    let desk = Desk::embedded().await;
    let settings = json!({
        "queue_id": "FX-VIP", "relaxations": [{"after_s": 1, "dropped": ["lang:de"]}],
        "overflow": {"after_s": 2, "queue": "FX"},
    });
    desk.asks("/v1/queues", settings).await;
    desk.comes_to_serve("ann", "FX", json!({})).await;
    desk.comes_to_serve("bob", "FX-VIP", json!({})).await;
    desk.waits_for("V-1", json!(["lang:de"])).await;
    desk.waits_for("V-2", json!(["lang:fr"])).await;
    let relaxed = desk.conversation_is("V-1", "OFFERED", None).await;
    assert_eq!(
        (&relaxed["ring"], &relaxed["requirements"]),
        (&json!(1), &json!([]))
    );
    assert_eq!(relaxed["offers"][0]["agent_id"], "bob");
    // It keeps its requirements, and waits where no agent can take it either.
    let query = "/v1/conversations/V-2";
    let overflowed = desk.shows(query, |shown| shown["queue"] == "FX").await;
    assert_eq!(overflowed["state"], "QUEUED");
    desk.discard().await;
}

/// Edge case: no router runs, and the queue shows that an agent could be asked.
#[tokio::test]
async fn queue_without_a_router_says_how_long_a_match_has_been_possible() {
    let desk = Desk::embedded_without_router().await;
    desk.comes_to_serve("ann", "FX-VIP", json!({})).await;
    desk.waits("V-1").await;
    let live = "/v1/queues/FX-VIP/live";
    let is_stalled = |shown: &Value| {
        shown["floor"]["oldest_matchable_ms"]
            .as_u64()
            .is_some_and(|age| age > 300)
    };
    let shown = desk.shows(live, is_stalled).await;
    assert_eq!(shown["floor"]["waiting"], 1, "{shown}");
    desk.discard().await;
}
