//! Stores that do not run: a gateway that is started alone reports that at once.

use std::time::{Duration, Instant};

use reqwest::{Client, StatusCode};
use tempfile::TempDir;
use testkit::eventually;
use testkit::keys;
use testkit::process::Process;

use crate::site::{SECRET, binary, free_address};

/// Nothing listens on port 1.
const CONFIG: &str = r#"
    storage.mode = "production"
    kafka.brokers = "127.0.0.1:1"
    postgres.url = "postgres://127.0.0.1:1/none"
    redis.url = "redis://127.0.0.1:1"
"#;
/// How long a reader of Postgres would wait for a connection. Two stores are on Postgres, and each is
/// asked twice: a reader who waited even once would be above this.
const ACQUIRE_WAIT: Duration = Duration::from_millis(250);
const STARTS_WITHIN: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn very_first_reader_is_refused_without_waiting_for_connections() {
    let folder = TempDir::with_prefix("dealerboard-absent-").unwrap();
    std::fs::write(folder.path().join("site.toml"), CONFIG).unwrap();
    keys::write(&folder.path().join("var/keys"), &SECRET);
    let address = free_address();
    let command = |arguments: &[&str]| {
        let mut command = binary(folder.path());
        command.env("DEALERBOARD__HTTP__BIND", &address);
        command.args(["--config", "site.toml"]).args(arguments);
        command
    };
    let token = command(&["token"]).output().unwrap();
    let token = String::from_utf8(token.stdout).unwrap();
    let gateway = Process::start(
        &mut command(&["serve", "--roles", "gateway"]),
        folder.path(),
    );
    let client = Client::new();
    eventually("the gateway", STARTS_WITHIN, async || {
        let live = client.get(format!("http://{address}/livez")).send().await;
        live.ok().filter(|answer| answer.status() == StatusCode::OK)
    })
    .await;
    let started = Instant::now();
    let read = client.get(format!("http://{address}/v1/trades/T-1"));
    let refused = read.bearer_auth(token.trim()).send().await.unwrap();
    let took = started.elapsed();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    let problem: serde_json::Value = refused.json().await.unwrap();
    assert_eq!(problem["code"], "DEPENDENCY_UNAVAILABLE");
    assert!(took < ACQUIRE_WAIT, "{took:?}\n{}", gateway.log());
}
