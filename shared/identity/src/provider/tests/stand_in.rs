//! A provider that answers what the test says.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use resilience::{
    BreakerConfig, BulkheadConfig, Dependency, DependencyConfig, Name, RetryBudget, RetryConfig,
    Seams, TokioClock,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::settings::IssuerSettings;

#[derive(Clone, Default)]
struct Pages {
    answers: Arc<Mutex<HashMap<String, (u16, String)>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

pub(super) struct StandIn {
    pub(super) address: String,
    pages: Pages,
}

impl StandIn {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let pages = Pages::default();
        tokio::spawn(serve(listener, pages.clone()));
        let server = Self { address, pages };
        server.describes_itself(&server.address, &format!("{}/jwks", server.address));
        server
    }

    pub(super) fn describes_itself(&self, issuer: &str, jwks: &str) {
        let page = json!({ "issuer": issuer, "jwks_uri": jwks });
        self.answer("/.well-known/openid-configuration", 200, &page.to_string());
    }

    pub(super) fn publishes(&self, keys: &[Value]) {
        self.answer("/jwks", 200, &json!({ "keys": keys }).to_string());
    }

    pub(super) fn answer(&self, path: &str, status: u16, body: &str) {
        let mut answers = self.pages.answers.lock().unwrap();
        answers.insert(path.to_owned(), (status, body.to_owned()));
    }

    /// The paths that were asked for.
    pub(super) fn asked(&self) -> Vec<String> {
        self.pages.asked.lock().unwrap().clone()
    }

    pub(super) fn settings(&self) -> IssuerSettings {
        settings(&self.address, None)
    }
}

async fn serve(listener: TcpListener, pages: Pages) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut request = vec![0; 4_096];
        let read = stream.read(&mut request).await.unwrap_or(0);
        let text = String::from_utf8_lossy(&request[..read]).into_owned();
        let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
        let answer = pages.answers.lock().unwrap().get(&path).cloned();
        let (status, body) = answer.unwrap_or((404, String::new()));
        pages.asked.lock().unwrap().push(path);
        let head = format!(
            "HTTP/1.1 {status} x\r\nlocation: /jwks\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        let _sent = stream.write_all((head + &body).as_bytes()).await;
    }
}

pub(super) fn settings(issuer: &str, jwks: Option<String>) -> IssuerSettings {
    let mut settings =
        json!({ "issuer": issuer, "tenant": { "fixed": "demo" }, "roles": ["roles"] });
    if let Some(jwks) = jwks {
        settings["jwks"] = json!(jwks);
    }
    serde_json::from_value(settings).unwrap()
}

/// A key as providers publish it.
pub(super) fn key(kid: &str) -> Value {
    let pair = Ed25519KeyPair::generate().unwrap();
    let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
    json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": kid, "x": x })
}

pub(super) fn guard() -> Arc<Dependency> {
    let name = Name {
        dependency: "jwks",
        class: "fetch",
    };
    let config = DependencyConfig {
        breaker: BreakerConfig::for_p99(Duration::from_secs(1)),
        bulkhead: BulkheadConfig {
            in_flight_max: 1,
            waiting_max: 4,
            wait_max: Duration::from_secs(7),
        },
        timeout: Duration::from_secs(7),
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
