//! Heartbeats. One of a session that lives is only noted: ten thousand agents send five hundred a
//! second, and none of them changes anything. Any other is a command like the rest.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header::IF_MATCH;
use agents::{Agent, GRACE_S, Heartbeat};
use async_trait::async_trait;
use gateway::{Addressed, Admission, Admitted};
use http::problem::Problem;
use kernel::port::{Clock, HEARD_FOR, Heard, Heartbeats};
use kernel::{Context as _, Tenant, Timestamp};
use pipeline::Followed;
use routing::{AgentId, Floor};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// How long a heartbeat may be on its way to those who watch; short beside the grace of a session.
const PERIOD: Duration = Duration::from_secs(1);

const LOCK: &str = "nothing panics while it holds the lock";

/// Heartbeats of the last moment, on their way to those who watch the sessions.
pub struct Pulse {
    heard: Mutex<HashMap<Box<str>, Timestamp>>,
    heartbeats: Arc<dyn Heartbeats>,
}

impl Pulse {
    pub fn new(heartbeats: Arc<dyn Heartbeats>) -> Arc<Self> {
        Arc::new(Self {
            heard: Mutex::default(),
            heartbeats,
        })
    }

    fn note(&self, tenant: &Tenant, agent: &AgentId, session: &str, at: Timestamp) {
        let name = [tenant.as_str(), "/", agent.as_str(), "/", session].concat();
        self.heard.lock().expect(LOCK).insert(name.into(), at);
    }

    /// Hands on what was heard, until `stop`. What cannot be handed on waits, at most one of a session.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        loop {
            let more = stop.run_until_cancelled(tokio::time::sleep(PERIOD)).await;
            if let Err(fault) = self.hand_on().await {
                warn!(
                    error = &fault as &dyn std::error::Error,
                    "heartbeats were not taken, will give them again"
                );
            }
            if more.is_none() {
                return;
            }
        }
    }

    async fn hand_on(&self) -> Result<(), kernel::Fault> {
        let heard = std::mem::take(&mut *self.heard.lock().expect(LOCK));
        if heard.is_empty() {
            return Ok(());
        }
        let heard: Vec<_> = heard
            .into_iter()
            .map(|(name, at)| Heard { name, at })
            .collect();
        let noted = self.heartbeats.note(&heard).await;
        if noted.is_err() {
            self.keep(heard);
        }
        noted
    }

    /// What is too old to be remembered by anybody is not kept either.
    fn keep(&self, heard: Vec<Heard>) {
        let mut newer = self.heard.lock().expect(LOCK);
        let Some(last) = heard.iter().map(|heard| heard.at).max() else {
            return;
        };
        let kept = heard
            .into_iter()
            .filter(|heard| heard.at >= last.minus(HEARD_FOR));
        for Heard { name, at } in kept {
            newer.entry(name).or_insert(at);
        }
    }
}

/// Answers heartbeats that change nothing, as far as is known here.
pub struct NoteHeartbeats {
    pub floor: Followed<Floor>,
    pub pulse: Arc<Pulse>,
    pub clock: Arc<dyn Clock>,
}

#[async_trait(?Send)]
impl Admission for NoteHeartbeats {
    fn concerns(&self, context: &str, command: &str) -> bool {
        context == Agent::NAME && command == "Heartbeat"
    }

    async fn admit(&self, command: &Addressed<'_>) -> Result<Admitted, Problem> {
        let heard = self.heard(command).map(Admitted::Answered);
        Ok(heard.unwrap_or(Admitted::Accept { warning: None }))
    }
}

impl NoteHeartbeats {
    fn heard(&self, command: &Addressed<'_>) -> Option<HttpResponse> {
        if command.headers.contains_key(IF_MATCH) {
            return None;
        }
        let tenant = &command.principal.tenant;
        let agent = AgentId::new(command.aggregate.as_str()).ok()?;
        let Heartbeat { session_id } = serde_json::from_str(command.data.get()).ok()?;
        let session = session_id.as_str();
        let lives = |floor: &mut Floor| floor.has_session(tenant, &agent, session);
        if !self.floor.ask(lives) {
            return None;
        }
        let now = self.clock.now();
        self.pulse.note(tenant, &agent, session, now);
        let until = now.plus_millis(i64::from(GRACE_S) * 1_000);
        let answer = json!({ "status": "heard", "session_id": session_id, "lives_until": until });
        Some(HttpResponse::Ok().json(answer))
    }
}
