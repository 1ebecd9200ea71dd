//! A desk on which two of each kind are there: Ann's, and somebody else's.

use std::time::Duration;

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use testkit::eventually;
use testkit::platform::Platform;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_dealerboard");
pub(crate) const TENANT: &str = "demo";
/// No match is made without a request.
pub(crate) const ROLES: &str = "gateway,processor,projector,reactor";
/// Until views have followed.
const FOLLOWED: Duration = Duration::from_secs(60);

pub(crate) struct Desk {
    platform: Platform,
    admin: String,
    client: Client,
}

/// An answer, as far as it matters here.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn is_refused(&self) -> bool {
        let refused = self.status == StatusCode::FORBIDDEN;
        assert_eq!(refused, self.body["code"] == "NOT_ALLOWED", "{self:?}");
        refused
    }
}

impl Desk {
    pub(crate) async fn embedded() -> Self {
        Self::embedded_with("").await
    }

    /// On the servers that the environment names.
    pub(crate) async fn production() -> Self {
        Self::production_with("").await
    }

    /// With further configuration, in TOML.
    pub(crate) async fn embedded_with(config: &str) -> Self {
        Self::of(Platform::embedded_as_with(BINARY, ROLES, config).await)
    }

    /// The same, on the servers that the environment names.
    pub(crate) async fn production_with(config: &str) -> Self {
        Self::of(Platform::production_with(BINARY, ROLES, config).await)
    }

    pub(crate) fn of(platform: Platform) -> Self {
        let admin = platform.token_with(&["--tenant", TENANT, "--actor", "root"]);
        Self {
            platform,
            admin,
            client: Client::new(),
        }
    }

    pub(crate) fn platform(&self) -> &Platform {
        &self.platform
    }

    /// A token of the tenant with what else `dealerboard token` can be told.
    pub(crate) fn token(&self, arguments: &[&str]) -> String {
        self.token_of(TENANT, arguments)
    }

    pub(crate) fn token_of(&self, tenant: &str, arguments: &[&str]) -> String {
        self.platform
            .token_with(&[&["--tenant", tenant], arguments].concat())
    }

    pub(crate) async fn get(&self, token: &str, path: &str) -> Answer {
        self.ask(token, Method::GET, path, None, "wait=0").await
    }

    /// A command that waits for its outcome.
    pub(crate) async fn post(&self, token: &str, path: &str, body: Value) -> Answer {
        self.ask(token, Method::POST, path, Some(body), "wait=10")
            .await
    }

    async fn ask(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
        prefer: &str,
    ) -> Answer {
        let url = format!("{}{path}", self.platform.url());
        let request = self.client.request(method, url).bearer_auth(token);
        let request = request.header("prefer", prefer);
        let request = match &body {
            Some(body) => request.json(body),
            None => request,
        };
        answer(request).await
    }

    /// A command that cannot take effect, because nothing has that version: whether it is refused is
    /// decided before.
    pub(crate) async fn try_to(&self, token: &str, path: &str, body: &Value) -> Answer {
        let url = format!("{}{path}", self.platform.url());
        let request = self.client.post(url).bearer_auth(token).json(body);
        answer(request.header("if-match", "\"999999\"")).await
    }

    /// Done by somebody who may do everything.
    pub(crate) async fn does(&self, path: &str, body: Value) {
        let answer = self.post(&self.admin, path, body.clone()).await;
        assert!(answer.status.is_success(), "{path} {body}: {answer:?}");
    }

    /// The same, and nobody waits for the outcome.
    pub(crate) async fn sends(&self, path: &str, body: &Value) {
        let body = Some(body.clone());
        let answer = self
            .ask(&self.admin, Method::POST, path, body, "wait=0")
            .await;
        assert!(answer.status.is_success(), "{path}: {answer:?}");
    }

    pub(crate) async fn shows(&self, path: &str, is: impl Fn(&Value) -> bool) -> Value {
        eventually(&format!("{path} as wanted"), FOLLOWED, async || {
            let shown = self.get(&self.admin, path).await.body;
            is(&shown).then_some(shown)
        })
        .await
    }

