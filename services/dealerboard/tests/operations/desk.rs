//! A desk with a bound on records that some commands pass, and people who look after it.

use std::fs;
use std::time::Duration;

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use testkit::eventually;
use testkit::platform::Platform;

const BINARY: &str = env!("CARGO_BIN_EXE_dealerboard");
const WITHIN: Duration = Duration::from_secs(90);
/// What the platform itself sends is shorter, what [`Desk::poison`] sends is longer.
const NARROW: &str = "processor.value_bytes_max = 2000\n";

pub(crate) struct Desk {
    pub(crate) platform: Platform,
    client: Client,
    /// Where the platform serves, if another process does it.
    pub(crate) url: Option<String>,
    root: String,
    pub(crate) ann: String,
    pub(crate) ben: String,
}

/// An answer, as far as it matters here.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn is(&self, status: u16, code: &str) {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        assert_eq!(self.body["code"], code, "{self:?}");
    }
}

impl Desk {
    pub(crate) async fn embedded() -> Self {
        Self::of(Platform::embedded_with(BINARY, NARROW).await)
    }

    /// On the servers that the environment names.
    pub(crate) async fn production() -> Self {
        Self::of(Platform::production_with(BINARY, "all", NARROW).await)
    }

    fn of(platform: Platform) -> Self {
        let token = |actor, role| token(&platform, "demo", actor, role);
        Self {
            root: token("root", "admin"),
            ann: token("ann", "operator"),
            ben: token("ben", "operator"),
            client: Client::new(),
            url: None,
            platform,
        }
    }

    pub(crate) fn token(&self, tenant: &str, actor: &str, role: &str) -> String {
        token(&self.platform, tenant, actor, role)
    }

    /// What the next start is told.
    pub(crate) fn configure(&self, config: &str) {
        fs::write(self.platform.folder().join("site.toml"), config).unwrap();
    }

    pub(crate) async fn get(&self, token: &str, path: &str) -> Answer {
        self.ask(Method::GET, token, path, None).await
    }

    /// It waits for the outcome.
    pub(crate) async fn post(&self, token: &str, path: &str, body: &Value) -> Answer {
        self.ask(Method::POST, token, path, Some(body)).await
    }

    /// `:confirm` or `:withdraw`, which say nothing more.
    pub(crate) async fn does(&self, token: &str, what: &str) -> Answer {
        let path = format!("/v1/operations/{what}");
        self.post(token, &path, &json!({})).await
    }

    async fn ask(&self, method: Method, token: &str, path: &str, body: Option<&Value>) -> Answer {
        let url = self.url.as_deref();
        let url = url.unwrap_or_else(|| self.platform.url());
        let request = self.client.request(method, format!("{url}{path}"));
        let request = request.bearer_auth(token).header("prefer", "wait=10");
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let body = answer.json().await.unwrap_or_default();
        Answer { status, body }
    }

    /// Sends limits for so many members that are longer than the bound, and one command behind the
    /// first of them; one is for its sender, whom the rules forbid it. All become dead letters.
    pub(crate) async fn poison(&self, members: usize) {
        let books: Vec<_> = (0..60).map(|n| format!("{n:0>50}")).collect();
        let limits = json!({ "books": books });
        let names = (0..members).map(|n| format!("m{n}"));
        for member in names.chain(["root".to_owned()]) {
            let path = format!("/v1/members/{member}/limits");
            self.sends(&path, &limits).await;
        }
        let grant = json!({ "roles": ["sales"] });
        self.sends("/v1/members/m0:grant-roles", &grant).await;
    }

    /// Nobody waits for the outcome.
    async fn sends(&self, path: &str, body: &Value) {
        let url = format!("{}{path}", self.platform.url());
        // A platform that has just begun to serve may still be reading.
        let accepts = async || {
            let request = self.client.post(&url).bearer_auth(&self.root).json(body);
            let status = request.send().await.unwrap().status();
            (status != StatusCode::SERVICE_UNAVAILABLE).then_some(status)
        };
        let status = eventually("the gateway to accept", WITHIN, accepts).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{path}");
    }

    /// What `path` shows, once it is as wanted.
    pub(crate) async fn shows(
        &self,
        token: &str,
        path: &str,
        is: impl Fn(&Value) -> bool,
    ) -> Value {
        eventually(&format!("{path} as wanted"), WITHIN, async || {
            let answer = self.get(token, path).await;
            (answer.status.is_success() && is(&answer.body)).then_some(answer.body)
        })
        .await
    }

    /// The operation, once it is in that state.
    pub(crate) async fn operation(&self, id: &str, state: &str) -> Value {
        let path = format!("/v1/operations/{id}");
        self.shows(&self.ann, &path, |shown| shown["state"] == state)
            .await
    }

    /// The groups of a context's letters, once there are so many letters.
    pub(crate) async fn groups(&self, letters: u64) -> Vec<Value> {
        let path = "/v1/operations/dead-letters?context=members";
        let shown = self.shows(&self.ann, path, |shown| shown["letters"] == letters);
        shown.await["groups"].as_array().unwrap().clone()
    }

    /// Everything stored agrees, with what serves stopped.
    pub(crate) fn verify(&mut self) {
        self.platform.kill();
        let output = self.platform.command().arg("verify").output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("all invariants hold"), "{text}");
    }
}

fn token(platform: &Platform, tenant: &str, actor: &str, role: &str) -> String {
    let arguments = [
        "token", "--tenant", tenant, "--actor", actor, "--role", role,
    ];
    let output = platform.command().args(arguments).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A proposal about letters that failed alike.
pub(crate) fn alike(what: &str, fingerprint: &Value) -> Value {
    let letters = json!({ "by": "fingerprint", "context": "members", "fingerprint": fingerprint });
    json!({ "what": what, "letters": letters, "reason": "the bound was raised" })
}
