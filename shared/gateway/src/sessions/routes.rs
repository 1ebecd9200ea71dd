//! Who is signed in, and the end of it.

use std::collections::BTreeMap;

use actix_web::http::header::SET_COOKIE;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use http::auth::{Browsers as _, Principal, SignedIn};
use http::problem::Problem;
use kernel::code::platform;
use kernel::route::{CallerRoute, Method, schema_of};
use kernel::{Actor, Role, Standing, SubjectKind, Tenant, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use crate::gateway::Shared;
use crate::limits::Class;

pub(crate) const SHOW: CallerRoute = CallerRoute {
    method: Method::Get,
    path: "/v1/session",
    name: "session",
    answer: schema_of::<SessionReport>,
    summary: "who the caller is, what the policies let them do, and until when they are signed in",
};

pub(crate) const END: CallerRoute = CallerRoute {
    method: Method::Post,
    path: "/v1/session:end",
    name: "end_session",
    answer: schema_of::<EndReport>,
    summary: "signs the browser out",
};

/// Who the caller is.
#[derive(Debug, Serialize, JsonSchema)]
struct SessionReport {
    tenant: Tenant,
    actor: Actor,
    kind: SubjectKind,
    /// Who vouches for them.
    issuer: String,
    /// The agent they work as.
    agent: String,
    roles: Vec<Role>,
    /// What the policies let them do; what is not here is denied.
    permissions: BTreeMap<String, Reach>,
    /// When the token expires, or the session ends even if it is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    /// What `X-CSRF-Token` must say in every request but GET and HEAD; absent with a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    csrf_token: Option<String>,
}

/// How far a permission goes.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Reach {
    /// Whatever the thing is.
    All,
    /// The thing decides, such as its book, or whose it is.
    Some,
}

/// The session is over.
#[derive(Debug, Serialize, JsonSchema)]
struct EndReport {
    /// Always true.
    ended: bool,
    /// Where the page has to go for the session at the provider to end, too; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    go_to: Option<String>,
}

/// `GET /v1/session`.
pub(crate) async fn show(
    request: HttpRequest,
    principal: Principal,
    gateway: Shared,
) -> Result<HttpResponse, Problem> {
    gateway.limiter.admit(&principal, Class::Read).await?;
    let signed_in = request.extensions().get::<SignedIn>().cloned();
    let standings = gateway.gate.standings(&principal);
    let permissions = standings.filter_map(|(permission, standing)| {
        let reach = match standing {
            Standing::Allowed => Reach::All,
            Standing::Depends => Reach::Some,
            Standing::Denied => return None,
        };
        Some((permission.to_string(), reach))
    });
    let report = SessionReport {
        tenant: principal.tenant.clone(),
        actor: principal.actor.clone(),
        kind: principal.kind,
        issuer: principal.issuer.to_string(),
        agent: principal.agent.to_string(),
        roles: principal.roles.clone(),
        permissions: permissions.collect(),
        until: principal.expires_s.map(from_seconds),
        csrf_token: signed_in.map(|signed_in| signed_in.csrf_token.to_string()),
    };
    Ok(HttpResponse::Ok().json(report))
}

fn from_seconds(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds.saturating_mul(1_000))
}

/// `POST /v1/session:end`. A token is not ended by that: it ends by itself, or is revoked.
pub(crate) async fn end(
    request: HttpRequest,
    principal: Principal,
    gateway: Shared,
) -> Result<HttpResponse, Problem> {
    gateway.limiter.admit(&principal, Class::Command).await?;
    let signed_in = request.extensions().get::<SignedIn>().cloned();
    let Some(signed_in) = signed_in else {
        let detail = "a token has no session to end";
        return Err(Problem::new(platform::NOT_FOUND, detail));
    };
    let sign_in = &gateway.sign_in;
    let sessions = &sign_in.sessions;
    sessions.end(signed_in.key).await?;
    let at_provider = signed_in.at_provider.as_deref();
    let report = EndReport {
        ended: true,
        go_to: at_provider.and_then(|session| sign_in.farewell(session)),
    };
    Ok(HttpResponse::Ok()
        .insert_header((SET_COOKIE, sessions.cookie().clear()))
        .json(report))
}
