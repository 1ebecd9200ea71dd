//! Why an agent was asked and why another was not, and unknown names.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::desk::Desk;

const MATCH: &str = "/v1/agents/match";

async fn sees_agents(desk: &Desk, count: usize) {
    let all = |floor: &Value| {
        floor["agents"]
            .as_array()
            .is_some_and(|all| all.len() == count)
    };
    desk.shows("/v1/floor", all).await;
}

#[tokio::test]
async fn recorded_decision_says_of_everybody_why_they_were_not_asked() {
    let desk = Desk::embedded_without_router().await;
    desk.asks("/v1/queues", json!({"queue_id": "FX-VIP"})).await;
    // More than a record names.
    for n in 10..70 {
        let path = format!("/v1/agents/off-{n}/queues");
        desk.asks(&path, json!({"queues": ["FX-VIP"]})).await;
    }
    desk.comes_to_serve("ann", "FX-VIP", json!({})).await;
    desk.comes_to_serve("zoe", "FX-VIP", json!({})).await;
    desk.agent("zoe", "/presence", json!({"presence": "away"}))
        .await;
    desk.comes_to_serve("dan", "RATES", json!({})).await;
    desk.agent_is("zoe", "away").await;
    desk.waits("V-1").await;
    sees_agents(&desk, 63).await;
    let dry = desk
        .asks(MATCH, json!({"conversation_id": "V-1", "dry_run": true}))
        .await;
    let matched = desk.asks(MATCH, json!({"conversation_id": "V-1"})).await;
    assert_eq!(matched["agent_id"], "ann", "{matched}");
    let recorded = &matched["decision"];
    assert_eq!(recorded["exclusions"], dry["decision"]["exclusions"]);
    let named = recorded["exclusions"].as_array().unwrap();
    assert_eq!(named.len(), 50);
    assert!(
        named.iter().all(|named| named["agent_id"] != "zoe"),
        "one of those who are counted"
    );

    let path = format!("/v1/decisions/{}", matched["decision_id"].as_str().unwrap());
    desk.shows(&path, |kept| kept["outcome"] == "matched").await;
    for (agent, standing, why) in [
        ("ann", "chosen", "asked under offer"),
        ("off-10", "excluded", "the presence took no offers"),
        ("zoe", "excluded", "the presence took no offers"),
        ("dan", "excluded", "did not serve the queue"),
    ] {
        let said = desk.reads(&format!("{path}?agent={agent}")).await;
        assert_eq!(said["standing"], standing, "{agent}: {said}");
        assert!(
            said["why"].as_str().unwrap().starts_with(why),
            "{agent}: {said}"
        );
    }
    let unknown = desk.refused_reading(&format!("{path}?agent=unknown")).await;
    assert_eq!(unknown, (StatusCode::NOT_FOUND, "NOT_FOUND".to_owned()));
    let malformed = desk.refused_reading(&format!("{path}?agent=a%2Fb")).await;
    let code = "PARAMETER_MALFORMED".to_owned();
    assert_eq!(malformed, (StatusCode::BAD_REQUEST, code));
    desk.discard().await;
}

/// Case: one call and two chats fit, and the call is on.
#[tokio::test]
async fn agent_on_a_call_is_no_candidate_for_a_chat_until_the_desk_says_so() {
    let desk = Desk::embedded_without_router().await;
    let session = json!({"session_id": "S-1", "device": "web", "channels": ["voice", "chat"]});
    desk.agent("ann", "/sessions", session).await;
    let capacity = json!({"channels": {"voice": 1, "chat": 2}});
    desk.agent("ann", "/capacity", capacity).await;
    desk.agent("ann", ":add-queues", json!({"queues": ["FX-VIP"]}))
        .await;
    desk.agent("ann", "/presence", json!({"presence": "available"}))
        .await;
    let call = json!({"conversation_id": "V-3", "customer_id": "C-1", "channel": "voice", "intent": "order"});
    desk.asks("/v1/conversations", call).await;
    desk.conversation("V-3", ":enqueue", json!({"queue": "FX-VIP"}))
        .await;
    desk.asks(MATCH, json!({"conversation_id": "V-3"})).await;
    desk.is_answered("V-3", "ann").await;
    desk.waits("V-4").await;

    let dry_run = json!({"conversation_id": "V-4", "dry_run": true});
    let dry = desk.asks(MATCH, dry_run.clone()).await;
    assert_eq!(dry["decision"]["candidates"], json!([]), "{dry}");
    let named = json!([{"agent_id": "ann", "reason": "busy_on_channel", "channel": "voice"}]);
    assert_eq!(dry["decision"]["exclusions"], named);
    let none = desk.asks(MATCH, json!({"conversation_id": "V-4"})).await;
    assert_eq!(none["outcome"], "unmatched", "{none}");

    let lets_in = json!({"interruptible_by": {"voice": ["chat"]}});
    desk.agent("ann", "/interruptions", lets_in).await;
    let seen = |live: &Value| live["floor"]["channels"]["chat"]["free"] == 1;
    desk.shows("/v1/queues/FX-VIP/live", seen).await;
    let dry = desk.asks(MATCH, dry_run).await;
    assert_eq!(dry["decision"]["candidates"][0]["agent_id"], "ann", "{dry}");
    desk.discard().await;
}

#[tokio::test]
async fn queue_that_is_not_configured_has_a_warning() {
    let desk = Desk::embedded_without_router().await;
    desk.asks("/v1/queues", json!({"queue_id": "FX-VIP"})).await;
    let fine = desk
        .asks("/v1/agents/ann/queues", json!({"queues": ["FX-VIP"]}))
        .await;
    assert_eq!(fine["warnings"], Value::Null, "{fine}");
    let misspelt = json!({"queues": ["FX-VPI"]});
    for path in ["/v1/agents/ann/queues", "/v1/agents/ann:add-queues"] {
        let warned = desk.asks(path, misspelt.clone()).await;
        let expected = json!(["no queue of that name is configured: FX-VPI"]);
        assert_eq!(warned["warnings"], expected, "{warned}");
    }
    let overflow = json!({"queue_id": "FX", "overflow": {"after_s": 30, "queue": "FX-VPI"}});
    let warned = desk.asks("/v1/queues", overflow).await;
    assert!(warned["warnings"].is_array(), "{warned}");
    let removed = desk.asks("/v1/agents/ann:remove-queues", misspelt).await;
    assert_eq!(removed["warnings"], Value::Null, "{removed}");
    desk.discard().await;
}
