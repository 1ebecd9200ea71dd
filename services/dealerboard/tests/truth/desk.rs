//! What the tests ask of a platform, on any stores.

use reqwest::StatusCode;
use serde_json::{Value, json};
use testkit::platform::Platform;

const BINARY: &str = env!("CARGO_BIN_EXE_dealerboard");

pub(crate) async fn embedded() -> Platform {
    Platform::embedded(BINARY).await
}

pub(crate) async fn production() -> Platform {
    Platform::production(BINARY).await
}

/// With producers, as configuration has them.
pub(crate) async fn production_with(config: &str) -> Platform {
    Platform::production_with(BINARY, "all", config).await
}

/// The terms of a booking of so many.
pub(crate) fn terms(quantity: u32) -> Value {
    json!({
        "account": "A1", "book": "PROP", "instrument": "X", "side": "BUY",
        "quantity": quantity.to_string(), "price": "10", "currency": "USD",
        "traded_at": "2026-03-02T15:30:00Z"
    })
}

/// The body that books a trade of that id.
pub(crate) fn booking(trade: &str, quantity: u32) -> Value {
    let mut body = terms(quantity);
    body["trade_id"] = trade.into();
    body
}

pub(crate) fn fill(exec: &str, quantity: u32) -> Value {
    json!({
        "exec_id": exec, "quantity": quantity.to_string(), "price": "10", "fee": "0",
        "traded_at": "2026-03-02T15:30:00Z"
    })
}

/// What a request is answered with.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) replayed: bool,
    pub(crate) position: Option<String>,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

/// A command under a caller's key.
pub(crate) async fn keyed(
    platform: &Platform,
    token: &str,
    key: &str,
    path: &str,
    body: &Value,
) -> Answer {
    let request = platform.request(token, path, body);
    let request = request.header("idempotency-key", key);
    answer(request.send().await.expect("the gateway answers")).await
}

pub(crate) async fn answer(response: reqwest::Response) -> Answer {
    let header = |name: &str| {
        let value = response.headers().get(name)?;
        Some(value.to_str().expect("headers are text").to_owned())
    };
    Answer {
        status: response.status(),
        replayed: header("idempotency-replayed").is_some(),
        position: header("x-log-position"),
        body: response.json().await.expect("answers are JSON"),
    }
}

/// A view's value; none when there is no such thing.
pub(crate) async fn value(platform: &Platform, tenant: &str, path: &str) -> Option<Value> {
    let response = platform.get(tenant, path).await;
    match response.status() {
        StatusCode::NOT_FOUND => None,
        StatusCode::OK => Some(response.json().await.expect("a value is JSON")),
        other => panic!(
            "{path}: {other} {}",
            response.text().await.unwrap_or_default()
        ),
    }
}
