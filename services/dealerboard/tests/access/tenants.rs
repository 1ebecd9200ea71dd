//! Another tenant's things do not exist.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::desk::Desk;

/// What no answer to another tenant may contain.
const SECRETS: [&str; 4] = ["T-secret", "V-ann", "A-secret", "QUEUE-SECRET"];

#[tokio::test]
async fn nothing_of_a_tenant_is_in_any_answer_to_another() {
    probes(Desk::embedded().await).await;
}

#[tokio::test]
async fn nothing_of_a_tenant_in_production_is_in_any_answer_to_another() {
    probes(Desk::production().await).await;
}

async fn probes(desk: Desk) {
    desk.books("T-secret", "A-secret", "FX").await;
    desk.works("ann").await;
    desk.does("/v1/queues", json!({"queue_id": "QUEUE-SECRET"}))
        .await;
    desk.shows("/v1/queues/QUEUE-SECRET", |queue| {
        queue["queue_id"] == "QUEUE-SECRET"
    })
    .await;
    let mallory = desk.token_of("acme", &["--actor", "mallory"]);
    for path in [
        "/v1/trades/T-secret",
        "/v1/trades/T-secret?as_of=2100-01-01T00:00:00Z",
        "/v1/positions/A-secret/FX/X",
        "/v1/positions/A-secret/FX/X?method=LIFO",
        "/v1/conversations/V-ann",
        "/v1/queues/QUEUE-SECRET",
        "/v1/agents/ann/state",
        "/v1/decisions/D-1",
    ] {
        let answer = desk.get(&mallory, path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}: {answer:?}");
    }
    for path in [
        "/v1/trades",
        "/v1/trades?account=A-secret",
        "/v1/positions",
        "/v1/conversations",
        "/v1/conversations?agent=ann",
        "/v1/agents",
        "/v1/queues",
        "/v1/decisions",
        "/v1/floor",
        "/v1/metrics",
        "/v1/metrics/agents/ann",
        "/v1/queues/QUEUE-SECRET/live",
    ] {
        let answer = desk.get(&mallory, path).await;
        let text = without_the_question(&answer.body).to_string();
        let leaked = SECRETS.iter().find(|secret| text.contains(**secret));
        assert_eq!(leaked, None, "{path}: {answer:?}");
    }
    // A key, a command and a cursor of the other tenant say nothing either.
    let answer = desk.get(&mallory, "/v1/commands/K-secret").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    desk.discard().await;
}

/// An answer about a queue or an agent repeats the name that was asked for.
fn without_the_question(body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(fields) = body.as_object_mut() {
        fields.remove("queue_id");
        fields.remove("queue");
        fields.remove("agent_id");
    }
    body
}
