//! What the tests ask of a platform, on any stores.

use std::time::Duration;

use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use testkit::eventually;
use testkit::platform::Platform;

const BINARY: &str = env!("CARGO_BIN_EXE_dealerboard");
/// Until everything has been read that there is.
const READS_WITHIN: Duration = Duration::from_secs(60);

pub(crate) async fn embedded() -> Platform {
    Platform::embedded(BINARY).await
}

pub(crate) async fn embedded_as(roles: &str) -> Platform {
    Platform::embedded_as(BINARY, roles).await
}

pub(crate) async fn production_as(roles: &str) -> Platform {
    Platform::production_as(BINARY, roles).await
}

/// A client of one tenant, who comes back to the same platform wherever it serves.
#[derive(Clone)]
pub(crate) struct Caller {
    client: Client,
    url: String,
    token: String,
}

impl Caller {
    pub(crate) fn of(platform: &Platform) -> Self {
        Self {
            client: Client::new(),
            url: platform.url().to_owned(),
            token: platform.token("demo"),
        }
    }

    /// After a restart.
    pub(crate) fn follow(&mut self, platform: &Platform) {
        platform.url().clone_into(&mut self.url);
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        let request = self.client.get(format!("{}{path}", self.url));
        let request = request.bearer_auth(&self.token);
        request.send().await.expect("the gateway answers")
    }

    /// The answer's status and body.
    pub(crate) async fn read(&self, path: &str) -> (StatusCode, Value) {
        let answer = self.get(path).await;
        let status = answer.status();
        (status, answer.json().await.expect("an answer is JSON"))
    }

    /// A command, and its outcome if that was known in time.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Option<Value> {
        let request = self.client.post(format!("{}{path}", self.url));
        let request = request.bearer_auth(&self.token).header("prefer", "wait=5");
        let answer = request.json(body).send().await.ok()?;
        let handled = [StatusCode::OK, StatusCode::CREATED].contains(&answer.status());
        let report: Value = answer.json().await.ok()?;
        handled.then_some(report)
    }

    pub(crate) async fn book(&self, trade: &str) -> Option<Value> {
        let body = json!({
            "trade_id": trade, "account": "A1", "book": "PROP", "instrument": "X", "side": "BUY",
            "quantity": "1000000", "price": "10", "currency": "USD",
            "traded_at": "2026-03-02T15:30:00Z"
        });
        self.post("/v1/trades", &body).await
    }

    pub(crate) async fn fill(&self, trade: &str, exec: &str) -> Option<Value> {
        let body = json!({
            "exec_id": exec, "quantity": "1", "price": "10", "fee": "0",
            "traded_at": "2026-03-02T15:30:00Z"
        });
        self.post(&format!("/v1/trades/{trade}/fills"), &body).await
    }

    /// Waits until readiness has no word against the views.
    pub(crate) async fn views_are_read(&self) {
        eventually("the views", READS_WITHIN, async || {
            let (status, _) = self.read("/readyz/reads").await;
            (status == StatusCode::OK).then_some(())
        })
        .await;
    }
}

/// The seconds of `Age`; `None` without that header.
pub(crate) fn age(answer: &Response) -> Option<u64> {
    answer.headers().get("age")?.to_str().ok()?.parse().ok()
}

pub(crate) fn degraded(answer: &Response) -> &str {
    let header = answer.headers().get("x-degraded");
    header.map_or("", |text| text.to_str().expect("reasons are text"))
}
