//! A floor with people on it.

use std::time::Duration;

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use testkit::eventually;
use testkit::platform::Platform;

const BINARY: &str = env!("CARGO_BIN_EXE_dealerboard");
const TENANT: &str = "demo";
const ROLES: &str = "gateway,processor,projector,reactor";
/// Until both sides and their views have followed.
const FOLLOWED: Duration = Duration::from_secs(60);

pub(crate) struct Desk(Platform);

impl Desk {
    pub(crate) async fn embedded() -> Self {
        Self(Platform::embedded(BINARY).await)
    }

    /// On the servers that the environment names.
    pub(crate) async fn production() -> Self {
        Self(Platform::production(BINARY).await)
    }

    /// No match is made without a request.
    pub(crate) async fn embedded_without_router() -> Self {
        Self(Platform::embedded_as(BINARY, ROLES).await)
    }

    /// The same on the servers that the environment names.
    pub(crate) async fn production_without_router() -> Self {
        Self::production_with(ROLES).await
    }

    /// On servers, with some of the roles in this process.
    pub(crate) async fn production_with(roles: &str) -> Self {
        Self(Platform::production_as(BINARY, roles).await)
    }

    pub(crate) fn platform(&self) -> &Platform {
        &self.0
    }

    /// An answer that is no refusal.
    pub(crate) async fn asks(&self, path: &str, body: Value) -> Value {
        let answer = self.0.send(TENANT, path, &body).await;
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    pub(crate) async fn reads(&self, query: &str) -> Value {
        let answer = self.0.get(TENANT, query).await;
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{query}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    pub(crate) async fn agent(&self, id: &str, path: &str, body: Value) {
        let path = format!("/v1/agents/{id}{path}");
        self.0.post(TENANT, &path, &body).await;
    }

    pub(crate) async fn conversation(&self, id: &str, path: &str, body: Value) {
        let path = format!("/v1/conversations/{id}{path}");
        self.0.post(TENANT, &path, &body).await;
    }

    /// A message to the customer, sent by the named actor.
    pub(crate) async fn writes(&self, conversation: &str, actor: &str, id: &str) {
        let token = self.0.token_with(&["--tenant", TENANT, "--actor", actor]);
        let path = format!("/v1/conversations/{conversation}/messages");
        let message = json!({"client_message_id": id, "channel": "chat", "recipients": ["C-1"], "body": "Hi"});
        let answer = self.0.request(&token, &path, &message).send().await;
        let status = answer.unwrap().status();
        assert!(status.is_success(), "{actor}: {status}");
    }

    /// The code with which a command is refused.
    pub(crate) async fn refusal(&self, path: &str, body: Value) -> (StatusCode, String) {
        code(self.0.send(TENANT, path, &body).await).await
    }

    /// The code with which a query is refused.
    pub(crate) async fn refused_reading(&self, query: &str) -> (StatusCode, String) {
        code(self.0.get(TENANT, query).await).await
    }

    /// An agent who serves a queue, and knows something.
    pub(crate) async fn comes_to_serve(&self, id: &str, queue: &str, skills: Value) {
        self.agent(id, "/queues", json!({"queues": [queue]})).await;
        self.agent(id, "/skills", json!({"skills": skills})).await;
        self.signs_in(id).await;
    }

    /// An agent who is signed in, takes chats, one at a time, and is available.
    pub(crate) async fn comes_to_work(&self, id: &str) {
        self.signs_in(id).await;
        self.agent_is(id, "available").await;
    }

    async fn signs_in(&self, id: &str) {
        let session =
            json!({"session_id": format!("S-{id}"), "device": "browser", "channels": ["chat"]});
        self.agent(id, "/sessions", session).await;
        self.agent(id, "/capacity", json!({"channels": {"chat": 1}}))
            .await;
        self.agent(id, "/presence", json!({"presence": "available"}))
            .await;
    }

    /// A conversation that waits in a queue.
    pub(crate) async fn waits(&self, id: &str) {
        self.waits_for(id, json!([])).await;
    }

    /// The same, for an agent with skills.
    pub(crate) async fn waits_for(&self, id: &str, skills: Value) {
        let create = json!({"conversation_id": id, "customer_id": "C-1", "channel": "chat", "intent": "order"});
        self.0.post(TENANT, "/v1/conversations", &create).await;
        self.conversation(
            id,
            ":enqueue",
            json!({"queue": "FX-VIP", "requirements": skills}),
        )
        .await;
    }

    /// kill -9, and a new start on what is left.
    pub(crate) async fn crash(&mut self) {
        self.0.crash().await;
    }

    /// What the matcher does: takes the agent's capacity, then offers.
    pub(crate) async fn is_offered(&self, conversation: &str, offer: &str, agent: &str) {
        self.is_offered_for(conversation, offer, agent, 20_000)
            .await;
    }

    /// The same, for so many milliseconds.
    pub(crate) async fn is_offered_for(
        &self,
        conversation: &str,
        offer: &str,
        agent: &str,
        ttl_ms: u32,
    ) {
        self.reserves(conversation, offer, agent).await;
        let offered = json!({"offer_id": offer, "agent_id": agent, "decision_id": format!("D-{offer}"), "ttl_ms": ttl_ms});
        self.conversation(conversation, "/offers", offered).await;
        self.agent_is(agent, "offered").await;
    }

    pub(crate) async fn reserves(&self, conversation: &str, offer: &str, agent: &str) {
        let reserve = json!({"offer_id": offer, "conversation_id": conversation, "channel": "chat", "cost": 1, "ttl_ms": 35_000});
        self.agent(agent, "/reservations", reserve).await;
    }

    /// Matched with the agent, who takes it.
    pub(crate) async fn is_answered(&self, conversation: &str, agent: &str) {
        let offered = self.conversation_is(conversation, "OFFERED", None).await;
        assert_eq!(offered["offers"][0]["agent_id"], agent, "{offered}");
        let accept = json!({"offer_id": offered["offers"][0]["offer_id"]});
        self.conversation(conversation, ":accept-offer", accept)
            .await;
        self.conversation_is(conversation, "ACTIVE", Some(agent))
            .await;
    }

    pub(crate) async fn agent_is(&self, id: &str, state: &str) -> Value {
        self.shows(&format!("/v1/agents/{id}/state"), |agent| {
            agent["state"] == state
        })
        .await
    }

    pub(crate) async fn conversation_is(
        &self,
        id: &str,
        state: &str,
        owner: Option<&str>,
    ) -> Value {
        self.shows(&format!("/v1/conversations/{id}"), |shown| {
            shown["state"] == state && shown["owner"].as_str() == owner
        })
        .await
    }

    pub(crate) async fn shows(&self, query: &str, is: impl Fn(&Value) -> bool) -> Value {
        let what = format!("{query} as wanted");
        eventually(&what, FOLLOWED, async || {
            let answer = self.0.get(TENANT, query).await;
            let value: Value = answer.json().await.unwrap();
            if !is(&value) {
                eprintln!("{query}: {} {}", value["state"], value["owner"]);
            }
            is(&value).then_some(value)
        })
        .await
    }

    /// Everything stored holds, slots against capacity at every event included. On servers only: a
    /// file has one process.
    pub(crate) fn verifies(&self) {
        let checked = self.0.command().arg("verify").output().unwrap();
        let said = String::from_utf8_lossy(&checked.stdout).into_owned();
        assert!(checked.status.success(), "{said}");
        assert!(said.contains("all invariants hold"), "{said}");
        eprintln!("{said}");
    }

    pub(crate) async fn discard(self) {
        self.0.discard().await;
    }
}

async fn code(answer: Response) -> (StatusCode, String) {
    let status = answer.status();
    let problem: Value = answer.json().await.unwrap();
    let code = problem["code"].as_str().unwrap_or_default();
    (status, code.to_owned())
}
