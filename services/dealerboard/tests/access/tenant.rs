//! A tenant all of whose names can be recognised, and what can be asked for.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rand::Rng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use testkit::eventually;
use testkit::platform::Platform;

use crate::desk::booking;

/// Until views have followed.
const FOLLOWED: Duration = Duration::from_secs(60);
/// How long a stream is read.
const STREAM: Duration = Duration::from_millis(300);
const ROLES: [&str; 5] = ["admin", "compliance", "supervisor", "trader", "operator"];

/// Every name it gives begins with `of-<tenant>-`.
pub(crate) struct Tenant {
    pub(crate) name: &'static str,
    url: String,
    tokens: Vec<String>,
    client: Client,
    booked: AtomicU64,
    /// What answers said that could be presented elsewhere.
    cursor: String,
    log_position: String,
    event_id: String,
    command: String,
}

/// A request, and who is asked about.
#[derive(Debug)]
pub(crate) struct Question {
    method: Method,
    target: String,
    headers: Vec<(&'static str, String)>,
    body: Option<Value>,
    is_stream: bool,
}

impl Tenant {
    /// One of each kind is there.
    pub(crate) async fn opens(platform: &Platform, name: &'static str) -> Self {
        let issue = |role| {
            platform.token_with(&[
                "--tenant",
                name,
                "--actor",
                &of(name, "actor"),
                "--role",
                role,
            ])
        };
        let mut tenant = Self {
            name,
            url: platform.url().to_owned(),
            tokens: ROLES.into_iter().map(issue).collect(),
            client: Client::new(),
            booked: AtomicU64::new(0),
            cursor: String::new(),
            log_position: String::new(),
            event_id: String::new(),
            command: String::new(),
        };
        tenant.fills_its_desk().await;
        tenant.collects().await;
        tenant
    }

    fn of(&self, thing: &str) -> String {
        of(self.name, thing)
    }

    async fn fills_its_desk(&mut self) {
        let (trade, agent, queue) = (self.of("trade"), self.of("agent"), self.of("queue"));
        let conversation = self.of("conversation");
        let booked = booking(&trade, &self.of("account"), &self.of("book"), 10);
        let answer = self.does("/v1/trades", booked).await;
        self.command = answer["command_id"].as_str().unwrap_or_default().to_owned();
        let fill = json!({"exec_id": self.of("execution"), "quantity": "5", "price": "10",
            "fee": "0", "traded_at": "2026-03-02T15:30:00Z"});
        self.does(&format!("/v1/trades/{trade}/fills"), fill).await;
        let session =
            json!({"session_id": self.of("session"), "device": "browser", "channels": ["chat"]});
        self.does(&format!("/v1/agents/{agent}/sessions"), session)
            .await;
        self.does(
            &format!("/v1/agents/{agent}/queues"),
            json!({"queues": [queue]}),
        )
        .await;
        self.does("/v1/queues", json!({"queue_id": queue})).await;
        let create = json!({"conversation_id": conversation, "customer_id": self.of("customer"),
            "channel": "chat", "intent": self.of("intent")});
        self.does("/v1/conversations", create).await;
        let queued = json!({"queue": queue});
        self.does(&format!("/v1/conversations/{conversation}:enqueue"), queued)
            .await;
        let member = format!("/v1/members/{}:grant-roles", self.of("member"));
        self.does(&member, json!({"roles": [self.of("role")]}))
            .await;
        self.trades().await;
        for path in self.things() {
            eventually(&path, FOLLOWED, async || self.reads(&path).await.map(drop)).await;
        }
    }

    /// What can be presented by somebody else.
    async fn collects(&mut self) {
        let two_trades = "/v1/trades?limit=1";
        let cursor = eventually(two_trades, FOLLOWED, async || {
            let page = self.reads(two_trades).await?;
            page["next"].as_str().map(str::to_owned)
        });
        self.cursor = cursor.await;
        let path = format!("{}/v1/trades/{}", self.url, self.of("trade"));
        let answer = self
            .client
            .get(path)
            .bearer_auth(&self.tokens[0])
            .send()
            .await
            .unwrap();
        let position = answer
            .headers()
            .get("x-log-position")
            .expect("an answer has a log position");
        self.log_position = position.to_str().unwrap().to_owned();
        let stream = eventually("a stream", FOLLOWED, async || {
            let text = self.streams("/v1/live?view=trades").await;
            text.contains("event: hello").then_some(text)
        });
        let stream = stream.await;
        let id = stream.lines().find_map(|line| line.strip_prefix("id: "));
        self.event_id = id.expect("hello has an id").to_owned();
    }

