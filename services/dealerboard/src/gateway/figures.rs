//! `GET /v1/metrics/…`: what a stretch of time came to, of queues and of agents.

use actix_web::web::{self, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use analytics::{AgentId, Ask, Metrics, Scheduled};
use http::auth::Principal;
use http::body::JsonBody;
use http::problem::Problem;
use kernel::code::platform;
use serde::Deserialize;
use serde_json::json;

use super::Shared;
use super::readings::{age, aged, as_of, recalled};
use super::views::{parameters, unanswerable};

/// Spans of one schedule: a month of quarters of an hour.
const SCHEDULE_MAX: usize = 3_000;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/v1/metrics", web::get().to(metrics))
        .route("/v1/metrics/agents/{agent_id}", web::get().to(agent))
        .route(
            "/v1/metrics/agents/{agent_id}/adherence",
            web::post().to(adherence),
        );
}

/// Every figure of a stretch of time, now or `?as_of=` an instant.
async fn metrics(
    request: HttpRequest,
    principal: Principal,
    gateway: Shared,
) -> Result<HttpResponse, Problem> {
    let (tenant, until) = (&principal.tenant, as_of(&request, gateway.now())?);
    let now = until.unwrap_or_else(|| gateway.now());
    let ask = Ask::read(&parameters(&request), now).map_err(|bad| unanswerable(&bad))?;
    if let Some(until) = until {
        let metrics: Metrics = recalled(&gateway, tenant, until).await?;
        return Ok(HttpResponse::Ok().json(metrics.report(tenant, &ask, until)));
    }
    let metrics = &gateway.metrics;
    let age = age(metrics)?;
    Ok(aged(
        age,
        metrics.ask(|metrics| metrics.report(tenant, &ask, now)),
    ))
}

/// An agent's time: the sums, and what they were from when until when.
async fn agent(
    agent: Path<AgentId>,
    request: HttpRequest,
    principal: Principal,
    gateway: Shared,
) -> Result<HttpResponse, Problem> {
    let (tenant, now, agent) = (&principal.tenant, gateway.now(), agent.into_inner());
    let ask = Ask::read(&parameters(&request), now).map_err(|bad| unanswerable(&bad))?;
    let metrics = &gateway.metrics;
    let age = age(metrics)?;
    let found = metrics.ask(|metrics| {
        let figures = metrics.agent_figures(tenant, &agent, &ask, now)?;
        let presence = metrics.presence(tenant, &agent, ask.from, ask.to, now)?;
        Some(json!({ "figures": figures, "presence": presence }))
    });
    match found {
        Some(body) => Ok(aged(age, body)),
        None => Err(nobody()),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Planned {
    /// What was planned, in spans that do not overlap.
    schedule: Vec<Scheduled>,
}

/// What was done beside what was planned; a question with a body, which changes nothing.
async fn adherence(
    agent: Path<AgentId>,
    request: HttpRequest,
    principal: Principal,
    body: JsonBody,
    gateway: Shared,
) -> Result<HttpResponse, Problem> {
    let planned: Planned = body.parse()?;
    if planned.schedule.len() > SCHEDULE_MAX {
        let detail = format!("a schedule has at most {SCHEDULE_MAX} spans");
        return Err(Problem::new(platform::BODY_MALFORMED, detail));
    }
    let (tenant, now, agent) = (&principal.tenant, gateway.now(), agent.into_inner());
    let ask = Ask::read(&parameters(&request), now).map_err(|bad| unanswerable(&bad))?;
    let metrics = &gateway.metrics;
    let age = age(metrics)?;
    let presence = metrics.ask(|metrics| metrics.presence(tenant, &agent, ask.from, ask.to, now));
    match presence {
        Some(presence) => Ok(aged(age, presence.adherence(&planned.schedule))),
        None => Err(nobody()),
    }
}

fn nobody() -> Problem {
    Problem::new(platform::NOT_FOUND, "no such agent")
}
