//! What holds for every provider.

use std::sync::Arc;

use http::auth::{Principal, TokenError};
use identity::{Configured, Guards, IssuerSettings, Issuers};
use pipeline::SystemClock;
use reqwest::{Client, Response, StatusCode};
use resilience::{
    BreakerConfig, BulkheadConfig, Dependency, DependencyConfig, Name, RetryBudget, RetryConfig,
    Seams, TokioClock,
};
use serde_json::{Value, json};
use std::time::Duration;
use tempfile::TempDir;
use testkit::platform::Platform;
use tokio_util::sync::CancellationToken;

use crate::provider::Provider;

/// The configuration that a desk writes for the provider.
pub(crate) fn settings(provider: &Provider) -> Value {
    json!({
        "issuer": provider.issuer, "tenant": { "claim": "tenant" }, "actor_prefix": "id.",
        "roles": ["roles", "realm_access.roles"], "books": "books", "ceiling": "ceiling",
    })
}

/// A gateway beside the provider.
pub(crate) async fn gateway(provider: &Provider) -> Platform {
    Platform::embedded_with(env!("CARGO_BIN_EXE_dealerboard"), &config(provider)).await
}

/// One whose people sign in there, at `/signin/<name>`, as a client with the secret `secret`.
pub(crate) async fn gateway_with_sign_in(
    provider: &Provider,
    name: &str,
    client: &str,
) -> Platform {
    let folder = TempDir::with_prefix("dealerboard-secret-").unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "secret\n").unwrap();
    let config = format!(
        "{}sign_in = {{ name = \"{name}\", title = \"The desk\", client_id = \"{client}\", \
         client_secret_file = \"{}\" }}\n",
        config(provider),
        secret.display()
    );
    // It is read at the start.
    Platform::embedded_with(env!("CARGO_BIN_EXE_dealerboard"), &config).await
}

/// The same as a file.
fn config(provider: &Provider) -> String {
    format!(
        "[[auth.issuers]]\nissuer = \"{}\"\ntenant = {{ claim = \"tenant\" }}\nactor_prefix = \"id.\"\n\
         roles = [\"roles\", \"realm_access.roles\"]\nbooks = \"books\"\nceiling = \"ceiling\"\n",
        provider.issuer
    )
}

/// On a connection of its own, so that nothing is remembered of another.
pub(crate) async fn get(platform: &Platform, token: &str) -> Response {
    let request = Client::new().get(format!("{}/v1/trades", platform.url()));
    request.bearer_auth(token).send().await.unwrap()
}

pub(crate) async fn is_taken(platform: &Platform, token: &str) {
    let answer = get(platform, token).await;
    let status = answer.status();
    assert_eq!(status, StatusCode::OK, "{}", answer.text().await.unwrap());
}

/// Refused for that reason.
pub(crate) async fn is_refused(platform: &Platform, token: &str, reason: TokenError) {
    let answer = get(platform, token).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["detail"], reason.to_string(), "{problem}");
}

/// A booking under a token is the bearer's.
pub(crate) async fn books(platform: &Platform, token: &str, id: &str) {
    let answer = platform
        .request(token, "/v1/trades", &trade(id))
        .send()
        .await;
    let answer = answer.unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert_eq!(status, StatusCode::CREATED, "{text}");
}

/// A booking in the one book that ann may trade in.
pub(crate) fn trade(id: &str) -> Value {
    json!({
        "trade_id": id, "account": "ACC-1", "book": "EQ", "instrument": "IBM", "side": "BUY",
        "quantity": "100", "price": "181.52", "currency": "USD", "traded_at": "2026-01-05T15:30:00Z",
    })
}

/// Whom the platform takes the bearer for.
pub(crate) async fn bearer(provider: &Provider, token: &str) -> Principal {
    let settings: IssuerSettings = serde_json::from_value(settings(provider)).unwrap();
    let issuers = Issuers::new(Configured {
        local: None,
        audience: "dealerboard",
        issuers: &[settings],
        guards: vec![Guards {
            keys: guard(),
            sign_in: None,
        }],
        clock: Arc::new(SystemClock),
    });
    let issuers = issuers.unwrap();
    let stop = CancellationToken::new();
    let fetching = Arc::clone(&issuers.providers()[0]);
    let running = tokio::spawn({
        let stop = stop.clone();
        async move { fetching.run(stop).await }
    });
    let bearer = issuers.verifier().authenticate(token).await.unwrap();
    stop.cancel();
    running.await.unwrap();
    bearer
}

pub(crate) fn roles(bearer: &Principal) -> Vec<&str> {
    bearer.roles.iter().map(|role| role.as_str()).collect()
}

fn guard() -> Arc<Dependency> {
    let name = Name {
        dependency: "jwks",
        class: "fetch",
    };
    let config = DependencyConfig {
        breaker: BreakerConfig::for_p99(Duration::from_secs(1)),
        bulkhead: BulkheadConfig {
            in_flight_max: 1,
            waiting_max: 1,
            wait_max: Duration::from_secs(5),
        },
        timeout: Duration::from_secs(5),
        retry: RetryConfig {
            retries_max: 1,
            wait_first: Duration::from_millis(5),
            wait_longest: Duration::from_millis(50),
        },
    };
    let seams = Seams {
        clock: Arc::new(TokioClock::start()),
        seed: 1,
        budget: Arc::new(RetryBudget::default()),
    };
    Arc::new(Dependency::new(name, config, seams).unwrap())
}