    async fn does(&self, path: &str, body: Value) -> Value {
        let request = self.client.post(format!("{}{path}", self.url));
        let request = request
            .bearer_auth(&self.tokens[0])
            .header("prefer", "wait=10");
        let answer = request
            .header("idempotency-key", self.of(path))
            .header("correlation-id", self.of("correlation"))
            .json(&body)
            .send()
            .await
            .unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path} {body}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    async fn reads(&self, path: &str) -> Option<Value> {
        let request = self.client.get(format!("{}{path}", self.url));
        let answer = request.bearer_auth(&self.tokens[0]).send().await.unwrap();
        let is_there = answer.status().is_success();
        is_there.then_some(answer.json().await.unwrap())
    }

    async fn streams(&self, target: &str) -> String {
        let request = self.client.get(format!("{}{target}", self.url));
        said(request.bearer_auth(&self.tokens[0]), STREAM).await
    }

    /// Goes on while it is asked.
    pub(crate) async fn trades(&self) {
        let n = self.booked.fetch_add(1, Ordering::Relaxed);
        let trade = self.of(&format!("trade-{n}"));
        let booked = booking(&trade, &self.of("account"), &self.of("book"), 10);
        let request = self.client.post(format!("{}/v1/trades", self.url));
        let request = request.bearer_auth(&self.tokens[0]).json(&booked);
        let answer = request.send().await.unwrap();
        // Where a dependency is slow for a moment, it tries another trade.
        let is_away = answer.status() == StatusCode::SERVICE_UNAVAILABLE;
        assert!(is_away || answer.status().is_success(), "{answer:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    /// What others asked of its things has not changed them.
    pub(crate) async fn is_untouched(&self) {
        for (path, version) in [
            (format!("/v1/trades/{}", self.of("trade")), 2),
            (format!("/v1/conversations/{}", self.of("conversation")), 2),
        ] {
            let found = self.reads(&path).await.unwrap();
            assert_eq!(found["version"], version, "{path}: {found}");
        }
    }

    pub(crate) async fn asks(&self, question: &Question, dice: &mut StdRng) -> String {
        let url = format!("{}{}", self.url, question.target);
        let mut request = self.client.request(question.method.clone(), url);
        request = request.bearer_auth(self.tokens.choose(dice).unwrap());
        for (name, value) in &question.headers {
            request = request.header(*name, value);
        }
        if let Some(body) = &question.body {
            request = request.json(body);
        }
        let patience = if question.is_stream { STREAM } else { FOLLOWED };
        said(request, patience).await
    }

    /// Names of this tenant that stand in the answer.
    pub(crate) fn words_in<'a>(&'a self, answer: &'a str) -> impl Iterator<Item = &'a str> {
        let is_of_word = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let words = answer.split(move |c| !is_of_word(c));
        let mark = self.of("");
        words.filter(move |word| word.contains(&mark))
    }

    /// Where each thing of it is.
    fn things(&self) -> Vec<String> {
        let [trade, account, book, conversation] =
            ["trade", "account", "book", "conversation"].map(|of| self.of(of));
        let [queue, agent, member] = ["queue", "agent", "member"].map(|of| self.of(of));
        vec![
            format!("/v1/trades/{trade}"),
            format!("/v1/positions/{account}/{book}/X"),
            format!("/v1/conversations/{conversation}"),
            format!("/v1/queues/{queue}"),
            format!("/v1/queues/{queue}/live"),
            format!("/v1/agents/{agent}/state"),
            format!("/v1/members/{member}"),
            format!("/v1/metrics/agents/{agent}"),
        ]
    }

    /// Where one of several, or a figure of it, could be.
    fn lists(&self) -> Vec<String> {
        let (account, agent, queue) = (self.of("account"), self.of("agent"), self.of("queue"));
        let mut lists = vec![
            format!("/v1/trades?account={account}"),
            format!("/v1/positions?account={account}"),
            format!("/v1/conversations?queue={queue}"),
            format!("/v1/conversations?agent={agent}"),
            format!("/v1/decisions?agent={agent}"),
            format!("/v1/metrics?queue={queue}"),
            // Not a key that others send commands under, who may read what became of those.
            format!("/v1/commands/{}", self.of("/v1/queues")),
            format!("/v1/commands/{}", self.command),
        ];
        lists.extend(
            [
                "trades",
                "positions",
                "conversations",
                "agents",
                "queues",
                "decisions",
                "members",
                "floor",
                "metrics",
                "session",
            ]
            .map(|list| format!("/v1/{list}")),
        );
        lists
    }
}

impl Question {
    fn get(target: String) -> Self {
        Self {
            method: Method::GET,
            target,
            headers: Vec::new(),
            body: None,
            is_stream: false,
        }
    }

    /// About a thing of that tenant.
    pub(crate) fn any(of: &Tenant, dice: &mut StdRng) -> Self {
        let mut question = match dice.random_range(0..10) {
            0..4 => Self::get(of.things().choose(dice).unwrap().clone()),
            4..7 => Self::get(of.lists().choose(dice).unwrap().clone()),
            7 => {
                let list = ["trades", "conversations", "agents"].choose(dice).unwrap();
                Self::get(format!("/v1/{list}?cursor={}", of.cursor))
            }
            8 => Self {
                headers: vec![("min-log-position", of.log_position.clone())],
                ..Self::get(of.things().choose(dice).unwrap().clone())
            },
            _ => Self::command(of, dice),
        };
        if dice.random_bool(0.2) {
            question
                .headers
                .push(("correlation-id", of.of("correlation")));
        }
        question
    }

    /// On a thing of that tenant, under one of its keys.
    fn command(of: &Tenant, dice: &mut StdRng) -> Self {
        let (trade, conversation) = (of.of("trade"), of.of("conversation"));
        let fill = json!({"exec_id": "E-1", "quantity": "1", "price": "10", "fee": "0",
            "traded_at": "2026-03-02T15:30:00Z"});
        let commands = [
            (format!("/v1/trades/{trade}/fills"), fill),
            (
                format!("/v1/trades/{trade}/busts"),
                json!({"exec_id": of.of("execution")}),
            ),
            (
                format!("/v1/trades/{trade}/cancellations"),
                json!({"reason": "gone"}),
            ),
            (
                format!("/v1/conversations/{conversation}:take"),
                json!({"agent_id": "eve"}),
            ),
            (
                format!("/v1/conversations/{conversation}:end"),
                json!({"by": "customer"}),
            ),
            (
                "/v1/agents/match".to_owned(),
                json!({"conversation_id": conversation, "dry_run": true}),
            ),
            (
                "/v1/trades".to_owned(),
                json!({"trade_id": 1, "account": of.of("account")}),
            ),
        ];
        let (target, body) = commands.choose(dice).unwrap().clone();
        let key = of.of(["/v1/trades", "/v1/conversations", "none"]
            .choose(dice)
            .unwrap());
        Self {
            method: Method::POST,
            headers: vec![
                ("prefer", "wait=10".to_owned()),
                ("idempotency-key", key),
                // No version is that high: where the caller may do it at all, nothing is done.
                ("if-match", "\"999999\"".to_owned()),
            ],
            body: Some(body),
            ..Self::get(target)
        }
    }

    /// Resumed where that tenant's was.
    pub(crate) fn stream(of: &Tenant, dice: &mut StdRng) -> Self {
        let targets = [
            "/v1/live?view=trades&view=agents&question=/v1/floor".to_owned(),
            format!("/v1/live?view=trades&account={}", of.of("account")),
            format!("/v1/live?question=/v1/queues/{}/live", of.of("queue")),
            "/v1/live?view=trades".to_owned(),
        ];
        Self {
            headers: vec![("last-event-id", of.event_id.clone())],
            is_stream: true,
            ..Self::get(targets.choose(dice).unwrap().clone())
        }
    }

    /// Whether the caller wrote that word.
    pub(crate) fn has(&self, word: &str) -> bool {
        let body = self.body.as_ref().map(Value::to_string).unwrap_or_default();
        let mut headers = self.headers.iter();
        self.target.contains(word)
            || body.contains(word)
            || headers.any(|(_, value)| value.contains(word))
    }
}

/// All that an answer says, headers included; of a stream, what it says in that time.
async fn said(request: RequestBuilder, patience: Duration) -> String {
    let mut answer = request.send().await.unwrap();
    let mut said = format!("{} {:?}\n", answer.status(), answer.headers());
    let read = async {
        while let Ok(Some(chunk)) = answer.chunk().await {
            said.push_str(&String::from_utf8_lossy(&chunk));
        }
    };
    let has_ended = tokio::time::timeout(patience, read).await.is_ok();
    // A stream has no end.
    said.push_str(if has_ended { "\n" } else { "…\n" });
    said
}

fn of(tenant: &str, thing: &str) -> String {
    format!(
        "of-{tenant}-{}",
        thing.trim_start_matches('/').replace('/', "-")
    )
}
