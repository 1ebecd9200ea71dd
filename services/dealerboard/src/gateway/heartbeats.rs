//! `POST` of a heartbeat. One of a session that lives is only noted: ten thousand agents send five
//! hundred a second, and none of them changes anything. Any other is a command like the rest.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::http::header::IF_MATCH;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use agents::{GRACE_S, Heartbeat};
use http::auth::Principal;
use http::body::JsonBody;
use http::problem::Problem;
use kernel::port::{HEARD_FOR, Heard, Heartbeats};
use kernel::route::CommandRoute;
use kernel::{Tenant, Timestamp};
use pipeline::{ContextSlice, Slices};
use routing::AgentId;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{Gateway, Shared, commands, joined_parameters};

/// How long a heartbeat may be on its way to those who watch; short beside the grace of a session.
const PERIOD: Duration = Duration::from_secs(1);

const LOCK: &str = "nothing panics while it holds the lock";

/// Heartbeats of the last moment, on their way to those who watch the sessions.
pub(crate) struct Pulse {
    heard: Mutex<HashMap<Box<str>, Timestamp>>,
    heartbeats: Arc<dyn Heartbeats>,
}

impl Pulse {
    pub(crate) fn new(heartbeats: Arc<dyn Heartbeats>) -> Arc<Self> {
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
    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
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

pub(super) fn routes(config: &mut ServiceConfig, slices: &Slices) {
    let context = slices.contexts.iter();
    let routes =
        context.flat_map(|context| context.commands.iter().map(|route| (*context, *route)));
    for (context, route) in routes.filter(|(_, route)| route.command == "Heartbeat") {
        let post = move |request, principal, body, gateway| {
            post(request, principal, body, gateway, context, route)
        };
        config.route(route.path, web::post().to(post));
    }
}

async fn post(
    request: HttpRequest,
    principal: Principal,
    body: JsonBody,
    gateway: Shared,
    context: ContextSlice,
    route: CommandRoute,
) -> Result<HttpResponse, Problem> {
    match heard(&request, &principal, &body, &gateway, route) {
        Some(answer) => Ok(answer),
        None => commands::post(&request, &principal, &body, &gateway, context, route).await,
    }
}

/// The answer to a heartbeat that changes nothing, as far as is known here.
fn heard(
    request: &HttpRequest,
    principal: &Principal,
    body: &JsonBody,
    gateway: &Gateway,
    route: CommandRoute,
) -> Option<HttpResponse> {
    if request.headers().contains_key(IF_MATCH) {
        return None;
    }
    let tenant = &principal.tenant;
    let agent = AgentId::new(&joined_parameters(request, route.path)).ok()?;
    let Heartbeat { session_id } = body.parse().ok()?;
    let session = session_id.as_str();
    let floor = &gateway.matcher.floor;
    if !floor.ask(|floor| floor.has_session(tenant, &agent, session)) {
        return None;
    }
    let now = gateway.now();
    gateway.pulse.note(tenant, &agent, session, now);
    let until = now.plus_millis(i64::from(GRACE_S) * 1_000);
    let answer = json!({ "status": "heard", "session_id": session_id, "lives_until": until });
    Some(HttpResponse::Ok().json(answer))
}