    pub(crate) async fn books(&self, trade: &str, account: &str, book: &str) {
        self.does("/v1/trades", booking(trade, account, book, 10))
            .await;
        let fill = json!({"exec_id": "E-1", "quantity": "5", "price": "10", "fee": "0",
            "traded_at": "2026-03-02T15:30:00Z"});
        self.does(&format!("/v1/trades/{trade}/fills"), fill).await;
        self.shows(&format!("/v1/positions/{account}/{book}/X"), |shown| {
            shown["quantity"] == "5"
        })
        .await;
    }

    /// An agent with a conversation of their own, `V-` and their name, and another that they are
    /// offered, `O-` and their name.
    pub(crate) async fn works(&self, agent: &str) {
        let of = |path: &str| format!("/v1/agents/{agent}{path}");
        let session =
            json!({"session_id": format!("S-{agent}"), "device": "browser", "channels": ["chat"]});
        self.does(&of("/sessions"), session).await;
        self.does(&of("/capacity"), json!({"channels": {"chat": 3}}))
            .await;
        self.does(&of("/queues"), json!({"queues": ["FX-VIP"]}))
            .await;
        self.does(&of("/presence"), json!({"presence": "available"}))
            .await;
        self.is_offered(agent, &format!("V-{agent}")).await;
        let accept = json!({"offer_id": format!("F-V-{agent}")});
        self.does(&format!("/v1/conversations/V-{agent}:accept-offer"), accept)
            .await;
        self.shows(&format!("/v1/conversations/V-{agent}"), |shown| {
            shown["state"] == "ACTIVE" && shown["owner"] == agent
        })
        .await;
        self.is_offered(agent, &format!("O-{agent}")).await;
    }

    async fn is_offered(&self, agent: &str, conversation: &str) {
        self.waits(conversation).await;
        let offer = format!("F-{conversation}");
        let reserve = json!({"offer_id": offer, "conversation_id": conversation,
            "channel": "chat", "cost": 1, "ttl_ms": 300_000});
        self.does(&format!("/v1/agents/{agent}/reservations"), reserve)
            .await;
        let offered =
            json!({"offer_id": offer, "agent_id": agent, "decision_id": "D-1", "ttl_ms": 250_000});
        let of = format!("/v1/conversations/{conversation}");
        self.does(&format!("{of}/offers"), offered).await;
        self.shows(&of, |shown| shown["state"] == "OFFERED").await;
    }

    pub(crate) async fn waits(&self, conversation: &str) {
        let create = json!({"conversation_id": conversation, "customer_id": "C-1",
            "channel": "chat", "intent": "order"});
        self.does("/v1/conversations", create).await;
        let queued = json!({"queue": "FX-VIP"});
        self.does(&format!("/v1/conversations/{conversation}:enqueue"), queued)
            .await;
        self.shows(&format!("/v1/conversations/{conversation}"), |shown| {
            shown["state"] == "QUEUED"
        })
        .await;
    }

    /// Every page of a list.
    pub(crate) async fn listed(&self, token: &str, query: &str) -> Vec<Value> {
        let (mut items, mut url) = (Vec::new(), query.to_owned());
        loop {
            let mut page = self.get(token, &url).await;
            assert!(page.status.is_success(), "{url}: {page:?}");
            items.append(page.body["items"].as_array_mut().unwrap());
            let Some(cursor) = page.body["next"].as_str() else {
                return items;
            };
            url = format!("{query}&cursor={cursor}");
        }
    }

    /// Ends the process, so that another may have its file.
    pub(crate) fn kill(&mut self) {
        self.platform.kill();
    }

    /// kill -9, and a new start on what is left.
    pub(crate) async fn crash(&mut self) {
        self.platform.crash().await;
    }

    pub(crate) async fn discard(self) {
        self.platform.discard().await;
    }
}

pub(crate) fn booking(trade: &str, account: &str, book: &str, quantity: u32) -> Value {
    let mut body = terms(account, book, quantity);
    body["trade_id"] = trade.into();
    body
}

pub(crate) fn terms(account: &str, book: &str, quantity: u32) -> Value {
    json!({"account": account, "book": book, "instrument": "X", "side": "BUY",
        "quantity": quantity.to_string(), "price": "10", "currency": "USD",
        "traded_at": "2026-03-02T15:30:00Z"})
}

async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("the gateway answers");
    let status = response.status();
    let text = response.text().await.expect("an answer is text");
    Answer {
        status,
        body: serde_json::from_str(&text).unwrap_or(Value::Null),
    }
}
